/**
 * What the broker and its journal ask of each other.
 *
 * The broker appends and commits. It counts on this:
 *  - a batch is there as a whole after a crash, or not at all, and batches are there in order;
 *  - `done` comes in the order of commits; when one fails, so do all that were handed over before that was reported;
 *  - positions rise, within a run and from run to run;
 *  - segments go oldest first, also those of which every record was released. Before one goes that holds any record
 *    that was not released, each of its records is passed to the owner's `rewrite`, and the commit after that is on disk.
 */
import type { Journal as RecordJournal } from '@millrace/journal';

export interface Journal extends RecordJournal {
  /**
   * `full`: only batches of records that take something back, and those that empty a segment, are still taken.
   * `failed`, `closed`: none. Default: always open.
   */
  readonly state?: { readonly kind: 'open' | 'full' | 'failed' | 'closed' };
  /**
   * A record is not needed any more: `length` bytes of it at the `position` that `append` returned. Comes once for each
   * record, and only for such as are on disk; its segment may be gone already.
   */
  release?(position: number, length: number): void;
  /**
   * Reads bytes at a record's position. One read may go over several records, and what lies between them, up to
   * `reach`. Without these three, all that is stored stays in memory.
   */
  read?(position: number, length: number): Promise<Uint8Array>;
  /** The same on this thread. */
  readSync?(position: number, length: number): Uint8Array;
  /** The position up to which can be read in one go what begins at this one. */
  reach?(position: number): number;
}

/** A journal that gives back what was written to it. */
export type ReadableJournal = Required<Pick<Journal, 'read' | 'readSync' | 'reach'>>;

export function isReadable(journal: Journal): journal is Journal & ReadableJournal {
  return journal.durable && journal.read !== undefined && journal.readSync !== undefined && journal.reach !== undefined;
}

/** A record as the journal hands it over; its bytes stay the journal's. */
export interface JournalRecord {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** What `append` returned for it. */
  readonly position: number;
}

export interface JournalOwner {
  /** Takes one record while the journal is opened, in the order of positions. Throws for what it does not know. */
  replay(record: JournalRecord): void;
  /** The record's segment is to be emptied: writes it again when it is still needed. A commit follows in any case. */
  rewrite(record: JournalRecord): void;
}
