/** What users of mqtt.js do. */
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { event, eventually } from './harness/commands.js';
import { bodies, differences, nothingDiffers } from './harness/ledger.js';
import { documents, job, queue, Server, topic } from './harness/server.js';

const counting = job(
  'counting',
  "INSERT INTO counted SELECT CAST(count(*) AS STRING) AS body FROM STREAM `flood/#` GROUP BY window(time, '1 second')",
);
let server: Server;
const clients: MqttClient[] = [];
beforeAll(async () => {
  server = await Server.start({
    documents: documents(queue('work'), queue('narrow', { limits: { messages: 1000 } }), topic('counted'), counting),
  });
});
afterAll(() => server?.stop());
afterEach(async () => {
  for (const client of clients.splice(0)) await client.endAsync(true);
});

async function connect(options: IClientOptions = {}): Promise<MqttClient> {
  const client = await mqtt.connectAsync(server.mqttUrl, { reconnectPeriod: 0, ...options });
  clients.push(client);
  return client;
}

function collect(client: MqttClient): string[] {
  const got: string[] = [];
  client.on('message', (_topic, payload) => got.push(payload.toString()));
  return got;
}

describe.each([4, 5] as const)('an mqtt.js user with protocol level %i', (protocolVersion) => {
  test.each([0, 1, 2] as const)('publishes 1,000 messages at QoS %i and receives them in order', async (qos) => {
    const [publisher, subscriber] = [await connect({ protocolVersion }), await connect({ protocolVersion })];
    const got = collect(subscriber);
    await subscriber.subscribeAsync(`v${protocolVersion}/q${qos}`, { qos });
    const sent = bodies('m', 1_000);
    // Fifty under way: mqtt.js itself does not keep to the server's receive maximum.
    for (let at = 0; at < sent.length; at += 50) {
      const batch = sent.slice(at, at + 50);
      await Promise.all(batch.map((body) => publisher.publishAsync(`v${protocolVersion}/q${qos}`, body, { qos })));
    }
    await eventually('1,000 messages', () => got.length >= 1_000);
    expect(differences(sent, got)).toEqual(nothingDiffers);
  });

  test('unsubscribes and receives no more', async () => {
    const client = await connect({ protocolVersion });
    const got = collect(client);
    await client.subscribeAsync([`v${protocolVersion}/stop`, `v${protocolVersion}/go`], { qos: 1 });
    await client.publishAsync(`v${protocolVersion}/stop`, 'one', { qos: 1 });
    await client.unsubscribeAsync(`v${protocolVersion}/stop`);
    await client.publishAsync(`v${protocolVersion}/stop`, 'two', { qos: 1 });
    await client.publishAsync(`v${protocolVersion}/go`, 'end', { qos: 1 });
    await eventually('the end', () => got.includes('end'));
    expect(got).toEqual(['one', 'end']);
  });

  test('is taken over by a second client with its id, whose subscriptions live on', async () => {
    const clientId = `twin-${protocolVersion}`;
    const session: IClientOptions =
      protocolVersion === 5
        ? { protocolVersion, clientId, clean: false, properties: { sessionExpiryInterval: 60 } }
        : { protocolVersion, clientId, clean: false };
    const first = await connect(session);
    await first.subscribeAsync(`v${protocolVersion}/twin`, { qos: 1 });
    const closed = event(first, 'close');
    const second = await connect(session);
    await closed;
    const got = collect(second);
    await second.publishAsync(`v${protocolVersion}/twin`, 'still here', { qos: 1 });
    await eventually('the message', () => got.length > 0);
    expect(got).toEqual(['still here']);
  });
});

