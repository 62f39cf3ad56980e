/** What is to be seen of paging, and what not: a broker that pages out all it can, on a journal that answers when told. */
import { JournalError } from '@millrace/journal';
import { describe, expect, test } from 'vitest';
import { type BrokerOptions, Outcome, Recovery } from '../src/index.js';
import { RecordRuns } from '../src/record-runs.js';
import { Host, textOf } from './support/host.js';
import { RecordingJournal } from './support/recording-journal.js';
import { storeOf } from './support/stored-in.js';

const durable = { durable: true };
const SMALL = { residentBytes: 0, blockBytes: 40, aheadBytes: 80 };

function soon(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

class World {
  journal = new RecordingJournal();
  host: Host;

  constructor(options: Partial<BrokerOptions> = {}) {
    this.host = new Host({ journal: this.journal, recovery: new Recovery(), paging: SMALL, ...options });
    this.declare();
  }

  declare(): void {
    const { broker } = this.host;
    broker.declare('q', { type: 'queue', expiry: 'expired', maxDeliveries: 3 });
    broker.declare('t', { type: 'topic' });
    broker.declare('expired', { type: 'queue' });
  }

  /** Ends the turn and has it written. */
  turn(): void {
    this.host.turn();
    this.journal.succeed();
    this.host.turn();
  }

  /** The same, and answers reads until none is made. */
  async rest(): Promise<void> {
    this.turn();
    for (let i = 0; i < 50; i++) {
      this.journal.answer();
      await soon();
      this.turn();
    }
    expect(this.journal.reads).toEqual([]);
  }

  /** `count` durable messages of 20 bytes, two in a block, on disk. */
  send(count: number, from = 0, to = 'q', facts = {}): void {
    const sender = this.host.producer(to);
    for (let i = from; i < from + count; i++) sender.send(`${i}`, { ...durable, size: 20, ...facts });
    sender.producer.close();
    this.turn();
  }

  get view() {
    return this.host.broker.address('q')!;
  }

  restart(): void {
    this.journal = this.journal.crash(0);
    const recovery = new Recovery({ residentBytes: 0 });
    this.journal.replay(recovery);
    this.host = new Host({ journal: this.journal, recovery, paging: SMALL });
    this.declare();
  }
}

function numbers(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => `${from + i}`);
}

test('what is on disk and not about to be delivered leaves memory; counts and limits know it still', async () => {
  const world = new World();
  world.host.producer('q').send('not written yet', { ...durable, size: 40 });
  expect(world.view.pagedOut).toBe(0);
  world.send(9);
  expect(world.view).toMatchObject({ stored: 10, bytes: 220, pagedOut: 9, unreadable: undefined });
  await world.rest();
  expect(world.view.pagedOut).toBe(9);
});

test('nothing is paged out without a journal that can be read', () => {
  const journal = new RecordingJournal();
  Object.assign(journal, { read: undefined });
  const world = new World({ journal });
  const sender = world.host.producer('q');
  for (const text of numbers(20)) sender.send(text, { ...durable, size: 20 });
  world.host.turn();
  journal.succeed();
  expect(world.view).toMatchObject({ stored: 20, pagedOut: 0 });
});

