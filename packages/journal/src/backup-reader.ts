/**
 * Reads a backup that comes in pieces of whatever length, and lets nothing pass that is not whole: checksums of the file,
 * and batch for batch those of the log in it. Does no input or output.
 */
import {
  BACKUP_HEADER_BYTES,
  BACKUP_VERSION,
  type BackupHeader,
  beginsBackup,
  END_BODY_BYTES,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  FrameKind,
  frameCrc,
  readBackupHeader,
  readFrameHeader,
} from './backup-format.js';
import { BackupDamage, JournalDamage, JournalError, JournalVersion } from './errors.js';
import { LogVerifier } from './log-verifier.js';
import { FORMAT_VERSION } from './segment.js';

/** Bytes of a segment: a view, valid until the next piece is taken. */
export interface SegmentPart {
  readonly segment: number;
  readonly offset: number;
  readonly bytes: Buffer;
}

export interface BackupSummary {
  /** When the backup was begun. */
  readonly createdAt: Date;
  readonly segments: number;
  /** Of the segments together. */
  readonly bytes: number;
  readonly batches: number;
  readonly records: number;
}

export class BackupReader {
  /** Undefined until its bytes were taken. */
  header: BackupHeader | undefined = undefined;
  /** Of the segments, so far. */
  segmentBytes = 0;
  private pending: Buffer = Buffer.alloc(0);
  /** Of the first pending byte in the backup. */
  private offset = 0;
  private crc = 0;
  private verifier: LogVerifier | undefined = undefined;
  private segments = 0;
  private segment = -1;
  private segmentOffset = 0;
  private ended = false;

  /** @throws BackupDamage, JournalVersion; JournalError when the backup says that it was given up */
  take(bytes: Uint8Array): SegmentPart[] {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.pending = this.pending.length === 0 ? view : Buffer.concat([this.pending, view]);
    const parts: SegmentPart[] = [];
    let at = 0;
    for (;;) {
      const end = this.header === undefined ? this.takeHeader() : this.takeFrame(at, parts);
      if (end === undefined) break;
      this.offset += end - at;
      at = end;
    }
    // What is left belongs to whoever gave it.
    this.pending = Buffer.from(this.pending.subarray(at));
    return parts;
  }

  /** Nothing follows. @throws BackupDamage when something should */
  finish(): BackupSummary {
    const { header, verifier } = this;
    if (header === undefined || verifier === undefined || !this.ended) {
      const end = this.offset + this.pending.length;
      throw new BackupDamage(end, 'it ends there, without its end mark: it was cut off');
    }
    const { batches, records } = verifier;
    return {
      createdAt: new Date(header.createdAt),
      segments: this.segments,
      bytes: this.segmentBytes,
      batches,
      records,
    };
  }

  private takeHeader(): number | undefined {
    const { pending } = this;
    if (!beginsBackup(pending)) throw new JournalVersion('it is no backup of a Millrace store');
    if (pending.length < BACKUP_HEADER_BYTES) return undefined;
    const header = readBackupHeader(pending.subarray(0, BACKUP_HEADER_BYTES));
    if (header === undefined) throw new BackupDamage(0, 'its header cannot be read');
    if (header.version > BACKUP_VERSION || header.segmentVersion > FORMAT_VERSION) {
      const versions = `${header.version}.${header.segmentVersion}; this program knows ${BACKUP_VERSION}.${FORMAT_VERSION}`;
      throw new JournalVersion(
        `the backup is of format version ${versions} and older ones: use the program that wrote it`,
      );
    }
    this.header = header;
    this.crc = header.crc;
    this.verifier = new LogVerifier(header.seed);
    return BACKUP_HEADER_BYTES;
  }

  private takeFrame(at: number, parts: SegmentPart[]): number | undefined {
    const { pending } = this;
    if (this.ended && at < pending.length) throw new BackupDamage(this.offset, 'it goes on behind its end mark');
    if (at + FRAME_HEADER_BYTES > pending.length) return undefined;
    const frame = readFrameHeader(pending, at);
    if (frame === undefined) throw new BackupDamage(this.offset, 'no part of a backup begins there');
    const end = at + FRAME_HEADER_BYTES + frame.length;
    if (end > pending.length) return undefined;
    const crc = frameCrc(pending, at, end, this.crc);
    if (crc === undefined) throw new BackupDamage(this.offset, 'the checksum does not fit');
    this.crc = crc;
    this.takeBody(frame, pending.subarray(at + FRAME_HEADER_BYTES, end), parts);
    return end;
  }

  private takeBody(frame: FrameHeader, body: Buffer, parts: SegmentPart[]): void {
    switch (frame.kind) {
      case FrameKind.segment:
        this.takeSegment(frame, body);
        parts.push({ segment: frame.segment, offset: frame.offset, bytes: body });
        break;
      case FrameKind.end:
        this.takeEnd(body);
        break;
      case FrameKind.givenUp:
        throw new JournalError(body.toString('utf8'));
      default:
        throw new BackupDamage(this.offset, `a part of kind ${frame.kind}, which is not known`);
    }
  }

  private takeSegment({ offset, segment }: FrameHeader, body: Buffer): void {
    this.inLog((verifier) => {
      if (segment !== this.segment) {
        if (this.segments > 0) verifier.end();
        this.segments++;
        this.segment = segment;
        this.segmentOffset = 0;
        verifier.begin(segment);
      }
      if (offset !== this.segmentOffset) throw new BackupDamage(this.offset, 'parts of a segment do not follow');
      verifier.take(body);
    });
    this.segmentOffset += body.length;
    this.segmentBytes += body.length;
  }

  private takeEnd(body: Buffer): void {
    const { header, segmentBytes, segments, verifier } = this;
    if (segments > 0) this.inLog((log) => log.end());
    const fits =
      body.length === END_BODY_BYTES &&
      Number(body.readBigUInt64LE(0)) === verifier!.batches &&
      Number(body.readBigUInt64LE(8)) === verifier!.records &&
      header!.segments === segments &&
      header!.bytes === segmentBytes;
    if (!fits) throw new BackupDamage(this.offset, 'the end mark counts other things than there are');
    this.ended = true;
  }

  /** What is wrong with the log is named by its place in the backup too. */
  private inLog(check: (verifier: LogVerifier) => void): void {
    try {
      check(this.verifier!);
    } catch (error) {
      if (!(error instanceof JournalDamage)) throw error;
      throw new BackupDamage(this.offset, `of the store in it, ${error.message}`);
    }
  }
}

/** Reads a backup to its end and keeps nothing. @throws as `BackupReader` */
export async function verifyBackup(source: AsyncIterable<Uint8Array>): Promise<BackupSummary> {
  const reader = new BackupReader();
  for await (const bytes of source) reader.take(bytes);
  return reader.finish();
}
