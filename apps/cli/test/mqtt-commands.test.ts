import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { main } from '../src/main.js';
import { parseBrokerUrl } from '../src/messaging/broker-url.js';
import { openReceiver } from '../src/messaging/open.js';
import { type FakeMqttServer, startFakeMqttServer } from './fake-mqtt-server.js';
import { fakeTerminal } from './fake-terminal.js';

let server: FakeMqttServer;
afterEach(() => server.close());

describe('publish over MQTT', () => {
  it('sends each body with QoS 1, and says good-bye', async () => {
    server = await startFakeMqttServer();
    const terminal = fakeTerminal();
    const code = await main(['publish', 't', 'a', 'b', '--count', '3', '--url', server.url], terminal);
    expect(server.published).toEqual(['t 1 false a', 't 1 false b', 't 1 false a']);
    expect(terminal.output()).toBe('');
    expect(terminal.notes()).toBe(`3 messages accepted by t at ${server.url}.\n`);
    expect(code).toBe(0);
    expect(server.goodbyes()).toBe(1);
  });

  it.each(['0', '2'])('with QoS %s and retain', async (qos) => {
    server = await startFakeMqttServer();
    expect(await main(['publish', 't', 'a', '--qos', qos, '--retain', '--url', server.url], fakeTerminal())).toBe(0);
    expect(server.published).toEqual([`t ${qos} true a`]);
  });

  it('sends the lines of standard input', async () => {
    server = await startFakeMqttServer();
    const terminal = fakeTerminal({ input: 'one\ntwo\n' });
    expect(await main(['publish', 't', '--url', server.url], terminal)).toBe(0);
    expect(server.published).toEqual(['t 1 false one', 't 1 false two']);
  });

  it('some refused: 3, all refused: 1, with the reason', async () => {
    server = await startFakeMqttServer();
    const some = fakeTerminal();
    expect(await main(['publish', 't', 'a', 'full', 'full', '--url', server.url], some)).toBe(3);
    expect(some.notes()).toMatch(/^1 message accepted by .*\n2 messages refused: 2 × .*\n$/);
    expect(await main(['publish', 't', 'full', '--url', server.url], fakeTerminal())).toBe(1);
  });

  it('a lost connection: 7', async () => {
    server = await startFakeMqttServer();
    const terminal = fakeTerminal();
    expect(await main(['publish', 't', 'cut', '--url', server.url], terminal)).toBe(7);
    expect(terminal.notes()).toContain('the connection was lost');
  });

  it('credentials that are not known: 6', async () => {
    server = await startFakeMqttServer();
    const terminal = fakeTerminal({ environment: { MILLRACE_USERNAME: 'bad' } });
    expect(await main(['publish', 't', 'a', '--url', server.url], terminal)).toBe(6);
    expect(terminal.notes()).toContain('MILLRACE_PASSWORD');
  });

  it('nothing listens: 7, with what to try', async () => {
    server = await startFakeMqttServer();
    await server.close();
    const terminal = fakeTerminal();
    expect(await main(['publish', 't', 'a', '--url', server.url], terminal)).toBe(7);
    expect(terminal.notes()).toBe(`millrace: nothing listens at ${server.url}\n  try: millrace serve\n`);
  });

  it('an endless simulation ends by Ctrl-C with 0, a counted one with 130', async () => {
    server = await startFakeMqttServer();
    const endless = fakeTerminal();
    const simulate = ['publish', 't', '--simulate', 'temperature', '--interval', '1h', '--url', server.url];
    const running = main(simulate, endless);
    await endless.notesHolding('Ctrl-C ends it');
    await until(() => server.published.length === 1);
    endless.interrupt();
    expect(await running).toBe(0);
    expect(endless.notes()).toContain('1 message accepted');

    const counted = fakeTerminal();
    const other = main([...simulate, '--count', '5'], counted);
    await until(() => server.published.length === 2);
    counted.interrupt();
    expect(await other).toBe(130);
    expect(server.goodbyes()).toBe(2);
  });
});

describe('receive over MQTT', () => {
  it('--count takes so many, acknowledges no more, and ends with 0', async () => {
    server = await startFakeMqttServer(['a', 'b', 'c', 'd']);
    const terminal = fakeTerminal();
    const code = await main(['receive', 'max', '--count', '2', '--url', server.url], terminal);
    expect(terminal.output()).toBe('a\nb\n');
    expect(terminal.notes()).toBe(`2 messages received from max at ${server.url}.\n`);
    expect(code).toBe(0);
    expect(server.acknowledged).toEqual(['a', 'b']);
    expect(server.goodbyes()).toBe(1);
  });

  it('what comes after the last one wanted goes back', async () => {
    server = await startFakeMqttServer(['a', 'b', 'c']);
    const seen: unknown[] = [];
    const receiver = await openReceiver(parseBrokerUrl(server.url, {}), {
      address: 'max',
      onMessage: ({ body }) => {
        seen.push(body);
        return body !== 'b';
      },
    });
    await until(() => server.acknowledged.length >= 2);
    await delay(20);
    await receiver.close();
    expect(seen).toEqual(['a', 'b']);
    expect(server.acknowledged).toEqual(['a', 'b']);
  });

  it('--for ends with 0, and with 8 when --count was not reached', async () => {
    server = await startFakeMqttServer(['a']);
    const terminal = fakeTerminal();
    expect(await main(['receive', 'max', '--for', '100ms', '--url', server.url], terminal)).toBe(0);
    expect(terminal.output()).toBe('a\n');
    const limited = ['receive', 'max', '--for', '100ms', '--count', '2', '--url', server.url];
    expect(await main(limited, fakeTerminal())).toBe(8);
  });

  it('Ctrl-C ends it with 0, and with 130 when --count was not reached', async () => {
    server = await startFakeMqttServer(['a']);
    for (const [options, expected] of [
      [[], 0],
      [['--count', '2'], 130],
    ] as const) {
      const terminal = fakeTerminal();
      const running = main(['receive', 'max', '--output', 'json', '--url', server.url, ...options], terminal);
      await terminal.outputHolding('{"address":"max","body":"a","durable":true}\n');
      terminal.interrupt();
      expect(await running).toBe(expected);
      expect(terminal.notes()).toContain('1 message received');
    }
    expect(server.goodbyes()).toBe(2);
  });

  it('a server that goes away: 7', async () => {
    server = await startFakeMqttServer(['a']);
    const terminal = fakeTerminal();
    const running = main(['receive', 'max', '--url', server.url], terminal);
    await terminal.outputHolding('a\n');
    await server.close();
    expect(await running).toBe(7);
  });

  it('a subscription that is not allowed: 6', async () => {
    server = await startFakeMqttServer();
    const terminal = fakeTerminal();
    expect(await main(['receive', 'secret', '--url', server.url], terminal)).toBe(6);
    expect(terminal.output()).toBe('');
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5);
}
