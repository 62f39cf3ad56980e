import { type AmqpMessage, dataBody, symbol, Uuid, valueBody } from '@millrace/amqp';
import { afterEach, describe, expect, it } from 'vitest';
import { main, runProgram } from '../src/main.js';
import { createAmqpPublisherProgram, createAmqpReceiverProgram } from '../src/program/amqp-client-programs.js';
import { type FakeAmqpServer, startFakeAmqpServer } from './fake-amqp-server.js';
import { startFakeControlApi } from './fake-control-api.js';
import { fakeTerminal } from './fake-terminal.js';

let server: FakeAmqpServer;
afterEach(() => server.close());

const texts = (...bodies: string[]): AmqpMessage[] => bodies.map((body) => ({ body: valueBody(body) }));

describe('publish over AMQP', () => {
  it('sends text as AmqpValue(string), with properties and durable, and closes in order', async () => {
    server = await startFakeAmqpServer();
    const terminal = fakeTerminal();
    const line = ['publish', 't', '23', '--durable', '--property', 'site=north', '--property', 'floor=2'];
    expect(await main([...line, '--url', server.url], terminal)).toBe(0);
    expect(server.published).toEqual([
      expect.objectContaining({
        body: { kind: 'value', value: '23' },
        header: expect.objectContaining({ durable: true }),
        applicationProperties: { site: 'north', floor: '2' },
      }),
    ]);
    expect(terminal.notes()).toBe(`1 message accepted by t at ${server.url}.\n`);
    expect(server.goodbyes()).toBe(1);
  });

  it('asks the server where to send, when no URL is given', async () => {
    server = await startFakeAmqpServer();
    const endpoints = [
      { name: 'mqtt', protocol: 'mqtt', host: '0.0.0.0', port: 1, tls: false },
      { name: 'amqp', protocol: 'amqp', host: '0.0.0.0', port: server.port, tls: false },
    ];
    const api = await startFakeControlApi({ 'GET /v1/status': { body: { endpoints } } });
    const terminal = fakeTerminal({ environment: {} });
    expect(await main(['publish', 't', '23', '--server', api.server], terminal)).toBe(0);
    expect(server.published).toHaveLength(1);
    await api.close();
  });

  it('some refused: 3, with each reason', async () => {
    server = await startFakeAmqpServer();
    const terminal = fakeTerminal();
    const line = ['publish', 't', 'a', 'full', 'released', 'modified', '--url', server.url];
    expect(await main(line, terminal)).toBe(3);
    expect(terminal.notes()).toContain('1 message accepted');
    expect(terminal.notes()).toContain(
      '3 messages refused: 1 × the address is full (amqp:resource-limit-exceeded); 1 × ',
    );
  });

  it.each([
    ['none', 4, 'there is no address "none"'],
    ['secret', 6, 'not for you'],
  ])('address %s: %i', async (address, exitCode, complaint) => {
    server = await startFakeAmqpServer();
    for (const line of [
      ['publish', address, '23'],
      ['receive', address],
    ]) {
      const terminal = fakeTerminal();
      expect(await main([...line, '--url', server.url], terminal)).toBe(exitCode);
      expect(terminal.notes()).toContain(complaint);
    }
    expect(server.goodbyes()).toBe(2);
  });

  it('a lost connection and nothing that listens: 7; unknown credentials: 6', async () => {
    server = await startFakeAmqpServer();
    expect(await main(['publish', 't', 'cut', '--url', server.url], fakeTerminal())).toBe(7);
    const bad = fakeTerminal({ environment: { MILLRACE_USERNAME: 'bad', MILLRACE_PASSWORD: 'x' } });
    expect(await main(['publish', 't', '23', '--url', server.url], bad)).toBe(6);
    await server.close();
    const terminal = fakeTerminal();
    expect(await main(['publish', 't', '23', '--url', server.url], terminal)).toBe(7);
    expect(terminal.notes()).toBe(`millrace: nothing listens at ${server.url}\n  try: millrace serve\n`);
  });

  it('Ctrl-C ends the wait for credit that never comes', async () => {
    server = await startFakeAmqpServer();
    const terminal = fakeTerminal();
    const running = main(['publish', 'dry', '23', '--url', server.url], terminal);
    setTimeout(() => terminal.interrupt(), 50);
    expect(await running).toBe(130);
    expect(terminal.notes()).toContain('0 messages accepted');
  });
});

