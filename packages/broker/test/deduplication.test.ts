import { describe, expect, test } from 'vitest';
import { type AddressSettingsInput, Outcome } from '../src/index.js';
import { BLOCK_IDS_MAX } from '../src/log/id-block.js';
import { everyThird, FailingJournal, Host, message, type TestSender, textOf } from './support/host.js';

const durable = { durable: true };
const WINDOW = { ids: 100, windowMs: 60_000 };
const ACCEPTED = { outcome: Outcome.accepted, reason: undefined };

function hostWith(settings: Partial<AddressSettingsInput> = {}): Host {
  const host = new Host();
  host.broker.declare('q', { type: 'queue', deduplication: WINDOW, ...settings });
  host.broker.declare('t', { type: 'topic', deduplication: WINDOW });
  return host;
}

function stored(host: Host, address = 'q'): string[] {
  return host.broker.browse(address, { limit: 100_000 })!.map((one) => textOf(one.message));
}

function counters(host: Host, address = 'q') {
  return host.broker.address(address)!.counters;
}

describe('a message whose id is in the window', () => {
  test('is answered as accepted, not stored, and counted', () => {
    const host = hostWith();
    const sender = host.producer('q');
    expect(sender.producer.detectsDuplicates).toBe(true);
    expect(sender.sendOnce('1', 'a')).toBe('accepted');
    expect(sender.producer.duplicate).toBe(false);
    sender.sendOnce('again', 'a');
    expect(sender.producer.duplicate).toBe(true);
    sender.sendOnce('2', 'b');
    expect(sender.producer.duplicate).toBe(false);
    host.turn();
    expect(sender.outcomes).toEqual([{ tag: 1, ...ACCEPTED }]);
    expect(stored(host)).toEqual(['1', '2']);
    expect(counters(host)).toMatchObject({ in: 2, duplicates: 1, rejected: 0 });
  });

  test('is one also when the first was consumed, and from another sender', () => {
    const host = hostWith();
    const consumer = host.subscribe('q');
    host.producer('q').sendOnce('1', 'a');
    consumer.settleAll(Outcome.accepted);
    host.turn();
    host.producer('q').sendOnce('again', 'a');
    host.turn();
    expect(consumer.texts).toEqual(['1']);
  });

  test('is one when the first only passed through, or had nowhere to go', () => {
    const host = hostWith();
    const sender = host.producer('t');
    expect(sender.sendOnce('nobody', 'a')).toBe('accepted');
    const consumer = host.subscribe('t', { settles: 'on-delivery' });
    sender.sendOnce('again', 'a');
    sender.sendOnce('1', 'b');
    sender.sendOnce('again', 'b');
    expect(consumer.texts).toEqual(['1']);
  });

  test('is dropped at the topic, before its subscriptions', () => {
    const host = hostWith();
    const consumers = [host.subscribe('t', { durableName: 'd' }), host.subscribe('t'), host.subscribe('#')];
    const sender = host.producer('t');
    for (const id of ['a', 'b', 'a', 'b']) sender.sendOnce(id, id, durable);
    for (const { texts } of consumers) expect(texts).toEqual(['a', 'b']);
    expect(counters(host, 't').duplicates).toBe(2);
  });

  test('needs no room, and no capacity', () => {
    const host = hostWith({ limits: { messages: 1 }, whenFull: 'reject' });
    const sender = host.producer('q');
    sender.sendOnce('1', 'a');
    expect(sender.sendOnce('2', 'b')).toBe('rejected');
    expect(sender.sendOnce('again', 'a')).toBe('pending');
    host.turn();
    expect(sender.outcomes).toEqual([{ tag: 2, ...ACCEPTED }]);
  });

  test('is not told to who does not want to hear', () => {
    const host = hostWith();
    const { producer } = host.producer('q');
    for (let i = 0; i < 2; i++) expect(producer.sendOnce(message('q', 'x'), -1, 'a')).toBe('accepted');
    expect(stored(host)).toEqual(['x']);
  });

  test('is none when the first was refused, has no id, or the address does not ask', () => {
    const host = hostWith({ limits: { messageBytes: 3 } });
    const sender = host.producer('q');
    expect(sender.sendOnce('large', 'a')).toBe('rejected');
    expect(sender.sendOnce('1', 'a')).toBe('accepted');
    sender.send('1');
    host.broker.declare('plain', { type: 'queue' });
    const plain = host.producer('plain');
    expect(plain.producer.detectsDuplicates).toBe(false);
    for (let i = 0; i < 2; i++) plain.sendOnce('x', 'a');
    expect([stored(host), stored(host, 'plain')]).toEqual([
      ['1', '1'],
      ['x', 'x'],
    ]);
  });

  test('is taken when it is durable and the first one was not: that one could not stand for it', () => {
    const host = hostWith();
    const sender = host.producer('q');
    sender.sendOnce('1', 'a');
    sender.sendOnce('2', 'a', durable);
    sender.sendOnce('3', 'a', durable);
    sender.sendOnce('4', 'a');
    expect(stored(host)).toEqual(['1', '2']);
  });

  test('that is sent on to a dead-letter address is none', () => {
    const host = hostWith();
    host.broker.declare('dead-letters', { type: 'queue', deduplication: WINDOW });
    const consumer = host.subscribe('q');
    const sender = host.producer('q');
    for (const id of ['a', 'b']) sender.sendOnce(id, id);
    host.producer('dead-letters').sendOnce('x', 'a');
    consumer.settleAll(Outcome.rejected);
    host.turn();
    expect(stored(host, 'dead-letters')).toEqual(['x', 'a', 'b']);
  });

  test('with an id that is too long is a fault of the caller', () => {
    const sender = hostWith().producer('q');
    expect(sender.sendOnce('x', 'i'.repeat(255))).toBe('accepted');
    expect(() => sender.sendOnce('x', 'i'.repeat(256))).toThrow(RangeError);
  });
});

