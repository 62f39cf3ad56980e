/**
 * Goes through the batches and records of a segment that was read into memory. Does not read files, and does not decide
 * whether the place where it stops is the end of the log or damage.
 */
import {
  aligned,
  BATCH_ALIGNMENT,
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  BatchHeader,
  type BatchPlace,
  RECORD_HEADER_BYTES,
  readBatch,
} from './batch.js';
import type { JournalRecord } from './journal.js';
import { SEGMENT_HEADER_BYTES } from './segment.js';

const EMPTY = Buffer.alloc(0);
/** What each batch begins with. */
export const MAGIC_BYTES = Buffer.alloc(4);
MAGIC_BYTES.writeUInt32LE(BATCH_MAGIC);

/** A record that is handed over; used again for the next one. */
export class RecordView implements JournalRecord {
  type = 0;
  bytes: Buffer = EMPTY;
  start = 0;
  end = 0;
  position = 0;
}

/** Where the log stands behind a batch. */
export interface LogEnd {
  readonly sequence: number;
  readonly crc: number;
}

export class SegmentWalk {
  readonly header = new BatchHeader();
  /** Of the batch that `next` found. */
  start = 0;
  /** Behind it, where the next one would start. */
  offset = SEGMENT_HEADER_BYTES;
  /** The last batch that was found, in this segment or before it. */
  last: LogEnd | undefined;
  private readonly place: BatchPlace;

  /** @param last the batch before this segment; undefined takes any as the first one */
  constructor(place: BatchPlace, last: LogEnd | undefined) {
    this.place = place;
    this.last = last;
  }

  /** @returns false where no batch continues the log */
  next(): boolean {
    const { header, last, place } = this;
    if (!readBatch(place, this.offset, header)) return false;
    if (last !== undefined && (header.sequence !== last.sequence + 1 || header.previousCrc !== last.crc)) return false;
    this.start = this.offset;
    this.offset += aligned(header.length);
    this.last = { sequence: header.sequence, crc: header.crc };
    return true;
  }

  /** Begins to give the records of the batch that `next` found. @param position of the batch itself */
  records(position: number): RecordCursor {
    const { bytes } = this.place;
    return new RecordCursor(bytes, { start: this.start, end: this.start + this.header.length, position });
  }
}

/** The records of one batch, one after another. */
export class RecordCursor {
  readonly view = new RecordView();
  private at: number;
  private readonly end: number;
  private readonly shift: number;

  constructor(bytes: Buffer, batch: { readonly start: number; readonly end: number; readonly position: number }) {
    this.view.bytes = bytes;
    this.at = batch.start + BATCH_HEADER_BYTES;
    this.end = batch.end;
    this.shift = batch.position - batch.start;
  }

  /** Puts the next record into the view. @returns false at the end @throws RangeError when lengths do not add up */
  next(): boolean {
    const { at, end, view } = this;
    if (at === end) return false;
    const { bytes } = view;
    const start = at + RECORD_HEADER_BYTES;
    if (start > end) throw new RangeError('a record reaches beyond its batch');
    const to = start + bytes.readUInt32LE(at + 1);
    if (to > end) throw new RangeError('a record reaches beyond its batch');
    view.type = bytes[at]!;
    view.start = start;
    view.end = to;
    view.position = this.shift + start;
    this.at = to;
    return true;
  }
}

/** A batch that shows, by the write it belongs to, what must have been there before it. */
export interface LaterBatch {
  readonly offset: number;
  readonly firstOfWrite: number;
}

/**
 * Looks for whole batches of this segment from an offset on, at whatever place.
 * @returns the one of the latest write
 */
export function latestWrite(place: BatchPlace, from: number): LaterBatch | undefined {
  const header = new BatchHeader();
  const { bytes, end } = place;
  let latest: LaterBatch | undefined;
  let at = bytes.indexOf(MAGIC_BYTES, from);
  while (at >= 0 && at < end) {
    let next = at + 1;
    if (at % BATCH_ALIGNMENT === 0 && readBatch(place, at, header)) {
      if (latest === undefined || header.firstOfWrite > latest.firstOfWrite) {
        latest = { offset: at, firstOfWrite: header.firstOfWrite };
      }
      next = at + aligned(header.length);
    }
    at = bytes.indexOf(MAGIC_BYTES, next);
  }
  return latest;
}
