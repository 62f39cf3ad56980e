/**
 * Copies the log of a journal that goes on working, as it was at one moment: the segments that were in use then, each up
 * to the end of its last batch that was on disk. While they are copied they are not used again (segment-supply.ts); each
 * is let go of as soon as it was read. What is copied is checked batch for batch, so that a backup with damage in it is
 * never made.
 *
 * It asks for nothing while its reader does not: a chunk is read when it is wanted. When the room that it holds is
 * needed, when its reader wants nothing for a minute, or when the journal is closed, it is given up: the last frame says
 * so, and then the iteration throws.
 */
import { END_BODY_BYTES, FRAME_HEADER_BYTES, FrameKind, finishFrame, writeBackupHeader } from './backup-format.js';
import type { JournalClock } from './clock.js';
import type { Disk, DiskFile } from './disk.js';
import { JournalDamage, JournalError } from './errors.js';
import { LogVerifier } from './log-verifier.js';
import { segmentFileName } from './segment.js';
import type { SegmentExtent, SegmentPin } from './segment-supply.js';

/** Read, checked and handed over at once: a fraction of a millisecond. */
const CHUNK_BYTES = 256 * 1024;
export const BACKUP_STALL_MS = 60_000;

export interface BackupOptions {
  readonly disk: Disk;
  readonly clock: JournalClock;
  readonly seed: number;
  readonly pin: SegmentPin;
  /** Of the moment, oldest first. */
  readonly extents: readonly SegmentExtent[];
  /** ms since the epoch. */
  readonly createdAt: number;
}

export class Backup implements AsyncIterableIterator<Uint8Array> {
  private readonly options: BackupOptions;
  private readonly frames: AsyncGenerator<Uint8Array, void>;
  private readonly verifier: LogVerifier;
  /** Why it is given up. */
  private failure: JournalError | undefined = undefined;
  private ended = false;
  private crc = 0;
  /** A chunk was asked for since the clock was last looked at. */
  private wanted = true;
  private asking = false;

  constructor(options: BackupOptions) {
    this.options = options;
    this.verifier = new LogVerifier(options.seed);
    this.frames = this.copy();
    options.pin.onLost = (reason) => this.giveUp(reason);
    this.watch();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** @throws JournalError when it was given up, JournalDamage for what was found */
  async next(): Promise<IteratorResult<Uint8Array, void>> {
    this.wanted = true;
    this.asking = true;
    try {
      return await this.frames.next();
    } finally {
      this.asking = false;
    }
  }

  /** No more of it is wanted. */
  async return(): Promise<IteratorResult<Uint8Array, void>> {
    this.end();
    this.failure ??= new JournalError('the backup was ended by its reader');
    return await this.frames.return();
  }

  /** @param reason as a sentence's end, behind "the backup was given up: " */
  giveUp(reason: string): void {
    if (this.ended) return;
    this.failure ??= new JournalError(`the backup was given up: ${reason}`);
    this.end();
  }

  private async *copy(): AsyncGenerator<Uint8Array, void> {
    const { createdAt, extents, pin, seed } = this.options;
    try {
      let bytes = 0;
      for (const { used } of extents) bytes += used;
      const header = writeBackupHeader({ seed, segments: extents.length, bytes, createdAt });
      this.crc = header.readUInt32LE(header.length - 4);
      yield header;
      for (const extent of extents) {
        yield* this.copySegment(extent);
        pin.advance(extent.number + 1);
      }
      yield this.endMark();
    } catch (found) {
      // Of a backup that was given up, whatever else goes wrong comes of that.
      const error = this.failure ?? (found as Error);
      this.end();
      yield this.frame(
        Buffer.concat([Buffer.alloc(FRAME_HEADER_BYTES), Buffer.from(error.message)]),
        FrameKind.givenUp,
      );
      throw error;
    } finally {
      this.end();
    }
  }

  private async *copySegment({ number, used }: SegmentExtent): AsyncGenerator<Uint8Array, void> {
    this.mayGoOn();
    const file = await this.options.disk.open(segmentFileName(number), 'read');
    try {
      this.verifier.begin(number);
      for (let at = 0; at < used; at += CHUNK_BYTES) {
        yield await this.copyChunk(file, { number, at, length: Math.min(CHUNK_BYTES, used - at) });
      }
      this.verifier.end();
    } finally {
      await file.close();
    }
  }

  private async copyChunk(
    file: DiskFile,
    { at, length, number }: { readonly number: number; readonly at: number; readonly length: number },
  ): Promise<Buffer> {
    this.mayGoOn();
    const frame = Buffer.allocUnsafeSlow(FRAME_HEADER_BYTES + length);
    const body = frame.subarray(FRAME_HEADER_BYTES);
    const filled = await file.read(body, at);
    // The file may have been given something else to hold, from when it was given up on.
    this.mayGoOn();
    if (filled < length) {
      throw new JournalDamage({ file: segmentFileName(number), offset: at + filled }, 'it ends there');
    }
    this.verifier.take(body);
    return this.frame(frame, FrameKind.segment, { segment: number, offset: at });
  }

  private endMark(): Buffer {
    const frame = Buffer.alloc(FRAME_HEADER_BYTES + END_BODY_BYTES);
    frame.writeBigUInt64LE(BigInt(this.verifier.batches), FRAME_HEADER_BYTES);
    frame.writeBigUInt64LE(BigInt(this.verifier.records), FRAME_HEADER_BYTES + 8);
    return this.frame(frame, FrameKind.end);
  }

  private frame(frame: Buffer, kind: FrameKind, place = { segment: 0, offset: 0 }): Buffer {
    this.crc = finishFrame(frame, { kind, ...place }, this.crc);
    return frame;
  }

  private mayGoOn(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  private watch(): void {
    this.options.clock.after(BACKUP_STALL_MS, () => {
      if (this.ended) return;
      if (!this.wanted && !this.asking) this.giveUp('its reader took nothing for more than a minute');
      this.wanted = false;
      this.watch();
    });
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.options.pin.release();
  }
}
