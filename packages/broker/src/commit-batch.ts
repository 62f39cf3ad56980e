/**
 * What waits for one commit of the journal: senders for their outcome, stored messages for staying, transactions; and
 * what follows from it for the journal itself: records that are not needed any more when it is on disk, and what must
 * be written again when it is not.
 */
import type { LateRecord, RecordPlace } from './log/late-record.js';
import { NOWHERE } from './log/record-type.js';
import type { SettledRun } from './log/settled-runs.js';
import type { Message } from './message.js';
import type { MessageStore } from './message-store.js';
import type { Outcome, RefusalReason } from './outcome.js';
import { Outcome as Outcomes } from './outcome.js';
import type { Sender } from './ports.js';

export interface BatchListener {
  committed(refusal: RefusalReason | undefined): void;
}

/** A message, where it was when the record was made. */
export interface KeptMessage {
  readonly store: MessageStore;
  readonly sequence: number;
  readonly message: Message;
}

/** A message's record that was written again, where it lay before, and in which stores the message then was. */
export interface MovedMessage {
  readonly position: number;
  readonly length: number;
  readonly movedTo: number;
  readonly stores: readonly MessageStore[];
  readonly sequences: readonly number[];
}

export class CommitBatch {
  readonly settled: SettledRun[] = [];
  /** Stored messages that stay when the commit fails. */
  readonly kept: KeptMessage[] = [];
  /** Messages whose delivery count it has. */
  readonly counted: KeptMessage[] = [];
  readonly moved: MovedMessage[] = [];
  readonly late: LateRecord[] = [];
  /** Records that those make useless. */
  readonly replaced: { readonly by: LateRecord; readonly place: RecordPlace }[] = [];
  /** Records that the batch makes useless. */
  readonly releasedPositions: number[] = [];
  readonly releasedLengths: number[] = [];
  /** Its own records that take something back: they are never needed themselves (see live-records.ts). */
  readonly passingPositions: number[] = [];
  readonly passingLengths: number[] = [];
  /** Position of its last record. */
  lastPosition = NOWHERE;
  /** Batches without records that were closed after it: they are told after it. */
  followers: CommitBatch[] | undefined = undefined;
  private readonly senders: Sender[] = [];
  private readonly tags: number[] = [];
  /** Runs of stored messages, so that a flood into one queue is one entry. */
  private readonly stores: MessageStore[] = [];
  private readonly firsts: number[] = [];
  private readonly lasts: number[] = [];
  private readonly listeners: BatchListener[] = [];
  /** Those of them that wait for nothing new. */
  private patient = 0;

  get empty(): boolean {
    return this.senders.length === 0 && this.stores.length === 0 && this.listeners.length === 0;
  }

  /** Whether nobody waits for anything new in it. */
  get nothingNewAwaited(): boolean {
    return this.senders.length === 0 && this.stores.length === 0 && this.listeners.length === this.patient;
  }

  addSender(sender: Sender, tag: number): void {
    this.senders.push(sender);
    this.tags.push(tag);
  }

  /** Remembers a stored message, to withdraw it should the commit fail. */
  addStored(store: MessageStore, sequence: number): void {
    const last = this.stores.length - 1;
    if (last >= 0 && this.stores[last] === store && this.lasts[last] === sequence - 1) {
      this.lasts[last] = sequence;
      return;
    }
    this.stores.push(store);
    this.firsts.push(sequence);
    this.lasts.push(sequence);
  }

  addListener(listener: BatchListener): void {
    this.listeners.push(listener);
  }

  /** One that waits only for what the batch takes back. */
  addPatient(listener: BatchListener): void {
    this.patient++;
    this.listeners.push(listener);
  }

  release(position: number, length: number): void {
    this.releasedPositions.push(position);
    this.releasedLengths.push(length);
  }

  /** Keeps of the records it makes useless those for which `there` holds: the others never came to be. */
  keepReleases(there: (position: number) => boolean): void {
    const { releasedPositions, releasedLengths } = this;
    let kept = 0;
    for (let i = 0; i < releasedPositions.length; i++) {
      const position = releasedPositions[i]!;
      if (!there(position)) continue;
      releasedPositions[kept] = position;
      releasedLengths[kept++] = releasedLengths[i]!;
    }
    releasedPositions.length = kept;
    releasedLengths.length = kept;
  }

  /** @param reason why it is not on disk, and never will be; undefined: it is */
  finish(reason: RefusalReason | undefined): void {
    const failed = reason !== undefined;
    if (failed) {
      for (let i = 0; i < this.stores.length; i++) this.stores[i]!.withdraw(this.firsts[i]!, this.lasts[i]!);
    }
    const outcome: Outcome = failed ? Outcomes.rejected : Outcomes.accepted;
    for (let i = 0; i < this.senders.length; i++) this.senders[i]!.settled(this.tags[i]!, outcome, reason);
    for (const listener of this.listeners) listener.committed(reason);
  }
}
