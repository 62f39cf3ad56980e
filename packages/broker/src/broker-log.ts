/**
 * What the broker tells the journal, one method a fact. Everything appended in a turn becomes one batch.
 *
 * A journal that keeps nothing gets empty records: order, counts and failures are then as with any other, and nothing
 * is encoded. The layout of records belongs here, and nowhere else.
 */
import type { Journal } from '@millrace/journal';
import { CommitBatch } from './commit-batch.js';
import type { Message } from './message.js';
import type { MessageStore } from './message-store.js';
import type { Turn } from './turn.js';

/** Record types. Numbers are part of the file format: never give one a new meaning. */
export const RecordType = {
  stored: 1,
  settled: 2,
  deliveryCount: 3,
  subscription: 4,
  subscriptionGone: 5,
  retained: 6,
  retainedGone: 7,
  state: 8,
  stateGone: 9,
} as const;
export type RecordType = (typeof RecordType)[keyof typeof RecordType];

const NOTHING = new Uint8Array(0);

export class BrokerLog {
  /**
   * Which stored messages go when the commit fails: those it was to make durable; all, as a transaction's outputs; or
   * none, as a message that was accepted long ago and is now sent on.
   */
  withdraws: 'durable' | 'all' | 'none' = 'durable';
  private readonly journal: Journal;
  private readonly turn: Turn;
  private batch = new CommitBatch();
  private dirty = false;

  /** @throws Error for a journal that keeps records: their layout comes with the first such journal */
  constructor(journal: Journal, turn: Turn) {
    if (journal.durable) throw new Error('the broker cannot encode records for a journal on disk yet');
    this.journal = journal;
    this.turn = turn;
  }

  /** The batch that is being filled. */
  get open(): CommitBatch {
    return this.batch;
  }

  stored(store: MessageStore, sequence: number, _message: Message): void {
    this.append(RecordType.stored);
    if (this.withdraws !== 'none') this.batch.addStored(store, sequence);
  }

  /** A message that needs no record was stored. */
  storedUnwritten(store: MessageStore, sequence: number): void {
    if (this.withdraws === 'all') this.batch.addStored(store, sequence);
  }

  settled(_store: MessageStore, _sequence: number): void {
    this.append(RecordType.settled);
  }

  deliveryCount(_store: MessageStore, _sequence: number, _count: number): void {
    this.append(RecordType.deliveryCount);
  }

  subscription(_name: string, _source: string): void {
    this.append(RecordType.subscription);
  }

  subscriptionGone(_name: string): void {
    this.append(RecordType.subscriptionGone);
  }

  retained(_message: Message): void {
    this.append(RecordType.retained);
  }

  retainedGone(_topic: string): void {
    this.append(RecordType.retainedGone);
  }

  state(_name: string, _bytes: Uint8Array): void {
    this.append(RecordType.state);
  }

  stateGone(_name: string): void {
    this.append(RecordType.stateGone);
  }

  /** Closes the batch. Those who wait in it hear from it when the journal reports, perhaps before this returns. */
  commit(): void {
    const batch = this.batch;
    if (!this.dirty && batch.empty) return;
    this.batch = new CommitBatch();
    if (!this.dirty) {
      batch.finish(false);
      return;
    }
    this.dirty = false;
    this.journal.commit((error) => batch.finish(error !== undefined));
  }

  private append(type: RecordType): void {
    if (!this.turn.open) this.turn.begin();
    this.dirty = true;
    this.journal.append(type, NOTHING, 0, 0);
  }
}
