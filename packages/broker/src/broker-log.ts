/**
 * What the broker tells the journal. Everything appended in a turn becomes one batch.
 *
 *     during the turn    a message when the next one comes, with all stores that hold it; delivery counts
 *     at its end         what was settled, in runs; late records: how stores, retained messages and keys are now
 *
 * A record is given up (`Journal.release`) when the batch that makes it useless is on disk, never before: until then a
 * crash brings back what it held. A batch that fails is not on disk and never will be; what its records said of things
 * that are so all the same is written again with the next `retry`.
 *
 * A journal that keeps nothing gets empty records: order, counts and failures are then as with any other, and nothing
 * is encoded. Layouts: log/.
 */
import { type JournalError, JournalFull } from '@millrace/journal';
import { CommitBatch, type MovedMessage } from './commit-batch.js';
import { FailedBatches } from './failed-batches.js';
import type { Journal, JournalRecord } from './journal-port.js';
import { writeDeliveryCount } from './log/delivery-count-record.js';
import type { LateRecord, RecordPlace } from './log/late-record.js';
import { Holders, writeMessage, writeMessageAgain } from './log/message-record.js';
import { NOWHERE, RecordType } from './log/record-type.js';
import { RecordWriter } from './log/record-writer.js';
import { beginSettled, RANGES_MAX, writeRange } from './log/settled-record.js';
import { type SettledRun, SettledRuns } from './log/settled-runs.js';
import type { StoreRecord } from './log/store-record.js';
import type { Message } from './message.js';
import type { MessageStore } from './message-store.js';
import { COUNTED_APART, SharedRecords } from './shared-records.js';
import type { StoredDelivery } from './stored-delivery.js';
import type { Turn } from './turn.js';

const NOTHING = new Uint8Array(0);

export class BrokerLog {
  /**
   * Which stored messages go when the commit fails: those it was to make durable; all, as a transaction's outputs; or
   * none, as a message that was accepted long ago and is now sent on.
   */
  withdraws: 'durable' | 'all' | 'none' = 'durable';
  /** Stores by their number in the journal. */
  readonly stores = new Map<number, MessageStore>();
  /** Version of the last change of a key. */
  version = 0;
  /** Number of the last store. */
  lastStore = 0;
  /** Records up to here are on disk. */
  durablePosition = NOWHERE;
  /** Called when it rose. */
  written: (() => void) | undefined = undefined;
  /** Holders of records that several stores share, where messages do not count them. */
  readonly shared: SharedRecords;
  private readonly journal: Journal;
  private readonly turn: Turn;
  private readonly writer = new RecordWriter();
  private readonly holders = new Holders();
  private batch = new CommitBatch();
  private inFlight: CommitBatch | undefined = undefined;
  private dirty = false;
  /** The message whose holders are still being gathered. */
  private message: Message | undefined = undefined;
  private readonly settledRuns = new SettledRuns();
  private readonly consumedRuns = new SettledRuns();
  /** Of those the open batch has records that were written again. */
  private readonly movedDeliveries = new Set<StoredDelivery>();
  private readonly late = new Set<LateRecord>();
  private readonly failed = new FailedBatches();
  /** A segment is to go with the next batch. */
  private emptying = false;

  constructor(journal: Journal, turn: Turn, shared = new SharedRecords()) {
    this.journal = journal;
    this.turn = turn;
    this.shared = shared;
  }

  /** The batch that is being filled. */
  get open(): CommitBatch {
    return this.batch;
  }

  get durable(): boolean {
    return this.journal.durable;
  }

  /** Why nothing new can be made durable now; undefined: it can. */
  get refusal(): 'journal-full' | 'journal-failed' | undefined {
    const kind = this.journal.state?.kind ?? 'open';
    if (kind === 'open') return undefined;
    return kind === 'full' ? 'journal-full' : 'journal-failed';
  }

  /** Whether this owned message lies in the journal already, so that another store needs one of its own. */
  holds(message: Message): boolean {
    return message.recordHolders > 0 && message !== this.message;
  }

  stored(store: MessageStore, sequence: number, message: Message): void {
    if (this.withdraws === 'none') this.batch.kept.push({ store, sequence, message });
    else this.batch.addStored(store, sequence);
    this.addHolder(store, sequence, { message, count: 0 });
  }

  /** A message that needs no record was stored. */
  storedUnwritten(store: MessageStore, sequence: number): void {
    if (this.withdraws === 'all') this.batch.addStored(store, sequence);
  }

  /** A durable message has left this store. */
  settled(store: MessageStore, sequence: number, message: Message): void {
    if (!this.journal.durable) {
      this.append(RecordType.settled);
      return;
    }
    if (message === this.message) this.writeMessage();
    // Its commit failed: there is nothing to settle.
    if (message.recordPosition === NOWHERE) return;
    this.touch();
    this.settledRuns.add(store, sequence, sequence);
    this.gaveUp(message);
  }

