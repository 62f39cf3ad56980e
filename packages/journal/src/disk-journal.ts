/**
 * The journal on disk: puts its parts together and is what the owner talks to.
 *
 *     append ─► BatchBuffer ─► LogWriter ─► DiskFile          release ─► Space ─► oldest segment ─┐
 *                                 ▲                                                              │
 *                                 └──── SegmentSupply ◄──── segments that are not needed ────────┤
 *     rewrite ◄──────────────────────── Emptying ◄───────── too much is used ────────────────────┘
 *
 * What it promises, and why it can, stands in docs/adr/0007-journal.md.
 */
import { randomBytes } from 'node:crypto';
import { Backup } from './backup.js';
import { BatchBuffer } from './batch-buffer.js';
import { type Beginning, begin, type Foundation } from './beginning.js';
import { type JournalClock, systemClock } from './clock.js';
import type { Disk, DiskLock } from './disk.js';
import { Emptying } from './emptying.js';
import { JournalError } from './errors.js';
import type { DurableJournal, JournalFigures, JournalOwner, JournalState } from './journal.js';
import { type CommitDone, type CommitListener, LogWriter } from './log-writer.js';
import { NodeDisk } from './node-disk.js';
import { PositionMap } from './position-map.js';
import { segmentFileName } from './segment.js';
import type { SegmentReader } from './segment-reader.js';
import type { SegmentSupply } from './segment-supply.js';
import type { Space } from './space.js';
import { SegmentLoader, survey } from './survey.js';

const SEGMENT_BYTES = 16 * 1024 ** 2;
const SEGMENT_BYTES_MIN = 4096;
const SEGMENT_BYTES_MAX = 1024 ** 3;
const BATCH_BYTES_MAX = 64 * 1024 ** 2;
const RECORD_TYPES = 256;

export interface DiskJournalOptions {
  /** Made when it is not there. */
  readonly directory: string;
  readonly owner: JournalOwner;
  /**
   * Segments of another size are read as they are. Default: 16 MiB, or a sixteenth of `limitBytes` when that is less.
   */
  readonly segmentBytes?: number;
  /** A larger batch is refused; it lies in memory until it is on disk. Default: 64 MiB. */
  readonly batchBytesMax?: number;
  /** All files together. At least eight segments. Default: no limit but the disk. */
  readonly limitBytes?: number;
  /**
   * Types of records that take something back: they are still taken when there is no room for others. Default: none.
   */
  readonly reserveTypes?: readonly number[];
  /** Called at each change, from within whatever caused it. Default: nobody is told. */
  readonly onStateChange?: (state: JournalState) => void;
  /** Default: that of this machine, in `directory`. */
  readonly disk?: Disk;
  /** Default: that of the system. */
  readonly clock?: JournalClock;
  /** 32 random bits. Default: the system's. */
  readonly random?: () => number;
}

export class DiskJournal implements DurableJournal {
  readonly durable = true;
  private readonly foundation: Foundation;
  private readonly positions: PositionMap;
  private readonly lock: DiskLock;
  private readonly space: Space;
  private readonly supply: SegmentSupply;
  private readonly reader: SegmentReader;
  private readonly buffer: BatchBuffer;
  private readonly writer: LogWriter;
  private readonly emptying: Emptying;
  /** The last backup that was begun. */
  private running: Backup | undefined = undefined;

