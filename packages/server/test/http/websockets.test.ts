import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';
import { clientTls } from '../../../plane-embedded/test/support/tls.js';
import type { ServerOptions } from '../../src/options.js';
import type { RunningServer } from '../../src/running-server.js';
import { startServer } from '../../src/server.js';

let server: RunningServer;
const open: WebSocket[] = [];
const ALL = [{ verbs: ['send', 'recv', 'view', 'manage'], addresses: ['#'] }];

afterEach(async () => {
  for (const socket of open.splice(0)) socket.terminate();
  await server.close();
});

async function start(options: Partial<ServerOptions> = {}): Promise<void> {
  server = await startServer({ amqpPort: 'off', mqttPort: 'off', httpPort: 0, log: () => {}, ...options });
}

function port(name = 'http'): number {
  return server.endpoints.find((endpoint) => endpoint.name === name)!.port;
}

function dial(path: string, protocol: string | undefined, options: ClientOptions & { readonly at?: string } = {}) {
  const { at = `ws://127.0.0.1:${port()}`, ...given } = options;
  const socket = new WebSocket(`${at}${path}`, protocol === undefined ? [] : [protocol], given);
  open.push(socket);
  socket.on('error', () => {});
  return socket;
}

/** What came, as it comes. */
function bytesOf(socket: WebSocket): Buffer[] {
  const chunks: Buffer[] = [];
  socket.on('message', (data: Buffer) => chunks.push(data));
  return chunks;
}

async function statusOf(socket: WebSocket): Promise<number | undefined> {
  const answer = once(socket, 'unexpected-response');
  const opened = once(socket, 'open').then(() => 101);
  return await Promise.race([opened, answer.then(([, response]) => response.statusCode)]);
}

// CONNECT of MQTT 3.1.1, client "c"; SUBSCRIBE to t; PUBLISH of x to t.
const CONNECT = Buffer.from('100d00044d51545404020000000163', 'hex');
const SUBSCRIBE = Buffer.from('8206000100017400', 'hex');
const PUBLISH = Buffer.from('300400017478', 'hex');

describe('MQTT over WebSocket', () => {
  it('is a stream of bytes, however it is cut into messages', async () => {
    await start();
    const socket = dial('/mqtt', 'mqtt');
    const chunks = bytesOf(socket);
    await once(socket, 'open');
    expect(socket.protocol).toBe('mqtt');
    const all = Buffer.concat([CONNECT, SUBSCRIBE, PUBLISH]);
    for (const byte of all) socket.send(Buffer.from([byte]));
    const expected = ['20020000', '9003000100', '300400017478'].join('');
    await expect.poll(() => Buffer.concat(chunks).toString('hex')).toBe(expected);
    expect(server.observeTransport()).toMatchObject({
      connections: 1,
      listeners: [
        { name: 'amqp-websocket', connections: 0 },
        { name: 'mqtt-websocket', connections: 1 },
      ],
    });
    socket.close();
    await once(socket, 'close');
    await expect.poll(() => server.observeTransport().connections).toBe(0);
  });

  it('goes over TLS, with certificates of clients', async () => {
    const { pathname: directory } = new URL('../../../plane-embedded/test/fixtures/tls/', import.meta.url);
    const tls = {
      certificate: `${directory}server.pem`,
      key: `${directory}server-key.pem`,
      clientAuthorities: `${directory}authority.pem`,
      checkEveryMs: 0,
    };
    const ports = { httpPort: 'off', amqpsPort: 'off', mqttsPort: 'off', httpsPort: 0 } as const;
    const ann = { authentication: { type: 'certificate' }, permissions: ALL };
    const users = [{ apiVersion: 'millrace.dev/v1', kind: 'User', metadata: { name: 'ann' }, spec: ann }];
    await start({ ...ports, tls, prepare: (prepared) => prepared.apply(users) });
    const socket = dial('/mqtt', 'mqtt', { at: `wss://localhost:${port('https')}`, ...clientTls('ann') });
    const chunks = bytesOf(socket);
    await once(socket, 'open');
    socket.send(CONNECT);
    await expect.poll(() => Buffer.concat(chunks).toString('hex')).toBe('20020000');
    const nobody = dial('/mqtt', 'mqtt', { at: `wss://localhost:${port('https')}`, ...clientTls() });
    const refused = bytesOf(nobody);
    await once(nobody, 'open');
    nobody.send(CONNECT);
    await expect.poll(() => Buffer.concat(refused).toString('hex')).toBe('20020005');
  });

  it('ends with text', async () => {
    await start();
    const socket = dial('/mqtt', 'mqtt');
    await once(socket, 'open');
    socket.send('text');
    expect((await once(socket, 'close'))[0]).toBe(1003);
  });

  it('ends when the server does', async () => {
    await start();
    const socket = dial('/mqtt', 'mqtt');
    await once(socket, 'open');
    const closed = once(socket, 'close');
    socket.send(CONNECT);
    await expect.poll(() => server.observeTransport().halfOpen).toBe(0);
    await server.close();
    expect((await closed)[0]).toBe(1000);
  });

  it('is held to the bounds of all connections', async () => {
    await start({ limits: { connections: 1, halfOpenBytes: 1_000 } });
    const first = dial('/mqtt', 'mqtt');
    await once(first, 'open');
    const second = dial('/mqtt', 'mqtt');
    await once(second, 'close');
    expect(server.observeTransport().listeners[1]?.counters).toMatchObject({ accepted: 1, refusedFull: 1 });
    // The begin of a message that never ends.
    const { _socket: raw } = first as unknown as { readonly _socket: { write(bytes: Buffer): void } };
    raw.write(Buffer.concat([Buffer.from('82ff00000000000f424000000000', 'hex'), Buffer.alloc(2_000)]));
    await once(first, 'close');
    expect(server.observeTransport().listeners[1]?.counters).toMatchObject({ excessive: 1 });
  });
});

describe('AMQP over WebSocket', () => {
  it('answers the protocol header', async () => {
    await start();
    const socket = dial('/amqp', 'amqp');
    const chunks = bytesOf(socket);
    await once(socket, 'open');
    socket.send(Buffer.from('414d515003010000', 'hex'));
    await expect.poll(() => Buffer.concat(chunks).toString('hex')).toMatch(/^414d515003010000.*504c41494e/);
  });
});

describe('an upgrade', () => {
  it.each([
    ['to another path', '/other', 'mqtt', {}, 404],
    ['without subprotocol', '/mqtt', undefined, {}, 400],
    ['to the other subprotocol', '/mqtt', 'amqp', {}, 400],
    ['from a page of another site', '/mqtt', 'mqtt', { origin: 'https://evil.example' }, 403],
    ['under another host name', '/mqtt', 'mqtt', { headers: { host: 'evil.example' } }, 403],
    ['that a browser says is cross-site', '/amqp', 'amqp', { headers: { 'sec-fetch-site': 'cross-site' } }, 403],
    ['with a query', '/mqtt?x=1', 'mqtt', {}, 101],
  ])('%s', async (_name, path, protocol, options, status) => {
    await start();
    expect(await statusOf(dial(path, protocol, options))).toBe(status);
  });

  it('from a page of this server', async () => {
    await start();
    expect(await statusOf(dial('/mqtt', 'mqtt', { origin: `http://127.0.0.1:${port()}` }))).toBe(101);
  });

  it('that is none brings nothing down', async () => {
    await start();
    const socket = connectTcp(port(), '127.0.0.1');
    socket.write('GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n');
    socket.write('Sec-WebSocket-Protocol: mqtt\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400/);
    socket.destroy();
  });
});
