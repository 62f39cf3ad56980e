/**
 * Gathers records into batches in memory, and says where each batch goes. The batch being filled stands last; before it
 * those that are sealed and wait for the disk, or are on their way there. Does not write, and reports nothing.
 *
 * A batch lies in one segment. When it would reach beyond the segment's end it goes to the next one, unless it is large:
 * then the segment grows, so that little room is lost at the ends of segments.
 */
import { aligned, BATCH_HEADER_BYTES, RECORD_HEADER_BYTES } from './batch.js';
import { CHUNK_BYTES, Chunk, type WriteGroup, type WritePart } from './chunk.js';
import type { PositionMap } from './position-map.js';
import { SEGMENT_HEADER_BYTES } from './segment.js';

/** A chunk takes no further batch from here on. */
const CHUNK_FULL = CHUNK_BYTES / 2;
/** A write takes no further chunk from here on. */
const WRITE_BYTES = 4 * 1024 ** 2;
const SPARE_CHUNKS = 4;
/** Below, a loop is quicker than a view and a copy. */
const LOOP_BYTES = 32;

export interface Place {
  readonly segment: number;
  readonly offset: number;
}

export interface BatchBufferOptions {
  readonly segmentBytes: number;
  readonly batchBytesMax: number;
  /** Which types of records may go into the reserve; one entry for each of 256. */
  readonly reserveTypes: readonly boolean[];
  readonly positions: PositionMap;
  /** Where the next batch goes. */
  readonly place: Place;
  /** Position of the next batch. */
  readonly nextPosition: number;
}

export class BatchBuffer {
  /** The open batch has a record that may not go into the reserve. */
  needsRoom = false;
  /** The open batch is larger than any may be: its records are not kept. */
  tooLarge = false;
  /** Sealed and not on disk. */
  pendingBytes = 0;
  private readonly options: BatchBufferOptions;
  private readonly chunks: Chunk[] = [];
  private readonly spares: Chunk[] = [];
  private tail: Chunk;
  /** Of the open batch in the last chunk; -1 when there is none. */
  private start = -1;
  private openRecords = 0;
  private nextPosition: number;
  private segment: number;
  private offset: number;

  constructor(options: BatchBufferOptions) {
    this.options = options;
    this.nextPosition = options.nextPosition;
    this.segment = options.place.segment;
    this.offset = options.place.offset;
    this.tail = this.another();
  }

  get isOpen(): boolean {
    return this.start >= 0;
  }

  /** Bytes of the open batch. */
  get openBytes(): number {
    return this.start < 0 ? 0 : this.tail.fill - this.start;
  }

  append(type: number, bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    const at = this.beginRecord(type, length);
    if (at >= 0) copy(this.tail.bytes, at, bytes, start, end);
    return this.nextPosition - length;
  }

  /** Opens a batch without records, when none is open. */
  open(): void {
    let { tail } = this;
    if (this.start >= 0) return;
    if (tail.idle) tail.clear();
    else if (tail.fill >= CHUNK_FULL || tail.firstPosition + tail.fill !== this.nextPosition) tail = this.another();
    if (tail.fill === 0) tail.firstPosition = this.nextPosition;
    this.start = tail.fill;
    tail.ensure(tail.fill + BATCH_HEADER_BYTES);
    tail.fill += BATCH_HEADER_BYTES;
    this.nextPosition += BATCH_HEADER_BYTES;
  }

  /**
   * Closes the open batch: it waits for the disk.
   * @param keep ready segments that must be left when the batch needs another one
   */
  seal(keep: number): void {
    const length = this.openBytes;
    const full = aligned(length);
    this.placeBatch(length);
    const { start, tail } = this;
    tail.ensure(start + full);
    tail.bytes.fill(0, start + length, start + full);
    tail.seal(start, length, this.openRecords);
    tail.keep = Math.max(tail.keep, keep);
    tail.fill = start + full;
    tail.sealedEnd = tail.fill;
    this.options.positions.add(tail.firstPosition + start, this.segment, this.offset);
    this.offset += full;
    this.pendingBytes += full;
    this.nextPosition += full - length;
    this.closed();
  }

  /** Drops the open batch. Its positions are not given again. */
  refuse(): void {
    const { start, tail } = this;
    this.options.positions.withdraw(tail.firstPosition + start);
    tail.fill = start;
    this.nextPosition = aligned(this.nextPosition);
    this.closed();
  }

  /** Where the first sealed batch goes that no write has taken. */
  get waiting(): Chunk | undefined {
    const chunk = this.chunks[0];
    return chunk !== undefined && chunk.starts.length > 0 ? chunk : undefined;
  }

