/**
 * Faults over the socket: random bytes, valid frames cut anywhere, valid frames with bytes changed. The connection that
 * sends them ends, with the protocol's error where the protocol can still say one; others go on untouched: while all this
 * happens, two well-behaved clients count their messages.
 */
import mqtt, { type MqttClient } from 'mqtt';
import rhea, { type Connection, type EventContext } from 'rhea';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { event, eventually, pause } from './harness/commands.js';
import { differences, nothingDiffers } from './harness/ledger.js';
import { exchange, record, seeded } from './harness/recording.js';
import { documents, queue, Server } from './harness/server.js';

const SEED = 20_261_124;
let server: Server;
let amqpBytes: Buffer;
let mqttBytes: Buffer;
let mqtt5Bytes: Buffer;
const bystanders = { sent: [] as string[], gotMqtt: [] as string[], gotAmqp: [] as string[], lost: [] as string[] };
let bystanderMqtt: MqttClient;
let bystanderAmqp: Connection;
let running = true;
let traffic: Promise<void>;

async function amqpClient(port: number): Promise<void> {
  const connection = rhea.create_container().connect({ host: '127.0.0.1', port, reconnect: false });
  const sender = connection.open_sender('target');
  await event(sender, 'sendable');
  sender.send({ body: 'x'.repeat(40), application_properties: { unit: 'celsius' }, durable: true });
  await event(sender, 'accepted');
  const receiver = connection.open_receiver('target');
  await event(receiver, 'message');
  connection.close();
  await event(connection, 'connection_close');
}

async function mqttClient(port: number, protocolVersion: 4 | 5): Promise<void> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, {
    protocolVersion,
    reconnectPeriod: 0,
    will: { topic: 'will', payload: Buffer.from('w'), qos: 1, retain: false },
  });
  await client.subscribeAsync({ 'recorded/+': { qos: 2 } });
  const got = event(client, 'message');
  await client.publishAsync('recorded/1', 'y'.repeat(40), { qos: 2 });
  await client.publishAsync('recorded/2', 'z', { qos: 1 });
  await got;
  await client.unsubscribeAsync('recorded/+');
  await client.endAsync();
}

/** Two clients that do nothing wrong: one publishes to the other's topic and to a queue that the AMQP one reads. */
async function startBystanders(): Promise<void> {
  bystanderMqtt = await mqtt.connectAsync(server.mqttUrl, { reconnectPeriod: 0, clientId: 'bystander' });
  bystanderMqtt.on('close', () => running && bystanders.lost.push('mqtt'));
  bystanderMqtt.on('message', (_topic, payload) => bystanders.gotMqtt.push(payload.toString()));
  await bystanderMqtt.subscribeAsync('calm', { qos: 1 });
  bystanderAmqp = rhea.create_container().connect({ host: '127.0.0.1', port: server.amqpPort, reconnect: false });
  bystanderAmqp.on('disconnected', () => running && bystanders.lost.push('amqp'));
  const receiver = bystanderAmqp.open_receiver('calm-queue');
  receiver.on('message', ({ message }: EventContext) =>
    bystanders.gotAmqp.push(String(message?.body?.content ?? message?.body)),
  );
  await event(receiver, 'receiver_open');
  traffic = (async () => {
    while (running) {
      const body = String(bystanders.sent.length);
      bystanders.sent.push(body);
      await bystanderMqtt.publishAsync('calm', body, { qos: 1 });
      await bystanderMqtt.publishAsync('calm-queue', body, { qos: 1 });
      await pause(5);
    }
  })();
}

beforeAll(async () => {
  server = await Server.start({ documents: documents(queue('target'), queue('calm-queue')) });
  amqpBytes = await record(server.amqpPort, amqpClient);
  mqttBytes = await record(server.mqttPort, (port) => mqttClient(port, 4));
  mqtt5Bytes = await record(server.mqttPort, (port) => mqttClient(port, 5));
  await startBystanders();
});
afterAll(async () => {
  running = false;
  bystanderAmqp?.close();
  await bystanderMqtt?.endAsync(true);
  await server?.stop();
});

