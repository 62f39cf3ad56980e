/**
 * A backup: one file with the log as it was at one moment. Written as a stream, so that nothing in it has to be known
 * before; what can be read to its end mark is whole.
 *
 *     header     0   8  "MRBACKUP"
 *                8   4  version of this format
 *               12   4  version of the segments in it (segment.ts)
 *               16   4  seed of the segments' checksums
 *               20   4  segments that follow
 *               24   8  bytes of these segments together
 *               32   8  when the backup was begun, ms since the epoch
 *               40      zero
 *               60   4  CRC-32 of the bytes before it
 *     frames     0   4  "MRBF"
 *                4   4  CRC-32 of what follows, begun with the checksum before it: that of the header, then of each frame
 *                8   4  kind
 *               12   4  bytes of the body
 *               16   4  number of the segment
 *               20   4  offset of the body in the segment
 *               24      body
 *
 *     kind 1     bytes of a segment. Segments come whole and in order, from their header to the end of their last batch
 *     kind 2     end mark: batches and records of the log, 8 bytes each. Nothing follows
 *     kind 3     the backup was given up; the body says why, in UTF-8. Nothing follows
 *
 * Numbers are little-endian. Checksums are chained so that no frame can be missing, doubled or in another place.
 */
import { crc32 } from 'node:zlib';
import { FORMAT_VERSION } from './segment.js';

export const BACKUP_VERSION = 1;
export const BACKUP_HEADER_BYTES = 64;
export const FRAME_HEADER_BYTES = 24;
/** A longer body is none. */
export const FRAME_BODY_MAX = 4 * 1024 ** 2;
export const END_BODY_BYTES = 16;

export const FrameKind = { segment: 1, end: 2, givenUp: 3 } as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

const MAGIC = Buffer.from('MRBACKUP', 'latin1');
const FRAME_MAGIC = 0x4642_524d;
const HEADER_CRC_OFFSET = 60;
const FRAME_CRC_FROM = 8;

export interface BackupHeader {
  readonly version: number;
  readonly segmentVersion: number;
  readonly seed: number;
  readonly segments: number;
  readonly bytes: number;
  /** ms since the epoch. */
  readonly createdAt: number;
}

export interface FrameHeader {
  readonly kind: number;
  readonly length: number;
  readonly segment: number;
  readonly offset: number;
}

export function writeBackupHeader(header: Omit<BackupHeader, 'version' | 'segmentVersion'>): Buffer {
  const bytes = Buffer.alloc(BACKUP_HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(BACKUP_VERSION, 8);
  bytes.writeUInt32LE(FORMAT_VERSION, 12);
  bytes.writeUInt32LE(header.seed, 16);
  bytes.writeUInt32LE(header.segments, 20);
  bytes.writeBigUInt64LE(BigInt(header.bytes), 24);
  bytes.writeBigUInt64LE(BigInt(Math.trunc(header.createdAt)), 32);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, HEADER_CRC_OFFSET)), HEADER_CRC_OFFSET);
  return bytes;
}

/** Whether a backup may begin so. */
export function beginsBackup(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, MAGIC.length);
  return bytes.subarray(0, length).equals(MAGIC.subarray(0, length));
}

/** @returns undefined when it is damaged */
export function readBackupHeader(bytes: Buffer): (BackupHeader & { readonly crc: number }) | undefined {
  const crc = bytes.readUInt32LE(HEADER_CRC_OFFSET);
  if (crc32(bytes.subarray(0, HEADER_CRC_OFFSET)) !== crc) return undefined;
  return {
    version: bytes.readUInt32LE(8),
    segmentVersion: bytes.readUInt32LE(12),
    seed: bytes.readUInt32LE(16),
    segments: bytes.readUInt32LE(20),
    bytes: Number(bytes.readBigUInt64LE(24)),
    createdAt: Number(bytes.readBigUInt64LE(32)),
    crc,
  };
}

/** Puts the head before the body that stands in `frame` already. @returns the frame's checksum */
export function finishFrame(
  frame: Buffer,
  { kind, offset, segment }: Omit<FrameHeader, 'length'>,
  previousCrc: number,
): number {
  frame.writeUInt32LE(FRAME_MAGIC, 0);
  frame.writeUInt32LE(kind, 8);
  frame.writeUInt32LE(frame.length - FRAME_HEADER_BYTES, 12);
  frame.writeUInt32LE(segment, 16);
  frame.writeUInt32LE(offset, 20);
  const crc = crc32(frame.subarray(FRAME_CRC_FROM), previousCrc);
  frame.writeUInt32LE(crc, 4);
  return crc;
}

/** @returns undefined when no frame begins there, or none with a body of a length that may be */
export function readFrameHeader(bytes: Buffer, at: number): FrameHeader | undefined {
  if (bytes.readUInt32LE(at) !== FRAME_MAGIC) return undefined;
  const length = bytes.readUInt32LE(at + 12);
  if (length > FRAME_BODY_MAX) return undefined;
  return {
    kind: bytes.readUInt32LE(at + 8),
    length,
    segment: bytes.readUInt32LE(at + 16),
    offset: bytes.readUInt32LE(at + 20),
  };
}

/** @returns the frame's checksum, or undefined when it is not that of its bytes */
export function frameCrc(bytes: Buffer, at: number, end: number, previousCrc: number): number | undefined {
  const crc = bytes.readUInt32LE(at + 4);
  return crc32(bytes.subarray(at + FRAME_CRC_FROM, end), previousCrc) === crc ? crc : undefined;
}
