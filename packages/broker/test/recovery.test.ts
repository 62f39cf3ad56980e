import { describe, expect, test } from 'vitest';
import { Outcome, RecordError, Recovery } from '../src/index.js';
import { RecordType } from '../src/log/record-type.js';
import { Host, message, textOf } from './support/host.js';
import { RecordingJournal } from './support/recording-journal.js';

const durable = { durable: true };

/** A broker on a journal, and the same again after a crash with nothing in flight written. */
class Restartable {
  recovery = new Recovery();
  journal = new RecordingJournal();
  host = new Host({ journal: this.journal, recovery: this.recovery });

  /** Ends the turn and has it written. */
  turn(): void {
    this.host.turn();
    this.journal.succeed();
    this.host.turn();
  }

  restart(written = 0, declare = true): Host {
    this.journal = this.journal.crash(written);
    this.recovery = new Recovery();
    this.journal.replay(this.recovery);
    const { nowMs } = this.host;
    this.host = new Host({ journal: this.journal, recovery: this.recovery });
    this.host.nowMs = nowMs;
    if (declare) this.declare();
    return this.host;
  }

  declare(): void {
    this.host.broker.declare('q', { type: 'queue', maxDeliveries: 5 });
    this.host.broker.declare('t', { type: 'topic' });
  }
}

function begin(): Restartable {
  const world = new Restartable();
  world.declare();
  return world;
}

