/**
 * Jobs on a broker whose journal crashes at any batch, fails, and is emptied from its old end; whose clock may be found set
 * back; and whose job is edited and paused meanwhile. In the end each window of each key is stored once, with all
 * messages that were there to be read after the crashes, and no other.
 */
import { Broker, Recovery } from '@millrace/broker';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RecordingJournal } from '../../../broker/test/support/recording-journal.js';
import { EmbeddedProcessingPlane } from '../../src/jobs/processing-plane.js';
import { EmbeddedMessageAccess } from '../../src/message-access.js';
import { planOf, START } from './job-fixture.js';
import { text } from './plant.js';

const WINDOW_MS = 5_000;
const SLIDES = [5_000, 2_000] as const;

/** Texts of one meaning, whose state is the same. */
function sqlOf(slideMs: number, variant: number): string {
  const having = variant % 2 === 0 ? '' : 'HAVING count(*) > 0';
  const where = variant % 3 === 0 ? '' : "WHERE body <> 'nothing'";
  return `INSERT INTO results
    SELECT concat_ws(':', CAST(unix_millis(window.start) AS STRING), body, CAST(count(*) AS STRING)) AS body
    FROM STREAM readings ${where} GROUP BY window(time, '${WINDOW_MS} milliseconds', '${slideMs} milliseconds'), body ${having}`;
}

interface Sent {
  readonly time: number;
  readonly body: string;
}

/** Knows which messages each batch has. */
class LedgerJournal extends RecordingJournal {
  readonly batches: { readonly messages: readonly Sent[] }[] = [];
  pending: Sent[] = [];
  kept: Sent[] = [];

  override commit(done: Parameters<RecordingJournal['commit']>[0]): void {
    const batch = { messages: this.pending };
    this.pending = [];
    this.batches.push(batch);
    super.commit((error) => {
      this.batches.shift();
      if (error === undefined) this.kept.push(...batch.messages);
      done(error);
    });
  }
}

class World {
  journal: LedgerJournal;
  broker!: Broker;
  plane!: EmbeddedProcessingPlane;
  recovery!: Recovery;
  readonly faults: unknown[] = [];
  slideMs: number;
  variant = 0;
  paused = false;

  constructor(slideMs: number) {
    this.slideMs = slideMs;
    this.journal = new LedgerJournal();
    this.open();
  }

  open(): void {
    this.recovery = new Recovery();
    this.journal.replay(this.recovery);
    const broker = new Broker({
      journal: this.journal,
      recovery: this.recovery,
      now: Date.now,
      scheduleCommit: () => setImmediate(() => broker.commitPending()),
    });
    this.broker = broker;
    const limits = { type: 'queue', durability: 'always' } as const;
    broker.declare('readings', limits);
    broker.declare('results', limits);
    this.plane = new EmbeddedProcessingPlane({
      access: new EmbeddedMessageAccess(broker),
      otherReceivers: () => 0,
      onFault: (error) => this.faults.push(error),
    });
    this.deploy();
  }

  deploy(): void {
    const sql = sqlOf(this.slideMs, this.variant);
    void this.plane.deploy('job', { sql, onError: 'fail', paused: this.paused }, planOf(sql));
  }

  send(bodies: readonly string[]): void {
    const sender = { settled: () => {}, capacityChanged: () => {}, addressDeleted: () => {} };
    const producer = this.broker.openProducer('readings', sender);
    if (typeof producer === 'string') throw new Error(producer);
    for (const body of bodies) {
      const message = text(body);
      message.address = 'readings';
      message.durable = true;
      this.journal.pending.push({ time: this.broker.nowMs, body });
      expect(producer.send(message, 1)).toBe('pending');
    }
    producer.close();
  }

  pass(ms: number): void {
    vi.advanceTimersByTime(ms);
    this.broker.tick(Date.now());
  }