  /** A message of which nothing is here was settled, and the record that says so may go before the message's own. */
  settledAgain(id: number, sequence: number): void {
    const store = this.stores.get(id);
    if (store === undefined) return;
    this.touch();
    this.settledRuns.add(store, sequence, sequence);
  }

  /** A transaction takes it out of this store, if its commit succeeds; then `consumedForGood` follows. */
  consumed(store: MessageStore, sequence: number, message: Message): void {
    if (!this.journal.durable) {
      this.append(RecordType.settled);
      return;
    }
    if (message === this.message) this.writeMessage();
    if (message.recordPosition === NOWHERE) return;
    this.touch();
    this.consumedRuns.add(store, sequence, sequence);
  }

  /** Its record is written again meanwhile, behind what says so: that is said once more, in the same batch. */
  consumedAgain(delivery: StoredDelivery): void {
    this.touch();
    this.movedDeliveries.add(delivery);
  }

  /** The transaction failed. */
  notConsumed(delivery: StoredDelivery): void {
    this.movedDeliveries.delete(delivery);
  }

  consumedForGood(message: Message): void {
    if (this.journal.durable) this.gaveUp(message);
  }

  deliveryCount(store: MessageStore, sequence: number, { message, count }: { message: Message; count: number }): void {
    if (this.journal.durable) {
      if (message === this.message) this.writeMessage();
      if (message.recordPosition === NOWHERE) return;
      this.batch.counted.push({ store, sequence, message });
      writeDeliveryCount(this.writer, { store: store.record!.id, sequence, count });
    }
    this.appendPassing(RecordType.deliveryCount);
  }

  /** A store that is to be there after a restart, or one of which that has changed. */
  storeOpened(store: MessageStore): void {
    const record = store.record!;
    if (record.id === 0) {
      record.id = ++this.lastStore;
      this.stores.set(record.id, store);
    }
    this.later(record);
  }

  /** A store is deleted with all that is in it; the caller gives up what it held by `gaveUp`. */
  storeGone(record: StoreRecord): void {
    if (record.id === 0) return;
    this.stores.delete(record.id);
    record.gone = true;
    this.later(record);
  }

  /**
   * A store does not hold this message any more; with the last one its record is useless, once the batch that is open
   * now is on disk.
   */
  gaveUp(message: Message): void {
    if (message === this.message) this.writeMessage();
    const { recordHolders, recordPosition } = message;
    if (recordHolders === COUNTED_APART) {
      this.gaveUpRecord(recordPosition, message.recordLength);
      return;
    }
    if (recordHolders === 0 || --message.recordHolders > 0 || recordPosition === NOWHERE) return;
    this.batch.release(recordPosition, message.recordLength);
  }

  /** The same of a message that is not in memory. */
  gaveUpRecord(position: number, length: number): void {
    if (this.shared.giveUp(position) === 0) this.batch.release(position, length);
  }

  /** A message that is not in memory has left this store. */
  settledRecord(store: MessageStore, sequence: number, record: { position: number; length: number }): void {
    this.touch();
    this.settledRuns.add(store, sequence, sequence);
    this.gaveUpRecord(record.position, record.length);
  }

  /** Has it written at the end of the turn. */
  later(record: LateRecord): void {
    this.touch();
    this.late.add(record);
  }

  /** Writes what is to hold if this batch's commit succeeds; the caller keeps account of it. @returns its position */
  stage(record: LateRecord): number {
    this.writeMessage();
    if (!this.journal.durable) return this.append(RecordType.kept);
    const { type, lives } = record.write(this.writer)!;
    record.length = this.writer.length;
    return lives ? this.append(type) : this.appendPassing(type);
  }

  /** Gives up a record that a batch on disk has made useless. */
  release(position: number, length: number): void {
    if (position !== NOWHERE) this.journal.release?.(position, length);
  }

  /** Writes a message's record again, for those that hold it still: `stores` has them by the number of the holder. */
  move(record: JournalRecord, holders: Holders, stores: readonly MessageStore[]): void {
    this.writeMessage();
    const { position } = record;
    writeMessageAgain(this.writer, record, holders);
    const { length } = this.writer;
    const movedTo = this.append(RecordType.stored);
    const sequences = holders.sequences.slice(0, holders.length);
    for (let i = 0; i < stores.length; i++) stores[i]!.blocks.recordMoved(sequences[i]!, movedTo, length);
    this.shared.move(position, movedTo);
    this.batch.moved.push({ position, length: record.end - record.start, movedTo, stores, sequences });
  }

  /**
   * A segment of the journal may go with the next batch. What has been taken back, by whatever is not on disk yet, is
   * not written again: so that batch says all that failed ones did, too.
   */
  empties(): void {
    this.touch();
    this.emptying = true;
  }

