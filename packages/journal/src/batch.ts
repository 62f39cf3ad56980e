/**
 * A batch as it lies in a segment: wholly there or not at all, which its checksum tells.
 *
 *       0   4  "MRBT"
 *       4   4  CRC-32 of what follows, begun with the journal's seed
 *       8   4  bytes of the batch, with this header
 *      12   4  number of the segment it lies in
 *      16   8  sequence of the batch, rising by one
 *      24   4  records
 *      28   4  batches before it in the same write
 *      32   4  CRC-32 of the batch before
 *      36   4  oldest segment that is needed
 *      40   4  a number drawn for each run, and after each failed write
 *      44   4  zero
 *      48      records: type 1, length 4, bytes
 *
 * and zeros up to the next multiple of eight bytes, where the next batch starts. Numbers are little-endian.
 *
 * What the fields are for. A batch continues the log when sequence and checksum of the one before fit: so what an older
 * life of the file, a torn write or a failed one left behind is never taken for a continuation. Batches of one write
 * may reach the disk in any order; a write starts when the one before is on disk. So a batch of a later write shows that
 * what is missing before it was there. The seed keeps bytes in a record from passing for a batch.
 */
import { crc32 } from 'node:zlib';

export const BATCH_HEADER_BYTES = 48;
export const RECORD_HEADER_BYTES = 5;
export const BATCH_ALIGNMENT = 8;
/** "MRBT" */
export const BATCH_MAGIC = 0x5442_524d;

const CRC_FROM = 8;
const HIGH_WORD = 0x1_0000_0000;

/** The fields of a batch that was read. */
export class BatchHeader {
  crc = 0;
  length = 0;
  sequence = 0;
  records = 0;
  /** Sequence of the first batch of the same write. */
  firstOfWrite = 0;
  previousCrc = 0;
  oldestSegment = 0;
}

export interface BatchFields {
  readonly length: number;
  readonly records: number;
  readonly segment: number;
  readonly sequence: number;
  readonly firstOfWrite: number;
  readonly previousCrc: number;
  readonly oldestSegment: number;
  readonly nonce: number;
}

export function aligned(length: number): number {
  return Math.ceil(length / BATCH_ALIGNMENT) * BATCH_ALIGNMENT;
}

/** Writes the header in front of the records. @returns the batch's checksum */
export function finishBatch(bytes: Buffer, start: number, fields: BatchFields, seed: number): number {
  bytes.writeUInt32LE(BATCH_MAGIC, start);
  bytes.writeUInt32LE(fields.length, start + 8);
  bytes.writeUInt32LE(fields.segment, start + 12);
  bytes.writeUInt32LE(fields.sequence % HIGH_WORD, start + 16);
  bytes.writeUInt32LE(Math.floor(fields.sequence / HIGH_WORD), start + 20);
  bytes.writeUInt32LE(fields.records, start + 24);
  bytes.writeUInt32LE(fields.sequence - fields.firstOfWrite, start + 28);
  bytes.writeUInt32LE(fields.previousCrc, start + 32);
  bytes.writeUInt32LE(fields.oldestSegment, start + 36);
  bytes.writeUInt32LE(fields.nonce, start + 40);
  bytes.writeUInt32LE(0, start + 44);
  const crc = crc32(bytes.subarray(start + CRC_FROM, start + fields.length), seed);
  bytes.writeUInt32LE(crc, start + 4);
  return crc;
}

/** Where to look for a batch, and what makes it one of this journal. */
export interface BatchPlace {
  readonly bytes: Buffer;
  /** End of what was read. */
  readonly end: number;
  readonly segment: number;
  readonly seed: number;
}

/** Reads the batch at this offset. @returns false when no whole batch of this segment stands there */
export function readBatch(place: BatchPlace, start: number, header: BatchHeader): boolean {
  const { bytes, end } = place;
  if (start + BATCH_HEADER_BYTES > end || bytes.readUInt32LE(start) !== BATCH_MAGIC) return false;
  const length = bytes.readUInt32LE(start + 8);
  if (length < BATCH_HEADER_BYTES || start + length > end) return false;
  if (bytes.readUInt32LE(start + 12) !== place.segment) return false;
  const crc = bytes.readUInt32LE(start + 4);
  if (crc32(bytes.subarray(start + CRC_FROM, start + length), place.seed) !== crc) return false;
  header.crc = crc;
  header.length = length;
  header.sequence = bytes.readUInt32LE(start + 16) + bytes.readUInt32LE(start + 20) * HIGH_WORD;
  header.records = bytes.readUInt32LE(start + 24);
  header.firstOfWrite = header.sequence - bytes.readUInt32LE(start + 28);
  header.previousCrc = bytes.readUInt32LE(start + 32);
  header.oldestSegment = bytes.readUInt32LE(start + 36);
  return true;
}
