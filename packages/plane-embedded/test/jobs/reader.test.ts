/** What becomes of messages when a reader ends: closed, deleted, with a commit under way. */
import { encodeMessage, valueBody } from '@millrace/amqp';
import { MessageFormat } from '@millrace/broker';
import { PlaneRefusal } from '@millrace/controller';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { START } from './job-fixture.js';
import { message, Plant, text } from './plant.js';

let plant: Plant;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'Date'], now: START });
  plant = new Plant();
  plant.journal.fails = () => false;
  for (const name of ['temperature', 'max']) plant.broker.declare(name, { type: 'queue' });
});
afterEach(() => {
  plant.plane.close();
  vi.useRealTimers();
  expect(plant.faults).toEqual([]);
});

const COPY = 'INSERT INTO max SELECT body FROM STREAM temperature';
const COUNT = `INSERT INTO max SELECT CAST(count(*) AS STRING) AS body FROM STREAM temperature
  GROUP BY window(time, '5 seconds')`;

/** Until the job has read, and its commit is with the journal. */
function commitUnderWay(): void {
  vi.advanceTimersByTime(0);
  vi.advanceTimersByTime(1);
}

describe('a job that is removed with a commit under way', () => {
  async function begin(failing: boolean): Promise<void> {
    await plant.deploy(COPY);
    plant.pass(100);
    plant.journal.fails = () => failing;
    plant.send('temperature', text(1), text(2));
    commitUnderWay();
    expect(plant.broker.address('temperature')).toMatchObject({ stored: 2 });
    expect(plant.broker.address('max')).toMatchObject({ stored: 2 });
    plant.journal.fails = () => false;
  }

  test('has taken its messages when the commit gets through', async () => {
    await begin(false);
    await plant.plane.remove('job');
    plant.pass(100);
    expect(plant.stored('max')).toEqual(['1', '2']);
    expect(plant.broker.address('temperature')).toMatchObject({ stored: 0 });
  });

  test('leaves its messages to the next one when it fails', async () => {
    await begin(true);
    await plant.plane.remove('job');
    plant.pass(100);
    expect(plant.stored('max')).toEqual([]);
    await plant.deploy(COPY, 'next');
    plant.pass(100);
    expect(plant.stored('max')).toEqual(['1', '2']);
    expect(plant.broker.address('temperature')).toMatchObject({ stored: 0 });
  });

  test.each([true, false])('and deployed again at once takes each message once (failing: %s)', async (failing) => {
    await begin(failing);
    await plant.deploy(COPY.replace('SELECT body', "SELECT concat(body, '') AS body"));
    plant.send('temperature', text(3));
    plant.pass(10_000);
    expect([...plant.stored('max')].sort()).toEqual(['1', '2', '3']);
    expect(plant.broker.address('temperature')).toMatchObject({ stored: 0 });
  });
});

describe('a source that is deleted', () => {
  test('leaves the windows that are open, and what waits to be stored, which is stored once', async () => {
    plant.broker.remove('max');
    await plant.deploy(COUNT);
    plant.send('temperature', text(1), text(2));
    plant.pass(6000);
    plant.send('temperature', text('never read'));
    plant.pass(100);
    expect(plant.plane.observe('job')?.reason).toBe('ResultsRefused');
    plant.broker.remove('temperature', { force: true });
    plant.pass(100);
    plant.broker.declare('max', { type: 'queue' });
    plant.pass(10_000);
    expect(plant.stored('max')).toEqual(['2']);
    expect(plant.plane.observe('job')).toMatchObject({ phase: 'Running', reason: 'SourceGone' });
  });

  test('can be paused and read again when it is declared anew, with the windows that were open', async () => {
    await plant.deploy(COUNT);
    plant.send('temperature', text(1), text(2));
    plant.pass(100);
    plant.broker.remove('temperature', { force: true });
    plant.pass(100);
    await plant.plane.control('job', 'pause');
    plant.pass(100);
    expect(plant.plane.observe('job')?.phase).toBe('Paused');
    plant.broker.declare('temperature', { type: 'queue' });
    await plant.deploy(COUNT);
    plant.send('temperature', text(3));
    plant.pass(6000);
    expect(plant.stored('max')).toEqual(['3']);
  });

  test('and declared anew while results wait: what came of the old one is stored, and the new one is read', async () => {
    plant.broker.remove('max');
    await plant.deploy(COPY);
    plant.send('temperature', text(1));
    plant.pass(1000);
    plant.broker.remove('temperature', { force: true });
    plant.broker.declare('temperature', { type: 'queue' });
    await plant.deploy(COPY);
    plant.send('temperature', text(2));
    plant.pass(100);
    plant.broker.declare('max', { type: 'queue' });
    plant.pass(10_000);
    expect(plant.stored('max')).toEqual(['1', '2']);
    expect(plant.broker.address('temperature')).toMatchObject({ stored: 0 });
  });

  test('and cannot be read again leaves the job as it was, however often it is told to resume', async () => {
    await plant.deploy(COPY);
    plant.send('temperature', broken(), text(1));
    plant.pass(100);
    plant.broker.remove('temperature', { force: true });
    vi.spyOn(plant.access, 'open').mockImplementation(() => {
      throw new PlaneRefusal('NotFound', 'there is no address temperature');
    });
    for (let time = 0; time < 3; time++) {
      await expect(plant.plane.control('job', 'resume')).rejects.toMatchObject({ reason: 'NotFound' });
      plant.pass(100);
    }
    expect(plant.plane.observe('job')).toMatchObject({ reason: 'SourceGone', rowsFailed: 1 });
  });
});

