/** Jobs over the real broker and its MessageAccess, on a journal that fails every third commit. */
import { type AmqpMessage, encodeMessage } from '@millrace/amqp';
import { type Message, MessageFormat, type Producer } from '@millrace/broker';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { START } from './job-fixture.js';
import { message, Plant, text } from './plant.js';

let plant: Plant;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'Date'], now: START });
  plant = new Plant();
  plant.broker.declare('max', { type: 'queue' });
});
afterEach(() => {
  plant.plane.close();
  vi.useRealTimers();
  expect(plant.faults).toEqual([]);
});

const COUNTS = (source: string): string => `
  INSERT INTO max
  SELECT concat_ws(':', CAST(unix_timestamp(window.start) - ${START / 1000} AS STRING), CAST(count(*) AS STRING),
                   CAST(max(CAST(body AS INT)) AS STRING)) AS body
  FROM STREAM ${source} GROUP BY window(time, '5 seconds')`;

function of(producer: Producer, body: number): Message {
  const message = text(body);
  message.address = producer.address;
  return message;
}

const WANTED = Array.from({ length: 12 }, (_, n) => `${n * 5}:100:${n * 100 + 99}`);

/** Twenty messages a second for a minute, the job paused from the 13th second to the 34th. */
async function load(sql: string, addresses: readonly string[]): Promise<void> {
  await plant.deploy(sql);
  const producers = addresses.map((address) => plant.producer(address));
  for (let tick = 0; tick < 600; tick++) {
    if (tick === 130) await plant.plane.control('job', 'pause');
    if (tick === 340) await plant.plane.control('job', 'resume');
    for (const n of [0, 1]) {
      const producer = producers[(tick + n) % producers.length]!;
      expect(producer.send(of(producer, tick * 2 + n), -1)).toBe('accepted');
    }
    plant.pass(100);
  }
  plant.pass(20_000);
}

test('a queue: every window once, and right', async () => {
  plant.broker.declare('temperature', { type: 'queue' });
  await load(COUNTS('temperature'), ['temperature']);
  expect(plant.journal.failures).toBeGreaterThan(3);
  expect(plant.stored('max')).toEqual(WANTED);
  expect(plant.broker.address('temperature')?.stored).toBe(0);
  expect(plant.plane.observe('job')).toMatchObject({ rowsIn: 1200, rowsOut: 12, rowsLate: 0, backlog: 0 });
});

test('a topic filter: what arrives during the pause is kept for the job', async () => {
  plant.broker.declare('devices/1/temperature', { type: 'topic' });
  await load(COUNTS('`devices/+/temperature`'), ['devices/1/temperature', 'devices/2/temperature']);
  expect(plant.stored('max')).toEqual(WANTED);
});

test('a target that is declared later gets all that was computed before', async () => {
  plant.broker.declare('temperature', { type: 'queue' });
  await plant.deploy(COUNTS('temperature').replace('INTO max', 'INTO later'));
  const producer = plant.producer('temperature');
  for (let second = 0; second < 20; second++) {
    producer.send(of(producer, second), -1);
    plant.pass(1000);
  }
  expect(plant.plane.observe('job')).toMatchObject({
    phase: 'Running',
    reason: 'ResultsRefused',
    message: 'results wait: there is no address later; it is tried again until it works',
  });
  plant.broker.declare('later', { type: 'queue' });
  plant.pass(30_000);
  expect(plant.stored('later')).toEqual(['0:5:4', '5:5:9', '10:5:14', '15:5:19']);
});

test('messages of either protocol make one window', async () => {
  plant.broker.declare('temperature', { type: 'queue' });
  await plant.deploy(COUNTS('temperature'));
  const bodies: readonly AmqpMessage['body'][] = [
    { kind: 'value', value: '21' },
    { kind: 'value', value: 23 },
    { kind: 'data', data: Buffer.from('22') },
  ];
  plant.send('temperature', text(20), ...bodies.map((body) => message(MessageFormat.amqp, encodeMessage({ body }))));
  plant.pass(20_000);
  expect(plant.stored('max')).toEqual(['0:4:23']);
});

test('jobs on one topic each get all of it, and a backlog of one does not hold up another', async () => {
  plant.broker.declare('readings', { type: 'topic' });
  plant.broker.declare('other', { type: 'queue' });
  const copy = 'INSERT INTO max SELECT body FROM STREAM other';
  await plant.deploy(COUNTS('readings'), 'one');
  await plant.deploy(COUNTS('readings'), 'two');
  await plant.deploy(copy, 'small');
  plant.pass(10);
  plant.send('readings', ...Array.from({ length: 50_000 }, (_, n) => text(n)));
  plant.send('other', text(7));
  plant.pass(1000);
  expect(plant.stored('max')).toEqual(['7']);
  plant.pass(20_000);
  expect(plant.stored('max')).toEqual(['7', '0:50000:49999', '0:50000:49999']);
});

test('a commit that fails is tried again with what it had: each message is handed out and stored once', async () => {
  plant.broker.declare('temperature', { type: 'queue' });
  await plant.deploy('INSERT INTO max SELECT body FROM STREAM temperature');
  for (let n = 0; n < 60; n++) {
    plant.send('temperature', text(n));
    for (let ms = 0; ms < 7; ms++) plant.pass(1);
  }
  plant.pass(20_000);
  expect(plant.journal.failures).toBeGreaterThan(3);
  expect(plant.stored('max')).toEqual(Array.from({ length: 60 }, (_, n) => String(n)));
  expect(plant.broker.address('temperature')).toMatchObject({ stored: 0, counters: { out: expect.any(Number) } });
  // Nothing was handed out twice: what a refused commit consumed stayed with its reader.
  expect(plant.broker.address('temperature')?.counters.out).toBe(60);
});