  /** Of the batches in flight so many are there. */
  crash(written: number): void {
    vi.clearAllTimers();
    const { batches, kept } = this.journal;
    const { records } = this.journal.crash(written);
    this.journal = new LedgerJournal(records);
    this.journal.kept = [...kept, ...batches.slice(0, written).flatMap(({ messages }) => messages)];
    this.open();
  }

  settle(): void {
    for (let round = 0; round < 40; round++) {
      this.pass(300);
      this.journal.succeed();
    }
  }

  get results(): string[] {
    const browsed = this.broker.browse('results', { limit: 100_000 }) ?? [];
    return browsed.map(({ message }) => /\d+:k\d+:\d+$/.exec(message.bytes.toString('latin1', 0, message.end))![0]);
  }

  get expected(): string[] {
    const counts = new Map<string, number>();
    for (const { time, body } of this.journal.kept) {
      for (let start = Math.floor(time / this.slideMs) * this.slideMs; start > time - WINDOW_MS; start -= this.slideMs) {
        counts.set(`${start}:${body}`, (counts.get(`${start}:${body}`) ?? 0) + 1);
      }
    }
    return [...counts].map(([key, count]) => `${key}:${count}`).sort();
  }
}

type Step =
  | { readonly kind: 'send'; readonly bodies: readonly string[] }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'written'; readonly count: number }
  | { readonly kind: 'fail' | 'edit' | 'pause' }
  | { readonly kind: 'empty'; readonly segments: number }
  | { readonly kind: 'crash'; readonly written: number; readonly backMs: number };

const body = fc.nat(30).map((key) => `k${key}`);
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('send' as const),
        bodies: fc.array(body, { minLength: 1, maxLength: 20 }),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 2, 10, 400, 3000) }),
    },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('written' as const), count: fc.constantFrom(1, 2, 9) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('fail' as const, 'edit' as const, 'pause' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('empty' as const), segments: fc.nat(3) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('crash' as const),
        written: fc.nat(3),
        backMs: fc.constantFrom(0, 0, 7000),
      }),
    },
  ),
  { minLength: 5, maxLength: 60 },
);

function run(world: World, step: Step): void {
  switch (step.kind) {
    case 'send':
      world.send(step.bodies);
      break;
    case 'pass':
      world.pass(step.ms);
      break;
    case 'written':
      world.journal.succeed(step.count);
      break;
    case 'fail':
      // A message that was handed out, and whose own batch fails then, is in doubt: counted, though its sender hears no.
      if (world.journal.batches.every(({ messages }) => messages.length === 0)) world.journal.fail();
      break;
    case 'edit':
      world.variant++;
      world.deploy();
      break;
    case 'pause':
      world.paused = !world.paused;
      void world.plane.control('job', world.paused ? 'pause' : 'resume');
      break;
    case 'empty':
      if (world.journal.records.length > 0) world.journal.empty(world.recovery, step.segments);
      break;
    case 'crash':
      vi.setSystemTime(Date.now() - step.backMs);
      world.crash(step.written);
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'Date'], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

test('each window is stored once, and right, wherever the journal crashes', () => {
  let restored = 0;
  fc.assert(
    fc.property(steps, fc.constantFrom(...SLIDES), (list, slideMs) => {
      vi.clearAllTimers();
      vi.setSystemTime(START);
      const world = new World(slideMs);
      for (const step of list) {
        run(world, step);
        if (step.kind === 'crash' && world.plane.observe('job')?.reason === 'Recovering') restored++;
      }
      if (world.paused) {
        world.paused = false;
        void world.plane.control('job', 'resume');
      }
      world.settle();
      vi.setSystemTime(START + 3_600_000);
      world.settle();
      expect(world.faults).toEqual([]);
      expect(world.plane.observe('job')).toMatchObject({ phase: 'Running', rowsLate: 0, backlog: 0, openWindows: 0 });
      expect(world.results.sort()).toEqual(world.expected);
      world.plane.close();
    }),
    { numRuns: Number(process.env.RUNS ?? 150) },
  );
  expect(restored).toBeGreaterThan(20);
}, 120_000);