test('a full target holds the job up until there is room, and nothing is lost', async () => {
  plant.broker.declare('max', { type: 'queue', limits: { messages: 3, bytes: 1e6, messageBytes: 1e6 } });
  await plant.deploy(COPY);
  for (let n = 0; n < 6; n++) {
    plant.send('temperature', text(n));
    plant.pass(100);
  }
  expect(plant.plane.observe('job')?.message).toContain('the address max is full');
  const received: string[] = [];
  for (let round = 0; round < 5; round++) {
    received.push(...plant.stored('max'));
    plant.broker.purge('max');
    plant.pass(10_000);
  }
  expect(received).toEqual(['0', '1', '2', '3', '4', '5']);
});

test('results of one commit that are more than the limit are stored together, and the next wait', async () => {
  plant.broker.declare('max', { type: 'queue', limits: { messages: 3, bytes: 1e6, messageBytes: 1e6 } });
  await plant.deploy(COPY);
  plant.send('temperature', text(1), text(2), text(3), text(4));
  plant.pass(100);
  expect(plant.stored('max')).toEqual(['1', '2', '3', '4']);
  plant.send('temperature', text(5));
  plant.pass(100);
  expect(plant.plane.observe('job')?.message).toContain('the address max is full');
  plant.broker.purge('max');
  plant.pass(10_000);
  expect(plant.stored('max')).toEqual(['5']);
});

test('a name that stands for more topics than a list of names holds is forgotten, and each row keeps its own', async () => {
  const sql =
    "INSERT INTO max SELECT concat(body, ':', split_part(address, '/', 2)) AS body FROM STREAM `devices/+` WHERE body = '7'";
  await plant.deploy(sql);
  for (let batch = 0; batch < 9; batch++) {
    const topics = Array.from({ length: 8000 }, (_, n) => batch * 8000 + n);
    for (const topic of topics) plant.send(`devices/${topic}`, text(topic % 8000 === 0 ? 7 : 1));
    plant.pass(100);
  }
  plant.send('devices/5', text(7));
  plant.pass(100);
  expect(plant.stored('max')).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => `7:${n * 8000}`).concat('7:5'));
});

/** AMQP bytes that end too early. */
function broken(): ReturnType<typeof message> {
  const bytes = encodeMessage({ body: valueBody('a long enough text') });
  return message(MessageFormat.amqp, Buffer.from(bytes.subarray(0, bytes.length - 5)));
}

test('what cannot be decoded goes to the dead letters, is counted, and the job goes on', async () => {
  plant.broker.declare('dead-letters', { type: 'queue' });
  await plant.deploy(COUNT.replace('*', 'body'));
  plant.send('temperature', text(1), broken(), message(MessageFormat.amqp, encodeMessage({ body: valueBody('2') })));
  plant.send('temperature', broken());
  plant.pass(6000);
  expect(plant.stored('max')).toEqual(['2']);
  expect(plant.plane.observe('job')).toMatchObject({ phase: 'Running', rowsIn: 2, rowsFailed: 2 });
  expect(plant.broker.address('dead-letters')).toMatchObject({ stored: 2 });
  expect(plant.broker.address('temperature')).toMatchObject({ stored: 0, counters: { deadLettered: 2 } });
});

test.each([[['body']], [[]]])(
  'holds a few MiB of large messages at once, whatever it reads of them (%j)',
  (columns) => {
    const reader = plant.access.open({ job: 'job', source: 'temperature', columns, onReady: () => {} });
    const large = 'x'.repeat(1024 * 1024);
    plant.send('temperature', ...Array.from({ length: 20 }, () => text(large)));
    plant.pass(100);
    expect([...plant.access.observe()][0]?.links[0]).toMatchObject({ credit: 0, unsettled: 4 });
    expect(reader.backlog()).toBe(20);
    expect(reader.readBatch(8192)?.count).toBe(4);
    reader.close();
  },
);