describe('after a crash', () => {
  test('a message has the sequence that it had, and no new one gets it', () => {
    const world = begin();
    const sender = world.host.producer('q');
    for (const text of ['1', '2', '3']) sender.send(text, durable);
    const before = world.host.subscribe('q', { capacity: 2 });
    before.settle(0, Outcome.accepted);
    world.turn();
    const again = world.restart();
    const consumer = again.subscribe('q');
    again.producer('q').send('4');
    again.turn();
    expect([before, consumer].map(({ deliveries }) => deliveries.map(({ sequence }) => sequence))).toEqual([
      [1, 2],
      [2, 3, 4],
    ]);
  });

  test('durable messages are there in order, with their facts, and the others are not', () => {
    const world = begin();
    const sender = world.host.producer('q');
    sender.send('1', { ...durable, ttlMs: 5000 });
    sender.send('lost');
    const second = message('q', '2', durable);
    Object.assign(second, { format: 1, priority: 7, qos: 2, retain: true, split: 1, address: 'q' });
    sender.producer.send(second, -1);
    world.turn();
    const host = world.restart();
    const consumer = host.subscribe('q');
    expect(consumer.messages.map((one) => one.bytes.toString('latin1', one.start, one.end))).toEqual(['1', '2']);
    const [one, two] = consumer.messages;
    const facts = { address: 'q', durable: true, time: host.nowMs, owned: true };
    expect(one).toMatchObject({ ...facts, format: 0, priority: 4, ttlMs: 5000, expiresAt: host.nowMs + 5000 });
    expect(two).toMatchObject({ ...facts, format: 1, priority: 7, qos: 2, retain: true, ttlMs: 0, expiresAt: 0 });
    expect(two!.split - two!.start).toBe(1);
    expect(consumer.deliveries.map((delivery) => delivery.redelivered)).toEqual([true, true]);
    host.producer('q').send('new', durable);
    expect(consumer.texts.at(-1)).toBe('new');
    expect(consumer.deliveries.at(-1)?.redelivered).toBe(false);
  });

  test('what was not yet written is not there, and its sender never heard that it was accepted', () => {
    const world = begin();
    const sender = world.host.producer('q');
    for (const text of ['1', '2', '3']) {
      expect(sender.send(text, durable)).toBe('pending');
      world.host.turn();
    }
    expect(sender.outcomes).toEqual([]);
    expect(world.restart(2).subscribe('q').texts).toEqual(['1', '2']);
  });

  test('settled messages are gone, given back ones have their count', () => {
    const world = begin();
    const sender = world.host.producer('q');
    for (const text of ['1', '2', '3', '4']) sender.send(text, durable);
    const consumer = world.host.subscribe('q');
    consumer.credit = 0;
    consumer.settle(0, Outcome.accepted);
    consumer.settle(1, Outcome.modifiedFailed);
    consumer.settle(3, Outcome.rejected);
    world.turn();
    for (let i = 0; i < 2; i++) {
      const { broker } = world.restart();
      const stored = broker.browse('q', { limit: 9 })!;
      expect(stored.map((one) => [textOf(one.message), one.deliveryCount, one.inDelivery])).toEqual([
        ['2', 1, false],
        ['3', 0, false],
      ]);
      expect(broker.browse('dead-letters', { limit: 9 })!.map((one) => textOf(one.message))).toEqual(['4']);
    }
    const after = world.host.subscribe('q');
    expect(after.deliveries.map((one) => one.deliveryCount)).toEqual([1, 0]);
    after.settleAll(Outcome.modifiedFailed);
    world.turn();
    expect(
      world
        .restart()
        .broker.browse('q', { limit: 9 })!
        .map((one) => one.deliveryCount),
    ).toEqual([2, 1]);
  });

  test('a recovered queue waits for its declaration: listed, kept, closed to all', () => {
    const world = begin();
    world.host.producer('q').send('1', { ...durable, ttlMs: 10 });
    world.turn();
    const { broker } = world.restart(0, false);
    expect(broker.address('q')).toMatchObject({ waitsForDeclaration: true, stored: 1 });
    expect(broker.openProducer('q', {} as never, { undeclared: 'topic' })).toBe('not-found');
    expect(broker.subscribe('q', {} as never, { settles: 'explicit', undeclared: 'topic' })).toBe('not-found');
    world.host.nowMs += 60_000;
    broker.tick(world.host.nowMs);
    expect(broker.declare('q', { type: 'topic' })?.reason).toBe('would-lose-messages');
    expect(broker.address('q')?.stored).toBe(1);
    broker.declare('expired', { type: 'queue' });
    broker.declare('q', { type: 'queue', expiry: 'expired' });
    expect(broker.address('q')?.waitsForDeclaration).toBe(false);
    broker.tick(world.host.nowMs);
    expect([broker.address('q')?.stored, broker.address('expired')?.stored]).toEqual([0, 1]);
  });

  test('one that nobody declares again can be removed, for good', () => {
    const world = begin();
    world.host.producer('q').send('1', durable);
    world.turn();
    const { broker } = world.restart(0, false);
    expect(broker.remove('q')?.reason).toBe('would-lose-messages');
    expect(broker.remove('q', { force: true })).toBeUndefined();
    world.turn();
    expect(world.restart(0, false).broker.address('q')).toBeUndefined();
  });

  test('dead letters are there without a document, and drop their oldest still', () => {
    const world = begin();
    world.host.producer('q').send('1', durable);
    world.host.subscribe('q').settleAll(Outcome.rejected);
    world.turn();
    const host = world.restart(0, false);
    expect(host.broker.address('dead-letters')).toMatchObject({ waitsForDeclaration: false, implicit: false });
    expect(host.broker.address('dead-letters')?.settings).toMatchObject({ whenFull: 'dropOldest' });
    expect(host.subscribe('dead-letters').texts).toEqual(['1']);
  });

  test('durable subscriptions keep what each has not settled, of messages stored once', () => {
    const world = begin();
    const { host } = world;
    const d = host.subscribe('t', { durableName: 'd' });
    host.subscribe('+', { durableName: 'e', whenFull: 'block', capacity: 0 }).subscription.close();
    host.subscribe('t', { durableName: 'gone', capacity: 0 }).subscription.unsubscribe();
    host.subscribe('t', { durableName: 'void', capacity: 0 });
    host.subscribe('other', { durableName: 'f', undeclared: 'topic', capacity: 0 });
    const sender = host.producer('t');
    for (const text of ['1', '2']) sender.send(text, durable);
    world.turn();
    expect(world.journal.records.filter((one) => one.type === RecordType.stored)).toHaveLength(2);
    d.settle(0, Outcome.accepted);
    host.broker.forgetSubscription('void');
    world.turn();
    const after = world.restart();
    expect(after.broker.subscriptions().map((one) => [one.durableName, one.source, one.stored])).toEqual([
      ['d', 't', 1],
      ['e', '+', 2],
      ['f', 'other', 0],
    ]);
    const again = after.subscribe('t', { durableName: 'd' });
    expect([again.subscription.existed, again.texts]).toEqual([true, ['2']]);
    expect(after.subscribe('+', { durableName: 'e' }).texts).toEqual(['1', '2']);
    expect(after.broker.address('other')?.implicit).toBe(true);
  });

  test('a blocking subscription holds its producers back before its consumer is there again', () => {
    const world = begin();
    world.host.broker.declare('t', { type: 'topic', limits: { messages: 4 }, whenFull: 'dropOldest' });
    world.host.subscribe('t', { durableName: 'job/j', whenFull: 'block', capacity: 0 });
    for (let i = 0; i < 4; i++) world.host.producer('t').send(`${i}`, durable);
    world.turn();
    const host = world.restart(0, false);
    host.broker.declare('t', { type: 'topic', limits: { messages: 4 }, whenFull: 'dropOldest' });
    const sender = host.producer('t');
    expect([sender.producer.capacity(), sender.send('x', durable)]).toEqual([0, 'rejected']);
  });

  test('temporary queues and transient subscriptions never touched the journal', () => {
    const world = begin();
    world.turn();
    const before = world.journal.records.length;
    const name = world.host.broker.createTemporary({});
    world.host.subscribe('t', { capacity: 0 });
    world.host.producer(name).send('1', durable);
    world.host.producer('t').send('1', durable);
    world.host.producer('q').send('not durable');
    world.turn();
    expect(world.journal.records.length).toBe(before);
  });

  test('retained messages are the last ones, whatever their QoS', () => {
    const world = begin();
    const { broker } = world.host;
    for (const [topic, text] of [
      ['a', '1'],
      ['a', '2'],
      ['b', '3'],
      ['c/d', '4'],
      ['c/d', ''],
    ] as const) {
      broker.retain(message(topic, text));
    }
    world.turn();
    broker.retain(message('b', ''));
    broker.retain(message('b', '5', durable));
    world.turn();
    const read = (host: Host) => host.broker.retainedMatching('#').map((one) => [one.address, textOf(one)]);
    for (let i = 0; i < 2; i++) {
      expect(read(world.restart())).toEqual([
        ['a', '2'],
        ['b', '5'],
      ]);
    }
  });

  test('a retained message that is durable is accepted with its record', () => {
    const world = begin();
    world.host.subscribe('t', { settles: 'on-delivery' });
    const sender = world.host.producer('t');
    const kept = message('t', '1', durable);
    kept.retain = true;
    expect(sender.producer.send(kept, 1)).toBe('pending');
    world.host.broker.retain(kept);
    world.host.turn();
    expect(sender.outcomes).toEqual([]);
    world.journal.succeed();
    expect(sender.outcomes).toMatchObject([{ tag: 1, outcome: Outcome.accepted }]);
  });

  test('what the host keeps is there as it last was', () => {
    const world = begin();
    const { broker } = world.host;
    broker.keep('document', 'Address/q', Buffer.from('1'));
    broker.keep('document', 'Address/t', Buffer.from('2'));
    broker.keep('session', 'Address/q', Buffer.from('s'));
    world.turn();
    broker.keep('document', 'Address/q', Buffer.from('3'));
    expect(broker.forget('document', 'Address/t')).toBe(true);
    expect(broker.forget('document', 'Address/t')).toBe(false);
    let durableTold: unknown = 'not yet';
    broker.whenDurable((refusal) => {
      durableTold = refusal;
    });
    world.host.turn();
    expect(durableTold).toBe('not yet');
    world.journal.succeed();
    expect(durableTold).toBeUndefined();
    const kept = world.restart().broker.kept('document');
    expect([...kept].map(([key, bytes]) => [key, `${bytes}`])).toEqual([['Address/q', '3']]);
    expect([...world.host.broker.kept('session').keys()]).toEqual(['Address/q']);
    expect(world.host.broker.kept('nothing').size).toBe(0);
  });

  test.each([
    ['written', 1],
    ['not written', 0],
  ])('a transaction in flight that was %s', (_name, written) => {
    const world = begin();
    for (const text of ['1', '2']) world.host.producer('q').send(text, durable);
    const first = { kind: '$state', key: 'job', bytes: Buffer.from('first') };
    world.host.broker.commit({ consumed: [], outputs: [], kept: [first] }, () => {});
    world.turn();
    const reader = world.host.subscribe('q');
    const done: unknown[] = [];
    world.host.broker.commit(
      {
        consumed: [reader.deliveries[0]!],
        outputs: [{ address: 'q', message: message('q', 'output', durable) }],
        kept: [
          { kind: '$state', key: 'job', bytes: Buffer.from('second') },
          { kind: 'piece', key: '1', bytes: Buffer.from('p') },
        ],
      },
      (refusal) => done.push(refusal),
    );
    world.host.turn();
    const { broker, ...host } = world.restart(written);
    expect(done).toEqual([]);
    expect(`${broker.kept('$state').get('job')}`).toBe(written === 1 ? 'second' : 'first');
    expect(broker.kept('piece').size).toBe(written);
    const texts = broker.browse('q', { limit: 9 })!.map((one) => textOf(one.message));
    expect(texts).toEqual(written === 1 ? ['2', 'output'] : ['1', '2']);
    expect(host.nowMs).toBeGreaterThan(0);
  });

  test('time does not go back', () => {
    const world = begin();
    world.host.nowMs += 500_000;
    world.host.producer('q').send('1', durable);
    world.turn();
    const { time } = world.restart().broker.browse('q', { limit: 1 })![0]!.message;
    world.host.nowMs -= 400_000;
    world.host.producer('q').send('2', durable);
    expect(world.host.broker.browse('q', { limit: 2 })![1]!.message.time).toBe(time);
  });
});