describe('the window', () => {
  test('ends by count, oldest first, however the ids came', () => {
    const host = hostWith({ deduplication: { ids: 3, windowMs: 60_000 } });
    const sender = host.producer('q');
    for (const id of ['a', 'b', 'c']) {
      sender.sendOnce(id, id);
      host.turn();
    }
    sender.sendOnce('d', 'd');
    sender.sendOnce('b again', 'b');
    sender.sendOnce('a again', 'a');
    sender.sendOnce('b', 'b');
    expect(stored(host)).toEqual(['a', 'b', 'c', 'd', 'a again', 'b']);
  });

  test('ends by time', () => {
    const host = hostWith();
    const sender = host.producer('q');
    sender.sendOnce('1', 'a');
    host.turn();
    host.nowMs += WINDOW.windowMs - 1;
    sender.sendOnce('2', 'a');
    host.turn();
    host.nowMs += 1;
    sender.sendOnce('3', 'a');
    host.turn();
    expect(stored(host)).toEqual(['1', '3']);
  });

  test('of more ids in one turn than it has room for keeps the last', () => {
    const ids = BLOCK_IDS_MAX * 2;
    const host = hostWith({ deduplication: { ids, windowMs: 60_000 } });
    const sender = host.producer('q');
    for (let i = 0; i < ids * 2; i++) sender.sendOnce(`${i}`, `${i}`);
    for (let i = ids * 2 - 1; i >= 0; i--) sender.sendOnce('again', `${i}`);
    host.turn();
    expect(counters(host)).toMatchObject({ in: ids * 3, duplicates: ids });
  });

  test('may be made smaller, left out and asked for again', () => {
    const host = hostWith();
    const sender = host.producer('q');
    const send = () => ['a', 'b', 'c'].map((id) => sender.sendOnce(id, id) && sender.producer.duplicate);
    expect(send()).toEqual([false, false, false]);
    host.broker.declare('q', { type: 'queue', deduplication: { ids: 2, windowMs: 60_000 } });
    expect(sender.sendOnce('c', 'c') && sender.producer.duplicate).toBe(true);
    expect(sender.sendOnce('a', 'a') && sender.producer.duplicate).toBe(false);
    host.broker.declare('q', { type: 'queue' });
    expect(sender.producer.detectsDuplicates).toBe(false);
    host.broker.declare('q', { type: 'queue', deduplication: WINDOW });
    expect(send()).toEqual([false, false, false]);
  });

  test.each([
    ['anycast', WINDOW],
    ['multicast', WINDOW],
    ['queue', { ids: 0, windowMs: 1 }],
    ['queue', { ids: 1, windowMs: 0.5 }],
  ] as const)('is refused for %s with %o', (type, deduplication) => {
    expect(new Host().broker.declare('x', { type, deduplication })?.reason).toBe('invalid');
  });
});

