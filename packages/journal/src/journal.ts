/**
 * What must survive, as records in atomic batches. The broker appends records as it works and commits once a turn: all
 * that was appended since the last commit becomes one batch, wholly there after a crash or wholly not.
 *
 * A record is opaque here: a small type number and bytes. The journal does NOT know messages, and never interprets order
 * beyond "as appended".
 */
export interface Journal {
  /**
   * Appends one record to the open batch. The bytes are copied before the call returns.
   * @returns the record's sequence number, rising by one from 1
   */
  append(type: number, bytes: Uint8Array, start: number, end: number): number;
  /**
   * Closes the open batch and makes it durable. `done` is called once, in the order of commits: without an error when
   * it is on disk, with one when it never will be (nothing of the batch is then there after a restart). May be called
   * before `commit` returns.
   */
  commit(done: (error: JournalError | undefined) => void): void;
  /** True when records are kept across a restart. False: callers may skip encoding them. */
  readonly durable: boolean;
}

export class JournalError extends Error {
  override readonly name = 'JournalError';
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
