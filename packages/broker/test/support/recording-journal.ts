/**
 * A journal in memory that keeps its records, in segments, and can crash: what a journal on disk promises, without a
 * disk. Batches are whole or not there; when one fails, so do those that were handed over behind it; segments go oldest
 * first, when the batch that follows the rewriting of their live records is there.
 */
import { JournalError } from '@millrace/journal';
import type { JournalRecord, Recovery } from '../../src/index.js';
import type { Journal } from '../../src/journal-port.js';
import { type RecordType, TAKING_BACK } from '../../src/log/record-type.js';

const SEGMENT_BYTES = 2000;

interface Batch {
  readonly records: JournalRecord[];
  readonly done: (error: JournalError | undefined) => void;
  /** Segments below this position go when it is there. */
  readonly empties: number;
}

export class RecordingJournal implements Journal {
  readonly durable = true;
  state: NonNullable<Journal['state']> = { kind: 'open' };
  /** On disk, in order. */
  records: JournalRecord[];
  readonly released = new Set<number>();
  /** The last batch that came to be on disk. */
  written: readonly JournalRecord[] = [];
  inFlight: Batch[] = [];
  /** Where batches on disk begin. */
  private begins: number[] = [];
  private open: JournalRecord[] = [];
  private position: number;
  private empties = 0;
  /** What lies before it was emptied. */
  private begin = 0;

  constructor(records: readonly JournalRecord[] = []) {
    this.records = [...records];
    const last = records.at(-1);
    this.position = last === undefined ? 0 : last.position + last.end;
  }

  append(type: number, bytes: Uint8Array, start: number, end: number): number {
    const { position } = this;
    this.open.push({ type, bytes: Buffer.from(bytes.subarray(start, end)), start: 0, end: end - start, position });
    this.position += end - start + 1;
    return position;
  }

  commit(done: (error: JournalError | undefined) => void): void {
    this.inFlight.push({ records: this.open, done, empties: this.empties });
    this.open = [];
  }

  release(position: number, length: number): void {
    if (this.released.has(position)) throw new Error(`${position} is released twice`);
    const record = this.records.find((one) => one.position === position);
    if (record !== undefined && record.end !== length) throw new Error(`${position} has ${record.end}, not ${length}`);
    if (record === undefined && position >= this.begin) {
      throw new Error(`${position} is not on disk`);
    }
    this.released.add(position);
  }

  /** Reads that wait for `answer`. */
  readonly reads: (() => void)[] = [];
  /** Set: every read fails so. */
  readError: JournalError | undefined = undefined;

  read(position: number, length: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.reads.push(() => {
        try {
          resolve(this.readSync(position, length));
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  }

  readSync(position: number, length: number): Uint8Array {
    if (this.readError !== undefined) throw this.readError;
    if (position < this.begin) throw new JournalError(`no record stands at ${position}`);
    const bytes = Buffer.alloc(length, 0xff);
    for (const record of [...this.records, ...this.inFlight.flatMap((batch) => batch.records), ...this.open]) {
      const at = record.position - position;
      if (at >= length || at + record.end <= 0) continue;
      if (at >= 0) bytes.set(record.bytes.subarray(0, length - at), at);
      else bytes.set(record.bytes.subarray(-at, length - at), 0);
    }
    return bytes;
  }

  /** As if there were files of so many bytes. */
  reach(position: number): number {
    return (Math.floor(position / SEGMENT_BYTES) + 1) * SEGMENT_BYTES;
  }

  /** The oldest reads come back. */
  answer(count = this.reads.length): void {
    for (const read of this.reads.splice(0, count)) read();
  }

  /** The oldest batches in flight are there. */
  succeed(count = this.inFlight.length): void {
    for (const { records, done, empties } of this.inFlight.splice(0, count)) {
      if (records.length > 0) this.begins.push(records[0]!.position);
      this.records.push(...records);
      this.written = records;
      this.begin = Math.max(this.begin, empties);
      this.records = this.records.filter((record) => record.position >= this.begin);
      done(undefined);
    }
  }

  /** As a journal that is full, or has failed, decides: what it does not take fails, with all behind it. */
  decide(): void {
    const { kind } = this.state;
    const taken = (type: number) => kind === 'open' || (kind === 'full' && TAKING_BACK.includes(type as RecordType));
    while (this.inFlight[0]?.records.every((record) => taken(record.type))) this.succeed(1);
    this.fail();
  }

  /** All batches in flight never will be. */
  fail(): void {
    this.written = [];
    for (const { done } of this.inFlight.splice(0)) done(new JournalError('no space left'));
    this.empties = 0;
  }

  /** Has the live records of the oldest segments written again; they go with the next batch. */
  empty(recovery: Recovery, segments: number): void {
    const first = this.records[0]?.position ?? 0;
    const last = this.records.at(-1)?.position ?? 0;
    // Only what is on disk can be emptied.
    this.emptyBefore(recovery, Math.min(first + segments * SEGMENT_BYTES, last + 1));
  }

  /** The same with all records before a position. */
  emptyBefore(recovery: Recovery, end: number): void {
    for (const record of this.records.filter((one) => one.position < end)) recovery.rewrite(record);
    this.empties = end;
  }

  /**
   * What is on disk after a crash, when so many batches in flight were written as a whole.
   * @param gone the oldest batches of which nothing is needed are not there any more: a batch written later said so
   */
  crash(written: number, gone = false): RecordingJournal {
    const batches = this.inFlight.slice(0, written).map((batch) => batch.records);
    const crashed = new RecordingJournal([...this.records, ...batches.flat()]);
    crashed.begins = [...this.begins, ...batches.flatMap((records) => records[0]?.position ?? [])];
    // With the batch that is being written it is told what was not needed when that began.
    if (!gone || (written === 0 && this.inFlight.length > 0)) return crashed;
    const needed = this.records.find((one) => !this.released.has(one.position))?.position ?? this.position;
    const begin = this.begins.findLast((one) => one <= needed) ?? 0;
    crashed.records = crashed.records.filter((one) => one.position >= begin);
    return crashed;
  }

  /** Gives everything to a new recovery. */
  replay(recovery: Recovery): void {
    for (const record of this.records) recovery.replay(record);
  }
}
