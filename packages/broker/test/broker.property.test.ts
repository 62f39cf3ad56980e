import type { JournalError } from '@millrace/journal';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type BrowsedMessage,
  type Delivery,
  type Message,
  Outcome,
  type PagingOptions,
  type RefusalReason,
  type Transaction,
} from '../src/index.js';
import { everyThird, FailingJournal, Host, message, TestConsumer, type TestSender, textOf } from './support/host.js';
import { type ModelConsumer, type ModelMessage, ModelStore } from './support/model.js';
import { RecordingJournal } from './support/recording-journal.js';
import { storedIn } from './support/stored-in.js';

/**
 * A queue `q` and a topic `t` with two durable subscriptions `d` and `e`, on a journal that fails every third commit,
 * against a list each. After every step: nothing lost, nothing twice, order kept, nobody told wrongly, nothing wedged.
 */
const STORES = ['q', 'd', 'e'] as const;
type StoreName = (typeof STORES)[number];

type Step =
  | { kind: 'send'; to: 'q' | 't'; count: number; durable: boolean; ttlMs: number; presettled: boolean }
  | { kind: 'subscribe'; store: StoreName; explicit: boolean; credit: number }
  | { kind: 'credit'; store: StoreName; consumer: number; credit: number }
  | { kind: 'settle'; store: StoreName; consumer: number; from: number; count: number; outcome: Outcome }
  | { kind: 'close'; store: StoreName; consumer: number }
  | { kind: 'commit'; store: StoreName; consumer: number; count: number; outputs: readonly ('q' | 't' | 'nowhere')[] }
  | { kind: 'purge' }
  | { kind: 'wait'; ms: number };

const store = fc.constantFrom(...STORES);
const small = fc.nat({ max: 5 });
const target = fc.constantFrom('q' as const, 't' as const);
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('send' as const),
        to: target,
        count: fc.integer({ min: 1, max: 4 }),
        durable: fc.boolean(),
        ttlMs: fc.constantFrom(0, 0, 0, 50),
        presettled: fc.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('subscribe' as const),
        store,
        explicit: fc.constantFrom(true, true, false),
        credit: small,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('credit' as const), store, consumer: small, credit: small }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('settle' as const),
        store,
        consumer: small,
        from: small,
        count: small,
        outcome: fc.constantFrom(...Object.values(Outcome)),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), store, consumer: small }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('commit' as const),
        store,
        consumer: small,
        count: small,
        outputs: fc.array(fc.constantFrom('q' as const, 'q' as const, 't' as const, 'nowhere' as const), {
          maxLength: 3,
        }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('purge' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(10, 60) }) },
  ),
  { minLength: 10, maxLength: 80, size: 'max' },
);

interface Connected {
  readonly model: ModelConsumer;
  readonly real: TestConsumer;
}

/** Keeps what it is given, fails every third commit, and reports at once. */
class KeepingJournal extends RecordingJournal {
  commits = 0;

  override commit(done: (error: JournalError | undefined) => void): void {
    super.commit(done);
    if (everyThird(++this.commits)) this.fail();
    else this.succeed();
  }
}

class World {
  readonly journal: KeepingJournal | FailingJournal;
  readonly host: Host;
  readonly models: Record<StoreName, ModelStore>;
  private readonly connected: Record<StoreName, Connected[]> = { q: [], d: [], e: [] };
  private readonly senders: Record<'q' | 't', TestSender>;
  private readonly expected: Record<'q' | 't', ModelMessage[][]> = { q: [], t: [] };
  /** Everything that the open batch is to make durable, or that goes when it fails. */
  private batch: { readonly store: StoreName; readonly message: ModelMessage }[] = [];
  private number = 0;

  constructor(whenFull: 'reject' | 'dropOldest', paging: PagingOptions | undefined) {
    this.journal = paging === undefined ? new FailingJournal({ fails: everyThird }) : new KeepingJournal();
    this.host = new Host({ journal: this.journal, ...(paging && { paging }) });
    const limits = { messages: 8, dropsOldest: whenFull === 'dropOldest', maxDeliveries: 3 };
    this.models = { q: new ModelStore(limits), d: new ModelStore(limits), e: new ModelStore(limits) };
    const { broker } = this.host;
    const settings = { limits: { messages: 8 }, whenFull, maxDeliveries: 3 } as const;
    broker.declare('q', { type: 'queue', ...settings });
    broker.declare('t', { type: 'topic', ...settings });
    for (const durableName of ['d', 'e']) {
      this.host.subscribe('t', { durableName, shared: true, whenFull }).subscription.close();
    }
    this.host.turn();
    this.senders = { q: this.host.producer('q'), t: this.host.producer('t') };
    this.advance();
  }

  /** Brings the stores close to the end of their first block of 512, so that the steps cross it. */
  private advance(): void {
    for (let i = 0; i < 485; i++) {
      for (const to of ['q', 't'] as const) {
        this.senders[to].sendPresettled('x');
        this.host.broker.purge(to);
      }
    }
    this.host.turn();
  }