describe('a message that is moved in the journal while a transaction consumes it', () => {
  function consumedAndMoved() {
    const world = begin();
    world.host.producer('q').send('1', durable);
    world.turn();
    const consumed = world.host.subscribe('q').deliveries;
    world.host.broker.commit({ consumed, outputs: [] }, () => {});
    world.host.turn();
    world.journal.empty(world.recovery, 1);
    world.host.turn();
    return world;
  }

  /** Everything that is not behind the moved record goes, the settlement before it too. */
  function emptyUpToMoved(world: Restartable): void {
    const moved = world.journal.records.findLast((one) => one.type === RecordType.stored)!;
    world.journal.emptyBefore(world.recovery, moved.position);
    world.turn();
    world.turn();
  }

  test('does not come back by its new record when the settlement before that is gone', () => {
    const world = consumedAndMoved();
    world.journal.succeed();
    world.turn();
    emptyUpToMoved(world);
    expect(world.restart().broker.address('q')?.stored).toBe(0);
  });

  test('nor when a crash came between', () => {
    const world = consumedAndMoved();
    world.restart(2);
    world.turn();
    expect(world.host.broker.address('q')?.stored).toBe(0);
    emptyUpToMoved(world);
    expect(world.restart().broker.address('q')?.stored).toBe(0);
  });

  test('is there when the transaction failed', () => {
    const world = consumedAndMoved();
    world.journal.fail();
    world.turn();
    expect(world.restart().broker.address('q')?.stored).toBe(1);
  });
});

