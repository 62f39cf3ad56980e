import { describe, expect, test } from 'vitest';
import { type AddressSettingsInput, Outcome, Recovery } from '../src/index.js';
import { BLOCK_IDS_MAX } from '../src/log/id-block.js';
import { RecordType } from '../src/log/record-type.js';
import { everyThird, FailingJournal, Host, message, type TestSender, textOf } from './support/host.js';
import { RecordingJournal } from './support/recording-journal.js';

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

/** A broker on a journal that can crash. */
class World {
  recovery = new Recovery();
  journal = new RecordingJournal();
  host = new Host({ journal: this.journal, recovery: this.recovery });
  deduplication: AddressSettingsInput['deduplication'] = WINDOW;

  constructor() {
    this.declare();
  }

  declare(): void {
    this.host.broker.declare('q', { type: 'queue', deduplication: this.deduplication });
    this.host.broker.declare('t', { type: 'topic', deduplication: this.deduplication });
  }

  /** Ends the turn and has it written. */
  turn(): void {
    this.host.turn();
    this.journal.succeed();
    this.host.turn();
  }

  restart(written = 0): Host {
    this.journal = this.journal.crash(written);
    this.recovery = new Recovery();
    this.journal.replay(this.recovery);
    const { nowMs } = this.host;
    this.host = new Host({ journal: this.journal, recovery: this.recovery });
    this.host.nowMs = nowMs;
    this.declare();
    return this.host;
  }

