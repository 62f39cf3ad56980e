/**
 * Makes a damaged store one that opens: `millrace store repair`. The log is cut where it is broken, since what follows may
 * take back or build on what is missing; a header alone is written anew, and nothing is lost. Every file is copied to a
 * directory of its own before it is changed or removed. Stopped at any moment, it can be begun again.
 */
import { aligned, BATCH_HEADER_BYTES, BatchHeader, finishBatch, readBatch } from './batch.js';
import { type CheckReport, checkLog, locked, type StoreOptions } from './check.js';
import type { Disk } from './disk.js';
import { type JournalDamage, JournalError } from './errors.js';
import { newDirectory } from './new-directory.js';
import { NodeDisk } from './node-disk.js';
import { RehearsalDisk } from './rehearsal-disk.js';
import { SEGMENT_HEADER_BYTES, segmentFileName, segmentNumberOf, writeSegmentHeader } from './segment.js';
import { SegmentLoader, type Survey, type SurveyedEnd, type SurveyedFile, survey } from './survey.js';

/** Each step ends with less that is broken; more than this many are not needed. */
const STEPS_BESIDE = 8;
const BACKUP = 'before-repair-';

export interface RepairReport {
  /** What was found, in the order it was mended. Empty: the store was whole, and nothing was done. */
  readonly damage: readonly JournalDamage[];
  /** Directory with the files as they were; undefined when nothing was done. */
  readonly backup: string | undefined;
  /** Files that were changed or removed. */
  readonly changed: readonly string[];
  /** Whole batches, and records in them, that stood behind the damage. What was damaged itself is not counted. */
  readonly lostBatches: number;
  readonly lostRecords: number;
  /** Files that are not there. */
  readonly missing: readonly string[];
  /** What there is now. */
  readonly store: CheckReport;
}

export interface RepairOptions extends StoreOptions {
  /** Finds out what it would do and cost, and changes nothing; `backup` is then where it would copy to. Default: false. */
  readonly dryRun?: boolean;
}

/** @throws JournalLocked, JournalVersion; JournalError when it cannot be mended: nothing is changed then */
export async function repair(directory: string, options: RepairOptions = {}): Promise<RepairReport> {
  const { disk = new NodeDisk(directory), dryRun = false } = options;
  return await locked(disk, async () => await new Repair(dryRun ? new RehearsalDisk(disk) : disk).run());
}

class Repair {
  private readonly disk: Disk;
  private backup: Disk | undefined = undefined;
  private readonly changed = new Set<string>();
  private readonly missing = new Set<string>();
  private lostBatches = 0;
  private lostRecords = 0;

  constructor(disk: Disk) {
    this.disk = disk;
  }

  async run(): Promise<RepairReport> {
    const found: JournalDamage[] = [];
    for (;;) {
      const surveyed = await survey(this.disk);
      const store = await checkLog(this.disk, surveyed);
      const { damage } = store;
      if (damage === undefined) return this.report(found, store);
      if (found.length > surveyed.files.length + STEPS_BESIDE) {
        throw new JournalError('the store is still damaged', { cause: damage });
      }
      found.push(damage);
      await this.mend(surveyed, store, damage);
      await this.disk.syncDirectory();
    }
  }

  private report(damage: readonly JournalDamage[], store: CheckReport): RepairReport {
    const { lostBatches, lostRecords } = this;
    const [changed, missing] = [[...this.changed], [...this.missing]];
    return { damage, backup: this.backup?.directory, changed, missing, lostBatches, lostRecords, store };
  }

  private async mend(surveyed: Survey, store: CheckReport, damage: JournalDamage): Promise<void> {
    const { end, files, seed } = surveyed;
    if (seed === undefined) throw new JournalError('no file has a header that can be read', { cause: damage });
    const file = files.find(({ name }) => name === damage.file);
    if (file !== undefined && damage.offset === 0) await this.writeHeader(file, seed);
    else if (file !== undefined) await this.cut(surveyed, file.number, damage.offset);
    else {
      this.missing.add(damage.file);
      const before = store.segments.findLast(({ use }) => use === 'log');
      if (before === undefined) await this.beginAfter(surveyed, end!, segmentNumberOf(damage.file)!);
      else await this.cut(surveyed, segmentNumberOf(before.file)!, before.bytesUsed);
    }
  }

