/**
 * Records to be read back, put together into few reads: what lies close by in the journal is read at once, with what
 * lies in between.
 */
import type { ReadableJournal } from './journal-port.js';

/** What lies between two records is read too, up to so many bytes. */
const GAP_BYTES = 16 * 1024;
/** One read is not longer, but for a single record. */
const RUN_BYTES = 1024 ** 2;

interface Run {
  readonly start: number;
  end: number;
  bytes: Uint8Array | undefined;
}

export class RecordRuns {
  private readonly journal: ReadableJournal;
  private readonly runs: Run[] = [];
  /** Up to here, what follows the last run's start can be read in one go. */
  private reach = 0;
  private recent = 0;
  private readonly durablePosition: number;

  /** @param durablePosition records behind it may be under way to the disk: each of those is read for itself */
  constructor(journal: ReadableJournal, durablePosition: number) {
    this.journal = journal;
    this.durablePosition = durablePosition;
  }

  add(position: number, length: number): void {
    const last = this.runs.at(-1);
    const end = position + length;
    const near = last !== undefined && position >= last.start && position <= last.end + GAP_BYTES;
    if (near && position <= this.durablePosition && end <= this.reach && end - last.start <= RUN_BYTES) {
      if (end > last.end) last.end = end;
      return;
    }
    this.runs.push({ start: position, end, bytes: undefined });
    this.reach = position <= this.durablePosition ? this.journal.reach(position) : position;
  }

  /** One after another, so that the disk has time for others. @throws what the journal says */
  async read(): Promise<void> {
    for (const run of this.runs) run.bytes = await this.journal.read(run.start, run.end - run.start);
  }

  readSync(): void {
    for (const run of this.runs) run.bytes = this.journal.readSync(run.start, run.end - run.start);
  }

  /** Whether this record was to be read. */
  covers(position: number, length: number): boolean {
    return this.runs.some(({ start, end }) => position >= start && position + length <= end);
  }

  /** Where the record lies that was read; undefined when it was not. */
  find(position: number, length: number): { readonly bytes: Uint8Array; readonly at: number } | undefined {
    for (let tried = 0; tried < this.runs.length; tried++) {
      const { bytes, end, start } = this.runs[this.recent]!;
      if (position >= start && position + length <= end) {
        return bytes === undefined ? undefined : { bytes, at: position - start };
      }
      this.recent = (this.recent + 1) % this.runs.length;
    }
    return undefined;
  }
}