  /** Records of ids that the journal was not told to be useless. */
  get idRecords(): number {
    const { journal } = this;
    return journal.records.filter((one) => one.type === RecordType.ids && !journal.released.has(one.position)).length;
  }
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
    host.broker.commit({ consumed: [], outputs, state: undefined }, (refusal) => told.push(refusal));

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

describe('after a crash', () => {
  test('ids of durable messages are known, in whatever way these went, and others are not', () => {
    const world = new World();
    const { host } = world;
    const consumer = host.subscribe('q', { capacity: 1 });
    host.producer('q').sendOnce('consumed', 'a', durable);
    consumer.settleAll(Outcome.accepted);
    host.producer('q').sendOnce('stays', 'b', durable);
    host.producer('t').sendOnce('passed', 'a', durable);
    host.producer('q').sendOnce('memory', 'c');
    world.turn();
    world.restart();
    const [queue, topic] = [world.host.producer('q'), world.host.producer('t')];
    for (const id of ['a', 'b', 'c', 'd']) queue.sendOnce(`${id} again`, id, durable);
    topic.sendOnce('again', 'a', durable);
    expect(stored(world.host)).toEqual(['stays', 'c again', 'd again']);
    expect(counters(world.host, 't').duplicates).toBe(1);
  });

  test('ids of what was not written are not known', () => {
    const world = new World();
    world.host.producer('q').sendOnce('1', 'a', durable);
    world.host.turn();
    world.host.producer('q').sendOnce('2', 'b', durable);
    world.host.turn();
    world.restart(1);
    for (const id of ['a', 'b']) world.host.producer('q').sendOnce('again', id, durable);
    expect(stored(world.host)).toEqual(['1', 'again']);
  });

  test('the window is as it was: count and time go on', () => {
    const world = new World();
    world.deduplication = { ids: 3, windowMs: 1000 };
    world.declare();
    for (const id of ['a', 'b', 'c', 'd']) {
      world.host.producer('q').sendOnce(id, id, durable);
      world.turn();
      world.host.nowMs += 100;
    }
    world.restart();
    const sender = world.host.producer('q');
    const known = () => ['c', 'd', 'b', 'a'].map((id) => sender.sendOnce(id, id) && sender.producer.duplicate);
    expect(sender.sendOnce('b', 'b') && sender.producer.duplicate).toBe(true);
    world.host.nowMs += 700;
    world.host.turn();
    expect(known()).toEqual([true, true, false, false]);
  });

  test('any bytes and the longest id come back', () => {
    const world = new World();
    const ids = ['', '\0', '\x80\xff', 'i'.repeat(255)];
    for (const id of ids) world.host.producer('q').sendOnce('x', id, durable);
    world.turn();
    world.restart();
    for (const id of ids) world.host.producer('q').sendOnce('again', id, durable);
    expect(stored(world.host)).toEqual(ids.map(() => 'x'));
  });

  test('ids of an address that was deleted, or stopped asking, do not come back', () => {
    for (const forget of ['remove', 'redeclare'] as const) {
      const world = new World();
      const { broker } = world.host;
      world.host.producer('q').sendOnce('1', 'a', durable);
      world.turn();
      world.host.producer('q').sendOnce('2', 'b', durable);
      if (forget === 'remove') broker.remove('q', { force: true });
      else broker.declare('q', { type: 'queue' });
      world.turn();
      expect(world.idRecords).toBe(0);
      world.restart();
      broker.purge('q');
      for (const id of ['a', 'b']) world.host.producer('q').sendOnce(`${id} anew`, id, durable);
      expect(stored(world.host).slice(-2)).toEqual(['a anew', 'b anew']);
    }
  });

  test('ids of an address that is not declared any more go when their time is over', () => {
    const world = new World();
    world.host.producer('q').sendOnce('1', 'a', durable);
    world.turn();
    world.deduplication = undefined;
    world.journal = world.journal.crash(0);
    const recovery = new Recovery();
    world.journal.replay(recovery);
    const host = new Host({ journal: world.journal, recovery });
    host.nowMs = world.host.nowMs + WINDOW.windowMs;
    expect(world.idRecords).toBe(1);
    host.broker.tick(host.nowMs);
    expect(world.idRecords).toBe(0);
  });
});

describe('records of ids', () => {
  test('are one for each address and turn, and are given up when the last of it leaves the window', () => {
    const world = new World();
    world.deduplication = { ids: 4, windowMs: 1000 };
    world.declare();
    const sender = world.host.producer('q');
    for (const id of ['a', 'b', 'c']) sender.sendOnce(id, id, durable);
    world.turn();
    expect(world.idRecords).toBe(1);
    for (const id of ['d', 'e', 'f']) sender.sendOnce(id, id, durable);
    world.turn();
    expect(world.idRecords).toBe(2);
    sender.sendOnce('g', 'g', durable);
    world.turn();
    expect(world.idRecords).toBe(2);
    world.host.nowMs += 1000;
    world.host.broker.tick(world.host.nowMs);
    expect(world.idRecords).toBe(0);
  });

  test('live on when their segment is emptied, with what is left in the window, though the messages are gone', () => {
    const world = new World();
    world.deduplication = { ids: 2, windowMs: 1000 };
    world.declare();
    const consumer = world.host.subscribe('q');
    for (const id of ['a', 'b', 'c']) world.host.producer('q').sendOnce(id, id, durable);
    world.turn();
    consumer.settleAll(Outcome.accepted);
    world.turn();
    for (let round = 0; round < 3; round++) {
      const last = world.journal.records.at(-1)!;
      world.journal.emptyBefore(world.recovery, last.position + 1);
      world.turn();
      world.turn();
      expect(world.journal.records.filter((one) => one.type === RecordType.stored)).toEqual([]);
      expect(world.idRecords).toBe(1);
    }
    world.restart();
    const sender = world.host.producer('q');
    for (const id of ['b', 'c']) expect(sender.sendOnce(id, id, durable) && sender.producer.duplicate).toBe(true);
    expect(sender.sendOnce('a', 'a', durable) && sender.producer.duplicate).toBe(false);
  });

  test('are given up when their batch failed while their segment was emptied', () => {
    const world = new World();
    const sender = world.host.producer('q');
    sender.sendOnce('1', 'a', durable);
    world.turn();
    world.journal.emptyBefore(world.recovery, world.journal.records.at(-1)!.position + 1);
    world.host.turn();
    world.journal.fail();
    sender.sendOnce('again', 'a', durable);
    world.host.nowMs += WINDOW.windowMs;
    for (let i = 0; i < 70; i++) {
      world.host.broker.tick(world.host.nowMs);
      world.turn();
    }
    expect(world.idRecords).toBe(0);
    expect(stored(world.host)).toEqual(['1']);
  });

  test('are refused as what they are while the journal is full, and duplicates are answered', () => {
    const world = new World();
    const sender = world.host.producer('q');
    sender.sendOnce('1', 'a', durable);
    world.turn();
    world.journal.state = { kind: 'full' };
    expect([sender.sendOnce('again', 'a', durable), sender.producer.duplicate]).toEqual(['accepted', true]);
    expect([sender.sendOnce('2', 'b', durable), sender.producer.refusal]).toEqual(['rejected', 'journal-full']);
    expect(sender.sendOnce('3', 'c')).toBe('accepted');
  });
});