describe('a consumer', () => {
  test('gets all in order, after the journal has answered, and nobody else waits for that', async () => {
    const world = new World();
    world.send(20);
    const consumer = world.host.subscribe('q');
    expect(consumer.texts).toEqual([]);
    expect(consumer.subscription.backlog()).toBe(20);
    const other = world.host.subscribe('expired');
    world.host.producer('expired').send('at once');
    expect(other.texts).toEqual(['at once']);
    await world.rest();
    expect(consumer.texts).toEqual(numbers(20));
    expect(consumer.deliveries.every((one) => !one.redelivered && one.deliveryCount === 0)).toBe(true);
    consumer.settleAll(Outcome.accepted);
    await world.rest();
    expect(world.view).toMatchObject({ stored: 0, bytes: 0, pagedOut: 0 });
    const left = world.journal.records.filter((one) => one.type === 1 && !world.journal.released.has(one.position));
    expect(left.length).toBe(0);
  });

  test('what comes back goes before what is read', async () => {
    const world = new World();
    world.send(10);
    const consumer = world.host.subscribe('q', { capacity: 3 });
    await world.rest();
    consumer.settle(1, Outcome.modifiedFailed);
    consumer.settle(0, Outcome.released);
    consumer.give(4);
    await world.rest();
    expect(consumer.texts).toEqual(['0', '1', '2', '0', '1', '3', '4']);
    expect(consumer.deliveries.map((one) => one.deliveryCount)).toEqual([0, 1, 0, 0, 1, 0, 0]);
  });

  test('knows the time of what waits unread', async () => {
    const world = new World();
    world.send(4);
    world.host.nowMs += 500;
    world.send(4, 4);
    const consumer = world.host.subscribe('q', { capacity: 0 });
    expect(consumer.subscription.oldestTime()).toBe(1_000_000);
    consumer.give(6);
    await world.rest();
    expect(consumer.subscription.oldestTime()).toBe(1_000_500);
    consumer.give(2);
    await world.rest();
    expect(consumer.subscription.oldestTime()).toBeUndefined();
  });

  test('a block is read ahead while the one before is consumed', async () => {
    const world = new World();
    world.send(20);
    const consumer = world.host.subscribe('q', { capacity: 1 });
    await world.rest();
    // Two blocks of two, and the last one, which is not full.
    expect(world.view.pagedOut).toBe(20 - 6);
    for (let i = 0; i < 3; i++) {
      consumer.give(1);
      await world.rest();
    }
    expect(consumer.texts).toEqual(numbers(4));
    expect(world.view.pagedOut).toBeLessThan(20 - 6);
  });

  test('one that settles on delivery, and one that browses', async () => {
    const world = new World();
    world.send(12);
    const browser = world.host.subscribe('q', { browse: true });
    expect(browser.subscription.backlog()).toBe(12);
    await world.rest();
    expect(browser.texts).toEqual(numbers(12));
    const taker = world.host.subscribe('q', { settles: 'on-delivery' });
    await world.rest();
    expect(taker.texts).toEqual(numbers(12));
    expect(world.view.stored).toBe(0);
  });
});

describe('subscriptions that share messages', () => {
  test('each gets its own, however far the others are, and the record stays until the last one settled', async () => {
    const world = new World();
    const [a, b] = ['a', 'b'].map((durableName) => world.host.subscribe('t', { durableName, capacity: 0 }));
    world.send(8, 0, 't');
    a!.give(8);
    await world.rest();
    expect(a!.texts).toEqual(numbers(8));
    a!.settleAll(Outcome.accepted);
    await world.rest();
    expect(world.journal.records.filter((one) => world.journal.released.has(one.position) && one.type === 1)).toEqual(
      [],
    );
    b!.give(8);
    await world.rest();
    b!.settleAll(Outcome.accepted);
    await world.rest();
    const stored = world.journal.records.filter((one) => one.type === 1);
    expect(stored.length).toBe(8);
    expect(stored.every((one) => world.journal.released.has(one.position))).toBe(true);
  });

  test('a purged or forgotten one gives up its part without anything being read', async () => {
    const world = new World();
    for (const durableName of ['a', 'b']) world.host.subscribe('t', { durableName }).subscription.close();
    world.send(8, 0, 't');
    expect(world.host.broker.subscriptions().map((one) => one.pagedOut)).toEqual([6, 6]);
    world.journal.readError = new JournalError('nothing may be read');
    world.host.broker.forgetSubscription('a');
    await world.rest();
    expect(world.journal.records.some((one) => one.type === 1 && world.journal.released.has(one.position))).toBe(false);
    expect(world.host.broker.purge('t')).toBe(8);
    await world.rest();
    const stored = world.journal.records.filter((one) => one.type === 1);
    expect(stored.every((one) => world.journal.released.has(one.position))).toBe(true);
  });
});

