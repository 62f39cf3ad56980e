/** Clients that others wrote against a server with TLS, certificates and users. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import rhea, { type Connection, type ConnectionOptions, type EventContext } from 'rhea';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { event, Running, run, runWell } from './harness/commands.js';
import { MILLRACE, ROOT } from './harness/server.js';

const PYTHON = '/usr/bin/python3';
const LOGIN = join(ROOT, 'conformance/clients/proton_login.py');

let directory: string;
let server: Running;
let ports: Readonly<Record<string, number>>;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-secured-'));
  await runWell(process.execPath, [
    MILLRACE,
    'certificates',
    'create',
    directory,
    '--client',
    'ann',
    '--client',
    'eve',
  ]);
  server = new Running(process.execPath, [join(ROOT, 'conformance/harness/secured-server.mjs'), directory]);
  await server.until('a line of ports', ({ lines }) => lines.length > 0, 30_000);
  ports = JSON.parse(server.lines[0] ?? '{}');
});
afterAll(async () => {
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const file = (name: string): string => join(directory, `${name}.pem`);
const pem = (name: string): Buffer => readFileSync(file(name));

describe("mosquitto's clients", () => {
  const publish = (...more: readonly string[]) =>
    run('mosquitto_pub', ['-h', 'localhost', '-p', String(ports.mqtts), '--cafile', file('authority'), ...more]);
  const certificate = (name: string) => ['--cert', file(name), '--key', file(`${name}-key`)];
  const bob = ['-u', 'bob', '-P', 'hidden'];

  test.each(['mqttv311', 'mqttv5'])('carry a message over TLS, as a user: %s', async (version) => {
    const args = ['-h', 'localhost', '-p', String(ports.mqtts), '--cafile', file('authority'), '-V', version];
    const subscriber = new Running('stdbuf', ['-oL', 'mosquitto_sub', ...args, ...bob, '-t', 'devices/bob/+', '-d']);
    await subscriber.until('SUBACK', ({ stdout, stderr }) => /received SUBACK|Subscribed \(mid/.test(stdout + stderr));
    const sent = await publish(...certificate('ann'), '-V', version, '-q', '1', '-t', 'devices/bob/1', '-m', 'warm');
    expect(sent.code).toBe(0);
    await subscriber.until('the message', ({ lines }) => lines.includes('warm'));
    await subscriber.stop();
  });

  test.each([
    ['a wrong password', () => ['-u', 'bob', '-P', 'wrong'], /bad user name or password|not authori[sz]ed/i],
    ['nothing', () => [], /not authori[sz]ed/i],
    ['a certificate that is no user’s', () => certificate('eve'), /not authori[sz]ed/i],
  ])('are refused with %s', async (_name, given, reason) => {
    const { code, stderr, stdout } = await publish(...given(), '-t', 'devices/bob/1', '-m', 'x');
    expect(code).not.toBe(0);
    expect(stderr + stdout).toMatch(reason);
  });

  test('are told what they may not send to, and what they may not receive', async () => {
    const sent = await publish(...bob, '-V', 'mqttv5', '-q', '1', '-t', 'devices/ann/1', '-m', 'x');
    expect(sent.stderr + sent.stdout).toMatch(/not authori[sz]ed/i);
    const args = ['-h', 'localhost', '-p', String(ports.mqtts), '--cafile', file('authority'), ...bob];
    const received = await run('mosquitto_sub', [...args, '-t', '#', '-W', '2', '-d']);
    expect(received.stderr + received.stdout).toMatch(/denied|128|135|Subscribed \(mid: 1\): (128|135)/i);
  });

  test('do not trust a server whose authority they do not know', async () => {
    const { code } = await run('mosquitto_pub', [
      ...['-h', 'localhost', '-p', String(ports.mqtts), '--cafile', file('ann')],
      ...[...bob, '-t', 'devices/bob/1', '-m', 'x'],
    ]);
    expect(code).not.toBe(0);
  });
});

describe('Python Proton', () => {
  const login = (scheme: 'amqp' | 'amqps', ...more: readonly string[]) =>
    run(PYTHON, [LOGIN, `${scheme}://localhost:${ports[scheme]}`, 'jobs', ...more]);
  const bob = ['--user', 'bob', '--password', 'hidden'];

  // Debian's Proton is built without Cyrus, and has no SCRAM.
  test('logs in by its password, with TLS and without', async () => {
    const outcomes = [
      await login('amqps', '--mechanism', 'PLAIN', ...bob, '--authority', file('authority')),
      await login('amqp', '--mechanism', 'PLAIN', ...bob),
    ];
    expect(outcomes.map(({ code, stdout, stderr }) => [code, stdout.trim(), stderr])).toEqual([
      [0, 'by PLAIN', ''],
      [0, 'by PLAIN', ''],
    ]);
  });

  test('logs in by its certificate', async () => {
    const identity = ['--certificate', file('ann'), '--key', file('ann-key')];
    const { code, stdout, stderr } = await login(
      'amqps',
      ...['--mechanism', 'EXTERNAL', '--authority', file('authority'), ...identity],
    );
    expect([code, stdout.trim(), stderr]).toEqual([0, 'by EXTERNAL', '']);
  });

  test('is refused with a wrong password', async () => {
    const { code, stderr } = await login('amqp', '--mechanism', 'PLAIN', '--user', 'bob', '--password', 'wrong');
    expect([code, stderr]).toEqual([3, expect.stringMatching(/unauthorized|authenticat/i)]);
  });
});

describe('rhea', () => {
  function connect(options: Partial<ConnectionOptions> & Record<string, unknown>): Connection {
    const tls = { transport: 'tls', host: 'localhost', port: ports.amqps, ca: [pem('authority')] };
    return rhea.create_container().connect({ ...tls, reconnect: false, ...options } as unknown as ConnectionOptions);
  }

  async function roundTrip(connection: Connection): Promise<unknown> {
    const receiver = connection.open_receiver('jobs');
    const sender = connection.open_sender('jobs');
    await event(sender, 'sendable');
    const arrived = event(receiver, 'message');
    sender.send({ body: 'from rhea' });
    const [context] = (await arrived) as [EventContext];
    return context.message?.body;
  }

  test.each([
    ['a password', () => ({ username: 'bob', password: 'hidden' })],
    ['a certificate', () => ({ enable_sasl_external: true, cert: pem('ann'), key: pem('ann-key') })],
  ])('gets in over TLS with %s', async (_name, options) => {
    const connection = connect(options());
    await event(connection, 'connection_open');
    expect(await roundTrip(connection)).toBe('from rhea');
    connection.close();
    await event(connection, 'connection_close');
  });

  test('is refused with a wrong password', async () => {
    const connection = connect({ username: 'bob', password: 'wrong' });
    const failed = event(connection, 'connection_error').catch(() => {});
    const gone = event(connection, 'disconnected');
    await Promise.race([failed, gone]);
    expect(connection.is_open()).toBe(false);
  });
});

describe('MQTT.js', () => {
  async function opened(url: string, options: IClientOptions): Promise<MqttClient> {
    const given = { ca: pem('authority'), reconnectPeriod: 0, username: 'bob', password: 'hidden', ...options };
    const client = mqtt.connect(url, given);
    await event(client, 'connect');
    return client;
  }

  test.each([
    ['TLS', 'mqtts', ''],
    ['WebSocket over TLS', 'wss', '/mqtt'],
  ])('carries a message over %s', async (_name, scheme, path) => {
    const port = scheme === 'wss' ? ports.https : ports.mqtts;
    for (const protocolVersion of [4, 5] as const) {
      const client = await opened(`${scheme}://localhost:${port}${path}`, { protocolVersion });
      await client.subscribeAsync('devices/bob/#', { qos: 1 });
      const arrived = new Promise((resolve) => client.on('message', (_topic, payload) => resolve(String(payload))));
      await client.publishAsync('devices/bob/2', `over ${scheme}`, { qos: 2 });
      expect(await arrived).toBe(`over ${scheme}`);
      await client.endAsync();
    }
  });

  test('carries a megabyte over WebSocket', async () => {
    const client = await opened(`wss://localhost:${ports.https}/mqtt`, { protocolVersion: 5 });
    await client.subscribeAsync('devices/bob/large', { qos: 1 });
    const arrived = new Promise<Buffer>((resolve) => client.on('message', (_topic, payload) => resolve(payload)));
    const body = Buffer.alloc(1024 ** 2, 'millrace');
    await client.publishAsync('devices/bob/large', body, { qos: 1 });
    expect((await arrived).equals(body)).toBe(true);
    await client.endAsync();
  });

  test('is refused with a wrong password', async () => {
    const client = mqtt.connect(`mqtts://localhost:${ports.mqtts}`, {
      ...{ ca: pem('authority'), reconnectPeriod: 0, username: 'bob', password: 'wrong', protocolVersion: 5 },
    });
    const [error] = (await event(client, 'error')) as [{ readonly code?: number }];
    expect(error.code).toBe(0x86);
    await client.endAsync(true);
  });
});
