/**
 * What files a journal has, and where its log ends. Reads and never writes: opening, `check`, `dump` and `repair` all
 * begin here.
 *
 * The log ends behind the last batch that continues it. What stands behind that is a write that a crash tore, if nothing
 * shows otherwise; a batch of a later write does: then what is missing was there, and is damage.
 */
import { BatchHeader, type BatchPlace, readBatch } from './batch.js';
import type { Disk } from './disk.js';
import { JournalDamage, JournalError, JournalVersion } from './errors.js';
import { FORMAT_VERSION, readSegmentHeader, SEGMENT_HEADER_BYTES, segmentNumberOf } from './segment.js';
import { type LogEnd, latestWrite, MAGIC_BYTES, SegmentWalk } from './segment-walk.js';

/** Is there while a restore puts its files in the place of others: what else is there is neither store. */
export const RESTORE_UNFINISHED = 'restore-unfinished';

const NO_HEADER = 'its header cannot be read';

export interface SurveyedFile {
  readonly number: number;
  readonly name: string;
  readonly size: number;
  /**
   * `whole`: its header names it. `other`: its header names another segment, so that it holds nothing. `damaged`: it
   * has no header that can be read.
   */
  readonly header: 'whole' | 'other' | 'damaged';
}

export interface Survey {
  /** By number. */
  readonly files: readonly SurveyedFile[];
  /** Undefined when no file has a header. */
  readonly seed: number | undefined;
  /** Undefined when there is no batch. */
  readonly end: SurveyedEnd | undefined;
  /** What shows that the log went on behind its end. */
  readonly damage: JournalDamage | undefined;
}

export interface SurveyedEnd extends LogEnd {
  readonly segment: number;
  readonly offset: number;
  /** The oldest segment that is needed. */
  readonly oldest: number;
}

/** Reads whole segments, into the same memory again and again. */
export class SegmentLoader {
  private readonly disk: Disk;
  private bytes = Buffer.alloc(0);

  constructor(disk: Disk) {
    this.disk = disk;
  }

  /** @returns a view that is valid until the next call */
  async load(name: string): Promise<Buffer> {
    const file = await this.disk.open(name, 'read');
    try {
      const size = await file.size();
      if (size > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(size);
      const bytes = this.bytes.subarray(0, size);
      return bytes.subarray(0, await file.read(bytes, 0));
    } finally {
      await file.close();
    }
  }
}

/** @throws JournalVersion; JournalError when a restore stopped half-way */
export async function survey(disk: Disk): Promise<Survey> {
  const { files, seed } = await readHeaders(disk);
  if (seed === undefined) return { files, seed, end: undefined, damage: await batchesWithout(disk, files) };
  return { files, seed, ...(await findEnd(disk, files, seed)) };
}

/** Files without headers are those of a journal that was not made to the end, but not when there are batches. */
async function batchesWithout(disk: Disk, files: readonly SurveyedFile[]): Promise<JournalDamage | undefined> {
  const loader = new SegmentLoader(disk);
  for (const { name } of files) {
    const bytes = await loader.load(name);
    if (bytes.includes(MAGIC_BYTES)) return new JournalDamage({ file: name, offset: 0 }, NO_HEADER);
  }
  return undefined;
}

async function readHeaders(disk: Disk): Promise<{ files: SurveyedFile[]; seed: number | undefined }> {
  const files: SurveyedFile[] = [];
  let seed: number | undefined;
  const names = await disk.list();
  if (names.includes(RESTORE_UNFINISHED)) {
    throw new JournalError(`a restore into ${disk.directory} was not finished: run it again, with --force`);
  }
  for (const name of names.sort()) {
    const number = segmentNumberOf(name);
    if (number === undefined) continue;
    const { bytes, size } = await readHeaderBytes(disk, name);
    const header = readSegmentHeader(bytes);
    if (header !== undefined && header.version > FORMAT_VERSION) {
      const versions = `format version ${header.version}; this program knows ${FORMAT_VERSION} and older ones`;
      throw new JournalVersion(`${name} in ${disk.directory} is of ${versions}`);
    }
    if (header !== undefined && seed !== undefined && header.seed !== seed) {
      throw new JournalVersion(`${name} in ${disk.directory} belongs to another journal than the files before it`);
    }
    seed ??= header?.seed;
    const kind = header === undefined ? 'damaged' : header.number === number ? 'whole' : 'other';
    files.push({ number, name, size, header: kind });
  }
  return { files, seed };
}

async function readHeaderBytes(disk: Disk, name: string): Promise<{ bytes: Buffer; size: number }> {
  const file = await disk.open(name, 'read');
  try {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
    const filled = await file.read(bytes, 0);
    return { bytes: bytes.subarray(0, filled), size: await file.size() };
  } finally {
    await file.close();
  }
}

type End = Pick<Survey, 'end' | 'damage'>;

/** Begins with the newest segment. Damage nearest to the end of the log is what is named. */
async function findEnd(disk: Disk, files: readonly SurveyedFile[], seed: number): Promise<End> {
  const loader = new SegmentLoader(disk);
  /** Of a segment without a batch at its start. */
  let beyond: { readonly file: string; readonly firstOfWrite: number } | undefined;
  let damage: JournalDamage | undefined;
  for (const { header, name, number } of [...files].reverse()) {
    if (header === 'other') continue;
    const bytes = await loader.load(name);
    const place: BatchPlace = { bytes, end: bytes.length, segment: number, seed };
    if (header === 'damaged') {
      if (holdsBatches(place)) damage = new JournalDamage({ file: name, offset: 0 }, NO_HEADER);
      continue;
    }
    const end = endOf(place);
    const later = latestWrite(place, end?.offset ?? SEGMENT_HEADER_BYTES);
    if (end === undefined) {
      if (later !== undefined) beyond = { file: name, firstOfWrite: later.firstOfWrite };
      continue;
    }
    if (beyond !== undefined && beyond.firstOfWrite > end.sequence + 1) damage = missingBefore(beyond.file);
    if (later !== undefined && later.firstOfWrite > end.sequence + 1) {
      const what = `a batch of a later write stands at ${later.offset}`;
      damage = new JournalDamage({ file: name, offset: end.offset }, what);
    }
    return { end, damage };
  }
  if (beyond !== undefined && beyond.firstOfWrite > 1) damage = missingBefore(beyond.file);
  return { end: undefined, damage };
}

function missingBefore(file: string): JournalDamage {
  return new JournalDamage({ file, offset: SEGMENT_HEADER_BYTES }, 'batches of a later write follow');
}

function holdsBatches(place: BatchPlace): boolean {
  return readBatch(place, SEGMENT_HEADER_BYTES, new BatchHeader()) || latestWrite(place, 0) !== undefined;
}

/** @returns undefined when no batch stands at the segment's start */
function endOf(place: BatchPlace): SurveyedEnd | undefined {
  const walk = new SegmentWalk(place, undefined);
  let oldest = 0;
  while (walk.next()) oldest = walk.header.oldestSegment;
  return walk.last === undefined ? undefined : { ...walk.last, segment: place.segment, offset: walk.offset, oldest };
}
