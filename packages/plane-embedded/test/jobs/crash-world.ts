/**
 * A broker with one job on a journal in memory that crashes, and a ledger of what was sent to it. Bodies are CSV of one column:
 * a body with a comma is no row, and for the dead letters.
 */
import { Broker, Recovery } from '@millrace/broker';
import type { Catalogue } from '@millrace/sql';
import { expect, vi } from 'vitest';
import { RecordingJournal } from '../../../broker/test/support/recording-journal.js';
import { EmbeddedProcessingPlane } from '../../src/jobs/processing-plane.js';
import { EmbeddedMessageAccess } from '../../src/message-access.js';
import { planOf } from './job-fixture.js';
import { text } from './plant.js';

const WINDOW_MS = 5_000;

/** Texts of one meaning, whose state is the same. */
function sqlOf(slideMs: number, variant: number): string {
  const having = variant % 2 === 0 ? '' : 'HAVING count(*) > 0';
  const where = variant % 3 === 0 ? '' : "WHERE key <> 'nothing'";
  return `INSERT INTO results
    SELECT concat_ws(':', CAST(unix_millis(window.start) AS STRING), key, CAST(count(*) AS STRING)) AS body
    FROM STREAM readings ${where} GROUP BY window(time, '${WINDOW_MS} milliseconds', '${slideMs} milliseconds'), key ${having}`;
}

const CATALOGUE: Catalogue = {
  columns: { readings: [{ name: 'key', type: { name: 'STRING' } }] },
  schemas: { readings: { format: 'csv' } },
};

function isRow({ body }: Sent): boolean {
  return !body.includes(',');
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

export class World {
  journal: LedgerJournal;
  broker!: Broker;
  plane!: EmbeddedProcessingPlane;
  recovery!: Recovery;
  access!: EmbeddedMessageAccess;
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
    broker.declare('readings', { type: 'queue', durability: 'message' });
    broker.declare('results', { type: 'queue', durability: 'always' });
    this.access = new EmbeddedMessageAccess(broker);
    this.plane = new EmbeddedProcessingPlane({
      access: this.access,
      otherReceivers: () => 0,
      onFault: (error) => this.faults.push(error),
    });
    this.deploy();
  }

  deploy(): void {
    const sql = sqlOf(this.slideMs, this.variant);
    void this.plane.deploy('job', { sql, onError: 'fail', paused: this.paused }, planOf(sql, CATALOGUE));
  }

  send(bodies: readonly string[], durable = true): void {
    const sender = { settled: () => {}, capacityChanged: () => {}, addressDeleted: () => {} };
    const producer = this.broker.openProducer('readings', sender);
    if (typeof producer === 'string') throw new Error(producer);
    for (const body of bodies) {
      const message = text(body);
      message.address = 'readings';
      message.durable = durable;
      if (durable) this.journal.pending.push({ time: this.broker.nowMs, body });
      expect(producer.send(message, 1)).toBe(durable ? 'pending' : 'accepted');
    }
    producer.close();
  }

  pass(ms: number): void {
    vi.advanceTimersByTime(ms);
    this.broker.tick(Date.now());
  }

  /** Of the batches in flight so many are there. */
  crash(written: number): void {
    const now = Date.now();
    // It sets the clock to what it was at first.
    vi.clearAllTimers();
    vi.setSystemTime(now);
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

  /** Bodies of what lies among the dead letters. */
  get deadLetters(): string[] {
    const browsed = this.broker.browse('dead-letters', { limit: 100_000 }) ?? [];
    return browsed.map(({ message }) => message.bytes.toString('latin1', message.split, message.end)).sort();
  }

  get expectedDeadLetters(): string[] {
    return this.journal.kept
      .filter((sent) => !isRow(sent))
      .map(({ body }) => body)
      .sort();
  }

  get expected(): string[] {
    const counts = new Map<string, number>();
    for (const { time, body } of this.journal.kept.filter(isRow)) {
      for (
        let start = Math.floor(time / this.slideMs) * this.slideMs;
        start > time - WINDOW_MS;
        start -= this.slideMs
      ) {
        counts.set(`${start}:${body}`, (counts.get(`${start}:${body}`) ?? 0) + 1);
      }
    }
    return [...counts].map(([key, count]) => `${key}:${count}`).sort();
  }
}
