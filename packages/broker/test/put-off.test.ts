/** Settlements that nobody waits for are written with what comes next, or when the host's time for that is over. */
import { describe, expect, test } from 'vitest';
import { Outcome, Recovery } from '../src/index.js';
import { RecordType } from '../src/log/record-type.js';
import { Host, message } from './support/host.js';
import { RecordingJournal } from './support/recording-journal.js';

const durable = { durable: true };

function world() {
  const journal = new RecordingJournal();
  const recovery = new Recovery();
  let asked = 0;
  const host = new Host({ journal, recovery, schedulePutOff: () => asked++ });
  host.broker.declare('q', { type: 'queue' });
  const sender = host.producer('q');
  for (const text of ['a', 'b', 'c', 'd']) sender.send(text, durable);
  host.turn();
  journal.succeed();
  host.turn();
  const consumer = host.subscribe('q', { capacity: 4 });
  host.turn();
  return {
    host,
    journal,
    sender,
    consumer,
    asked: () => asked,
    /** Types of the records of the commits that are under way. */
    underWay: () => journal.inFlight.map(({ records }) => records.map(({ type }) => type)),
    restored() {
      const again = new Recovery();
      const records = new RecordingJournal(journal.records);
      for (const record of records.records) again.replay(record);
      const { broker } = new Host({ journal: records, recovery: again });
      return broker.address('q')?.stored;
    },
  };
}

describe('a settlement', () => {
  test('alone waits until the host says so, and is asked for once', () => {
    const { host, consumer, asked, underWay, journal, restored } = world();
    for (const index of [0, 1, 2]) {
      consumer.settle(index, Outcome.accepted);
      host.turn();
    }
    expect([asked(), underWay()]).toEqual([1, []]);
    expect(restored()).toBe(4);
    host.broker.commitPutOff();
    expect(underWay()).toEqual([[RecordType.settled]]);
    journal.succeed();
    expect(restored()).toBe(1);
    consumer.settle(3, Outcome.accepted);
    host.turn();
    expect(asked()).toBe(2);
  });

  test('goes with the next message, and then nothing is left to do', () => {
    const { host, consumer, sender, underWay, journal, restored } = world();
    consumer.settle(0, Outcome.accepted);
    host.turn();
    sender.send('e', durable);
    host.turn();
    expect(underWay()).toEqual([[RecordType.stored, RecordType.settled]]);
    host.broker.commitPutOff();
    expect(underWay()).toHaveLength(1);
    journal.succeed();
    expect(restored()).toBe(4);
  });

  test('does not wait when somebody waits for it', () => {
    const { host, consumer, asked, underWay } = world();
    consumer.settle(0, Outcome.accepted);
    host.broker.whenDurable(() => {});
    host.turn();
    expect([asked(), underWay()]).toEqual([0, [[RecordType.settled]]]);
  });

  test.each([
    ['a retained message', (host: Host) => host.broker.retain(message('t', 'x'))],
    ['what is kept', (host: Host) => host.broker.keep('kind', 'key', Buffer.from('x'))],
  ])('goes at once with %s', (_, act) => {
    const { host, consumer, asked, underWay } = world();
    consumer.settle(0, Outcome.accepted);
    act(host);
    host.turn();
    expect([asked(), underWay().length]).toEqual([0, 1]);
  });

  test('of a failed commit is written again', () => {
    const { host, consumer, journal, restored } = world();
    consumer.settle(0, Outcome.accepted);
    host.turn();
    host.broker.commitPutOff();
    journal.fail();
    host.broker.tick(host.nowMs);
    host.turn();
    host.broker.commitPutOff();
    journal.succeed();
    expect(restored()).toBe(3);
  });
});
