/** Attempts to get around permissions, one by one, against the real server. */
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import rhea, { type Connection, type Receiver } from 'rhea';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, pause } from '../harness/commands.js';
import { Server } from '../harness/server.js';
import { addressDocument } from './http-operations.js';
import { deadline } from './operations.js';
import { ADDRESSES, PASSWORD, userDocuments } from './table.js';

let server: Server;
const mqttClients: MqttClient[] = [];
const connections: Connection[] = [];

beforeAll(async () => {
  const documents = [
    ...Object.keys(ADDRESSES).map(addressDocument),
    ...userDocuments(),
    ...['a', 'b'].map((name) =>
      user(name, [{ verbs: ['send', 'recv'], addresses: ['shared/#', 'own/${clientId}/#'] }]),
    ),
    job('watch', 'INSERT INTO `team/out` SELECT body FROM STREAM `shared/topic`'),
    { apiVersion: 'millrace.dev/v1', kind: 'Address', metadata: { name: 'shared/topic' }, spec: { type: 'topic' } },
  ];
  server = await Server.start({ documents: documents.map((document) => JSON.stringify(document)).join('\n---\n') });
});
afterAll(async () => {
  for (const client of mqttClients) await client.endAsync(true);
  for (const connection of connections) connection.close();
  await server?.stop();
});

function user(name: string, permissions: readonly object[]): object {
  const authentication = { type: 'password', password: PASSWORD };
  return { apiVersion: 'millrace.dev/v1', kind: 'User', metadata: { name }, spec: { authentication, permissions } };
}

function job(name: string, sql: string): object {
  return { apiVersion: 'millrace.dev/v1', kind: 'Job', metadata: { name }, spec: { sql } };
}

async function mqtt(username: string, options: IClientOptions = {}): Promise<MqttClient> {
  const login = { username, password: PASSWORD, protocolVersion: 5 as const, reconnectPeriod: 0 };
  const client = await deadline(connectAsync(server.mqttUrl, { ...login, ...options }, false), 'CONNACK');
  mqttClients.push(client);
  return client;
}

async function amqp(username: string, container: string): Promise<Connection> {
  const options = { host: '127.0.0.1', port: server.amqpPort, reconnect: false, username, password: PASSWORD };
  const connection = rhea.create_container().connect({ ...options, container_id: container });
  await deadline(new Promise((resolve) => connection.once('connection_open', resolve)), 'open');
  connections.push(connection);
  return connection;
}

/** The condition that an attach was refused with; undefined: it was not. */
async function refusalOf(receiver: Receiver): Promise<string | undefined> {
  return deadline(
    new Promise<string | undefined>((resolve) => {
      receiver.once('receiver_error', () => resolve(String((receiver.error as { condition?: string })?.condition)));
      receiver.once('receiver_open', () => {
        if (receiver.source?.address) resolve(undefined);
      });
    }),
    'an attach',
  );
}

const basic = (name: string, password = PASSWORD) => ({
  authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
});

describe('over MQTT', () => {
  test.each(['#', '+/#', '$share/g/#', '$share/devices/#', '$share/devices/+/temperature/#', 'devices/+/+'])(
    'a subscription to %s where only devices/+/temperature is allowed',
    async (filter) => {
      const client = await mqtt('reader');
      const granted = await client.subscribeAsync(filter, { qos: 0 }).catch(() => [{ qos: 0x87 }]);
      expect(granted.every(({ qos }) => qos >= 0x80)).toBe(true);
    },
  );

  test('the client identifier of another user leaves that one connected', async () => {
    const first = await mqtt('a', { clientId: 'the-device', clean: false, properties: { sessionExpiryInterval: 60 } });
    await expect(mqtt('b', { clientId: 'the-device' })).rejects.toThrow(/[Nn]ot authorized/);
    await first.publishAsync('shared/x', 'still here', { qos: 1 });
  });

  test.each(['#', '+', 'x/y'])('the client identifier %s where patterns have ${clientId}', async (clientId) => {
    const client = await mqtt('a', { clientId });
    for (const topic of ['own/z/secret', 'own/x/y/z']) {
      await expect(client.publishAsync(topic, 'x', { qos: 1 })).rejects.toThrow();
    }
    const granted = await client.subscribeAsync('own/#', { qos: 0 }).catch(() => [{ qos: 0x87 }]);
    expect(granted.every(({ qos }) => qos >= 0x80)).toBe(true);
  });

  test('its own client identifier there', async () => {
    const client = await mqtt('a', { clientId: 'meter-7' });
    await client.publishAsync('own/meter-7/x', 'x', { qos: 1 });
    await expect(client.publishAsync('own/meter-8/x', 'x', { qos: 1 })).rejects.toThrow();
  });

  test('a retained message to a forbidden topic is not kept', async () => {
    for (const qos of [0, 1, 2] as const) {
      const client = await mqtt('a');
      // What comes of QoS 0 is not told.
      const published = client.publishAsync('hidden/x', 'x', { qos, retain: true });
      const outcome = await Promise.race([
        published.then(
          () => 'sent',
          () => 'refused',
        ),
        pause(2_000),
      ]);
      if (qos > 0) expect(outcome).not.toBe('sent');
    }
    const admin = await mqtt('admin');
    const got: string[] = [];
    admin.on('message', (topic) => got.push(topic));
    await admin.subscribeAsync('hidden/#', { qos: 0 });
    await pause(300);
    expect(got).toEqual([]);
  });
});