describe('a batch that fails', () => {
  test('does not take a dead letter with it when the segment of the original goes', () => {
    const world = begin();
    world.host.producer('q').send('1', durable);
    world.turn();
    world.host.subscribe('q').settleAll(Outcome.rejected);
    world.host.turn();
    world.journal.empty(world.recovery, 1);
    world.journal.fail();
    world.turn();
    const { broker } = world.restart();
    expect(broker.browse('dead-letters', { limit: 9 })!.map((one) => textOf(one.message))).toEqual(['1']);
    expect(broker.address('q')?.stored ?? 0).toBe(0);
  });

  test('is written again with the next one, less and less often', () => {
    const world = begin();
    world.host.broker.keep('kind', 'key', Buffer.from('x'));
    const retries: number[] = [];
    for (let tick = 0; tick < 300; tick++) {
      world.host.turn();
      if (world.journal.inFlight.length > 0) retries.push(tick);
      world.journal.fail();
      world.host.broker.tick(world.host.nowMs);
    }
    expect(retries).toEqual([0, 1, 2, 4, 7, 12, 21, 38, 71, 136, 201, 266]);
    world.host.broker.keep('kind', 'other', Buffer.from('y'));
    for (let i = 0; i < 65; i++) world.host.broker.tick(world.host.nowMs);
    world.turn();
    expect([...world.restart().broker.kept('kind').keys()].sort()).toEqual(['key', 'other']);
  });
});