  private async writeHeader({ name, number }: SurveyedFile, seed: number): Promise<void> {
    await this.keep(name);
    const file = await this.disk.open(name, 'write');
    await file.write(writeSegmentHeader({ number, seed }), 0);
    await file.sync();
    await file.close();
  }

  /** Nothing behind this offset of this segment counts any more. */
  private async cut({ files, seed }: Survey, number: number, offset: number): Promise<void> {
    const loader = new SegmentLoader(this.disk);
    // Later files first: when it is stopped in between, the damage is still the first there is.
    for (const file of files.filter((one) => one.number >= number).reverse()) {
      const bytes = await loader.load(file.name);
      const from = file.number === number ? offset : SEGMENT_HEADER_BYTES;
      this.count(bytes, from, { segment: file.number, seed: seed! });
      await this.keep(file.name);
      if (file.number > number) await this.disk.remove(file.name);
      else await this.clear(file.name, offset, bytes.length);
    }
  }

  private async clear(name: string, offset: number, length: number): Promise<void> {
    const file = await this.disk.open(name, 'write');
    if (length > offset) await file.write(Buffer.alloc(length - offset), offset);
    await file.sync();
    await file.close();
    await this.nameOldest();
  }

  /** Has the log say that it begins behind a segment that is missing. */
  private async beginAfter({ seed }: Survey, end: SurveyedEnd, missing: number): Promise<void> {
    await this.appendEmpty(end, missing + 1, seed!);
  }

  /** The batch that is the last one now may name segments as needed that are not there any more. */
  private async nameOldest(): Promise<void> {
    const { end, files, seed } = await survey(this.disk);
    if (end === undefined) return;
    let oldest = end.segment;
    while (files.some(({ number }) => number === oldest - 1) && oldest > end.oldest) oldest--;
    if (oldest > end.oldest) await this.appendEmpty(end, oldest, seed!);
  }

  private async appendEmpty(end: SurveyedEnd, oldestSegment: number, seed: number): Promise<void> {
    const name = segmentFileName(end.segment);
    await this.keep(name);
    const batch = Buffer.alloc(BATCH_HEADER_BYTES);
    const sequence = end.sequence + 1;
    const fields = { segment: end.segment, sequence, firstOfWrite: sequence, previousCrc: end.crc, oldestSegment };
    finishBatch(batch, 0, { ...fields, length: batch.length, records: 0, nonce: 0 }, seed);
    const file = await this.disk.open(name, 'write');
    await file.write(batch, end.offset);
    await file.sync();
    await file.close();
  }

  private count(
    bytes: Buffer,
    from: number,
    { seed, segment }: { readonly segment: number; readonly seed: number },
  ): void {
    const header = new BatchHeader();
    for (let at = from; at < bytes.length; ) {
      if (readBatch({ bytes, end: bytes.length, segment, seed }, at, header)) {
        this.lostBatches++;
        this.lostRecords += header.records;
        at += aligned(header.length);
      } else at += 8;
    }
  }

  /** Copies a file before it is changed for the first time. */
  private async keep(name: string): Promise<void> {
    if (this.changed.has(name)) return;
    const backup = await this.backupDirectory();
    const bytes = await new SegmentLoader(this.disk).load(name);
    const file = await backup.open(name, 'create');
    await file.write(bytes, 0);
    await file.sync();
    await file.close();
    await backup.syncDirectory();
    this.changed.add(name);
  }

  private async backupDirectory(): Promise<Disk> {
    if (this.backup !== undefined) return this.backup;
    this.backup = await newDirectory(this.disk, BACKUP);
    return this.backup;
  }
}
