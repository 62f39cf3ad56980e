/** Messages that cross from one protocol to the other, and the main job between other people's clients. */
import rhea, { type Connection, type EventContext } from 'rhea';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { event, eventually, run } from './harness/commands.js';
import { bodies, differences, nothingDiffers } from './harness/ledger.js';
import { publish, publishLines, receivedBodies, subscribe, untilReceived } from './harness/mosquitto.js';
import { protonReceive, protonReceiver, protonSend } from './harness/proton.js';
import { address, documents, job, queue, Server, topic } from './harness/server.js';

let server: Server;
let connection: Connection;
beforeAll(async () => {
  const maximum = (source: string, target: string) =>
    `INSERT INTO ${target} SELECT CAST(max(try_cast(body AS INT)) AS STRING) AS body,
       map('readings', CAST(count(*) AS STRING)) AS properties FROM STREAM ${source} GROUP BY window(time, '2 seconds')`;
  server = await Server.start({
    documents: documents(
      queue('temperature'),
      queue('work'),
      queue('readings'),
      topic('max'),
      topic('devices'),
      address('live', { type: 'multicast' }),
      queue('direct-readings'),
      job('to-topic', maximum('readings', 'max')),
      job('to-direct', maximum('`direct-readings`', 'live')),
    ),
  });
  connection = rhea.create_container().connect({ host: '127.0.0.1', port: server.amqpPort, reconnect: false });
  await event(connection, 'connection_open');
});
afterAll(async () => {
  connection?.close();
  await server?.stop();
});

async function send(target: string, ...messages: readonly Record<string, unknown>[]): Promise<void> {
  const sender = connection.open_sender(target);
  let accepted = 0;
  sender.on('accepted', () => {
    accepted += 1;
  });
  await event(sender, 'sendable');
  for (const message of messages) sender.send(message as never);
  await eventually('the outcomes', () => accepted === messages.length);
  sender.close();
}

describe('a user of both protocols', () => {
  test('sends with mosquitto_pub and receives with Proton on a queue', async () => {
    await publish(server, 'temperature', '-m', '23', '-q', '0');
    await publish(server, 'temperature', '-m', '24', '-q', '1');
    expect((await protonReceive(server, 'temperature', 2)).map((message) => message.body)).toEqual(['23', '24']);
  });

  test('sends 500 messages each way over one queue, each arrives once, in order', async () => {
    const up = bodies('up', 500);
    await publishLines(server, 'work', up, '-q', '1');
    const got = await protonReceive(server, 'work', 500);
    expect(
      differences(
        up,
        got.map((message) => String(message.body)),
      ),
    ).toEqual(nothingDiffers);
    const down = bodies('down', 500);
    await protonSend(server, 'work', down);
    const subscriber = await subscribe(server, 'work', '-q', '1');
    await untilReceived(subscriber, 500);
    expect(differences(down, receivedBodies(subscriber))).toEqual(nothingDiffers);
    await subscriber.stop();
  });

  test('sends with rhea and receives with mosquitto_sub on a topic', async () => {
    const subscriber = await subscribe(server, 'devices', '-q', '1');
    await send('devices', { body: 'text' }, { body: rhea.message.data_section(Buffer.from('bytes')) }, { body: 21 });
    await untilReceived(subscriber, 3);
    expect(receivedBodies(subscriber)).toEqual(['text', 'bytes', '21']);
    await subscriber.stop();
  });

  test('receives with Proton by a topic filter, and finds the concrete topic', async () => {
    const receiver = await protonReceiver(server, 'devices/+/temperature', '--count', '2');
    await publish(server, 'devices/7/temperature', '-m', '19');
    await publish(server, 'devices/7/humidity', '-m', '60');
    await publish(server, 'devices/8/temperature', '-m', '20');
    const { stdout } = await receiver.ended;
    const messages = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(messages.map((message) => [message.address, message.body])).toEqual([
      ['devices/7/temperature', '19'],
      ['devices/8/temperature', '20'],
    ]);
  });

  test('finds properties on the other side: application properties are user properties', async () => {
    const pub = ['-V', 'mqttv5', '-q', '1', '-D', 'PUBLISH', 'user-property', 'unit', 'celsius'];
    await publish(server, 'work', '-m', '21', ...pub);
    const [message] = await protonReceive(server, 'work', 1);
    expect(message).toMatchObject({ body: '21', properties: { unit: 'celsius' } });
    await send('work', { body: '22', application_properties: { unit: 'kelvin' }, content_type: 'text/plain' });
    const args = [
      '-V',
      'mqttv5',
      '-h',
      '127.0.0.1',
      '-p',
      String(server.mqttPort),
      '-t',
      'work',
      '-q',
      '1',
      '-C',
      '1',
      '-W',
      '10',
    ];
    const { stdout } = await run('mosquitto_sub', [...args, '-F', '%C|%P|%p']);
    expect(stdout.trim()).toBe('text/plain|unit:kelvin|22');
  });

  test('leaves a message in the queue when the MQTT subscriber goes without acknowledging', async () => {
    await send('temperature', { body: 'precious' });
    const script = `mosquitto_sub -h 127.0.0.1 -p ${server.mqttPort} -t temperature -q 1 -C 1 -W 5`;
    expect((await run('sh', ['-c', script])).stdout.trim()).toBe('precious');
    await send('temperature', { body: 'next' });
    expect((await protonReceive(server, 'temperature', 1)).map((message) => message.body)).toEqual(['next']);
  });

  test('gets the maxima of a job on a topic with mosquitto_sub, from readings of both protocols', async () => {
    const subscriber = await subscribe(server, 'max', '-q', '1');
    await eventually('the middle of a window', () => Date.now() % 2000 > 100 && Date.now() % 2000 < 500);
    await publish(server, 'readings', '-m', '23', '-q', '1');
    await send('readings', { body: '31' });
    await publish(server, 'readings', '-m', '17', '-q', '0');
    await untilReceived(subscriber, 1);
    expect(receivedBodies(subscriber)).toEqual(['31']);
    await subscriber.stop();
  });

  test('gets the maxima of a job on a direct multicast, with both protocols', async () => {
    const subscriber = await subscribe(server, 'live', '-q', '0');
    const got: unknown[] = [];
    const receiver = connection.open_receiver('live');
    receiver.on('message', ({ message }: EventContext) => got.push(message?.body));
    await event(receiver, 'receiver_open');
    await publish(server, 'direct-readings', '-m', '42', '-q', '1');
    await untilReceived(subscriber, 1);
    await eventually('the maximum over AMQP', () => got.length === 1);
    expect([receivedBodies(subscriber), got]).toEqual([['42'], ['42']]);
    await subscriber.stop();
    receiver.close();
  });
});
