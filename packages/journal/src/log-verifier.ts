/**
 * Checks a log that comes in pieces, as it is copied: each batch whole, and each the one that follows the one before. Holds
 * no more of it than the head of one batch. What must not be there is named by file and offset.
 */
import { crc32 } from 'node:zlib';
import { aligned, BATCH_HEADER_BYTES, BATCH_MAGIC } from './batch.js';
import { JournalDamage } from './errors.js';
import { readSegmentHeader, SEGMENT_HEADER_BYTES, segmentFileName } from './segment.js';
import type { LogEnd } from './segment-walk.js';

const CRC_FROM = 8;
const HIGH_WORD = 0x1_0000_0000;

/** What is expected next of the segment. */
type Expected = 'segment header' | 'batch header' | 'records' | 'padding';

export class LogVerifier {
  batches = 0;
  records = 0;
  private readonly seed: number;
  private segment = 0;
  /** Of the next byte in the segment. */
  private offset = 0;
  private expected: Expected = 'segment header';
  /** Bytes that are left of what is expected. */
  private left = SEGMENT_HEADER_BYTES;
  private readonly head = Buffer.alloc(SEGMENT_HEADER_BYTES);
  private headFill = 0;
  private batchStart = 0;
  private batchLength = 0;
  private crc = 0;
  private last: LogEnd | undefined = undefined;

  constructor(seed: number) {
    this.seed = seed;
  }

  /** The bytes that come next are those of this segment, from its start. */
  begin(segment: number): void {
    this.segment = segment;
    this.offset = 0;
    this.batchStart = 0;
    this.expect('segment header', SEGMENT_HEADER_BYTES);
  }

  /** @throws JournalDamage */
  take(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      const end = Math.min(bytes.length, at + this.left);
      if (this.expected === 'records') this.crc = crc32(bytes.subarray(at, end), this.crc);
      else if (this.expected !== 'padding') {
        bytes.copy(this.head, this.headFill, at, end);
        this.headFill += end - at;
      }
      this.left -= end - at;
      this.offset += end - at;
      at = end;
      while (this.left === 0) this.next();
    }
  }

  /** The segment ends here. @throws JournalDamage within a batch */
  end(): void {
    const { expected } = this;
    if (expected === 'batch header' && this.headFill === 0) return;
    throw this.damage(expected === 'segment header' ? 0 : this.batchStart, 'it ends there, within a batch');
  }

  private next(): void {
    switch (this.expected) {
      case 'segment header':
        this.readSegmentHeader();
        break;
      case 'batch header':
        this.readBatchHeader();
        break;
      case 'records':
        this.endBatch();
        break;
      case 'padding':
        this.expect('batch header', BATCH_HEADER_BYTES);
        break;
    }
  }

  private readSegmentHeader(): void {
    const header = readSegmentHeader(this.head);
    if (header === undefined || header.number !== this.segment || header.seed !== this.seed) {
      throw this.damage(0, 'its header cannot be read');
    }
    this.expect('batch header', BATCH_HEADER_BYTES);
  }

  private readBatchHeader(): void {
    const { head, last, offset, seed } = this;
    this.batchStart = offset - BATCH_HEADER_BYTES;
    this.batchLength = head.readUInt32LE(8);
    const sequence = sequenceIn(head);
    const continues =
      head.readUInt32LE(0) === BATCH_MAGIC &&
      head.readUInt32LE(12) === this.segment &&
      this.batchLength >= BATCH_HEADER_BYTES &&
      (last === undefined || (sequence === last.sequence + 1 && head.readUInt32LE(32) === last.crc));
    if (!continues) throw this.damage(this.batchStart, 'no batch stands there that continues the log');
    this.crc = crc32(head.subarray(CRC_FROM, BATCH_HEADER_BYTES), seed);
    this.expect('records', this.batchLength - BATCH_HEADER_BYTES);
  }

  private endBatch(): void {
    const { head } = this;
    const crc = head.readUInt32LE(4);
    if (this.crc !== crc) throw this.damage(this.batchStart, 'the bytes of the batch are not those that were written');
    this.batches++;
    this.records += head.readUInt32LE(24);
    this.last = { sequence: sequenceIn(head), crc };
    this.expect('padding', aligned(this.batchLength) - this.batchLength);
  }

  private expect(expected: Expected, left: number): void {
    this.expected = expected;
    this.left = left;
    // The head of a batch is looked at again behind its records.
    if (expected === 'batch header' || expected === 'segment header') this.headFill = 0;
  }

  private damage(offset: number, what: string): JournalDamage {
    return new JournalDamage({ file: segmentFileName(this.segment), offset }, what);
  }
}

function sequenceIn(head: Buffer): number {
  return head.readUInt32LE(16) + head.readUInt32LE(20) * HIGH_WORD;
}
