/** What users of mqtt.js and rhea find again when the server was killed and is started anew on its store. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type IClientOptions, type MqttClient, Store } from 'mqtt';
import rhea, { type Connection, type EventContext } from 'rhea';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { event, eventually } from './harness/commands.js';
import { bodies, differences, nothingDiffers } from './harness/ledger.js';
import { documents, Server, topic } from './harness/server.js';

let directory: string;
let server: Server;
const clients: MqttClient[] = [];

function start(): Promise<Server> {
  return Server.start({ documents: documents(topic('news')), args: ['--data', join(directory, 'store')] });
}

async function killAndStart(): Promise<void> {
  await server.process.stop('SIGKILL');
  for (const client of clients.splice(0)) await client.endAsync(true);
  server = await start();
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-restart-'));
  server = await start();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.endAsync(true);
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function connect(options: IClientOptions = {}, onMessage?: (text: string) => void): Promise<MqttClient> {
  const client = mqtt.connect(server.mqttUrl, { reconnectPeriod: 0, ...options });
  clients.push(client);
  client.on('error', () => {});
  if (onMessage !== undefined) client.on('message', (_topic, payload) => onMessage(payload.toString()));
  await event(client, 'connect');
  return client;
}

function staying(protocolVersion: 4 | 5, clientId: string): IClientOptions {
  const session: IClientOptions = { protocolVersion, clientId, clean: false };
  return protocolVersion === 5 ? { ...session, properties: { sessionExpiryInterval: 600 } } : session;
}

describe.each([4, 5] as const)('an mqtt.js user with protocol level %i', (protocolVersion) => {
  test('finds session, messages of QoS 1 and 2, retained message and will after kill -9', async () => {
    const away = await connect(staying(protocolVersion, 'away'));
    await away.subscribeAsync('m/#', { qos: 2 });
    await away.endAsync();
    const publisher = await connect({ protocolVersion });
    const sent = bodies('m', 300);
    await Promise.all(sent.map((body, at) => publisher.publishAsync('m/x', body, { qos: at % 2 === 0 ? 1 : 2 })));
    await publisher.publishAsync('m/last', 'kept', { qos: 1, retain: true });
    await connect({ protocolVersion, will: { topic: 'm/will', payload: Buffer.from('gone'), qos: 2, retain: false } });
    await killAndStart();
    const got: string[] = [];
    const connack: { sessionPresent?: boolean }[] = [];
    const back = mqtt.connect(server.mqttUrl, { reconnectPeriod: 0, ...staying(protocolVersion, 'away') });
    clients.push(back);
    back.on('connect', (packet) => connack.push(packet));
    back.on('message', (_topic, payload) => got.push(payload.toString()));
    await eventually('302 messages', () => got.length >= 302);
    expect(connack.map(({ sessionPresent }) => sessionPresent)).toEqual([true]);
    const byQos = (even: boolean) => sent.filter((_, at) => (at % 2 === 0) === even);
    for (const part of [byQos(true), byQos(false)]) {
      expect(
        differences(
          part,
          got.filter((body) => part.includes(body)),
        ),
      ).toEqual(nothingDiffers);
    }
    expect(got.filter((body) => !sent.includes(body)).sort()).toEqual(['gone', 'kept']);
    const fresh: string[] = [];
    const other = await connect({ protocolVersion }, (text) => fresh.push(text));
    await other.subscribeAsync('m/last', { qos: 1 });
    await eventually('the retained message', () => fresh.length === 1);
  });

  test('has each message of QoS 2 once, though the server is killed in the midst of it', async () => {
    const got: string[] = [];
    const onMessage = (text: string): void => {
      got.push(text);
    };
    const receiving = { ...staying(protocolVersion, 'r'), incomingStore: new Store({ clean: false }) };
    const sending = { ...staying(protocolVersion, 's'), outgoingStore: new Store({ clean: false }) };
    const receiver = await connect(receiving, onMessage);
    await receiver.subscribeAsync('once', { qos: 2 });
    const sender = await connect(sending);
    const accepted: string[] = [];
    for (const body of bodies('m', 400)) {
      sender.publish('once', body, { qos: 2 }, (error) => {
        if (!error) accepted.push(body);
      });
    }
    await eventually('some of them', () => got.length > 50);
    await killAndStart();
    await connect(receiving, onMessage);
    const again = await connect(sending);
    await again.publishAsync('once', 'end', { qos: 2 });
    await eventually('the end', () => got.includes('end'));
    await eventually('all that were accepted', () => accepted.every((body) => got.includes(body)));
    expect(got.length).toBe(new Set(got).size);
  });
});

test('a rhea user finds a durable subscription after kill -9', async () => {
  const open = async (id: string): Promise<Connection> => {
    const container = rhea.create_container({ id });
    const connection = container.connect({ host: '127.0.0.1', port: server.amqpPort, reconnect: false });
    connection.on('disconnected', () => {});
    await event(connection, 'connection_open');
    return connection;
  };
  const source = { address: 'news', durable: 2, expiry_policy: 'never' };
  const first = await open('c');
  const receiver = first.open_receiver({ name: 'sub', source, credit_window: 0 });
  await event(receiver, 'receiver_open');
  receiver.detach();
  await event(receiver, 'receiver_close').catch(() => {});
  const publisher = await open('p');
  const sender = publisher.open_sender('news');
  await event(sender, 'sendable');
  sender.send({ body: 'kept', durable: true });
  await event(sender, 'accepted');
  await killAndStart();
  const second = await open('c');
  const got: unknown[] = [];
  second.on('message', ({ message }: EventContext) => got.push([message?.body, message?.first_acquirer]));
  second.open_receiver({ name: 'sub', source });
  await eventually('the message', () => got.length === 1);
  expect(got).toEqual([['kept', false]]);
  second.close();
});
