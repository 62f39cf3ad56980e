import type { JournalError } from '@millrace/journal';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Delivery, Outcome, type PagingOptions } from '../src/index.js';
import { everyThird, Host, message, type TestConsumer, textOf } from './support/host.js';
import { RecordingJournal } from './support/recording-journal.js';

/**
 * A queue whose messages are delivered, given back, picked out of turn, deleted and moved, on a journal that fails every third
 * commit, with and without paging, against a list: what waits goes out in the order of its coming, whoever had it in between.
 */
type Step =
  | { kind: 'send'; count: number; durable: boolean }
  | { kind: 'take'; count: number }
  | { kind: 'settle'; at: number; outcome: Outcome }
  | { kind: 'pick'; ids: readonly number[]; end: 'accept' | 'release' | 'move' };

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('send' as const), count: fc.integer({ min: 1, max: 6 }), durable: fc.boolean() }),
    fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 4 }) }),
    fc.record({
      kind: fc.constant('settle' as const),
      at: fc.nat({ max: 5 }),
      outcome: fc.constantFrom(Outcome.accepted, Outcome.released),
    }),
    fc.record({
      kind: fc.constant('pick' as const),
      ids: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }),
      end: fc.constantFrom('accept' as const, 'release' as const, 'move' as const),
    }),
  ),
  { minLength: 5, maxLength: 60, size: 'max' },
);

class KeepingJournal extends RecordingJournal {
  commits = 0;

  override commit(done: (error: JournalError | undefined) => void): void {
    super.commit(done);
    if (everyThird(++this.commits)) this.fail();
    else this.succeed();
  }
}

class World {
  readonly host: Host;
  readonly consumer: TestConsumer;
  /** Ids of what waits. */
  readonly waiting = new Set<number>();
  readonly texts = new Map<number, string>();
  held: Delivery[] = [];
  moved: string[] = [];
  private seen = 0;
  private sent = 0;

  constructor(paging: PagingOptions | undefined) {
    this.host = new Host({ journal: new KeepingJournal(), ...(paging === undefined ? {} : { paging }) });
    for (const name of ['q', 'to']) this.host.broker.declare(name, { type: 'queue' });
    this.consumer = this.host.subscribe('q', { capacity: 0 });
  }

  run(step: Step): void {
    switch (step.kind) {
      case 'send':
        this.send(step);
        break;
      case 'take':
        this.take(step.count);
        break;
      case 'settle': {
        const [delivery] = this.held.splice(step.at % Math.max(1, this.held.length), 1);
        delivery?.settle(step.outcome);
        if (delivery !== undefined && step.outcome === Outcome.released) this.waiting.add(delivery.sequence);
        break;
      }
      case 'pick':
        this.pick(step);
    }
    this.host.turn();
    this.check();
  }

  private send({ count, durable }: Extract<Step, { kind: 'send' }>): void {
    const sender = this.host.producer('q');
    for (let left = count; left > 0; left -= 1) {
      const text = `m${++this.sent}`;
      sender.send(text, { durable, size: 40 });
    }
    this.host.turn();
    // What the journal did not take was never there.
    for (const { id, message: stored } of this.host.broker.browse('q', { limit: 1000 })!) {
      if (this.texts.has(id)) continue;
      this.texts.set(id, textOf(stored));
      this.waiting.add(id);
    }
    sender.producer.close();
  }

  private take(count: number): void {
    this.consumer.give(count);
    this.host.turn();
    const expected = [...this.waiting].sort((left, right) => left - right);
    const delivered = this.consumer.deliveries.slice(this.seen);
    this.seen = this.consumer.deliveries.length;
    expect(delivered.map(({ sequence }) => sequence)).toEqual(expected.slice(0, delivered.length));
    expect(delivered.length).toBe(Math.min(expected.length, count));
    this.consumer.credit = 0;
    for (const delivery of delivered) this.waiting.delete(delivery.sequence);
    this.held.push(...delivered);
  }

  private pick({ ids, end }: Extract<Step, { kind: 'pick' }>): void {
    const picked = this.host.broker.pick('q', ids)!;
    const wanted = [...new Set(ids)].filter((id) => this.waiting.has(id));
    expect(picked.map(({ sequence }) => sequence)).toEqual(wanted);
    if (end === 'move') {
      const outputs = picked.map((delivery) => ({
        address: 'to',
        message: message('to', textOf(delivery.message), { durable: true }),
      }));
      this.host.broker.commit({ consumed: picked, outputs }, (refusal) => {
        for (const delivery of picked) delivery.settle(Outcome.released);
        if (refusal !== undefined) return;
        for (const { sequence } of picked) this.gone(sequence, 'moved');
      });
      return;
    }
    for (const delivery of picked) {
      delivery.settle(end === 'accept' ? Outcome.accepted : Outcome.released);
      if (end === 'accept') this.gone(delivery.sequence, 'deleted');
    }
  }

  private gone(id: number, how: 'moved' | 'deleted'): void {
    this.waiting.delete(id);
    if (how === 'moved') this.moved.push(this.texts.get(id)!);
  }

  private check(): void {
    const { broker } = this.host;
    const there = [...this.waiting, ...this.held.map(({ sequence }) => sequence)].sort((left, right) => left - right);
    expect(broker.browse('q', { limit: 1000 })!.map(({ id }) => id)).toEqual(there);
    expect(broker.address('q')!.stored).toBe(there.length);
    expect(broker.browse('to', { limit: 1000 })!.map((one) => textOf(one.message))).toEqual(this.moved);
  }
}

test.each([
  ['in memory', undefined],
  ['paged out', { residentBytes: 400, blockBytes: 200, aheadBytes: 200 }],
])('%s: what is picked out of turn is taken once or goes back to its place', (_, paging) => {
  fc.assert(
    fc.property(steps, (list) => {
      const world = new World(paging);
      for (const step of list) world.run(step);
    }),
    { numRuns: 300 },
  );
});
