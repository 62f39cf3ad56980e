/** What users of mosquitto's clients do, on MQTT 3.1.1 and MQTT 5. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pause, run, runWell } from './harness/commands.js';
import { bodies, differences, nothingDiffers } from './harness/ledger.js';
import {
  publish,
  publishLines,
  received,
  receivedBodies,
  subscribe,
  untilReceived,
  type Version,
} from './harness/mosquitto.js';
import { documents, queue, Server, topic } from './harness/server.js';

let server: Server;
beforeAll(async () => {
  server = await Server.start({ documents: documents(queue('temperature'), queue('jobs'), topic('news')) });
});
afterAll(() => server?.stop());

const versions: Version[] = ['mqttv311', 'mqttv5'];

describe.each(versions)('with %s, a user', (version) => {
  const with_ = ['-V', version];
  const name = (text: string) => `${version}/${text}`;

  test.each([
    [0, 0, 0],
    [1, 1, 1],
    [2, 2, 2],
    [2, 1, 1],
    [0, 2, 0],
  ])('publishes at QoS %i and receives with QoS %i at QoS %i', async (publishQos, subscribeQos, deliveredQos) => {
    const address = name(`qos-${publishQos}-${subscribeQos}`);
    const subscriber = await subscribe(server, address, '-q', String(subscribeQos), ...with_);
    await publish(server, address, '-m', '23', '-q', String(publishQos), ...with_);
    const [message] = await untilReceived(subscriber, 1);
    expect(message).toEqual({ topic: address, qos: deliveredQos, retain: false, body: '23' });
    await subscriber.stop();
  });

  test.each([0, 1, 2])('receives 500 messages in order, each once, at QoS %i', async (qos) => {
    const address = name(`order-${qos}`);
    const sent = bodies('m', 500);
    const subscriber = await subscribe(server, address, '-q', String(qos), ...with_);
    await publishLines(server, address, sent, '-q', String(qos), ...with_);
    await untilReceived(subscriber, 500);
    expect(differences(sent, receivedBodies(subscriber))).toEqual(nothingDiffers);
    await subscriber.stop();
  });

  test('finds a retained message when subscribing later, and not after it was cleared', async () => {
    const address = name('retained');
    await publish(server, address, '-m', 'first', '-r', '-q', '1', ...with_);
    await publish(server, address, '-m', 'last', '-r', '-q', '1', ...with_);
    const later = await subscribe(server, address, '-q', '1', ...with_);
    expect(await untilReceived(later, 1)).toEqual([{ topic: address, qos: 1, retain: true, body: 'last' }]);
    await publish(server, address, '-n', '-r', '-q', '1', ...with_);
    await later.stop();
    const afterwards = await subscribe(server, address, '-q', '1', ...with_);
    await publish(server, address, '-m', 'live', '-q', '1', ...with_);
    expect((await untilReceived(afterwards, 1)).map((message) => [message.body, message.retain])).toEqual([
      ['live', false],
    ]);
    await afterwards.stop();
  });

  test('is told by the will of a client that vanished, and of one that said goodbye only if it asked for that', async () => {
    const will = name('will');
    const watcher = await subscribe(server, will, '-q', '1', ...with_);
    const mortal = ['--will-topic', will, '--will-qos', '1', '--will-payload'];
    const polite = await subscribe(server, name('nothing'), ...mortal, 'polite', ...with_);
    await polite.stop('SIGTERM');
    const vanishing = await subscribe(server, name('nothing'), ...mortal, 'vanished', ...with_);
    await vanishing.stop('SIGKILL');
    // With MQTT 5 mosquitto_sub ends with reason 0x04, "disconnect with will message"; with 3.1.1 a goodbye forgets the will.
    const expected = version === 'mqttv5' ? ['polite', 'vanished'] : ['vanished'];
    await untilReceived(watcher, expected.length);
    expect(receivedBodies(watcher)).toEqual(expected);
    await watcher.stop();
  });

  test('uses + and # as wildcards', async () => {
    const one = await subscribe(server, name('devices/+/temperature'), ...with_);
    const all = await subscribe(server, name('devices/#'), ...with_);
    for (const part of ['1/temperature', '2/temperature', '2/humidity', '2/inner/temperature']) {
      await publish(server, name(`devices/${part}`), '-m', part, ...with_);
    }
    await publish(server, name('devices'), '-m', 'parent', ...with_);
    await untilReceived(all, 5);
    expect(receivedBodies(all)).toEqual([
      '1/temperature',
      '2/temperature',
      '2/humidity',
      '2/inner/temperature',
      'parent',
    ]);
    expect(receivedBodies(one)).toEqual(['1/temperature', '2/temperature']);
    await one.stop();
    await all.stop();
  });

  test('keeps a session: what came meanwhile at QoS 1 follows on return, in order', async () => {
    const address = name('session');
    const session = ['-i', name('keeper'), '-c', '-q', '1', ...with_, ...(version === 'mqttv5' ? ['-x', '600'] : [])];
    const first = await subscribe(server, address, ...session);
    await publish(server, address, '-m', 'while here', '-q', '1', ...with_);
    await untilReceived(first, 1);
    await first.stop('SIGTERM');
    const missed = bodies('missed', 20);
    await publishLines(server, address, missed, '-q', '1', ...with_);
    const second = await subscribe(server, address, ...session);
    await untilReceived(second, 20);
    expect(differences(missed, receivedBodies(second))).toEqual(nothingDiffers);
    await second.stop('SIGTERM');
    // A clean start forgets the session.
    await (await subscribe(server, name('other'), '-i', name('keeper'), ...with_)).stop('SIGTERM');
    await publish(server, address, '-m', 'forgotten', '-q', '1', ...with_);
    const third = await subscribe(server, address, ...session);
    await publish(server, address, '-m', 'new', '-q', '1', ...with_);
    await untilReceived(third, 1);
    expect(receivedBodies(third)).toEqual(['new']);
    await third.stop('SIGTERM');
  });

  test('takes over when the same client id connects again', async () => {
    const first = await subscribe(server, name('take-over'), '-i', name('twin'), ...with_);
    const second = await runWell('mosquitto_pub', [
      ...[
        '-h',
        '127.0.0.1',
        '-p',
        String(server.mqttPort),
        '-i',
        name('twin'),
        '-t',
        name('elsewhere'),
        '-m',
        'x',
        ...with_,
      ],
    ]);
    expect(second.code).toBe(0);
    // mosquitto_sub notices that its connection is gone: it connects again (3.1.1) or ends with the reason (5).
    const noticed = ({ stdout, stderr }: { stdout: string; stderr: string }) =>
      (stdout + stderr).split('sending CONNECT').length > 2 || /session taken over|DISCONNECT/i.test(stdout + stderr);
    await first.until('the loss of its session', noticed).catch(async (error: unknown) => {
      if (!noticed(await first.stop())) throw error;
    });
    await first.stop();
  });

  test('publishes an empty body and 200 kB', async () => {
    const address = name('sizes');
    const subscriber = await subscribe(server, address, '-q', '1', ...with_);
    await publish(server, address, '-n', '-q', '1', ...with_);
    await runWell(
      'mosquitto_pub',
      ['-h', '127.0.0.1', '-p', String(server.mqttPort), '-t', address, '-s', '-q', '1', ...with_],
      { input: 'y'.repeat(200_000) },
    );
    const [empty, large] = await untilReceived(subscriber, 2);
    expect(empty?.body).toBe('');
    expect(large?.body).toBe('y'.repeat(200_000));
    await subscriber.stop();
  });

  test('receives everything from a queue that waited for it', async () => {
    const sent = bodies(version, 30);
    await publishLines(server, 'temperature', sent, '-q', '1', ...with_);
    const subscriber = await subscribe(server, 'temperature', '-q', '1', ...with_);
    await untilReceived(subscriber, 30);
    expect(differences(sent, receivedBodies(subscriber))).toEqual(nothingDiffers);
    await subscriber.stop();
  });
});

describe('an MQTT user', () => {
  test('shares a subscription: each message to exactly one of the group', async () => {
    const first = await subscribe(server, '$share/group/shared/load', '-q', '1', '-V', 'mqttv5');
    const second = await subscribe(server, '$share/group/shared/load', '-q', '1', '-V', 'mqttv5');
    const alone = await subscribe(server, 'shared/load', '-q', '1', '-V', 'mqttv5');
    const sent = bodies('m', 200);
    await publishLines(server, 'shared/load', sent, '-q', '1');
    await untilReceived(alone, 200);
    await first.until('200 messages together', () => received(first).length + received(second).length >= 200);
    const together = differences(sent, [...receivedBodies(first), ...receivedBodies(second)]);
    expect({ ...together, inOrder: true }).toEqual(nothingDiffers);
    expect(received(first).length).toBeGreaterThan(0);
    expect(received(second).length).toBeGreaterThan(0);
    for (const subscriber of [first, second, alone]) await subscriber.stop();
  });

  test('competes for a queue: each message to exactly one subscriber', async () => {
    const first = await subscribe(server, 'jobs', '-q', '1');
    const second = await subscribe(server, 'jobs', '-q', '1');
    const sent = bodies('job', 200);
    await publishLines(server, 'jobs', sent, '-q', '1');
    await first.until('200 messages together', () => received(first).length + received(second).length >= 200);
    const together = differences(sent, [...receivedBodies(first), ...receivedBodies(second)]);
    expect({ ...together, inOrder: true }).toEqual(nothingDiffers);
    for (const subscriber of [first, second]) await subscriber.stop();
  });

  test('never drains a queue with # or +', async () => {
    const all = await subscribe(server, '#', '-q', '1');
    const one = await subscribe(server, '+', '-q', '1');
    await publish(server, 'temperature', '-m', 'stays', '-q', '1');
    await publish(server, 'news', '-m', 'seen', '-q', '1');
    await untilReceived(all, 1);
    await untilReceived(one, 1);
    expect([receivedBodies(all), receivedBodies(one)]).toEqual([['seen'], ['seen']]);
    const taker = await subscribe(server, 'temperature', '-q', '1');
    await untilReceived(taker, 1);
    expect(receivedBodies(taker)).toEqual(['stays']);
    for (const subscriber of [all, one, taker]) await subscriber.stop();
  });

  test('uses a topic that nobody declared', async () => {
    const subscriber = await subscribe(server, 'nobody/declared/this');
    await publish(server, 'nobody/declared/this', '-m', 'works');
    await untilReceived(subscriber, 1);
    expect(receivedBodies(subscriber)).toEqual(['works']);
    await subscriber.stop();
  });

  test('with MQTT 5 carries user properties and a content type across', async () => {
    const properties = [
      '-D',
      'PUBLISH',
      'user-property',
      'unit',
      'celsius',
      '-D',
      'PUBLISH',
      'content-type',
      'text/plain',
    ];
    const subscriber = await run('sh', [
      '-c',
      `mosquitto_sub -V mqttv5 -h 127.0.0.1 -p ${server.mqttPort} -t props -C 1 -W 10 -F '%C|%P|%p' & ` +
        `sleep 0.5; mosquitto_pub -V mqttv5 -h 127.0.0.1 -p ${server.mqttPort} -t props -m 21 ${properties.join(' ')}; wait`,
    ]);
    expect(subscriber.stdout.trim()).toBe('text/plain|unit:celsius|21');
  });

  test('sees a message expire that nobody took in time', async () => {
    await publish(
      server,
      'temperature',
      '-m',
      'short',
      '-q',
      '1',
      '-V',
      'mqttv5',
      '-D',
      'PUBLISH',
      'message-expiry-interval',
      '1',
    );
    await pause(1_500);
    await publish(server, 'temperature', '-m', 'long', '-q', '1', '-V', 'mqttv5');
    const subscriber = await subscribe(server, 'temperature', '-q', '1');
    await untilReceived(subscriber, 1);
    expect(receivedBodies(subscriber)).toEqual(['long']);
    await subscriber.stop();
  });
});
