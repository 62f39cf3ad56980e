import { expect } from 'vitest';
import {
  type Broker,
  type Delivery,
  Outcome,
  type PagingOptions,
  Recovery,
  type Transaction,
} from '../../src/index.js';
import type { IdBlock } from '../../src/log/id-block.js';
import { RecordType } from '../../src/log/record-type.js';
import { OpenPages } from '../../src/page-index.js';
import { DeliveryState, type StoredDelivery } from '../../src/stored-delivery.js';
import { Host, message, TestConsumer, textOf } from './host.js';
import { RecordingJournal } from './recording-journal.js';
import { storedIn, storeOf } from './stored-in.js';

/**
 * A broker on a journal that crashes, fails and is emptied from its old end at any moment. What it had at the end of the
 * last turn that was written must be there after the crash: messages in order, with their counts, and nothing else.
 * (That the broker itself is right in what it has, broker.property.test.ts shows.)
 */
export const NAMES = ['q', 'd', 'e', 'dead-letters'] as const;
export type Name = (typeof NAMES)[number];

export type Step =
  | { kind: 'send'; to: 'q' | 't'; count: number; durable: boolean; id: string | undefined }
  | { kind: 'take'; store: Name; count: number }
  | { kind: 'settle'; store: Name; from: number; count: number; outcome: Outcome }
  | { kind: 'leave'; store: Name }
  | {
      kind: 'commit';
      store: Name;
      from: number;
      count: number;
      outputs: readonly ('q' | 't')[];
      value: number;
      key: string;
      kept: number | undefined;
    }
  | { kind: 'keep'; key: string; value: number | undefined }
  | { kind: 'retain'; topic: string; value: number | undefined; durable: boolean }
  | { kind: 'purge' }
  | { kind: 'resubscribe' }
  | { kind: 'redeclare' }
  | { kind: 'turn' }
  | { kind: 'read'; count: number }
  | { kind: 'written'; count: number }
  | { kind: 'fail' }
  | { kind: 'empty'; segments: number }
  | { kind: 'crash'; written: number; gone: boolean };

/** All that must survive. */
interface Snapshot {
  readonly stores: Record<Name, (readonly [text: string, count: number])[]>;
  readonly subscriptions: string[];
  readonly kept: Record<string, string>;
  readonly retained: Record<string, string>;
  readonly state: string | undefined;
  /** What `q` and `t` know of ids, oldest first. */
  readonly ids: readonly (readonly string[])[];
}

interface UnderWay {
  readonly state: string;
  /** Undefined: kept or forgotten otherwise meanwhile. */
  key: string | undefined;
  readonly kept: string | undefined;
}

const DEDUPLICATION = { ids: 4, windowMs: 1e12 };

/** Ids that the address knows, in order, those under way included. */
function knownIds(broker: Broker, address: string): string[] {
  const inside = broker as unknown as {
    book: { get(name: string): { deduplication: { blocks: IdBlock[] } } | undefined };
  };
  return inside.book.get(address)?.deduplication.blocks.flatMap((one) => one.ids.slice(one.from)) ?? [];
}

export class World {
  journal = new RecordingJournal();
  private recovery!: Recovery;
  private host!: Host;
  private readonly paging: PagingOptions | undefined;
  private consumers = new Map<Name, TestConsumer>();
  private everyone: TestConsumer[] = [];
  /** What the transactions under way are to keep. */
  private underWay: UnderWay[] = [];
  /** What is on disk, and what each batch in flight makes of it. */
  private written: Snapshot;
  private inFlight: Snapshot[] = [];
  private number = 0;
  /** The message that an id stands for, by address and id; and those that were accepted, or are on disk. */
  private readonly originals = new Map<string, number>();
  private readonly safe = new Set<number>();

  constructor(paging: PagingOptions | undefined) {
    this.paging = paging;
    this.begin();
    this.declare();
    for (const durableName of ['d', 'e']) {
      this.host.subscribe('t', { durableName }).subscription.close();
    }
    this.written = this.snapshot();
    this.turn();
    this.report(9);
  }

  /** A broker on what the journal has. */
  private begin(nowMs?: number): void {
    const { journal, paging } = this;
    this.recovery = new Recovery(paging);
    // As few as can be, so that they are packed all the time.
    if (paging !== undefined) Object.assign(this.recovery, { pages: new OpenPages(1) });
    journal.replay(this.recovery);
    this.host = new Host({ journal, recovery: this.recovery, ...(paging && { paging }) });
    if (nowMs !== undefined) this.host.nowMs = nowMs;
  }

