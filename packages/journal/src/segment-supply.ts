/**
 * Files for segments to come: prepared in full length with their header on disk before they are written, so that a write
 * changes no metadata. What is not needed any more is used again. Keeps count of all bytes on disk, and does not go
 * beyond the limit.
 *
 * The last ready segments are kept for what frees others: new records leave three of them, records that take something
 * back leave two, and what empties a segment may take all. Two hold what one had, whatever else was committed with it.
 *
 * A pin keeps segments that are in use now from being used again, also when nothing in them is needed any more: a backup
 * copies them. It is for as long as there is room without them; then it is lost before anybody is refused.
 */
import type { JournalClock } from './clock.js';
import { type Disk, type DiskFile, isNoSpace } from './disk.js';
import { SEGMENT_HEADER_BYTES, segmentFileName, writeSegmentHeader } from './segment.js';

export const KEPT_BY_NEW = 3;
export const KEPT_BY_REMOVALS = 2;
const READY = KEPT_BY_NEW + 1;
/** Files without use that are not removed. */
const FREE_MAX = 2;
const RETRY_MS = 1000;
const ZEROS = Buffer.alloc(1024 ** 2);

export interface SegmentFile {
  readonly name: string;
  readonly size: number;
}

export interface PreparedSegment {
  readonly number: number;
  readonly file: DiskFile;
  readonly size: number;
}

/** How far a segment is filled. */
export interface SegmentExtent {
  readonly number: number;
  /** Bytes up to the end of its last batch that is on disk. */
  readonly used: number;
}

export interface SegmentPin {
  /** Told why, when the segments are about to be used again all the same. */
  onLost: (reason: string) => void;
  /** Segments before this one may be used again. */
  advance(number: number): void;
  release(): void;
}

interface SegmentInUse {
  readonly number: number;
  size: number;
  used: number;
}

export interface SegmentSupplyOptions {
  readonly disk: Disk;
  readonly clock: JournalClock;
  readonly segmentBytes: number;
  readonly limitBytes: number;
  readonly seed: number;
  /** Number of the next segment. */
  readonly next: number;
  /** Segments in use, oldest first. */
  readonly inUse: readonly { readonly number: number; readonly size: number; readonly used: number }[];
  /** Files that hold nothing that is needed. */
  readonly free: readonly SegmentFile[];
  /** There are more ready segments than before, or it is known that there will be none. */
  readonly changed: () => void;
  /** The disk failed. */
  readonly failed: (error: Error) => void;
  /** A segment is about to be used as another one. */
  readonly freed: (number: number) => void;
}

export class SegmentSupply {
  /** Why no more can be made ready. */
  full: 'limit' | 'disk' | undefined = undefined;
  bytesOnDisk = 0;
  private readonly options: SegmentSupplyOptions;
  private readonly inUse: SegmentInUse[];
  /** Not needed any more, but for the pin; oldest first. */
  private readonly held: SegmentInUse[] = [];
  private pinned: { from: number; readonly to: number; readonly pin: SegmentPin } | undefined = undefined;
  private readonly free: SegmentFile[];
  private readonly ready: PreparedSegment[] = [];
  private next: number;
  private work: Promise<void> | undefined = undefined;
  private starting = false;
  private preparing = false;
  /** There is more to do than the work under way knew. */
  private again = false;
  private closed = false;
  private retrying = false;

  constructor(options: SegmentSupplyOptions) {
    this.options = options;
    this.inUse = options.inUse.map(({ number, size, used }) => ({ number, size, used }));
    this.free = [...options.free];
    this.next = options.next;
    for (const { size } of [...this.inUse, ...this.free]) this.bytesOnDisk += size;
  }

  get readyCount(): number {
    return this.ready.length;
  }

  /** Makes segments ready in the background. */
  fill(): void {
    if (this.closed) return;
    if (this.starting || this.work !== undefined) {
      this.again = true;
      return;
    }
    this.again = false;
    // What it does at once may ask for more, before it is known to be under way.
    this.starting = true;
    this.work = this.run()
      .catch((error: Error) => this.options.failed(error))
      .finally(() => {
        this.work = undefined;
        if (this.again) this.fill();
      });
    this.starting = false;
  }

  /** @param keep ready ones that must be left @returns 'wait' until `changed`, 'none' when that would not help */
  take(keep: number): PreparedSegment | 'wait' | 'none' {
    if (this.ready.length <= keep) return this.full === undefined || this.mayGetOne ? 'wait' : 'none';
    const taken = this.ready.shift()!;
    this.inUse.push({ number: taken.number, size: taken.size, used: 0 });
    this.fill();
    return taken;
  }

  /** Though it was full a moment ago: a file has come free, or is on its way. */
  private get mayGetOne(): boolean {
    return this.preparing || this.held.length > 0 || (this.full === 'limit' && this.free.length > 0);
  }

  /** Whether a segment may become so much longer. */
  mayGrow(bytes: number): boolean {
    const beyond = this.bytesOnDisk + bytes - this.options.limitBytes;
    if (beyond <= 0) return true;
    let held = 0;
    for (const { size } of this.held) held += size;
    // They are removed in a moment.
    return beyond <= held && this.losePin();
  }