  async run(step: Step): Promise<void> {
    switch (step.kind) {
      case 'send':
        for (let i = 0; i < step.count; i++) this.send(step);
        break;
      case 'subscribe':
        this.subscribe(step);
        break;
      case 'credit':
        this.credit(step);
        break;
      case 'settle':
        this.settle(step);
        break;
      case 'close':
        this.close(step);
        break;
      case 'commit':
        this.commit(step);
        await this.read();
        this.compare();
        return;
      case 'purge':
        expect(this.host.broker.purge('q')).toBe(this.models.q.purge());
        break;
      default:
        this.host.nowMs += step.ms;
    }
    await this.rest();
  }

  /** Gives everybody what they can take until nothing is left, and so sees that nothing was lost. */
  async drain(): Promise<void> {
    for (const name of STORES) {
      for (const one of [...this.connected[name]])
        this.close({ store: name, consumer: this.connected[name].indexOf(one) });
      await this.rest();
      this.subscribe({ store: name, explicit: false, credit: 1000 });
      await this.rest();
      expect(this.models[name].stored).toEqual([]);
    }
  }

  private send(step: Extract<Step, { kind: 'send' }>): void {
    const { durable, ttlMs } = step;
    const text = `${++this.number}`;
    const stores: readonly StoreName[] = step.to === 'q' ? ['q'] : ['d', 'e'];
    const refused = stores.some((name) => this.models[name].refuses(1) && !this.passes(name));
    const added: ModelMessage[] = [];
    if (!refused) {
      for (const name of stores) {
        const passes = this.passes(name);
        const expiresAt = ttlMs === 0 ? 0 : this.host.nowMs + ttlMs;
        const made = this.models[name].send(text, { durable: durable && !passes, expiresAt });
        if (made === undefined || passes || !durable) continue;
        added.push(made);
        this.batch.push({ store: name, message: made });
      }
    }
    const sender = this.senders[step.to];
    const result = step.presettled
      ? sender.sendPresettled(text, { durable, ttlMs })
      : sender.send(text, { durable, ttlMs });
    const waits = added.length > 0 && !step.presettled;
    expect(result).toBe(refused ? 'rejected' : waits ? 'pending' : 'accepted');
    if (waits) this.expected[step.to].push(added);
  }

  /** A lone consumer that settles on delivery takes a message without it ever being stored, and so beyond any bound. */
  private passes(name: StoreName): boolean {
    const model = this.models[name];
    const [only] = model.consumers;
    const alone = model.consumers.length === 1 && only !== undefined && !only.explicit && only.credit > 0;
    return alone && model.stored.length === 0;
  }

  private subscribe({ store: name, explicit, credit }: { store: StoreName; explicit: boolean; credit: number }): void {
    const model: ModelConsumer = { explicit, credit, closed: false, held: [] };
    const real = new TestConsumer(credit);
    real.deliver = (delivered: Message, delivery: Delivery | undefined) => {
      real.credit--;
      this.models[name].delivered(model, textOf(delivered), delivery, this.host.nowMs);
    };
    this.models[name].consumers.push(model);
    this.connected[name].push({ model, real });
    const options = { settles: explicit ? ('explicit' as const) : ('on-delivery' as const) };
    const { broker } = this.host;
    const whenFull = this.whenFull;
    const subscription =
      name === 'q'
        ? broker.subscribe('q', real, options)
        : broker.subscribe('t', real, { ...options, durableName: name, shared: true, whenFull });
    if (typeof subscription === 'string') throw new Error(subscription);
    real.subscription = subscription;
  }

  private get whenFull(): 'reject' | 'dropOldest' {
    return this.host.broker.address('t')!.settings.whenFull as 'reject' | 'dropOldest';
  }

  private pick(step: { store: StoreName; consumer: number }): Connected | undefined {
    const list = this.connected[step.store];
    return list[step.consumer % Math.max(1, list.length)];
  }

  private credit(step: { store: StoreName; consumer: number; credit: number }): void {
    const one = this.pick(step);
    if (one === undefined) return;
    one.model.credit += step.credit;
    one.real.give(step.credit);
  }

  private settle(step: Extract<Step, { kind: 'settle' }>): void {
    const one = this.pick(step);
    if (one === undefined) return;
    for (const { message: held, delivery } of one.model.held.splice(step.from, step.count)) {
      this.models[step.store].settled(held, step.outcome);
      delivery.settle(step.outcome);
      delivery.settle(Outcome.rejected);
    }
  }

  private close(step: { store: StoreName; consumer: number }): void {
    const one = this.pick(step);
    if (one === undefined) return;
    this.connected[step.store].splice(this.connected[step.store].indexOf(one), 1);
    this.models[step.store].closed(one.model);
    one.real.subscription.close();
  }