describe('a journal that is full', () => {
  function full() {
    const world = begin();
    for (const text of ['1', '2']) world.host.producer('q').send(text, durable);
    world.host.subscribe('t', { durableName: 'd', capacity: 0 });
    world.turn();
    world.journal.state = { kind: 'full' };
    const step = () => {
      world.host.turn();
      world.journal.decide();
      world.host.broker.tick(world.host.nowMs);
    };
    return { world, step };
  }

  test('takes nothing new that is durable, and everything else', () => {
    const { world } = full();
    const { host } = world;
    for (const address of ['q', 't']) {
      const sender = host.producer(address);
      expect([sender.send('x', durable), sender.producer.refusal]).toEqual(['rejected', 'journal-full']);
      expect(sender.send('x')).toBe('accepted');
    }
    expect(host.broker.retainRefusal(message('r', 'x', durable))).toBe('journal-full');
    expect(host.broker.retain(message('r', 'x', durable))).toBe('journal-full');
    expect(host.broker.retainRefusal(message('r', 'x'))).toBeUndefined();
    expect(host.broker.retain(message('r', 'x'))).toBeUndefined();
    world.journal.state = { kind: 'failed' };
    const sender = host.producer('q');
    expect([sender.send('x', durable), sender.producer.refusal]).toEqual(['rejected', 'journal-failed']);
    world.journal.state = { kind: 'open' };
    expect(sender.send('x', durable)).toBe('pending');
  });

  test('takes settlements, which what is to be kept does not stop; that follows when there is room', () => {
    const { world, step } = full();
    world.host.broker.keep('kind', 'key', Buffer.from('x'));
    world.host.subscribe('q', { capacity: 1 }).settleAll(Outcome.accepted);
    step();
    expect(world.journal.records.at(-1)?.type).toBe(RecordType.settled);
    world.journal.state = { kind: 'open' };
    for (let i = 0; i < 2; i++) step();
    const { broker } = world.restart();
    expect(broker.browse('q', { limit: 9 })!.map((one) => textOf(one.message))).toEqual(['2']);
    expect([...broker.kept('kind').keys()]).toEqual(['key']);
  });

  test('tells who waits for what is to be kept that it is not', () => {
    const { world, step } = full();
    const told: unknown[] = [];
    world.host.broker.keep('kind', 'key', Buffer.from('x'));
    world.host.broker.whenDurable((refusal) => told.push(refusal));
    step();
    expect(told).toEqual(['journal-failed']);
  });

  test('tells who waits for what was taken back alone that it is, whatever else waits for room', () => {
    const { world, step } = full();
    const { broker } = world.host;
    const told: unknown[] = [];
    broker.keep('kind', 'key', Buffer.from('x'));
    world.host.subscribe('q', { capacity: 1 }).settleAll(Outcome.accepted);
    broker.whenTakenBack((refusal) => told.push(refusal));
    expect([broker.durable, broker.unwritable]).toEqual([true, 'journal-full']);
    step();
    expect(told).toEqual([undefined]);
    expect(world.restart().broker.address('q')?.stored).toBe(1);
  });

  test('takes transactions that only consume, with the state that comes of it', () => {
    const { world, step } = full();
    const { deliveries } = world.host.subscribe('q');
    const told: unknown[] = [];
    const output = { address: 'q', message: message('q', 'x', durable) };
    const kept = (kind: string) => ({ kept: [{ kind, key: 'k', bytes: Buffer.from('x') }] });
    const parts = [{ outputs: [output] }, kept('k'), { ...kept('$state/job'), consumed: [] }, kept('$state/job')];
    for (const part of parts) {
      const transaction = { consumed: deliveries.slice(0, 1), outputs: [], ...part };
      world.host.broker.commit(transaction, (refusal) => told.push(refusal));
      step();
    }
    const refused = Array.from({ length: 3 }, () => 'journal-full');
    expect(told).toEqual([...refused, undefined]);
    const { broker } = world.restart();
    expect(broker.address('q')?.stored).toBe(1);
    expect(`${broker.kept('$state/job').get('k')}`).toBe('x');
  });

  test('gets dead letters when there is room, and the originals stay until then', () => {
    const { world, step } = full();
    const consumer = world.host.subscribe('q');
    consumer.settle(0, Outcome.rejected);
    step();
    consumer.settle(1, Outcome.accepted);
    for (let i = 0; i < 10; i++) step();
    const { journal } = world;
    const before = journal.crash(0);
    const recovery = new Recovery();
    before.replay(recovery);
    journal.state = { kind: 'open' };
    for (let i = 0; i < 70; i++) step();
    const { broker } = world.restart();
    expect(broker.browse('dead-letters', { limit: 9 })!.map((one) => textOf(one.message))).toEqual(['1']);
    expect(broker.address('q')?.stored ?? 0).toBe(0);
    const earlier = new Host({ journal: before, recovery });
    expect(earlier.broker.browse('q', { limit: 9 })!.map((one) => textOf(one.message))).toEqual(['1']);
  });
});