describe('an mqtt.js user', () => {
  test('with MQTT 5 uses topic aliases, subscription ids and no local', async () => {
    const publisher = await connect({ protocolVersion: 5, autoUseTopicAlias: true, autoAssignTopicAlias: true });
    const subscriber = await connect({ protocolVersion: 5, properties: { topicAliasMaximum: 10 } });
    const seen: unknown[] = [];
    subscriber.on('message', (topic, payload, packet) => {
      seen.push([topic, payload.toString(), packet.properties?.subscriptionIdentifier]);
    });
    await subscriber.subscribeAsync('alias/+', { qos: 1, properties: { subscriptionIdentifier: 7 }, nl: true });
    await subscriber.publishAsync('alias/own', 'not to me', { qos: 1 });
    for (const body of ['a', 'b', 'c']) await publisher.publishAsync('alias/one', body, { qos: 1 });
    await eventually('three', () => seen.length >= 3);
    expect(seen).toEqual(['a', 'b', 'c'].map((body) => ['alias/one', body, 7]));
  });

  test('asks with MQTT 5 response topic and correlation data', async () => {
    const [asker, answerer] = [await connect({ protocolVersion: 5 }), await connect({ protocolVersion: 5 })];
    await answerer.subscribeAsync('question', { qos: 1 });
    answerer.on('message', (_topic, payload, packet) => {
      const { responseTopic, correlationData } = packet.properties ?? {};
      answerer.publish(String(responseTopic), `re: ${payload}`, {
        qos: 1,
        properties: correlationData === undefined ? {} : { correlationData },
      });
    });
    const answers: string[] = [];
    asker.on('message', (_topic, payload, packet) => answers.push(`${payload} ${packet.properties?.correlationData}`));
    await asker.subscribeAsync('answer/1', { qos: 1 });
    const properties = { responseTopic: 'answer/1', correlationData: Buffer.from('c7') };
    await asker.publishAsync('question', 'hot?', { qos: 1, properties });
    await eventually('the answer', () => answers.length > 0);
    expect(answers).toEqual(['re: hot? c7']);
  });

  test('loses its connection with QoS 1 messages unacknowledged on a queue: they come again', async () => {
    const publisher = await connect();
    const sent = bodies('m', 10);
    for (const body of sent) await publisher.publishAsync('work', body, { qos: 1 });
    const deaf = await connect({ clientId: 'deaf', clean: true });
    // Takes the messages without acknowledging them, then its socket is cut.
    deaf.handleMessage = () => {};
    let seen = 0;
    deaf.on('packetreceive', (packet) => {
      if (packet.cmd === 'publish') seen += 1;
    });
    // Not awaited: a PUBLISH may come before the SUBACK (MQTT 3.1.1 §3.8.4), and this client reads no further than that.
    deaf.subscribe('work', { qos: 1 }, () => {});
    await eventually('a first message', () => seen > 0);
    deaf.stream.destroy();
    const taker = await connect();
    const got = collect(taker);
    await taker.subscribeAsync('work', { qos: 1 });
    await eventually('ten messages', () => new Set(got).size === 10);
    expect(differences(sent, got)).toEqual(nothingDiffers);
  });

  test('that falls silent is disconnected after one and a half keep-alives, and its will is published', async () => {
    const watcher = await connect();
    const got = collect(watcher);
    await watcher.subscribeAsync('will/silent', { qos: 1 });
    const silent = await connect({
      keepalive: 1,
      will: { topic: 'will/silent', payload: Buffer.from('gone'), qos: 1, retain: false },
    });
    // No ping leaves any more, and the socket stays open.
    silent.stream.write = (() => true) as never;
    await eventually('the will', () => got.length > 0, 10_000);
    expect(got).toEqual(['gone']);
  });

  test('is held back with nineteen others by a full queue, and none is forgotten when there is room again', async () => {
    const publishers = await Promise.all(Array.from({ length: 20 }, () => connect()));
    const taker = await connect();
    const got = collect(taker);
    const sent = publishers.map((_, publisher) => bodies(String(publisher), 2_000));
    const sending = publishers.map(async (publisher, at) => {
      for (const body of sent[at] ?? []) await publisher.publishAsync('narrow', body, { qos: 0 });
    });
    await eventually('the full queue', async () => {
      const { json } = await server.http('/v1/addresses/narrow');
      return (json as { status: { statistics: { stored: number } } }).status.statistics.stored > 800;
    });
    await taker.subscribeAsync('narrow', { qos: 1 });
    await Promise.all(sending);
    await eventually('40,000 messages', () => got.length >= 40_000, 30_000).catch(() => {});
    expect({ ...differences(sent.flat(), got), inOrder: true }).toEqual(nothingDiffers);
  });

  test('floods a job from fifty connections: all of them are read to the end, and every reading counts', async () => {
    const publishers = await Promise.all(Array.from({ length: 50 }, () => connect()));
    const watcher = await connect();
    const counts = collect(watcher);
    await watcher.subscribeAsync('counted', { qos: 1 });
    // As one block a connection: what a fast device writes at once, a hundred thousand readings of QoS 0.
    const perPublisher = 100_000;
    const flooding = publishers.map(async (publisher, at) => {
      const packet = Buffer.concat([Buffer.from([0x30, 0]), text(`flood/${at}`), Buffer.from('23')]);
      packet[1] = packet.length - 2;
      const block = Buffer.concat(Array<Buffer>(1_000).fill(packet));
      for (let sent = 0; sent < perPublisher; sent += 1_000) {
        if (!publisher.stream.write(block)) await event(publisher.stream, 'drain', 45_000);
      }
      // The answer says that everything before it was read.
      await publisher.publishAsync('flooded', String(at), { qos: 1 });
    });
    const counted = () => counts.reduce((sum, count) => sum + Number(count), 0);
    await Promise.all(flooding);
    await eventually('every reading counted', () => counted() >= 50 * perPublisher, 20_000).catch(() => {});
    expect(counted()).toBe(50 * perPublisher);
  }, 90_000);
});

/** A string as MQTT writes it: its length in two bytes, then UTF-8. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}
