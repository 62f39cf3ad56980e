/** What a change to users does to those who are connected: at once, on each protocol. */
import { connectAsync, type MqttClient } from 'mqtt';
import rhea, { type Connection } from 'rhea';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../harness/commands.js';
import { Server } from '../harness/server.js';
import { addressDocument } from './http-operations.js';
import { deadline } from './operations.js';
import { PASSWORD } from './table.js';

const ADMIN = { name: 'admin', permissions: [{ verbs: ['send', 'recv', 'view', 'manage'], addresses: ['#'] }] };
const ANN = { name: 'ann', permissions: [{ verbs: ['send', 'recv'], addresses: ['a/#', 'b/#'] }] };
const BOB = { name: 'bob', permissions: [{ verbs: ['send', 'recv'], addresses: ['a/#'] }] };

let server: Server;
const connections: Connection[] = [];
const clients: MqttClient[] = [];

beforeAll(async () => {
  const addresses = ['a/queue', 'b/queue'].map(addressDocument);
  const documents = [...addresses, ...[ADMIN, ANN, BOB].map(userDocument)];
  server = await Server.start({ documents: documents.map((document) => JSON.stringify(document)).join('\n---\n') });
});
afterAll(() => server?.stop());
afterEach(async () => {
  for (const client of clients.splice(0)) await client.endAsync(true);
  for (const connection of connections.splice(0)) connection.close();
  expect(await put(ANN)).toBeLessThan(300);
});

function userDocument(user: { name: string; permissions: readonly object[]; password?: string; enabled?: boolean }) {
  const { name, permissions, password = PASSWORD, enabled = true } = user;
  const spec = { authentication: { type: 'password', password }, permissions, enabled };
  return { apiVersion: 'millrace.dev/v1', kind: 'User', metadata: { name }, spec };
}

const asAdmin = { authorization: `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}` };

async function put(user: Parameters<typeof userDocument>[0]): Promise<number> {
  const headers = { ...asAdmin, 'content-type': 'application/json' };
  const body = JSON.stringify(userDocument(user));
  return (await server.http(`/v1/users/${user.name}`, { method: 'PUT', headers, body })).status;
}

async function remove(name: string): Promise<number> {
  return (await server.http(`/v1/users/${name}`, { method: 'DELETE', headers: asAdmin })).status;
}

async function mqtt(username: string): Promise<{ readonly client: MqttClient; readonly gone: () => boolean }> {
  const options = { username, password: PASSWORD, protocolVersion: 5 as const, reconnectPeriod: 0 };
  const client = await deadline(connectAsync(server.mqttUrl, options, false), 'CONNACK');
  clients.push(client);
  let gone = false;
  client.once('close', () => {
    gone = true;
  });
  return { client, gone: () => gone };
}

async function amqp(username: string): Promise<{ readonly connection: Connection; readonly gone: () => boolean }> {
  const options = { host: '127.0.0.1', port: server.amqpPort, reconnect: false, username, password: PASSWORD };
  const connection = rhea.create_container().connect(options);
  connections.push(connection);
  let gone = false;
  connection.on('connection_error', () => {});
  connection.once('connection_close', () => {
    gone = true;
  });
  connection.once('disconnected', () => {
    gone = true;
  });
  await deadline(new Promise((resolve) => connection.once('connection_open', resolve)), 'open');
  return { connection, gone: () => gone };
}

describe('a user who is', () => {
  test.each([
    ['disabled', () => put({ ...ANN, enabled: false })],
    ['given another password', () => put({ ...ANN, password: 'another-password' })],
    ['deleted', () => remove('ann')],
  ])('%s is cut off everywhere, and others are not', async (_, change) => {
    const overMqtt = await mqtt('ann');
    const overAmqp = await amqp('ann');
    const others = [await mqtt('bob'), await amqp('bob')];
    expect(await change()).toBeLessThan(300);
    await eventually('MQTT is cut off', () => overMqtt.gone());
    await eventually('AMQP is cut off', () => overAmqp.gone());
    const again = connectAsync(
      server.mqttUrl,
      { username: 'ann', password: PASSWORD, protocolVersion: 5, reconnectPeriod: 0 },
      false,
    );
    await expect(deadline(again, 'CONNACK')).rejects.toThrow();
    const headers = { authorization: `Basic ${Buffer.from(`ann:${PASSWORD}`).toString('base64')}` };
    expect((await server.http('/v1/addresses', { headers })).status).toBe(401);
    expect(others.map(({ gone }) => gone())).toEqual([false, false]);
  });
});

describe('a right that is taken away', () => {
  test('ends the links and subscriptions that need it, and no others', async () => {
    const { connection, gone } = await amqp('ann');
    const ended: string[] = [];
    for (const name of ['a/queue', 'b/queue']) {
      const sender = connection.open_sender(name);
      sender.on('sender_error', () => {});
      sender.once('sender_close', () => ended.push(`sender ${name}`));
      const receiver = connection.open_receiver(name);
      receiver.on('receiver_error', () => {});
      receiver.once('receiver_close', () => ended.push(`receiver ${name}`));
      await deadline(new Promise((resolve) => sender.once('sendable', resolve)), 'credit');
    }
    const device = await mqtt('ann');
    const got: string[] = [];
    device.client.on('message', (topic) => got.push(topic));
    await device.client.subscribeAsync(['a/+', 'b/+'], { qos: 0 });
    await device.client.publishAsync('b/topic', 'x', { qos: 1 });
    await eventually('the message', () => got.includes('b/topic'));

    expect(await put({ ...ANN, permissions: BOB.permissions })).toBe(200);
    await eventually('both links on b', () => ended.length === 2);
    expect(ended.toSorted()).toEqual(['receiver b/queue', 'sender b/queue']);
    await expect(device.client.publishAsync('b/topic', 'x', { qos: 1 })).rejects.toThrow();
    const admin = await mqtt('admin');
    await admin.client.publishAsync('b/topic', 'secret', { qos: 1 });
    await admin.client.publishAsync('a/topic', 'fine', { qos: 1 });
    await eventually('what is allowed still', () => got.includes('a/topic'));
    expect(got.filter((topic) => topic === 'b/topic')).toHaveLength(1);
    expect([gone(), device.gone()]).toEqual([false, false]);
  });
});
