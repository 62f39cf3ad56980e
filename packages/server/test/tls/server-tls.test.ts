import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type PeerCertificate } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { connect as connectAmqp } from '@millrace/amqp';
import { connect as connectMqtt } from '@millrace/mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clientTls, pem } from '../../../plane-embedded/test/support/tls.js';
import type { ServerOptions } from '../../src/options.js';
import type { RunningServer } from '../../src/running-server.js';
import { startServer } from '../../src/server.js';

function user(name: string, spec: object): object {
  const authentication = { type: 'password', password: 'hidden' };
  return { apiVersion: 'millrace.dev/v1', kind: 'User', metadata: { name }, spec: { authentication, ...spec } };
}

const USERS = [
  { apiVersion: 'millrace.dev/v1', kind: 'Address', metadata: { name: 'q' }, spec: { type: 'queue' } },
  user('ann', {
    authentication: { type: 'certificate' },
    permissions: [{ verbs: ['send', 'recv', 'view', 'manage'], addresses: ['#'] }],
  }),
  user('bob', { permissions: [{ verbs: ['send', 'recv'], addresses: ['#'] }] }),
];

let directory: string;
let server: RunningServer | undefined;
let lines: string[];

beforeEach(async () => {
  lines = [];
  directory = await mkdtemp(join(tmpdir(), 'millrace-tls-'));
  await install('server');
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(directory, { recursive: true });
});

function fixture(name: string): string {
  return fileURLToPath(new URL(`../../../plane-embedded/test/fixtures/tls/${name}.pem`, import.meta.url));
}

async function install(name: string): Promise<void> {
  await copyFile(fixture(name), join(directory, 'server.pem'));
  await copyFile(fixture(`${name}-key`), join(directory, 'server-key.pem'));
}

async function start(options: Partial<ServerOptions> = {}, tls: Partial<ServerOptions['tls']> = {}) {
  server = await startServer({
    amqpPort: 'off',
    mqttPort: 'off',
    httpPort: 'off',
    amqpsPort: 0,
    mqttsPort: 0,
    httpsPort: 0,
    tls: {
      certificate: join(directory, 'server.pem'),
      key: join(directory, 'server-key.pem'),
      checkEveryMs: 0,
      ...tls,
    },
    log: (line: string) => lines.push(line),
    ...options,
  });
  return server;
}

function portOf(name: string): number {
  return server!.endpoints.find((endpoint) => endpoint.name === name)!.port;
}

function certificateOf(port: number): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, ...clientTls() }, () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

