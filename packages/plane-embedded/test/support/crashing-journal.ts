/**
 * A journal that is durable in memory: batches are on its disk as a whole or not at all, in order, and what is not on it
 * is not there after a crash. By default each batch is written at once; `holds` keeps them back until `write`.
 */
import type { Journal, JournalRecord } from '@millrace/broker';
import { TAKING_BACK } from '@millrace/broker';
import { JournalError } from '@millrace/journal';

interface Batch {
  readonly records: JournalRecord[];
  readonly done: (error: JournalError | undefined) => void;
}

export class CrashingJournal implements Journal {
  readonly durable = true;
  state: { readonly kind: 'open' | 'full' | 'failed' } = { kind: 'open' };
  holds = false;
  /** On disk, in order. */
  readonly records: JournalRecord[];
  readonly inFlight: Batch[] = [];
  private open: JournalRecord[] = [];
  private position: number;

  constructor(records: readonly JournalRecord[] = []) {
    this.records = [...records];
    this.position = (records.at(-1)?.position ?? 0) + 1;
  }

  append(type: number, bytes: Uint8Array, start: number, end: number): number {
    const position = this.position++;
    this.open.push({ type, bytes: Buffer.from(bytes.subarray(start, end)), start: 0, end: end - start, position });
    return position;
  }

  commit(done: (error: JournalError | undefined) => void): void {
    this.inFlight.push({ records: this.open, done });
    this.open = [];
    if (!this.holds) this.write();
  }

  release(): void {}

  /** What is on disk after a crash, when so many batches in flight had been written and not reported. */
  crash(written = 0): CrashingJournal {
    const flown = this.inFlight.slice(0, written).flatMap((batch) => batch.records);
    return new CrashingJournal([...this.records, ...flown]);
  }

  /** The oldest batches in flight reach the disk, or are refused. */
  write(count = this.inFlight.length): void {
    for (const { records, done } of this.inFlight.splice(0, count)) {
      const { kind } = this.state;
      const isTaken = kind === 'open' || (kind === 'full' && records.every(({ type }) => isTakingBack(type)));
      if (isTaken) this.records.push(...records);
      done(isTaken ? undefined : new JournalError('no space left'));
    }
  }
}

function isTakingBack(type: number): boolean {
  return (TAKING_BACK as readonly number[]).includes(type);
}
