import { connect } from 'node:net';
import { createClient } from '@millrace/contract';
import { afterEach, expect, it } from 'vitest';
import { type HttpListener, startHttp } from '../../src/http/start-http.js';
import { createHttpWorld } from '../support/http-world.js';

const open: HttpListener[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()));
});

async function start(bodyLimitBytes = 1_000) {
  const { app, ...world } = await createHttpWorld({ bodyLimitBytes });
  const listener = await startHttp(app, { host: '127.0.0.1', port: 0 });
  open.push(listener);
  return { ...world, listener, url: `http://127.0.0.1:${listener.port}` };
}

/** Sends bytes and gives all that comes back until the server closes. */
function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (bytes) => {
      answer += bytes.toString();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

it('answers over a socket, names with slashes too', async () => {
  const { url } = await start();
  const client = createClient({ server: url });
  const document = {
    apiVersion: 'millrace.dev/v1',
    kind: 'Address',
    metadata: { name: 'a/b%/ü' },
    spec: { type: 'queue' },
  } as const;
  expect((await client.addresses.put(document)).outcome).toBe('created');
  expect((await client.addresses.get('a/b%/ü')).status.phase).toBe('Ready');
});

it('a port in use is the error it is', async () => {
  const { listener } = await start();
  const { app } = await createHttpWorld();
  await expect(startHttp(app, { host: '127.0.0.1', port: listener.port })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});

it('a body that is too long is refused, with and without its length said before', async () => {
  const { listener } = await start();
  const head =
    'PUT /v1/addresses/a HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\n';
  const long = 'x'.repeat(5_000);
  expect(await exchange(listener.port, `${head}content-length: 5000\r\n\r\n${long}`)).toMatch(
    /^HTTP\/1\.1 413 [\s\S]*body-too-large/,
  );
  const chunked = `${head}transfer-encoding: chunked\r\n\r\n${(5_000).toString(16)}\r\n${long}\r\n0\r\n\r\n`;
  expect(await exchange(listener.port, chunked)).toMatch(/^HTTP\/1\.1 413 [\s\S]*body-too-large/);
});

it('another host name is refused over the socket too', async () => {
  const { listener } = await start();
  const answer = await exchange(
    listener.port,
    'GET /v1/status HTTP/1.1\r\nhost: evil.com\r\nconnection: close\r\n\r\n',
  );
  expect(answer).toMatch(/^HTTP\/1\.1 403 [\s\S]*foreign-host/);
  const absolute = await exchange(
    listener.port,
    'GET http://evil.com/v1/status HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
  );
  expect(absolute).toMatch(/^HTTP\/1\.1 (4\d\d|200) /);
});

it('what is no HTTP closes that connection and leaves the others', async () => {
  const { listener, url } = await start();
  expect(await exchange(listener.port, 'AMQP\u0000\u0001\u0000\u0000\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  expect((await createClient({ server: url }).status()).version).toBe('1.2.3');
});

it('closes though a client keeps its connection', async () => {
  const { listener } = await start();
  const socket = connect(listener.port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await listener.close();
  await closed;
  open.length = 0;
});