describe('receive over AMQP', () => {
  it('--count accepts so many; what else came is released', async () => {
    server = await startFakeAmqpServer(texts('a', 'b', 'c', 'd'));
    const terminal = fakeTerminal();
    expect(await main(['receive', 'max', '--count', '2', '--url', server.url], terminal)).toBe(0);
    expect(terminal.output()).toBe('a\nb\n');
    expect(server.settled.filter((entry) => entry.endsWith('accepted'))).toEqual(['a accepted', 'b accepted']);
    expect(server.goodbyes()).toBe(1);
  });

  it('prints each kind of body and property as JSON', async () => {
    server = await startFakeAmqpServer([
      {
        header: { durable: true, deliveryCount: 1 },
        properties: { to: 'devices/1', messageId: Uuid.parse('00112233-4455-6677-8899-aabbccddeeff'), subject: 's' },
        applicationProperties: { text: 'x', number: 5, flag: true, symbol: symbol('sym'), none: null },
        body: valueBody(new Map<string, unknown>([['a', [1, 2]]]) as never),
      },
      { body: dataBody(Buffer.from('text')) },
      { body: dataBody(Buffer.from([0xff])) },
      { body: valueBody(null) },
    ]);
    const terminal = fakeTerminal();
    const line = ['receive', 'max', '--count', '4', '--output', 'json', '--url', server.url];
    expect(await main(line, terminal)).toBe(0);
    expect(
      terminal
        .output()
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text)),
    ).toEqual([
      {
        address: 'devices/1',
        body: '{"a":[1,2]}',
        durable: true,
        redelivered: true,
        messageId: '00112233-4455-6677-8899-aabbccddeeff',
        subject: 's',
        properties: { text: 'x', number: '5', flag: 'true', symbol: 'sym', none: '' },
      },
      { address: 'max', body: 'text' },
      { address: 'max', body: '/w==', bodyEncoding: 'base64' },
      { address: 'max', body: '' },
    ]);
  });

  it('a server that goes away: 7', async () => {
    server = await startFakeAmqpServer(texts('a'));
    const terminal = fakeTerminal();
    const running = main(['receive', 'max', '--url', server.url], terminal);
    await terminal.outputHolding('a\n');
    await server.close();
    expect(await running).toBe(7);
  });
});

describe('the clients of the EnMasse demo', () => {
  it('amqp-publisher prints what was accepted, until Ctrl-C', async () => {
    server = await startFakeAmqpServer();
    const terminal = fakeTerminal();
    const running = runProgram(createAmqpPublisherProgram, ['127.0.0.1', String(server.port), 'temperature'], terminal);
    await terminal.outputHolding('\n');
    terminal.interrupt();
    expect(await running).toBe(0);
    const [message] = server.published;
    expect(terminal.output()).toBe(`${message?.body.kind === 'value' ? message.body.value : undefined}\n`);
    expect(terminal.output()).toMatch(/^\d+\n$/);
    expect(server.goodbyes()).toBe(1);
  });

  it('amqp-receiver prints what arrives, until Ctrl-C', async () => {
    server = await startFakeAmqpServer(texts('27', '28'));
    const terminal = fakeTerminal();
    const running = runProgram(createAmqpReceiverProgram, ['127.0.0.1', String(server.port), 'max'], terminal);
    await terminal.outputHolding('27\n28\n');
    terminal.interrupt();
    expect(await running).toBe(0);
    expect(terminal.notes()).toContain('2 messages received');
    expect(server.settled).toEqual(['27 accepted', '28 accepted']);
  });

  it('amqp-receiver without an address that exists: 4, under its own name', async () => {
    server = await startFakeAmqpServer();
    const terminal = fakeTerminal();
    const code = await runProgram(createAmqpReceiverProgram, ['127.0.0.1', String(server.port), 'none'], terminal);
    expect(code).toBe(4);
    expect(terminal.notes()).toMatch(/^amqp-receiver: there is no address "none"\n/);
  });
});
