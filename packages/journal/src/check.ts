/** Looks at a store without changing it: `millrace store check` and `dump`. */
import type { Disk } from './disk.js';
import { JournalDamage } from './errors.js';
import type { JournalRecord } from './journal.js';
import { scanLog } from './log-scan.js';
import { NodeDisk } from './node-disk.js';
import { type Survey, survey } from './survey.js';

export interface SegmentReport {
  readonly file: string;
  readonly bytes: number;
  /** `log`: has records that count. `free`: made ready, or not needed any more. With damage, what is behind it. */
  readonly use: 'log' | 'free';
  readonly batches: number;
  readonly records: number;
  /** Bytes up to the end of the last batch. */
  readonly bytesUsed: number;
}

export interface CheckReport {
  readonly directory: string;
  /** By number. */
  readonly segments: readonly SegmentReport[];
  readonly batches: number;
  readonly records: number;
  /** Where the log is broken; undefined when it is whole. */
  readonly damage: JournalDamage | undefined;
}

export interface StoreOptions {
  /** Default: that of this machine. */
  readonly disk?: Disk;
}

/** @throws JournalLocked when a server has it open, JournalVersion */
export async function check(directory: string, options: StoreOptions = {}): Promise<CheckReport> {
  const { disk = new NodeDisk(directory) } = options;
  return await locked(disk, async () => await checkLog(disk, await survey(disk)));
}

/** `check` for who has the lock. */
export async function checkLog(disk: Disk, found: Survey): Promise<CheckReport> {
  const log = new Map<string, SegmentReport>();
  let damage: JournalDamage | undefined;
  let batches = 0;
  let records = 0;
  try {
    for await (const { file, walk } of scanLog(disk, found)) {
      const before = { batches, records };
      while (walk.next()) {
        batches++;
        records += walk.header.records;
      }
      log.set(file.name, {
        file: file.name,
        bytes: file.size,
        use: 'log',
        batches: batches - before.batches,
        records: records - before.records,
        bytesUsed: walk.offset,
      });
    }
  } catch (error) {
    if (!(error instanceof JournalDamage)) throw error;
    damage = error;
  }
  const segments = found.files.map(
    ({ name, size }): SegmentReport =>
      log.get(name) ?? { file: name, bytes: size, use: 'free', batches: 0, records: 0, bytesUsed: 0 },
  );
  return { directory: disk.directory, segments, batches, records, damage };
}

/** A record and where it lies. */
export interface DumpedRecord extends JournalRecord {
  readonly file: string;
  /** Of its first byte in the file. */
  readonly offset: number;
  /** Sequence of its batch. */
  readonly batch: number;
}

/**
 * Gives all records of the log in order. The object and its bytes are valid until the next one is asked for; positions
 * count from the first batch.
 * @throws JournalDamage behind the last record before it, JournalLocked, JournalVersion
 */
export async function* dump(directory: string, options: StoreOptions = {}): AsyncGenerator<DumpedRecord, void> {
  const { disk = new NodeDisk(directory) } = options;
  const lock = await disk.lock();
  try {
    let position = 0;
    for await (const { file, walk } of scanLog(disk, await survey(disk))) {
      while (walk.next()) {
        const cursor = walk.records(position);
        while (cursor.next()) {
          const { bytes, end, position: at, start, type } = cursor.view;
          yield { type, bytes, start, end, position: at, file: file.name, offset: start, batch: walk.header.sequence };
        }
        position += walk.offset - walk.start;
      }
    }
  } finally {
    await lock.release();
  }
}

export async function locked<T>(disk: Disk, work: () => Promise<T>): Promise<T> {
  const lock = await disk.lock();
  try {
    return await work();
  } finally {
    await lock.release();
  }
}
