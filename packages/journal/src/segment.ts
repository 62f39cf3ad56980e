/**
 * A segment: one file of the journal, prepared in full length before it is used, and used again when nothing in it is
 * needed any more.
 *
 *     NNNNNNNNNN.log     the number of the segment, rising; file names sort as segments follow
 *
 *       0   8  "MILLRACE"
 *       8   4  version of the format
 *      12   4  number of the segment
 *      16   4  seed of the checksums, the same in all segments of one journal
 *      20      zero
 *     508   4  CRC-32 of the bytes before it: here in every version, so that an older program can name a newer one
 *     512      batches (batch.ts)
 *
 * Numbers are little-endian. A file whose header names another segment than its name does was about to be used again:
 * it holds nothing. This module does not know what stands behind the header.
 */
import { crc32 } from 'node:zlib';

export const SEGMENT_HEADER_BYTES = 512;
export const FORMAT_VERSION = 1;

const MAGIC = Buffer.from('MILLRACE', 'latin1');
const CRC_OFFSET = 508;
const NAME = /^(\d{10})\.log$/;

export interface SegmentHeader {
  readonly version: number;
  readonly number: number;
  readonly seed: number;
}

export function segmentFileName(number: number): string {
  return `${String(number).padStart(10, '0')}.log`;
}

/** @returns undefined when the file is no segment */
export function segmentNumberOf(name: string): number | undefined {
  const match = NAME.exec(name);
  return match === null ? undefined : Number(match[1]);
}

export function writeSegmentHeader({ number, seed }: { readonly number: number; readonly seed: number }): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(FORMAT_VERSION, 8);
  bytes.writeUInt32LE(number, 12);
  bytes.writeUInt32LE(seed, 16);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, CRC_OFFSET)), CRC_OFFSET);
  return bytes;
}

/** @returns undefined when the bytes are no header, or a damaged one */
export function readSegmentHeader(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  if (crc32(bytes.subarray(0, CRC_OFFSET)) !== bytes.readUInt32LE(CRC_OFFSET)) return undefined;
  return { version: bytes.readUInt32LE(8), number: bytes.readUInt32LE(12), seed: bytes.readUInt32LE(16) };
}
