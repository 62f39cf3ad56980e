import { describe, expect, test } from 'vitest';
import { Outcome } from '../src/index.js';
import { everyThird, FailingJournal, Host } from './support/host.js';

function queue(journal: FailingJournal) {
  const host = new Host({ journal });
  host.broker.declare('q', { type: 'queue' });
  return { host, broker: host.broker, sender: host.producer('q') };
}

const never = () => false;
const always = () => true;
const durable = { durable: true };

describe('accepted means durable', () => {
  test('a durable message may be delivered on append, and is accepted with the commit', () => {
    const journal = new FailingJournal({ fails: never, later: true });
    const { host, sender } = queue(journal);
    const consumer = host.subscribe('q');
    expect(sender.send('a', durable)).toBe('pending');
    expect(consumer.texts).toEqual(['a']);
    host.turn();
    expect([journal.commits, sender.outcomes]).toEqual([1, []]);
    journal.report();
    expect(sender.outcomes).toEqual([{ tag: 0, outcome: Outcome.accepted, reason: undefined }]);
  });

  test('outcomes come in the order of sending, one commit for each turn', () => {
    const journal = new FailingJournal({ fails: never, later: true });
    const { host, sender } = queue(journal);
    for (let turn = 0; turn < 3; turn++) {
      for (let i = 0; i < 2; i++) sender.send('a', durable);
      host.turn();
    }
    expect(journal.commits).toBe(3);
    journal.report();
    expect(sender.outcomes.map((one) => one.tag)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('what is not durable is accepted at once, and a turn of it commits nothing', () => {
    const journal = new FailingJournal({ fails: never });
    const { host, sender } = queue(journal);
    expect(sender.send('a')).toBe('accepted');
    host.turn();
    expect([journal.appended, journal.commits]).toEqual([0, 0]);
  });

  test('durability always makes every message durable', () => {
    const host = new Host();
    host.broker.declare('q', { type: 'queue', durability: 'always' });
    expect(host.producer('q').send('a')).toBe('pending');
    expect(host.subscribe('q').messages[0]!.durable).toBe(true);
  });

  test('pre-settled senders are not told, yet their messages are written', () => {
    const journal = new FailingJournal({ fails: never });
    const { host, sender } = queue(journal);
    const sent = host.subscribe('q', { capacity: 0 });
    expect(sender.sendPresettled('a', durable)).toBe('accepted');
    host.turn();
    expect([journal.appended, sender.outcomes, sent.subscription.backlog()]).toEqual([1, [], 1]);
  });

  test.each([
    ['accepted', Outcome.accepted, 1],
    ['rejected, moved to the dead letters', Outcome.rejected, 2],
    ['failed', Outcome.modifiedFailed, 1],
    ['released', Outcome.released, 0],
  ])('%s is written: %d records', (_name, outcome, records) => {
    const journal = new FailingJournal({ fails: never });
    const { host, sender } = queue(journal);
    sender.send('a', durable);
    const consumer = host.subscribe('q', { capacity: 1 });
    host.turn();
    const before = journal.appended;
    consumer.settle(0, outcome);
    host.turn();
    expect(journal.appended - before).toBe(records);
  });
});

describe('a commit that fails', () => {
  test('rejects its senders and withdraws what nobody got', () => {
    const { host, broker, sender } = queue(new FailingJournal({ fails: always }));
    sender.send('a', durable);
    sender.send('kept');
    sender.send('b', durable);
    sender.send('c', durable);
    sender.send('kept too');
    host.turn();
    const rejected = { outcome: Outcome.rejected, reason: 'journal-failed' };
    expect(sender.outcomes).toEqual([0, 2, 3].map((tag) => ({ tag, ...rejected })));
    expect(broker.address('q')).toMatchObject({ stored: 2 });
    expect(host.subscribe('q').texts).toEqual(['kept', 'kept too']);
  });

  test('lets a consumer keep what it got, but not give it back', () => {
    const { host, broker, sender } = queue(new FailingJournal({ fails: always }));
    const consumer = host.subscribe('q', { capacity: 2 });
    sender.send('a', durable);
    sender.send('b', durable);
    host.turn();
    consumer.settle(0, Outcome.released);
    consumer.settle(1, Outcome.accepted);
    host.turn();
    consumer.give(5);
    expect([consumer.texts, broker.address('q')?.stored]).toEqual([['a', 'b'], 0]);
  });

  test('of three the third: no sender is told accepted wrongly, and nothing wedges', () => {
    const { host, broker, sender } = queue(new FailingJournal({ fails: everyThird }));
    const told: string[] = [];
    for (let turn = 0; turn < 30; turn++) {
      sender.send(`${turn}`, durable);
      host.turn();
      const last = sender.outcomes.at(-1)!;
      if (last.outcome === Outcome.accepted) told.push(`${turn}`);
      else expect([last.reason, (turn + 1) % 3]).toEqual(['journal-failed', 0]);
    }
    expect(sender.outcomes).toHaveLength(30);
    expect(told).toHaveLength(20);
    expect(broker.address('q')?.stored).toBe(20);
    expect(host.subscribe('q').texts).toEqual(told);
  });

  test('frees the room that it took, and tells who waits for it', () => {
    const journal = new FailingJournal({ fails: always, later: true });
    const host = new Host({ journal });
    host.broker.declare('q', { type: 'queue', limits: { messages: 4 } });
    const sender = host.producer('q');
    for (let i = 0; i < 4; i++) sender.send(`${i}`, durable);
    host.turn();
    expect([sender.producer.capacity(), sender.capacityChanges]).toEqual([0, 1]);
    journal.report();
    host.turn();
    expect([sender.producer.capacity(), sender.capacityChanges]).toEqual([4, 2]);
  });

  test('withdraws from every durable subscription that stored the message', () => {
    const host = new Host({ journal: new FailingJournal({ fails: always }) });
    host.broker.declare('t', { type: 'topic' });
    for (const durableName of ['d', 'e']) host.subscribe('t', { durableName }).subscription.close();
    host.turn();
    const sender = host.producer('t');
    expect(sender.send('a', durable)).toBe('pending');
    host.turn();
    expect(host.broker.subscriptions().map((one) => one.stored)).toEqual([0, 0]);
  });
});
