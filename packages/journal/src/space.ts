/**
 * What of each segment is needed still. Segments go oldest first, also when a younger one holds nothing: so a record that
 * takes something back stays as long as what it takes back.
 */
import { BATCH_HEADER_BYTES, RECORD_HEADER_BYTES } from './batch.js';
import type { PositionMap } from './position-map.js';

/** Segments that may be in use beside twice the live bytes. */
export const SEGMENTS_BESIDE = 4;
/** The same when there is no room, and how much more than the live bytes is used then at least. */
const SEGMENTS_BESIDE_FULL = 2;
const USE_FULL = 1.25;

/** How much room there is: for all; not for what is new; not even for what takes something back. */
export type Room = 'enough' | 'reserve' | 'none';

export interface SegmentUse {
  readonly number: number;
  /** Bytes up to the end of its last batch. */
  used: number;
  /** Bytes of records that are not released. */
  live: number;
}

export class Space {
  usedBytes = 0;
  liveBytes = 0;
  private readonly segments: SegmentUse[];
  private readonly positions: PositionMap;
  private readonly segmentBytes: number;

  /** @param segments oldest first, without gaps; the last one is being written */
  constructor(segments: SegmentUse[], parts: { readonly positions: PositionMap; readonly segmentBytes: number }) {
    this.segments = segments;
    this.positions = parts.positions;
    this.segmentBytes = parts.segmentBytes;
    for (const { used, live } of segments) {
      this.usedBytes += used;
      this.liveBytes += live;
    }
  }

  /** Nothing before this segment is needed. */
  get oldest(): SegmentUse {
    return this.segments[0]!;
  }

  get count(): number {
    return this.segments.length;
  }

  /** A write is on disk. @param live bytes of its records with their headers */
  written(segment: number, end: number, live: number): void {
    let use = this.segments.at(-1)!;
    if (use.number !== segment) {
      use = { number: segment, used: 0, live: 0 };
      this.segments.push(use);
      this.dropDead();
    }
    this.usedBytes += end - use.used;
    this.liveBytes += live;
    use.used = end;
    use.live += live;
  }

  release(position: number, length: number): void {
    const number = this.positions.segmentOf(position);
    const { oldest } = this;
    if (number < oldest.number) return;
    const use = this.segments[number - oldest.number];
    const bytes = length + RECORD_HEADER_BYTES;
    if (use === undefined || use.live < bytes) {
      throw new RangeError(`record ${position} of ${length} bytes is released before it is on disk, or twice`);
    }
    use.live -= bytes;
    this.liveBytes -= bytes;
    if (use.live === 0 && use === oldest) this.dropDead();
  }

  /** The oldest segment was emptied: what lives of it stands in a younger one. */
  dropOldest(): void {
    this.drop();
    this.dropDead();
  }

  /**
   * More is used than live records need, so that the oldest segment is to be emptied. Where there is no room at all,
   * whatever it gains: nothing else would end that.
   */
  isWasteful(room: Room): boolean {
    const { liveBytes, segmentBytes, usedBytes } = this;
    if (this.segments.length < 2) return false;
    if (usedBytes > 2 * liveBytes + SEGMENTS_BESIDE * segmentBytes) return true;
    if (room === 'enough') return false;
    return usedBytes > (room === 'none' ? 1 : USE_FULL) * liveBytes + SEGMENTS_BESIDE_FULL * segmentBytes;
  }

  private dropDead(): void {
    while (this.segments.length > 1 && this.oldest.live === 0) this.drop();
  }

  private drop(): void {
    const use = this.segments.shift()!;
    this.usedBytes -= use.used;
    this.liveBytes -= use.live;
    this.positions.dropBefore(this.oldest.number);
  }
}

/** Bytes of a batch's records with their headers. */
export function liveBytesOf(batchLength: number): number {
  return batchLength - BATCH_HEADER_BYTES;
}