  /** Segments that have batches on disk and are needed still, oldest first. */
  extents(): SegmentExtent[] {
    return this.inUse.filter(({ used }) => used > SEGMENT_HEADER_BYTES).map(({ number, used }) => ({ number, used }));
  }

  /** Keeps all segments that are in use. @returns undefined when there is a pin already */
  pin(): SegmentPin | undefined {
    if (this.pinned !== undefined) return undefined;
    const pin: SegmentPin = {
      onLost: () => undefined,
      advance: (number) => {
        if (this.pinned?.pin === pin) this.releaseBefore(number);
      },
      release: () => {
        if (this.pinned?.pin !== pin) return;
        this.releaseBefore(Number.POSITIVE_INFINITY);
        this.pinned = undefined;
      },
    };
    this.pinned = { from: this.inUse[0]?.number ?? 0, to: this.inUse.at(-1)?.number ?? 0, pin };
    return pin;
  }

  /** @returns whether that made room, or is about to */
  losePin(): boolean {
    const { pinned } = this;
    if (pinned === undefined || this.held.length === 0) return false;
    pinned.pin.onLost('the room of what it was to copy is needed');
    pinned.pin.release();
    return true;
  }

  /** Batches up to here are on disk in the segment that was taken last. */
  grew(size: number): void {
    const last = this.inUse.at(-1)!;
    last.used = size;
    if (size <= last.size) return;
    this.bytesOnDisk += size - last.size;
    last.size = size;
  }

  /** That segments before this one are not needed stands on disk. */
  freeBefore(oldest: number): void {
    let freed = false;
    while (this.inUse.length > 1 && this.inUse[0]!.number < oldest) {
      const segment = this.inUse.shift()!;
      if (this.isPinned(segment.number)) this.held.push(segment);
      else this.letGo(segment);
      freed = true;
    }
    if (freed) this.fill();
  }

  private isPinned(number: number): boolean {
    return this.pinned !== undefined && number >= this.pinned.from && number <= this.pinned.to;
  }

  private releaseBefore(number: number): void {
    this.pinned!.from = number;
    if (this.held.length === 0) return;
    while (this.held.length > 0 && this.held[0]!.number < number) this.letGo(this.held.shift()!);
    this.fill();
  }

  private letGo({ number, size }: SegmentInUse): void {
    this.options.freed(number);
    this.free.push({ name: segmentFileName(number), size });
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.work;
    for (const { file } of this.ready) await file.close();
  }

  private async run(): Promise<void> {
    while (!this.closed) {
      if (this.ready.length < READY && (await this.prepare())) this.options.changed();
      else if (this.free.length > FREE_MAX) await this.removeOne();
      else break;
    }
    if (this.full !== undefined) this.options.changed();
  }

  private async removeOne(): Promise<void> {
    const { name, size } = this.free.pop()!;
    await this.options.disk.remove(name);
    this.bytesOnDisk -= size;
  }

  /** @returns false when there is no room */
  private async prepare(): Promise<boolean> {
    const { limitBytes, segmentBytes } = this.options;
    const name = segmentFileName(this.next);
    const same = this.free.findIndex((file) => file.name === name);
    const used = same >= 0 ? this.free.splice(same, 1)[0] : this.free.shift();
    if (used === undefined && this.bytesOnDisk + segmentBytes > limitBytes) {
      if (this.losePin()) return await this.prepare();
      this.full = 'limit';
      return false;
    }
    this.preparing = true;
    try {
      if (used !== undefined && used.name !== name) await this.options.disk.rename(used.name, name);
      const file = await this.written(name, used?.size ?? 0);
      this.bytesOnDisk += segmentBytes - (used?.size ?? 0);
      this.ready.push({ number: this.next++, file, size: segmentBytes });
      this.full = undefined;
      return true;
    } catch (error) {
      if (!isNoSpace(error)) throw error;
      await this.undo(name, used);
      if (this.losePin()) return await this.prepare();
      this.noSpace();
      return false;
    } finally {
      this.preparing = false;
    }
  }

  private async written(name: string, size: number): Promise<DiskFile> {
    const { disk, seed, segmentBytes } = this.options;
    const file = await disk.open(name, 'create');
    try {
      if (size > segmentBytes) await file.truncate(segmentBytes);
      for (let at = size; at < segmentBytes; at += ZEROS.length) {
        await file.write(ZEROS.subarray(0, Math.min(ZEROS.length, segmentBytes - at)), at);
      }
      await file.write(writeSegmentHeader({ number: this.next, seed }), 0);
      await file.sync();
      await disk.syncDirectory();
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  private async undo(name: string, used: SegmentFile | undefined): Promise<void> {
    const { disk } = this.options;
    const names = await disk.list();
    if (used === undefined) {
      // What there is of it takes room from others.
      if (names.includes(name)) await disk.remove(name);
    } else this.free.unshift({ name: names.includes(name) ? name : used.name, size: used.size });
  }

  private noSpace(): void {
    this.full = 'disk';
    if (this.retrying) return;
    this.retrying = true;
    this.options.clock.after(RETRY_MS, () => {
      this.retrying = false;
      this.fill();
    });
  }
}
