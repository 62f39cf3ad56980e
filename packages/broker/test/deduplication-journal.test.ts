import { describe, expect, test } from 'vitest';
import { type AddressSettingsInput, Outcome, Recovery } from '../src/index.js';
import { RecordType } from '../src/log/record-type.js';
import { Host, textOf } from './support/host.js';
import { RecordingJournal } from './support/recording-journal.js';

const durable = { durable: true };
const WINDOW = { ids: 100, windowMs: 60_000 };

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