  /**
   * Whether the open batch has nothing to say but what was settled. Nobody waits for that: written with what comes next, it
   * needs no sync of its own.
   */
  get onlySettled(): boolean {
    if (!this.journal.durable || this.settledRuns.empty || this.emptying || this.message !== undefined) return false;
    const { batch } = this;
    return batch.lastPosition === NOWHERE && batch.empty && this.late.size === 0 && this.consumedRuns.empty;
  }

  /** Closes the batch. Those who wait in it hear from it when the journal reports, perhaps before this returns. */
  commit(): void {
    if (this.emptying) this.retryNow();
    this.writeMessage();
    if (!this.settledRuns.empty) for (const runs of this.settledRuns.take()) this.writeRuns(runs, this.batch.settled);
    for (const { member, sequence } of this.movedDeliveries) {
      this.consumedRuns.add(member.group.store, sequence, sequence);
    }
    this.movedDeliveries.clear();
    if (!this.consumedRuns.empty) for (const runs of this.consumedRuns.take()) this.writeRuns(runs, undefined);
    if (this.late.size > 0) this.writeLate();
    this.emptying = false;
    const { batch, dirty } = this;
    if (!dirty && batch.empty) return;
    this.batch = new CommitBatch();
    this.dirty = false;
    if (dirty) {
      this.inFlight = batch;
      this.journal.commit((error) => this.reported(batch, error));
    } else if (this.inFlight === undefined) this.succeeded(batch);
    else {
      this.inFlight.followers ??= [];
      this.inFlight.followers.push(batch);
    }
  }

  /** Has what failed batches said, and still is so, written with the next one; less and less often while that fails. */
  retry(): void {
    const { refusal } = this;
    if (this.late.size > 0 && refusal === undefined) this.touch();
    if (refusal !== 'journal-failed' && this.failed.tick()) this.retryNow();
  }

  private retryNow(): void {
    const failed = this.failed.take(this.refusal === undefined || this.emptying ? 'all' : 'settlements');
    if (failed.length === 0) return;
    this.touch();
    for (const batch of failed) {
      for (const { store, first, last } of batch.settled) {
        if (!store.record!.gone) this.settledRuns.add(store, first, last);
      }
      for (const record of batch.late) this.late.add(record);
      for (const { store, sequence, message } of batch.kept) {
        if (store.blocks.messageAt(sequence) !== message) continue;
        this.batch.kept.push({ store, sequence, message });
        this.addHolder(store, sequence, { message, count: store.countIn(store.blocks.slotAt(sequence), sequence) });
      }
      for (const { store, sequence, message } of batch.counted) {
        if (store.blocks.messageAt(sequence) !== message) continue;
        this.deliveryCount(store, sequence, { message, count: store.countIn(store.blocks.slotAt(sequence), sequence) });
      }
      batch.releasedPositions.forEach((position, i) => {
        this.batch.release(position, batch.releasedLengths[i]!);
      });
    }
  }

  private addHolder(
    store: MessageStore,
    sequence: number,
    { message, count }: { readonly message: Message; readonly count: number },
  ): void {
    if (!this.journal.durable) {
      this.append(RecordType.stored);
      return;
    }
    if (message !== this.message) {
      this.writeMessage();
      this.touch();
      this.message = message;
      message.recordHolders = 0;
    }
    const record = store.record!;
    if (record.id === 0) this.storeOpened(store);
    this.holders.add(record.id, sequence, count);
    message.recordHolders++;
  }

  private writeMessage(): void {
    const { message, holders } = this;
    if (message === undefined) return;
    this.message = undefined;
    writeMessage(this.writer, message, holders);
    holders.clear();
    message.recordLength = this.writer.length;
    message.recordPosition = this.append(RecordType.stored);
  }

  private writeRuns(runs: SettledRun[], into: SettledRun[] | undefined): void {
    const { id } = runs[0]!.store.record!;
    for (let from = 0; from < runs.length; from += RANGES_MAX) {
      beginSettled(this.writer, id);
      for (const { first, last } of runs.slice(from, from + RANGES_MAX)) writeRange(this.writer, first, last);
      this.appendPassing(RecordType.settled);
    }
    if (into !== undefined) for (const run of runs) into.push(run);
  }

