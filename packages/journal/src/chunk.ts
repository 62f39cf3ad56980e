/** A piece of memory that batches are gathered in, and written from. What is sealed in it does not move any more. */
import { BATCH_HEADER_BYTES } from './batch.js';

export const CHUNK_BYTES = 1024 ** 2;

export class Chunk {
  bytes: Buffer;
  /** Position of its first byte. */
  firstPosition = 0;
  /** Where its first byte goes; settled with its first batch. */
  segment = 0;
  offset = 0;
  fill = 0;
  /** Behind the last sealed batch. */
  sealedEnd = 0;
  /** Behind the last batch that is on disk. */
  writtenEnd = 0;
  /** Sealed batches that no write has taken yet. */
  starts: number[] = [];
  /** Ready segments that must be left when these batches need another one. */
  keep = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get idle(): boolean {
    return this.fill === this.writtenEnd;
  }

  /** Forgets everything but the memory. */
  clear(): void {
    this.fill = 0;
    this.sealedEnd = 0;
    this.writtenEnd = 0;
    this.segment = 0;
    this.keep = 0;
    this.starts.length = 0;
  }

  /** A write may be reading the memory before: that keeps it. */
  ensure(length: number): void {
    if (length <= this.bytes.length) return;
    const bytes = Buffer.allocUnsafeSlow(Math.max(length, this.bytes.length * 2));
    this.bytes.copy(bytes, 0, 0, this.fill);
    this.bytes = bytes;
  }

  lengthAt(start: number): number {
    return this.bytes.readUInt32LE(start + 8);
  }

  recordsAt(start: number): number {
    return this.bytes.readUInt32LE(start + 24);
  }

  /** What `lengthAt` and `recordsAt` give until the header is written. */
  seal(start: number, length: number, records: number): void {
    this.bytes.fill(0, start, start + BATCH_HEADER_BYTES);
    this.bytes.writeUInt32LE(length, start + 8);
    this.bytes.writeUInt32LE(records, start + 24);
    this.starts.push(start);
  }
}

/** Sealed batches that go to the disk in one write: they follow each other in one segment. */
export interface WriteGroup {
  readonly segment: number;
  readonly offset: number;
  readonly parts: readonly WritePart[];
  readonly bytes: number;
  readonly batches: number;
}

export interface WritePart {
  readonly chunk: Chunk;
  readonly starts: readonly number[];
  readonly from: number;
  readonly to: number;
}