describe('what else happens to messages that are paged out', () => {
  test('they expire, and go where expired ones go', async () => {
    const world = new World();
    world.send(9, 0, 'q', { ttlMs: 1000 });
    world.send(3, 9);
    world.host.nowMs += 2000;
    for (let i = 0; i < 3; i++) {
      world.host.broker.tick(world.host.nowMs);
      await world.rest();
    }
    expect(world.view).toMatchObject({ stored: 3, counters: { expired: 9 } });
    const consumer = world.host.subscribe('expired');
    await world.rest();
    expect(consumer.texts).toEqual(numbers(9));
  });

  test('the oldest is dropped', async () => {
    const world = new World();
    world.host.broker.declare('q', { type: 'queue', whenFull: 'dropOldest', limits: { messages: 10 } });
    world.send(25);
    expect(world.view).toMatchObject({ stored: 10, counters: { dropped: 15 } });
    const consumer = world.host.subscribe('q');
    await world.rest();
    expect(consumer.texts).toEqual(numbers(10, 15));
  });

  test('they are looked at page by page, and purged', () => {
    const world = new World();
    world.send(12);
    const page = world.host.broker.browse('q', { limit: 5, after: 4 })!;
    expect(page.map((one) => textOf(one.message))).toEqual(numbers(5, 4));
    world.send(2, 12);
    expect(world.host.broker.purge('q')).toBe(14);
    world.turn();
    expect(world.view).toMatchObject({ stored: 0, bytes: 0, pagedOut: 0 });
  });

  test('those that are not durable stay in memory between them', async () => {
    const world = new World();
    const sender = world.host.producer('q');
    for (let i = 0; i < 12; i++) sender.send(`${i}`, { durable: i % 3 !== 0, size: 10 });
    world.turn();
    expect(world.view.pagedOut).toBeGreaterThan(0);
    expect(world.host.broker.browse('q', { limit: 99 })!.map((one) => textOf(one.message))).toEqual(numbers(12));
    world.send(2, 12);
    const consumer = world.host.subscribe('q');
    await world.rest();
    expect(consumer.texts).toEqual(numbers(14));
  });

  test('their records are written again when a segment is emptied, while they are read too', async () => {
    const world = new World();
    const recovery = new Recovery();
    world.host = new Host({ journal: world.journal, recovery, paging: SMALL });
    world.declare();
    world.send(20);
    const consumer = world.host.subscribe('q');
    expect(world.journal.reads.length).toBe(1);
    const end = world.journal.records.at(-1)!.position + 1;
    world.journal.emptyBefore(recovery, end);
    world.turn();
    expect(world.journal.records.every((one) => one.position >= end)).toBe(true);
    await world.rest();
    expect(consumer.texts).toEqual(numbers(20));
    expect(world.view).toMatchObject({ unreadable: undefined, counters: { readFailures: 0 } });
  });

  test('a restart finds them, with their failed deliveries, without any in memory', async () => {
    const world = new World();
    world.send(12);
    const consumer = world.host.subscribe('q', { capacity: 2 });
    await world.rest();
    consumer.settle(0, Outcome.accepted);
    consumer.settle(1, Outcome.modifiedFailed);
    world.turn();
    world.restart();
    expect(world.view).toMatchObject({ stored: 11, bytes: 220, pagedOut: 11 });
    const after = world.host.subscribe('q');
    expect(after.texts).toEqual([]);
    world.send(1, 12);
    await world.rest();
    expect(after.texts).toEqual(numbers(12, 1));
    expect(after.deliveries.map((one) => one.deliveryCount)).toEqual([1, ...new Array(11).fill(0)]);
    expect(after.deliveries.map((one) => one.redelivered)).toEqual([...new Array(11).fill(true), false]);
  });
});

test('records under way to the disk are not read together with others', () => {
  const reads: [number, number][] = [];
  const journal = {
    reach: () => 10_000,
    read: () => Promise.reject(new Error('not asked for')),
    readSync: (position: number, length: number) => {
      reads.push([position, length]);
      return Buffer.alloc(length);
    },
  };
  const runs = new RecordRuns(journal, 150);
  for (const position of [0, 100, 150, 200, 300, 120, 50_000, 500, 560]) runs.add(position, 40);
  runs.readSync();
  expect(reads).toEqual([
    [0, 190],
    [200, 40],
    [300, 40],
    [120, 40],
    [50_000, 40],
    [500, 40],
    [560, 40],
  ]);
  expect(runs.find(100, 40)).toMatchObject({ at: 100 });
  expect(runs.find(560, 40)).toMatchObject({ at: 0 });
  expect(runs.find(700, 40)).toBeUndefined();
});

