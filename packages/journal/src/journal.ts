/**
 * What must survive, as records in atomic batches. The broker appends records as it works and commits once a turn: all
 * that was appended since the last commit becomes one batch, wholly there after a crash or wholly not.
 *
 * A record is opaque here: a small type number and bytes. The journal does NOT know messages, and never interprets order
 * beyond "as appended".
 */
import type { JournalError, JournalFailed } from './errors.js';

export interface Journal {
  /**
   * Appends one record to the open batch. The bytes are copied before the call returns. Never throws for want of room:
   * that is what `commit` reports.
   *
   * @param type 0 to 255
   * @returns the record's position: a safe integer above 0 that rises with each record. It holds until the journal is
   *   closed or its owner is told another one by `rewrite`; the next run has other positions
   */
  append(type: number, bytes: Uint8Array, start: number, end: number): number;
  /**
   * Closes the open batch and makes it durable. `done` is called once, in the order of commits: without an error when
   * it is on disk, with one when it never will be. After a `JournalFull` nothing of the batch is there after a restart;
   * after a `JournalFailed` that could not be made sure of, and it may be there as a whole. When a batch fails, so do
   * those that were committed behind it before its failure was told. May be called before `commit` returns.
   */
  commit(done: (error: JournalError | undefined) => void): void;
  /** True when records are kept across a restart. False: callers may skip encoding them. */
  readonly durable: boolean;
  /**
   * A record is not needed any more. Call it once for each record, when the batch that makes it useless is on disk,
   * never before. Ignored when the record's segment is gone already.
   *
   * @param position what `append` returned
   * @param length bytes of the record, `end - start`
   */
  release?(position: number, length: number): void;
}

/** One record as it lies in the journal. The object and its bytes are the journal's, valid during the call. */
export interface JournalRecord {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly position: number;
}

/** What the journal asks of whoever keeps records in it. */
export interface JournalOwner {
  /** Takes one record, in the order they were appended, while the journal opens. What it throws ends the opening. */
  replay(record: JournalRecord): void;
  /**
   * The oldest segment is to be emptied; never before the owner's first commit. Appends the record anew if it is needed still, at once or by the end of its
   * turn. A commit must follow each turn in which this was called, even if nothing is appended: when the first commit
   * after the segment's last record is on disk, the segment goes, with whatever was not written again. When a commit
   * fails meanwhile, the segment's records are asked for again.
   *
   * The old record may be released as any other; that changes nothing any more once its segment is gone.
   */
  rewrite(record: JournalRecord): void;
}

export type JournalState =
  | { readonly kind: 'open' }
  /**
   * There is no room for more, by the limit of bytes or because the disk is full. Owners refuse what is new before
   * they append it. Batches of nothing but records that take something back (`reserveTypes`), and those that empty a
   * segment, are still taken.
   */
  | { readonly kind: 'full'; readonly cause: 'limit' | 'disk' }
  /** A write or its sync failed: nothing is taken until the journal is opened anew. */
  | { readonly kind: 'failed'; readonly error: JournalFailed }
  | { readonly kind: 'closed' };

/** Plain counts since the journal was opened, and sizes as they are now. */
export interface JournalFigures {
  readonly batches: number;
  readonly records: number;
  /** Writes made durable, each of one or more batches. */
  readonly syncs: number;
  readonly bytesWritten: number;
  readonly commitsRefused: number;
  /** Segments emptied by writing their live records again, and the bytes that lived in them. */
  readonly segmentsEmptied: number;
  readonly bytesRewritten: number;
  /** Segments that hold records, and the bytes in them. */
  readonly segments: number;
  readonly bytesUsed: number;
  /** Bytes of records that are not released. */
  readonly bytesLive: number;
  /** Bytes of all files, with those kept ready. */
  readonly bytesOnDisk: number;
  /** Committed, not on disk yet. */
  readonly bytesPending: number;
  /** What was found damaged while a segment was emptied: `check` tells more. */
  readonly damage: JournalError | undefined;
}

/** A journal whose records can be given up and read back. */
export interface DurableJournal extends Journal {
  readonly durable: true;
  readonly state: JournalState;
  release(position: number, length: number): void;
  /**
   * Reads `length` bytes at a record's position, or at an offset into the record, on disk yet or not. Of what is on disk
   * several records can be read in one go, with what lies in between: up to `reach`. The bytes are the caller's. @throws JournalError when no such record is there, and what the disk says
   */
  read(position: number, length: number): Promise<Buffer>;
  /** The same on the caller's thread. */
  readSync(position: number, length: number): Buffer;
  /** The position up to which what is on disk can be read in one go from this one on. */
  reach(position: number): number;
  figures(): JournalFigures;
  /**
   * Begins a backup of what is on disk at this moment: all that was accepted, and nothing that comes later. Its chunks
   * are read as they are asked for; accepting goes on meanwhile, and has precedence: when the room of segments that are
   * not copied yet is needed, the backup is given up. So it is when its reader asks for nothing for more than a minute.
   * @param now what the backup says of when it was made. Default: the system's
   * @returns 'under-way' while there is another one @throws JournalError when the journal is closed
   */
  backup(now?: Date): AsyncIterableIterator<Uint8Array> | 'under-way';
  /** Makes durable what is committed, and lets go of the directory. An open batch is dropped. */
  close(): Promise<void>;
}

/** The first implementation: nothing is kept beyond the process, every commit succeeds at once. */
export class MemoryJournal implements Journal {
  readonly durable = false;
  private sequence = 0;

  append(): number {
    return ++this.sequence;
  }

  commit(done: (error: JournalError | undefined) => void): void {
    done(undefined);
  }
}