/** Runs many exchanges, some at a time; each must end by the server within the time. */
async function all(
  port: number,
  inputs: readonly Buffer[],
  options: { halfClose: boolean; waitMs: number },
): Promise<string[]> {
  const stillOpen: string[] = [];
  let next = 0;
  const worker = async () => {
    while (next < inputs.length) {
      const input = inputs[next++];
      if (input === undefined) return;
      const reply = await exchange(port, input, options);
      if (reply.end === 'still-open') stillOpen.push(input.toString('hex').slice(-80));
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return stillOpen;
}

/** Every cut of the first 1,500 bytes: all that a client says to open, attach, send and subscribe. */
const truncations = (bytes: Buffer): Buffer[] =>
  Array.from({ length: Math.min(bytes.length, 1_500) }, (_, length) => bytes.subarray(0, length));

function randomInputs(random: () => number, count: number, prefix: Buffer): Buffer[] {
  return Array.from({ length: count }, () => {
    const bytes = Buffer.alloc(1 + Math.floor(random() * 300));
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = Math.floor(random() * 256);
    return Buffer.concat([prefix, bytes]);
  });
}

function mutations(random: () => number, count: number, bytes: Buffer): Buffer[] {
  return Array.from({ length: count }, () => {
    const changed = Buffer.from(bytes);
    for (let times = 1 + Math.floor(random() * 4); times > 0; times -= 1) {
      changed[Math.floor(random() * changed.length)] = Math.floor(random() * 256);
    }
    return changed;
  });
}

describe('a faulty client', () => {
  test('that is cut off anywhere in an AMQP conversation ends alone', async () => {
    expect(amqpBytes.length).toBeGreaterThan(300);
    expect(await all(server.amqpPort, truncations(amqpBytes), { halfClose: true, waitMs: 10_000 })).toEqual([]);
  });

  test.each(['3.1.1', '5'])('that is cut off anywhere in an MQTT %s conversation ends alone', async (version) => {
    const bytes = version === '5' ? mqtt5Bytes : mqttBytes;
    expect(bytes.length).toBeGreaterThan(100);
    expect(await all(server.mqttPort, truncations(bytes), { halfClose: true, waitMs: 10_000 })).toEqual([]);
  });

  test('that sends random bytes ends alone', async () => {
    const random = seeded(SEED);
    const afterHeader = amqpBytes.subarray(0, 8);
    const options = { halfClose: true, waitMs: 10_000 };
    expect(await all(server.amqpPort, randomInputs(random, 200, Buffer.alloc(0)), options)).toEqual([]);
    expect(await all(server.amqpPort, randomInputs(random, 200, afterHeader), options)).toEqual([]);
    expect(await all(server.mqttPort, randomInputs(random, 200, Buffer.alloc(0)), options)).toEqual([]);
    const connect = mqttBytes.subarray(0, 2 + (mqttBytes[1] ?? 0));
    expect(await all(server.mqttPort, randomInputs(random, 200, connect), options)).toEqual([]);
  });

  test('that sends valid frames with bytes changed harms nobody', async () => {
    const random = seeded(SEED + 1);
    const options = { halfClose: true, waitMs: 10_000 };
    expect(await all(server.amqpPort, mutations(random, 400, amqpBytes), options)).toEqual([]);
    expect(await all(server.mqttPort, mutations(random, 300, mqttBytes), options)).toEqual([]);
    expect(await all(server.mqttPort, mutations(random, 300, mqtt5Bytes), options)).toEqual([]);
  });

  test('that speaks HTTP to the AMQP port is answered with the AMQP header, then closed', async () => {
    const reply = await exchange(server.amqpPort, Buffer.from('GET / HTTP/1.1\r\n\r\n'), {
      halfClose: false,
      waitMs: 5_000,
    });
    expect(reply.end).toBe('server');
    expect(reply.bytes.subarray(0, 4).toString()).toBe('AMQP');
  });

  test('that sends a frame of nonsense after opening is closed with amqp:decode-error or framing-error', async () => {
    // A begin whose list says that it is longer than its frame.
    const nonsense = Buffer.from('0000001002000000005311c0ff054040', 'hex');
    const opened = amqpBytes.subarray(0, openEnd(amqpBytes));
    const reply = await exchange(server.amqpPort, Buffer.concat([opened, nonsense]), {
      halfClose: false,
      waitMs: 5_000,
    });
    expect(reply.end).toBe('server');
    expect(reply.bytes.toString('latin1')).toMatch(/amqp:(decode-error|connection:framing-error)/);
  });

  test('that announces a frame larger than agreed is closed with framing-error, at once', async () => {
    const opened = amqpBytes.subarray(0, openEnd(amqpBytes));
    const huge = Buffer.from('7fffffff02000000', 'hex');
    const reply = await exchange(server.amqpPort, Buffer.concat([opened, huge]), { halfClose: false, waitMs: 5_000 });
    expect(reply.end).toBe('server');
    expect(reply.bytes.toString('latin1')).toContain('amqp:connection:framing-error');
  });

  test('that sends a malformed packet with MQTT 5 is told 0x81; with 3.1.1 it is just closed', async () => {
    const reserved = Buffer.from([0x00, 0x00]);
    const connectOf = (bytes: Buffer) => bytes.subarray(0, 2 + (bytes[1] ?? 0));
    const five = await exchange(server.mqttPort, Buffer.concat([connectOf(mqtt5Bytes), reserved]), {
      halfClose: false,
      waitMs: 5_000,
    });
    expect(five.end).toBe('server');
    const disconnect = five.bytes.indexOf(0xe0, 4);
    expect([0x81, 0x82]).toContain(five.bytes[disconnect + 2]);
    const old = await exchange(server.mqttPort, Buffer.concat([connectOf(mqttBytes), reserved]), {
      halfClose: false,
      waitMs: 5_000,
    });
    expect(old.end).toBe('server');
    expect(old.bytes).toEqual(Buffer.from([0x20, 2, 0, 0]));
  });

  test('has not harmed those who did nothing wrong', async () => {
    await eventually('some traffic', () => bystanders.sent.length > 20);
    running = false;
    await traffic;
    const { sent, gotMqtt, gotAmqp, lost } = bystanders;
    await eventually(
      'the last message on both',
      () => gotMqtt.length >= sent.length && gotAmqp.length >= sent.length,
    ).catch(() => {});
    expect(lost).toEqual([]);
    expect(differences(sent, gotMqtt)).toEqual(nothingDiffers);
    expect(differences(sent, gotAmqp)).toEqual(nothingDiffers);
    expect((await server.http('/readyz')).status).toBe(200);
  });
});

/** End of the client's open frame: after the SASL exchange and the second protocol header. */
function openEnd(bytes: Buffer): number {
  const header = bytes.indexOf(Buffer.from('AMQP\0\x01\0\0', 'latin1'));
  const frame = header + 8;
  return frame + bytes.readUInt32BE(frame);
}