  private writeLate(): void {
    const { batch, late, writer } = this;
    // What nobody waits for is not to stop what a full journal still takes.
    const heldBack: LateRecord[] = [];
    const holdsBack = this.refusal !== undefined && batch.nothingNewAwaited && !this.emptying;
    for (const record of late) {
      if (!this.journal.durable) {
        this.append(RecordType.kept);
        continue;
      }
      const written = record.write(writer);
      if (holdsBack && written?.lives) {
        heldBack.push(record);
        continue;
      }
      const replaced = record.superseded ? [] : takePlaces(record);
      if (written === undefined) {
        for (const { position, length } of replaced) batch.release(position, length);
        continue;
      }
      for (const place of replaced) batch.replaced.push({ by: record, place });
      batch.late.push(record);
      record.position = written.lives ? this.append(written.type) : this.appendPassing(written.type);
      record.length = writer.length;
      if (written.lives && record.takenBackBy !== undefined) moveToEnd(late, record.takenBackBy);
    }
    late.clear();
    for (const record of heldBack) late.add(record);
  }

  private reported(batch: CommitBatch, error: JournalError | undefined): void {
    if (this.inFlight === batch) this.inFlight = undefined;
    if (error !== undefined) {
      this.undo(batch);
      batch.finish(error instanceof JournalFull ? 'journal-full' : 'journal-failed');
    } else {
      // A batch may have nothing to say in the end.
      this.durablePosition = Math.max(this.durablePosition, batch.lastPosition);
      this.failed.succeeded();
      this.succeeded(batch);
    }
    if (batch.followers !== undefined) for (const follower of batch.followers) this.succeeded(follower);
    if (error === undefined) this.written?.();
    // What transactions have consumed meanwhile need not wait for another batch.
    if (!this.dirty && this.inFlight === undefined) this.releaseAll(this.batch);
  }

  private succeeded(batch: CommitBatch): void {
    this.releaseAll(batch);
    const { passingPositions, passingLengths } = batch;
    for (let i = 0; i < passingPositions.length; i++) this.release(passingPositions[i]!, passingLengths[i]!);
    for (const { position, length } of batch.moved) this.release(position, length);
    for (const { place } of batch.replaced) this.release(place.position, place.length);
    for (const record of batch.late) {
      if (!record.superseded || record.position > this.durablePosition) continue;
      this.release(record.position, record.length);
      record.position = NOWHERE;
    }
    batch.finish(undefined);
  }

  private releaseAll({ releasedPositions, releasedLengths }: CommitBatch): void {
    for (let i = 0; i < releasedPositions.length; i++) this.release(releasedPositions[i]!, releasedLengths[i]!);
    releasedPositions.length = 0;
    releasedLengths.length = 0;
  }

  private undo(batch: CommitBatch): void {
    if (!this.journal.durable) return;
    const { durablePosition } = this;
    batch.keepReleases((position) => position <= durablePosition);
    this.batch.keepReleases((position) => position <= durablePosition || position > batch.lastPosition);
    for (const moved of batch.moved.reverse()) this.undoMove(moved, batch);
    for (const record of batch.late) record.position = NOWHERE;
    for (const { by, place } of batch.replaced.splice(0)) {
      if (place.position > durablePosition) continue;
      if (by.superseded) batch.release(place.position, place.length);
      else by.replaces = [...(by.replaces ?? []), place];
    }
    for (const { message } of batch.kept) {
      message.recordPosition = NOWHERE;
      message.recordHolders = 0;
    }
    this.failed.add(batch);
  }

  private undoMove({ position, length, movedTo, stores, sequences }: MovedMessage, batch: CommitBatch): void {
    let held = false;
    for (let i = 0; i < stores.length; i++) {
      if (stores[i]!.blocks.recordAt(sequences[i]!) !== movedTo) continue;
      stores[i]!.blocks.recordMoved(sequences[i]!, position, length);
      held = true;
    }
    if (held) this.shared.move(movedTo, position);
    // What took it back may not be on disk either.
    else batch.release(position, length);
  }

  private append(type: RecordType): number {
    this.touch();
    const { batch, journal, writer } = this;
    batch.lastPosition = journal.durable
      ? journal.append(type, writer.bytes, 0, writer.length)
      : journal.append(type, NOTHING, 0, 0);
    return batch.lastPosition;
  }

  /** One that takes something back, and is of no use itself. */
  private appendPassing(type: RecordType): typeof NOWHERE {
    const { batch } = this;
    batch.passingPositions.push(this.append(type));
    batch.passingLengths.push(this.writer.length);
    return NOWHERE;
  }

  private touch(): void {
    if (!this.turn.open) this.turn.begin();
    this.dirty = true;
  }
}

/** Where records lie of which this one has nothing to say any more, or says it anew. */
function takePlaces(record: LateRecord): RecordPlace[] {
  const { position, length, replaces = [] } = record;
  record.position = NOWHERE;
  record.replaces = undefined;
  return position === NOWHERE ? replaces : [...replaces, { position, length }];
}

/** What walks through the set comes to them last. */
function moveToEnd(late: Set<LateRecord>, records: Iterable<LateRecord>): void {
  for (const one of records) {
    late.delete(one);
    late.add(one);
  }
}