  private commit(step: Extract<Step, { kind: 'commit' }>): void {
    const one = this.pick(step);
    if (one === undefined) return;
    const consumed = one.model.held.slice(0, step.count);
    const texts = step.outputs.map(() => `${++this.number}`);
    const transaction: Transaction = {
      consumed: consumed.map((held) => held.delivery),
      outputs: step.outputs.map((address, i) => ({ address, message: message(address, texts[i]!) })),
      kept: [{ kind: '$state', key: 'job', bytes: Buffer.from(`${this.number}`) }],
    };
    const before = this.host.broker.kept('$state').get('job');
    const refusal = this.refusalOf(step.outputs);
    if (refusal === undefined) for (const { message: held } of consumed) held.state = 'committing';
    const outputs = refusal === undefined ? this.storeOutputs(step.outputs, texts) : [];
    let told: RefusalReason | undefined | 'nothing' = 'nothing';
    this.host.broker.commit(transaction, (reason) => {
      told = reason;
    });
    const failed = this.endTurn(() => {
      for (const { store: name, message: made } of outputs) this.models[name].failed(made);
    });
    expect(told).toBe(refusal ?? (failed ? 'journal-failed' : undefined));
    if (refusal === undefined) for (const { message: held } of consumed) held.state = failed ? 'held' : 'gone';
    if (refusal === undefined && !failed) one.model.held.splice(0, consumed.length);
    else expect(this.host.broker.kept('$state').get('job')).toEqual(before);
  }

  private refusalOf(outputs: readonly ('q' | 't' | 'nowhere')[]): RefusalReason | undefined {
    if (outputs.includes('nowhere')) return 'not-found';
    const toQueue = outputs.filter((one) => one === 'q').length;
    const toTopic = outputs.length - toQueue;
    const full =
      (toQueue > 0 && this.models.q.refuses(toQueue)) ||
      (toTopic > 0 && (this.models.d.refuses(toTopic) || this.models.e.refuses(toTopic)));
    return full ? 'resource-limit-exceeded' : undefined;
  }

  private storeOutputs(outputs: readonly ('q' | 't' | 'nowhere')[], texts: readonly string[]) {
    const made: { store: StoreName; message: ModelMessage }[] = [];
    outputs.forEach((address, i) => {
      for (const name of address === 'q' ? (['q'] as const) : (['d', 'e'] as const)) {
        const one = this.models[name].send(texts[i]!, { durable: false, expiresAt: 0 });
        if (one !== undefined) made.push({ store: name, message: one });
      }
    });
    return made;
  }

  private async rest(): Promise<void> {
    this.endTurn(() => {});
    await this.read();
    this.compare();
  }

  /** Answers what is read until nothing is. */
  private async read(): Promise<void> {
    const { journal } = this;
    if (!(journal instanceof KeepingJournal)) return;
    for (let quiet = 0; quiet < 2; quiet++) {
      if (journal.reads.length > 0) quiet = 0;
      journal.answer();
      await new Promise(setImmediate);
      this.host.turn();
    }
  }

  /** @returns whether the journal failed in it */
  private endTurn(onFailure: () => void): boolean {
    const commits = this.journal.commits;
    this.host.turn();
    this.host.broker.tick(this.host.nowMs);
    const failed = this.journal.commits > commits && everyThird(commits + 1);
    if (failed) onFailure();
    for (const { store: name, message: made } of this.batch) if (failed) this.models[name].failed(made);
    this.batch = [];
    this.host.turn();
    for (const to of ['q', 't'] as const) {
      const outcome = failed ? Outcome.rejected : Outcome.accepted;
      const told = this.senders[to].outcomes.splice(0);
      expect(told.map((one) => one.outcome)).toEqual(this.expected[to].map(() => outcome));
      expect(told.map((one) => one.tag)).toEqual([...told.map((one) => one.tag)].sort((a, b) => a - b));
      this.expected[to] = [];
    }
    return failed;
  }

  private stored(name: StoreName | 'dead-letters'): BrowsedMessage[] {
    const { broker } = this.host;
    if (this.journal instanceof KeepingJournal) return storedIn(broker, name, this.journal);
    return broker.browse(name, { limit: 10_000 }) ?? [];
  }

  private compare(): void {
    for (const name of STORES) {
      const model = this.models[name];
      model.expire(this.host.nowMs);
      model.checkAtRest();
      const real = this.stored(name);
      expect(real.map((one) => textOf(one.message))).toEqual(model.stored.map((one) => one.text));
      expect(real.map((one) => one.inDelivery)).toEqual(model.stored.map((one) => one.state === 'held'));
    }
    const { broker } = this.host;
    expect(broker.address('q')).toMatchObject({ stored: this.models.q.stored.length });
    const dead = this.stored('dead-letters').map((one) => textOf(one.message));
    const expected = STORES.flatMap((name) => this.models[name].dead);
    expect(dead.sort()).toEqual(expected.sort());
  }
}

const PAGING: PagingOptions = { residentBytes: 0, blockBytes: 4, aheadBytes: 4 };

test.each([
  ['reject', undefined],
  ['dropOldest', undefined],
  ['reject', PAGING],
  ['dropOldest', PAGING],
] as const)(
  'against the model, whenFull %s, paging %j',
  async (whenFull, paging) => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const world = new World(whenFull, paging);
        for (const step of list) await world.run(step);
        await world.drain();
      }),
      { numRuns: paging === undefined ? 300 : 150 },
    );
  },
  120_000,
);