describe('while the commit of the first one is under way', () => {
  function pending(journal: FailingJournal): { host: Host; sender: TestSender } {
    const host = new Host({ journal });
    host.broker.declare('q', { type: 'queue', deduplication: WINDOW });
    return { host, sender: host.producer('q') };
  }

  test('a duplicate is answered when that has succeeded, in order', () => {
    const journal = new FailingJournal({ fails: () => false, later: true });
    const { host, sender } = pending(journal);
    sender.sendOnce('1', 'a', durable);
    host.turn();
    sender.sendOnce('2', 'b', durable);
    expect(sender.sendOnce('again', 'a', durable)).toBe('pending');
    host.turn();
    expect(sender.outcomes).toEqual([]);
    journal.report();
    expect(sender.outcomes.map(({ tag }) => tag)).toEqual([0, 1, 2]);
    expect(stored(host)).toEqual(['1', '2']);
  });

  test('a duplicate in the same turn, or alone in a later one, is refused when that fails; the next is taken', () => {
    const journal = new FailingJournal({ fails: (commit) => commit === 1, later: true });
    const { host, sender } = pending(journal);
    sender.sendOnce('1', 'a', durable);
    sender.sendOnce('2', 'a', durable);
    host.turn();
    sender.sendOnce('3', 'a', durable);
    host.turn();
    journal.report();
    expect(sender.outcomes.map(({ tag, outcome }) => [tag, outcome])).toEqual([0, 1, 2].map((tag) => [tag, 1]));
    expect(stored(host)).toEqual([]);
    sender.sendOnce('4', 'a', durable);
    host.turn();
    journal.report();
    expect(sender.outcomes.at(-1)).toMatchObject({ tag: 3, ...ACCEPTED });
    expect(stored(host)).toEqual(['4']);
  });

  test('a duplicate whose own batch succeeds is refused all the same when that of the first fails', () => {
    const journal = new FailingJournal({ fails: (commit) => commit === 1, later: true });
    const { host, sender } = pending(journal);
    sender.sendOnce('1', 'a', durable);
    host.turn();
    sender.sendOnce('again', 'a', durable);
    sender.sendOnce('2', 'b', durable);
    journal.report();
    host.turn();
    journal.report();
    expect(sender.outcomes.map(({ tag, outcome }) => [tag, outcome])).toEqual([
      [0, Outcome.rejected],
      [1, Outcome.rejected],
      [2, Outcome.accepted],
    ]);
  });

  test('a durable message that only passes waits for its id', () => {
    const journal = new FailingJournal({ fails: () => false, later: true });
    const { host, sender } = pending(journal);
    const consumer = host.subscribe('q', { settles: 'on-delivery' });
    expect(sender.sendOnce('1', 'a', durable)).toBe('pending');
    expect(consumer.texts).toEqual(['1']);
    host.turn();
    expect(sender.outcomes).toEqual([]);
    journal.report();
    expect(sender.outcomes).toEqual([{ tag: 0, ...ACCEPTED }]);
  });

  test('nothing that was accepted is missing, and nothing is there twice, with a journal that fails', () => {
    const { host, sender } = pending(new FailingJournal({ fails: everyThird, later: false }));
    const accepted = new Set<number>();
    for (let round = 0; round < 30; round++) {
      for (let id = 0; id < 10; id++) sender.sendOnce(`${id}`, `${id}`, durable);
      host.turn();
    }
    for (const { tag, outcome } of sender.outcomes) if (outcome === Outcome.accepted) accepted.add(tag % 10);
    expect(accepted.size).toBe(10);
    expect(stored(host).sort()).toEqual(Array.from({ length: 10 }, (_, id) => `${id}`));
  });
});

describe('a transaction', () => {
  const output = (address: string, text: string, id: string | undefined, facts = durable) => ({
    address,
    message: message(address, text, facts),
    id,
  });
  const commit = (host: Host, outputs: ReturnType<typeof output>[], told: unknown[] = []) =>
    host.broker.commit({ consumed: [], outputs }, (refusal) => told.push(refusal));

  test('leaves out outputs whose id is known, on queues and topics, and those that it has twice', () => {
    const host = hostWith();
    const consumer = host.subscribe('t');
    commit(host, [
      output('q', '1', 'a'),
      output('t', '1', 'a'),
      output('q', 'again', 'a'),
      output('q', '2', undefined),
    ]);
    host.turn();
    commit(host, [output('q', 'again', 'a'), output('t', 'again', 'a'), output('q', '3', 'b')]);
    host.turn();
    expect(stored(host)).toEqual(['1', '2', '3']);
    expect(consumer.texts).toEqual(['1']);
    expect(counters(host).duplicates).toBe(2);
  });

  test('needs no room for them', () => {
    const host = hostWith({ limits: { messages: 2 } });
    const told: unknown[] = [];
    commit(host, [output('q', '1', 'a'), output('q', '2', 'b')], told);
    commit(host, [output('q', 'again', 'a'), output('q', 'again', 'b')], told);
    host.turn();
    expect(told).toEqual([undefined, undefined]);
  });

  test('that fails has no ids, durable or not', () => {
    const host = new Host({ journal: new FailingJournal({ fails: (commit) => commit === 1 }) });
    host.broker.declare('q', { type: 'queue', deduplication: WINDOW });
    const told: unknown[] = [];
    for (let i = 0; i < 2; i++) {
      commit(host, [output('q', '1', 'a'), output('q', '2', 'b', { durable: false })], told);
      host.turn();
    }
    expect(told).toEqual(['journal-failed', undefined]);
    expect(stored(host)).toEqual(['1', '2']);
  });

  test('waits when whether the first one stays is not known yet, and stores when it does not', () => {
    const journal = new FailingJournal({ fails: (commit) => commit === 1, later: true });
    const host = new Host({ journal });
    host.broker.declare('q', { type: 'queue', deduplication: WINDOW });
    const told: unknown[] = [];
    host.producer('q').sendOnce('1', 'a', durable);
    host.turn();
    commit(host, [output('q', 'second', 'a')], told);
    host.turn();
    expect([told, stored(host)]).toEqual([[], ['1']]);
    journal.report();
    host.turn();
    journal.report();
    expect(told).toEqual([undefined]);
    expect(stored(host)).toEqual(['second']);
  });
});