function statusOf(path: string, client?: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { host: 'localhost', port: portOf('https'), path, ...clientTls(client), agent: false } as const;
    request(options, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

/** Of all that are connected. */
async function userNames(): Promise<string[]> {
  const text = await new Promise<string>((resolve, reject) => {
    const at = { host: 'localhost', port: portOf('https'), path: '/v1/connections', ...clientTls('ann'), agent: false };
    request(at, async (response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      resolve(body);
    })
      .on('error', reject)
      .end();
  });
  const { items } = JSON.parse(text) as { items: { user: string }[] };
  return items.map((item) => item.user);
}

describe('a server with TLS', () => {
  it('listens on three ports more, or instead', async () => {
    const { endpoints } = await start({ mqttPort: 0 });
    expect(endpoints.map(({ name, protocol, tls }) => [name, protocol, tls])).toEqual([
      ['mqtt', 'mqtt', false],
      ['amqps', 'amqp', true],
      ['mqtts', 'mqtt', true],
      ['https', 'http', true],
    ]);
    expect(await statusOf('/readyz')).toBe(200);
  });

  it('carries messages of both protocols, and shows that they are encrypted', async () => {
    const running = await start();
    await running.apply([
      { apiVersion: 'millrace.dev/v1', kind: 'Address', metadata: { name: 'q' }, spec: { type: 'queue' } },
    ]);
    const mqtt = await connectMqtt({
      host: 'localhost',
      port: portOf('mqtts'),
      tls: { ca: pem('authority') },
    });
    await mqtt.publish('q', 'over TLS', { qos: 1 });
    const amqp = await connectAmqp({ host: 'localhost', port: portOf('amqps'), tls: { ca: pem('authority') } });
    const received = await (await amqp.openReceiver('q')).receive(2_000);
    expect(received?.message.body).toMatchObject({ kind: 'data' });
    expect(running.observeTransport()).toMatchObject({
      connections: 2,
      halfOpen: 0,
      listeners: [
        { name: 'amqps', connections: 1, counters: { accepted: 1 } },
        { name: 'mqtts', connections: 1, counters: { accepted: 1 } },
        { name: 'amqp-websocket', port: 0, connections: 0 },
        { name: 'mqtt-websocket', port: 0, connections: 0 },
      ],
    });
    await mqtt.end();
    await amqp.close();
  });

  it('lets users in by certificate and by password, and nobody else', async () => {
    await start({ prepare: (prepared) => prepared.apply(USERS) }, { clientAuthorities: fixture('authority') });
    const at = { host: 'localhost', port: portOf('amqps') };
    const ann = await connectAmqp({ ...at, tls: clientTls('ann') });
    const bob = await connectAmqp({ ...at, tls: clientTls(), username: 'bob', password: 'hidden' });
    expect((await userNames()).sort()).toEqual(['ann', 'bob']);
    await ann.close();
    await bob.close();
    await expect(connectAmqp({ ...at, tls: clientTls() })).rejects.toMatchObject({ condition: 'amqp:not-allowed' });
    const wrong = connectAmqp({ ...at, tls: clientTls(), username: 'bob', password: 'wrong' });
    await expect(wrong).rejects.toMatchObject({ condition: 'amqp:unauthorized-access' });
    expect(server!.observeTransport().amqp.authenticationsFailed).toBe(1);
  });

  it('takes certificates over MQTT and HTTP too', async () => {
    await start({ prepare: (prepared) => prepared.apply(USERS) }, { clientAuthorities: fixture('authority') });
    const at = { host: 'localhost', port: portOf('mqtts') };
    const ann = await connectMqtt({ ...at, tls: clientTls('ann') });
    expect(await userNames()).toEqual(['ann']);
    await ann.end();
    const bob = await connectMqtt({ ...at, tls: clientTls(), username: 'bob', password: 'hidden' });
    await bob.end();
    await expect(connectMqtt({ ...at, tls: clientTls() })).rejects.toMatchObject({ reasonCode: 0x87 });
    expect([await statusOf('/v1/addresses'), await statusOf('/v1/addresses', 'ann')]).toEqual([401, 200]);
    // Of another authority.
    await expect(statusOf('/healthz', 'stranger')).rejects.toThrow();
  });

  it('closes the connections of a user that is taken away, and takes rights away from those that stay', async () => {
    const running = await start({ prepare: (prepared) => prepared.apply(USERS) });
    const at = { host: 'localhost', tls: clientTls(), username: 'bob', password: 'hidden' };
    const amqp = await connectAmqp({ ...at, port: portOf('amqps') });
    const mqtt = await connectMqtt({ ...at, port: portOf('mqtts') });
    const receiver = await amqp.openReceiver('q');
    await running.apply([user('bob', { permissions: [{ verbs: ['send'], addresses: ['t'] }] })]);
    await expect(receiver.receive(5_000)).rejects.toMatchObject({ condition: 'amqp:unauthorized-access' });
    await mqtt.publish('t', 'x', { qos: 1 });
    await expect(mqtt.publish('q', 'x', { qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 });
    await running.apply([user('bob', { enabled: false })]);
    expect(await amqp.closed).toMatchObject({ condition: 'amqp:unauthorized-access' });
    expect(await mqtt.closed).toMatchObject({ reasonCode: 0x87 });
    expect(running.observeTransport()).toMatchObject({ amqp: { revoked: 2 }, mqtt: { revoked: 1 } });
  });

  it('listens beyond loopback once there are users', async () => {
    await expect(start({ host: '0.0.0.0' })).rejects.toMatchObject({ name: 'ExposureError' });
    await start({ host: '0.0.0.0', prepare: (prepared) => prepared.apply(USERS) });
    expect(await statusOf('/readyz')).toBe(200);
  });

  it('takes up new certificates on every port, and leaves connections alone', async () => {
    const running = await start();
    const mqtt = await connectMqtt({ host: 'localhost', port: portOf('mqtts'), tls: { ca: pem('authority') } });
    expect(await running.reloadCertificates()).toBe(false);
    await install('renewed');
    expect(await running.reloadCertificates()).toBe(true);
    for (const name of ['amqps', 'mqtts', 'https']) {
      expect([name, (await certificateOf(portOf(name))).subject.O]).toEqual([name, 'Renewed']);
    }
    await mqtt.publish('t', 'still here', { qos: 1 });
    expect(lines).toEqual([expect.stringContaining('O=Renewed')]);
    await mqtt.end();
  });

  it('keeps the old ones when the new ones are bad, says so once, and looks again', async () => {
    const running = await start({}, { checkEveryMs: 20 });
    await writeFile(join(directory, 'server-key.pem'), 'nothing');
    await expect.poll(() => lines.length).toBe(1);
    expect(lines[0]).toMatch(/stay as they were: .*server-key\.pem: it is no PEM file/);
    await expect(running.reloadCertificates()).rejects.toMatchObject({ name: 'TlsFileError' });
    expect((await certificateOf(portOf('https'))).subject.O).toBeUndefined();
    await install('renewed');
    await expect.poll(async () => (await certificateOf(portOf('https'))).subject.O).toBe('Renewed');
    expect(lines.length).toBe(2);
  });

  it('does not start with files that cannot be used, and leaves no port open', async () => {
    await writeFile(join(directory, 'server.pem'), 'nothing');
    await expect(start()).rejects.toMatchObject({ name: 'TlsFileError', file: join(directory, 'server.pem') });
  });
});