  /**
   * Locks the directory, replays what it has to the owner, and is ready to append.
   * @throws JournalLocked, JournalDamage, JournalVersion, JournalFull when there is no room for a first segment
   */
  static async open(options: DiskJournalOptions): Promise<DiskJournal> {
    const { clock = systemClock, disk = new NodeDisk(options.directory), random = random32 } = options;
    const { limitBytes = Number.POSITIVE_INFINITY, segmentBytes = segmentBytesFor(limitBytes) } = options;
    if (segmentBytes < SEGMENT_BYTES_MIN || segmentBytes > SEGMENT_BYTES_MAX || segmentBytes % 8 !== 0) {
      throw new RangeError(`segmentBytes is ${segmentBytes}: 4 KiB to 1 GiB, in steps of 8`);
    }
    await disk.make();
    const lock = await disk.lock();
    try {
      const found = await survey(disk);
      const { seed = random() } = found;
      const foundation = { disk, clock, random, segmentBytes, seed, positions: new PositionMap(), lock };
      const { owner } = options;
      const beginning = await begin(foundation, found, { limitBytes, owner });
      return new DiskJournal(options, foundation, beginning);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  private constructor(options: DiskJournalOptions, foundation: Foundation, beginning: Beginning) {
    const { clock, disk, positions, random, seed, segmentBytes } = foundation;
    this.foundation = foundation;
    const { hooks, isShort, nextPosition, offset, reader, segment, space, supply } = beginning;
    this.positions = positions;
    this.lock = foundation.lock;
    this.space = space;
    this.supply = supply;
    this.reader = reader;
    const { batchBytesMax = BATCH_BYTES_MAX } = options;
    const place = { segment, offset: isShort ? segmentBytes : offset };
    const reserveTypes = typeTable(options.reserveTypes ?? []);
    this.buffer = new BatchBuffer({ segmentBytes, batchBytesMax, reserveTypes, positions, place, nextPosition });
    this.writer = new LogWriter({
      ...beginning,
      buffer: this.buffer,
      seed,
      segmentBytes,
      random,
      clock,
      listener: this.listener(options.onStateChange),
    });
    const loader = new SegmentLoader(disk);
    this.emptying = new Emptying({
      owner: options.owner,
      clock,
      space,
      positions,
      seed,
      load: (number) => loader.load(segmentFileName(number)),
      pendingBytes: () => this.buffer.pendingBytes,
      nextCommit: () => this.writer.nextCommit,
      room: () => this.writer.room,
      emptied: () => {
        this.writer.pump();
        this.emptying.check();
      },
    });
    hooks.changed = () => this.writer.supplyChanged();
    hooks.failed = (error) => this.writer.fail(error);
    supply.fill();
    this.writer.confirm();
  }

  get state(): JournalState {
    return this.writer.state;
  }

  append(type: number, bytes: Uint8Array, start: number, end: number): number {
    return this.buffer.append(type, bytes, start, end);
  }

  commit(done: CommitDone): void {
    const { asked } = this.emptying;
    this.emptying.asked = false;
    this.emptying.allowed = true;
    this.writer.commit(done, asked);
  }

  release(position: number, length: number): void {
    const { number } = this.space.oldest;
    this.space.release(position, length);
    if (this.space.oldest.number !== number) this.writer.pump();
    this.emptying.check();
  }

  async read(position: number, length: number): Promise<Buffer> {
    const found = this.buffer.find(position, length);
    if (found !== undefined) return Buffer.from(found);
    return await this.reader.read(this.segmentOf(position), this.positions.offsetOf(position), length);
  }

  readSync(position: number, length: number): Buffer {
    const found = this.buffer.find(position, length);
    if (found !== undefined) return Buffer.from(found);
    return this.reader.readSync(this.segmentOf(position), this.positions.offsetOf(position), length);
  }

  reach(position: number): number {
    return this.positions.reach(position);
  }

  figures(): JournalFigures {
    const { buffer, emptying, space, supply, writer } = this;
    return {
      batches: writer.batches,
      records: writer.records,
      syncs: writer.syncs,
      bytesWritten: writer.bytesWritten,
      commitsRefused: writer.commitsRefused,
      segmentsEmptied: emptying.segmentsEmptied,
      bytesRewritten: emptying.bytesRewritten,
      segments: space.count,
      bytesUsed: space.usedBytes,
      bytesLive: space.liveBytes,
      bytesOnDisk: supply.bytesOnDisk,
      bytesPending: buffer.pendingBytes,
      damage: emptying.damage,
    };
  }

  backup(now: Date = new Date()): AsyncIterableIterator<Uint8Array> | 'under-way' {
    if (this.state.kind === 'closed') throw new JournalError('the journal is closed');
    const extents = this.supply.extents();
    const pin = this.supply.pin();
    if (pin === undefined) return 'under-way';
    const { clock, disk, seed } = this.foundation;
    this.running = new Backup({ disk, clock, seed, pin, extents, createdAt: now.getTime() });
    return this.running;
  }

  async close(): Promise<void> {
    this.running?.giveUp('the journal is closed');
    this.emptying.stop();
    await this.writer.close();
    await this.supply.close();
    await this.reader.close();
    await this.lock.release();
  }

  private listener(onStateChange: ((state: JournalState) => void) | undefined): CommitListener {
    return {
      committed: (number) => this.emptying.committed(number),
      commitFailed: () => this.emptying.commitFailed(),
      written: () => this.emptying.check(),
      stateChanged: (state) => {
        if (state.kind === 'failed') this.emptying.stop();
        else this.emptying.check();
        onStateChange?.(state);
      },
    };
  }

  private segmentOf(position: number): number {
    const segment = this.positions.segmentOf(position);
    if (segment < this.space.oldest.number) throw new JournalError(`no record stands at position ${position}`);
    return segment;
  }
}

/** For a store that may take so many bytes: small enough that those that are kept ready leave room for messages. */
export function segmentBytesFor(limitBytes: number): number {
  const part = Math.floor(limitBytes / 16 / SEGMENT_BYTES_MIN) * SEGMENT_BYTES_MIN;
  return Math.max(SEGMENT_BYTES_MIN, Math.min(SEGMENT_BYTES, part));
}

function typeTable(types: readonly number[]): boolean[] {
  const table = new Array<boolean>(RECORD_TYPES).fill(false);
  for (const type of types) table[type] = true;
  return table;
}

function random32(): number {
  return randomBytes(4).readUInt32LE();
}