  run(step: Step): void {
    switch (step.kind) {
      case 'send':
        for (let i = 0; i < step.count; i++) this.send(step);
        break;
      case 'take':
        this.consumer(step.store)?.give(step.count);
        break;
      case 'settle':
        for (const one of this.open(step)) one.settle(step.outcome);
        break;
      case 'leave':
        this.consumers.get(step.store)?.subscription.close();
        this.consumers.delete(step.store);
        break;
      case 'commit':
        this.commit(step);
        break;
      case 'keep':
        for (const one of this.underWay) if (one.key === step.key) one.key = undefined;
        if (step.value === undefined) this.host.broker.forget('kind', step.key);
        else this.host.broker.keep('kind', step.key, Buffer.from(`${step.value}`));
        break;
      case 'retain': {
        const { topic, value: kept, durable } = step;
        this.host.broker.retain(message(topic, kept === undefined ? '' : `${kept}`, { durable }));
        break;
      }
      case 'purge':
        this.host.broker.purge('q');
        break;
      case 'resubscribe':
        this.consumers.delete('e');
        this.host.broker.forgetSubscription('e');
        this.host.subscribe('t', { durableName: 'e', whenFull: 'reject', capacity: 0 }).subscription.close();
        break;
      case 'redeclare':
        this.consumers.delete('q');
        this.host.broker.remove('q', { force: true });
        this.declare();
        break;
      case 'turn':
        this.turn();
        break;
      case 'read':
        this.journal.answer(step.count);
        break;
      case 'written':
        this.report(step.count);
        break;
      case 'fail':
        this.fail();
        break;
      case 'empty':
        this.journal.empty(this.recovery, step.segments);
        break;
      default:
        this.crash(step.written, step.gone);
    }
  }

  /** Takes all away: in the end the journal must know that nothing in it is needed. */
  async drain(): Promise<void> {
    for (const one of NAMES) {
      this.consumers.get(one)?.subscription.close();
      this.consumers.delete(one);
    }
    for (let i = 0; i < 3; i++) {
      this.turn();
      this.report(9);
    }
    this.accounts();
    for (const one of NAMES) this.consumer(one)?.give(10_000);
    for (let i = 0; i < 100 && NAMES.some((one) => (storeOf(this.host.broker, one)?.stored ?? 0) > 0); i++) {
      this.journal.answer();
      await soon();
      this.turn();
      for (const one of this.consumers.values()) one.settleAll(Outcome.accepted);
    }
    for (let i = 0; i < 3; i++) {
      this.turn();
      this.report(9);
    }
    this.accounts();
    const stored = this.journal.records.filter((one) => one.type === RecordType.stored);
    expect(stored.map((one) => one.position).filter((one) => !this.journal.released.has(one))).toEqual([]);
    this.crash(0, true);
    expect(this.snapshot().stores).toEqual({ q: [], d: [], e: [], 'dead-letters': [] });
  }

  private send({ to: address, durable, id }: Extract<Step, { kind: 'send' }>): void {
    const { host, journal } = this;
    const number = ++this.number;
    let original: number | undefined;
    const settled = (tag: number, outcome: Outcome) => {
      if (original !== undefined) {
        expect(outcome !== Outcome.accepted || this.safe.has(original)).toBe(true);
        return;
      }
      if (outcome === Outcome.accepted) this.safe.add(number);
      const isThere = journal.written.some((one) => Buffer.from(one.bytes).includes(`${tag} `));
      expect(outcome === Outcome.accepted).toBe(isThere);
    };
    const sender = { settled, capacityChanged() {}, addressDeleted() {} };
    const producer = host.broker.openProducer(address, sender);
    if (typeof producer === 'string') throw new Error(producer);
    const made = message(address, `${number}`, { durable, size: 40 });
    // Of those without an id none is in the way of those with one.
    if (id === undefined || !durable) producer.send(made, number);
    else {
      const before = knownIds(host.broker, address);
      producer.sendOnce(made, number, id);
      expect(producer.duplicate).toBe(before.includes(id));
      if (producer.duplicate) original = this.originals.get(`${address} ${id}`);
      else this.originals.set(`${address} ${id}`, number);
    }
    producer.close();
  }

  private declare(): void {
    this.host.broker.declare('q', {
      type: 'queue',
      maxDeliveries: 3,
      limits: { messages: 20 },
      whenFull: 'dropOldest',
      deduplication: DEDUPLICATION,
    });
    this.host.broker.declare('t', { type: 'topic', maxDeliveries: 3, deduplication: DEDUPLICATION });
  }

  private consumer(where: Name): TestConsumer | undefined {
    const { broker } = this.host;
    const known = this.consumers.get(where);
    if (known !== undefined) return known;
    const consumer = new TestConsumer(0);
    const topic = where === 'd' || where === 'e';
    const options = topic ? { durableName: where } : {};
    const subscription = broker.subscribe(topic ? 't' : where, consumer, { settles: 'explicit', ...options });
    if (typeof subscription === 'string') return undefined;
    consumer.subscription = subscription;
    this.consumers.set(where, consumer);
    this.everyone.push(consumer);
    return consumer;
  }

  /** Deliveries that the consumer holds open. */
  private open(step: { store: Name; from: number; count: number }): Delivery[] {
    const deliveries = this.consumers.get(step.store)?.deliveries ?? [];
    const open = deliveries.filter((one) => (one as StoredDelivery).state === DeliveryState.open);
    return open.slice(step.from, step.from + step.count);
  }