describe('records', () => {
  test('settlements of one turn are one record, and one of a thousand messages one range', () => {
    const world = begin();
    for (let i = 0; i < 1000; i++) world.host.producer('q').send('x', durable);
    world.turn();
    const before = world.journal.records.length;
    world.host.subscribe('q').settleAll(Outcome.accepted);
    world.turn();
    const records = world.journal.records.slice(before);
    expect(records.map((one) => [one.type, one.end - one.start])).toEqual([[RecordType.settled, 16]]);
  });

  test('of a type that is not known stop the start, by its number', () => {
    const recovery = new Recovery();
    const record = { type: 99, bytes: Buffer.alloc(9), start: 0, end: 9, position: 0 };
    expect(() => recovery.replay(record)).toThrow(
      new RecordError('the journal has a record of type 99, which this version does not know'),
    );
  });

  test.each(Object.entries(RecordType))('%s, cut short at any place, is refused as such', (_name, type) => {
    const world = begin();
    const { broker } = world.host;
    world.host.producer('q').send('text', durable);
    world.host.subscribe('q', { capacity: 1 }).settle(0, Outcome.modifiedFailed);
    world.host.subscribe('q').settleAll(Outcome.accepted);
    broker.retain(message('r', 'text'));
    broker.keep('kind', 'key', Buffer.from('x'));
    broker.keep('$state/job', 'key', Buffer.from('x'));
    world.host.subscribe('t', { durableName: 'd' });
    broker.declare('once', { type: 'queue', deduplication: { ids: 9, windowMs: 1000 } });
    world.host.producer('once').sendOnce('text', 'id', durable);
    world.turn();
    broker.remove('once', { force: true });
    broker.retain(message('r', ''));
    broker.forget('kind', 'key');
    broker.forgetSubscription('d');
    world.turn();
    const record = world.journal.records.find((one) => one.type === type)!;
    for (let end = 0; end < record.end; end++) {
      const recovery = new Recovery();
      try {
        recovery.replay({ ...record, end });
      } catch (error) {
        expect(error).toBeInstanceOf(RecordError);
      }
    }
  });
});