describe('over AMQP', () => {
  test('the durable subscription of a job', async () => {
    const connection = await amqp('a', 'thief');
    const refusal = await refusalOf(connection.open_receiver({ source: 'shared/topic::job/watch' }));
    expect(refusal).toBe('amqp:unauthorized-access');
  });

  test('the durable subscription of another user, by its container and link', async () => {
    const durable = { address: 'shared/topic', durable: 2, expiry_policy: 'never' };
    const owner = await amqp('a', 'the-container');
    const mine = owner.open_receiver({ name: 'inbox', source: durable as never });
    expect(await refusalOf(mine)).toBeUndefined();
    const got: unknown[] = [];
    mine.on('message', ({ message }) => got.push(message?.body));
    const thief = await amqp('b', 'the-container');
    // A subscription of its own, which takes nothing from the other.
    expect(await refusalOf(thief.open_receiver({ name: 'inbox', source: durable as never }))).toBeUndefined();
    for (const name of ['amqp-user/a/the-container/inbox', 'amqp/the-container/inbox', 'mqtt/c/shared', 'job/watch']) {
      const named = thief.open_receiver({ source: `shared/topic::${name}` });
      expect(await refusalOf(named), name).toBe('amqp:unauthorized-access');
    }
    const sender = owner.open_sender('shared/topic');
    await deadline(new Promise((resolve) => sender.once('sendable', resolve)), 'credit');
    sender.send({ body: 'for a alone' });
    await eventually('the message', () => got.length === 1);
  });
});

describe('over HTTP', () => {
  test.each([
    ['/v1/addresses/team%2F..%2Fsecret', {}],
    ['/v1/addresses/team/../secret', {}],
    ['/v1/addresses//secret', {}],
    ['/v1/addresses/team%252F..%252Fsecret', {}],
    ['/v1/addresses/secret', { 'x-forwarded-user': 'admin', 'x-remote-user': 'admin' }],
    ['/v1/addresses/team%2Fin', { 'x-original-url': '/v1/addresses/secret', 'x-http-method-override': 'DELETE' }],
  ])('GET %s as team with %j shows no secret', async (path, headers) => {
    const { status, text } = await server.http(path, { headers: { ...basic('team'), ...headers } });
    if (path.endsWith('team%2Fin')) expect(JSON.parse(text).metadata.name).toBe('team/in');
    else expect([403, 404]).toContain(status);
  });

  test.each([
    [
      'an address whose deadLetter is secret',
      'addresses/team%2Fx',
      { kind: 'Address', spec: { type: 'queue', deadLetter: 'secret' } },
    ],
    [
      'a job that says where each row goes',
      'jobs/team',
      { kind: 'Job', spec: { sql: 'INSERT INTO `team/out` SELECT body, body AS address FROM STREAM `team/in`' } },
    ],
    [
      'a job that reads more',
      'jobs/team',
      { kind: 'Job', spec: { sql: 'INSERT INTO `team/out` SELECT body FROM STREAM secret' } },
    ],
    [
      'a user',
      'users/team',
      {
        kind: 'User',
        spec: { authentication: { type: 'password' }, permissions: [{ verbs: ['manage'], addresses: ['#'] }] },
      },
    ],
  ])('%s', async (_, path, document) => {
    const name = decodeURIComponent(path.slice(path.indexOf('/') + 1));
    const body = JSON.stringify({ apiVersion: 'millrace.dev/v1', metadata: { name }, ...document });
    const headers = { ...basic('team'), 'content-type': 'application/json' };
    const { status } = await server.http(`/v1/${path}`, { method: 'PUT', headers, body });
    expect(status).toBe(403);
  });

  test('a page of another origin with the browser’s credentials', async () => {
    const headers = { ...basic('admin'), origin: 'https://evil.example.com' };
    expect((await server.http('/v1/users', { headers })).status).toBe(403);
  });

  test('many wrong passwords are slowed down, and an honest login goes on', async () => {
    expect((await server.http('/v1/status', { headers: basic('viewer') })).status).toBe(200);
    const guesses = Array.from({ length: 40 }, (_, index) =>
      server.http('/v1/status', { headers: basic('admin', `guess-${index}`) }),
    );
    const honest = await server.http('/v1/status', { headers: basic('viewer') });
    expect(honest.status).toBe(200);
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses.every((status) => status === 401 || status === 503)).toBe(true);
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(10);
  });
});