  private commit(step: Extract<Step, { kind: 'commit' }>): void {
    const consumed = this.open(step);
    const transaction: Transaction = {
      consumed,
      outputs: step.outputs.map((address) => ({
        address,
        message: message(address, `${++this.number}`, { durable: true }),
      })),
      kept: [
        { kind: '$state', key: 'job', bytes: Buffer.from(`${step.value}`) },
        { kind: 'kind', key: step.key, bytes: step.kept === undefined ? undefined : Buffer.from(`${step.kept}`) },
      ],
    };
    const state = `${step.value}`;
    const { broker } = this.host;
    this.underWay.push({ state, key: step.key, kept: step.kept === undefined ? undefined : `${step.kept}` });
    broker.commit(transaction, (refusal) => {
      this.underWay.shift();
      if (refusal === 'journal-failed') return;
      expect(refusal).toBeUndefined();
      expect(`${broker.kept('$state').get('job')}`).toBe(state);
    });
  }

  private turn(): void {
    for (let i = 0; i < 10 && this.host.scheduled; i++) {
      this.host.scheduled = false;
      const before = this.journal.inFlight.length;
      this.host.broker.commitPending();
      if (this.journal.inFlight.length > before) this.inFlight.push(this.snapshot());
    }
  }

  private report(count: number): void {
    for (let i = 0; i < count && this.inFlight.length > 0; i++) {
      this.written = this.inFlight.shift()!;
      this.journal.succeed(1);
    }
  }

  private fail(): void {
    if (this.inFlight.length === 0) return;
    this.inFlight = [];
    this.journal.fail();
    // Each failure makes the broker wait longer before it writes again what the lost batches said.
    for (let i = 0; i <= 64; i++) this.host.broker.tick(this.host.nowMs);
  }

  private crash(written: number, gone: boolean): void {
    const count = Math.min(written, this.inFlight.length);
    const expected = count === 0 ? this.written : this.inFlight[count - 1]!;
    this.journal = this.journal.crash(count, gone);
    this.begin(this.host.nowMs);
    this.declare();
    this.inFlight = [];
    this.consumers = new Map();
    this.everyone = [];
    this.underWay = [];
    expect(this.snapshot()).toEqual(expected);
    for (const address of ['q', 't']) {
      for (const id of knownIds(this.host.broker, address)) this.safe.add(this.originals.get(`${address} ${id}`)!);
    }
    this.written = expected;
  }

  private snapshot(): Snapshot {
    const { broker } = this.host;
    const kept = new Map([...broker.kept('kind')].map(([key, bytes]) => [key, `${bytes}`]));
    for (const one of this.underWay) {
      if (one.key === undefined) continue;
      if (one.kept === undefined) kept.delete(one.key);
      else kept.set(one.key, one.kept);
    }
    const text = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : `${bytes}`);
    return {
      stores: Object.fromEntries(NAMES.map((one) => [one, this.stored(one)])) as Snapshot['stores'],
      subscriptions: broker
        .subscriptions()
        .map((one) => `${one.durableName} ${one.source}`)
        .sort(),
      kept: Object.fromEntries(kept),
      retained: Object.fromEntries(broker.retainedMatching('#').map((one) => [one.address, textOf(one)])),
      state: this.underWay.at(-1)?.state ?? text(broker.kept('$state').get('job')),
      ids: ['q', 't'].map((one) => knownIds(broker, one).slice(-DEDUPLICATION.ids)),
    };
  }

  /** Durable messages that are there, but for those whose consumption is under way, or whose commit failed. */
  private stored(where: Name): (readonly [string, number])[] {
    const gone = new Set<number>();
    for (const one of this.everyone.flatMap((consumer) => consumer.deliveries)) {
      const { member, sequence, withdrawn, state } = one as StoredDelivery;
      if (member.group.store.record?.name !== where || member.group.closed) continue;
      if (state === DeliveryState.committing || (withdrawn && state === DeliveryState.open)) gone.add(sequence);
    }
    return storedIn(this.host.broker, where, this.journal)
      .filter((one) => one.message.durable && !gone.has(one.id))
      .map((one) => [textOf(one.message), one.deliveryCount] as const);
  }

  /** What the journal was not told to be useless is what is in use. */
  private accounts(): void {
    const recovery = new Recovery();
    this.journal.replay(recovery);
    const used = new Set<number>();
    for (const one of recovery.stores()) {
      used.add(one.record!.position);
      one.each((place) => used.add(place.position));
    }
    for (const one of recovery.kept()) used.add(one.position);
    for (const one of recovery.retained.values()) used.add(one.recordPosition);
    const blocks = recovery.ids.blocks();
    for (const address of ['q', 't']) {
      // A block of which nothing is within the last ids is not needed.
      let later = 0;
      for (const block of blocks.filter((one) => one.address === address).reverse()) {
        if (later < DEDUPLICATION.ids) used.add(block.position);
        later += block.ids.length;
      }
    }
    const counted = this.journal.records.filter((one) => !this.journal.released.has(one.position));
    expect(new Set(counted.map((one) => one.position))).toEqual(used);
  }
}

/** All that is done when promises that were kept are told. */
export function soon(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