  /** Takes what can be written at once. One write at a time. */
  take(): WriteGroup {
    const parts: WritePart[] = [];
    const { offset, segment } = this.chunks[0]!;
    const from = this.chunks[0]!.writtenEnd;
    let bytes = 0;
    let batches = 0;
    for (const chunk of this.chunks) {
      const { sealedEnd, starts, writtenEnd } = chunk;
      if (starts.length === 0 || chunk.segment !== segment || bytes >= WRITE_BYTES) break;
      if (chunk.offset + writtenEnd !== offset + from + bytes) break;
      parts.push({ chunk, starts, from: writtenEnd, to: sealedEnd });
      chunk.starts = [];
      chunk.keep = 0;
      bytes += sealedEnd - writtenEnd;
      batches += starts.length;
    }
    return { segment, offset: offset + from, parts, bytes, batches };
  }

  /** It is on disk. */
  written(group: WriteGroup): void {
    this.pendingBytes -= group.bytes;
    for (const { chunk, to } of group.parts) {
      chunk.writtenEnd = to;
      if (chunk === this.tail || !chunk.idle) continue;
      this.chunks.shift();
      if (this.spares.length < SPARE_CHUNKS && chunk.bytes.length === CHUNK_BYTES) this.spares.push(chunk);
    }
    // What one large batch needed is not kept.
    if (this.tail.idle && this.start < 0 && this.tail.bytes.length > CHUNK_BYTES) {
      this.chunks.length = 0;
      this.another();
    }
  }

  /** Drops all that is sealed, with the write under way. The open batch goes on, at this place. */
  fail(place: Place): void {
    const first = this.chunks[0]!;
    const { start, tail } = this;
    this.options.positions.withdraw(first.firstPosition + first.writtenEnd);
    this.pendingBytes = 0;
    this.chunks.length = 0;
    this.segment = place.segment;
    this.offset = place.offset;
    if (start < 0) this.another();
    else this.moveOpen(tail);
  }

  /** @returns a view of what lies at this position and is in memory */
  find(position: number, length: number): Buffer | undefined {
    for (const chunk of this.chunks) {
      const at = position - chunk.firstPosition;
      if (at >= 0 && at + length <= chunk.fill) return chunk.bytes.subarray(at, at + length);
    }
    return undefined;
  }

  /** @returns offset for the record's bytes in the last chunk, or -1 when they are not kept */
  private beginRecord(type: number, length: number): number {
    if (this.start < 0) this.open();
    if (!this.options.reserveTypes[type]) this.needsRoom = true;
    this.nextPosition += RECORD_HEADER_BYTES + length;
    const { tail } = this;
    const at = tail.fill + RECORD_HEADER_BYTES;
    if (this.tooLarge || at + length - this.start > this.options.batchBytesMax) {
      this.tooLarge = true;
      tail.fill = this.start + BATCH_HEADER_BYTES;
      return -1;
    }
    if (at + length > tail.bytes.length) tail.ensure(at + length);
    const { bytes } = tail;
    bytes[at - 5] = type;
    bytes[at - 4] = length;
    bytes[at - 3] = length >>> 8;
    bytes[at - 2] = length >>> 16;
    bytes[at - 1] = length >>> 24;
    tail.fill = at + length;
    this.openRecords++;
    return at;
  }

  private placeBatch(length: number): void {
    // A batch without records finds room at the end of any segment: it frees others.
    const segmentBytes = this.options.segmentBytes - (this.openRecords === 0 ? 0 : BATCH_HEADER_BYTES);
    const reaches = this.offset + length > segmentBytes && this.offset > SEGMENT_HEADER_BYTES;
    if (reaches && (this.offset >= segmentBytes || length <= segmentBytes / 4)) {
      this.segment++;
      this.offset = SEGMENT_HEADER_BYTES;
    }
    let { tail } = this;
    if (this.start > 0 && (tail.segment !== this.segment || tail.offset + this.start !== this.offset)) {
      tail.fill = this.start;
      tail = this.moveOpen(tail, length);
    }
    if (this.start > 0) return;
    tail.segment = this.segment;
    tail.offset = this.offset;
  }

  /** The open batch stands first in a chunk of its own from now on. */
  private moveOpen(from: Chunk, length = from.fill - this.start): Chunk {
    const { start } = this;
    const chunk = this.another();
    chunk.firstPosition = from.firstPosition + start;
    chunk.ensure(length);
    from.bytes.copy(chunk.bytes, 0, start, start + length);
    chunk.fill = length;
    this.start = 0;
    return chunk;
  }

  private another(): Chunk {
    const chunk = this.spares.pop() ?? new Chunk(Buffer.allocUnsafeSlow(CHUNK_BYTES));
    chunk.clear();
    if (this.chunks.length > 0 && this.tail.idle && this.chunks.at(-1) === this.tail) this.chunks.pop();
    this.chunks.push(chunk);
    this.tail = chunk;
    return chunk;
  }

  private closed(): void {
    this.start = -1;
    this.openRecords = 0;
    this.needsRoom = false;
    this.tooLarge = false;
  }
}

function copy(target: Buffer, at: number, bytes: Uint8Array, start: number, end: number): void {
  const length = end - start;
  if (length <= LOOP_BYTES) for (let i = 0; i < length; i++) target[at + i] = bytes[start + i]!;
  else if (length === bytes.length) target.set(bytes, at);
  else target.set(bytes.subarray(start, end), at);
}