describe('a journal that cannot be read', () => {
  test('holds up what lies there and nothing else, says so, and is tried again', async () => {
    const world = new World();
    world.send(6);
    world.journal.readError = new JournalError('the disk says no');
    const consumer = world.host.subscribe('q');
    await world.rest();
    expect(consumer.texts).toEqual([]);
    expect(world.view).toMatchObject({ stored: 6, unreadable: 'the disk says no', counters: { readFailures: 1 } });
    // What is in memory can be looked at.
    expect(world.host.broker.browse('q', { limit: 9 })!.map((one) => textOf(one.message))).toEqual(['4', '5']);
    world.send(1, 6);
    expect(world.view.stored).toBe(7);
    for (let i = 0; i < 20; i++) {
      world.host.broker.tick(world.host.nowMs);
      await world.rest();
    }
    expect(world.view.counters.readFailures).toBeGreaterThan(2);
    world.journal.readError = undefined;
    for (let i = 0; i < 65; i++) {
      world.host.broker.tick(world.host.nowMs);
      await world.rest();
    }
    expect(consumer.texts).toEqual(numbers(7));
    expect(world.view.unreadable).toBeUndefined();
  });

  test('another record in the place of a message is not delivered', async () => {
    const world = new World();
    world.send(6);
    const [first, second] = world.journal.records.filter((one) => one.type === 1);
    (first!.bytes as Buffer).set(second!.bytes);
    const consumer = world.host.subscribe('q');
    await world.rest();
    expect(consumer.texts).toEqual([]);
    expect(world.view.unreadable).toMatch(/another record than message 1 stands at position/);
  });

  test('its store can be purged and deleted', async () => {
    const world = new World();
    world.send(6);
    world.journal.readError = new JournalError('the disk says no');
    world.host.subscribe('q');
    await world.rest();
    expect(world.host.broker.remove('q', { force: true })).toBeUndefined();
    await world.rest();
    for (let i = 0; i < 65; i++) world.host.broker.tick(world.host.nowMs);
    await world.rest();
    expect(storeOf(world.host.broker, 'q')).toBeUndefined();
    expect(world.journal.records.every((one) => one.type !== 1 || world.journal.released.has(one.position))).toBe(true);
  });
});

test('many short queues are paged out too, when there is more in them than is to be in memory', async () => {
  const world = new World({ paging: { residentBytes: 20_000 } });
  const { broker } = world.host;
  const names = numbers(50).map((number) => `short/${number}`);
  for (const name of names) broker.declare(name, { type: 'queue' });
  const fill = (from: number) => {
    for (const name of names) for (let i = 0; i < 10; i++) world.send(1, from + i, name, { size: 60 });
  };
  const pagedOut = () => names.map((name) => broker.address(name)!.pagedOut);
  fill(0);
  broker.tick(world.host.nowMs);
  // A few messages are not worth it.
  expect(Math.max(...pagedOut())).toBe(0);
  for (let i = 10; i < 30; i += 10) fill(i);
  broker.tick(world.host.nowMs);
  expect(pagedOut().filter((count) => count === 30).length).toBeGreaterThan(40);
  fill(30);
  const consumer = world.host.subscribe('short/7');
  await world.rest();
  expect(consumer.texts).toEqual(numbers(40));
});

test('what is paged out does not count against the memory of the broker', async () => {
  const world = new World({ memoryBytes: 200 });
  world.host.broker.declare('q', { type: 'queue', whenFull: 'reject' });
  for (let i = 0; i < 10; i++) world.send(5, i * 5);
  expect(world.view).toMatchObject({ stored: 50, bytes: 1000, counters: { rejected: 0 } });
  const sender = world.host.producer('q');
  const results = numbers(12).map((text) => sender.send(text, { size: 20 }));
  expect(results).toContain('rejected');
  expect(results[0]).toBe('accepted');
});
