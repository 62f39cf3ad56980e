/**
 * Messages that have left a store for good, however that came.
 *
 *      0  store u32
 *      4  ranges, to the end of the record ×   first sequence u48 · last sequence u48
 *
 * A sequence that was settled stays so, whatever the order of records: a message that was moved within the journal
 * while a transaction consumed it may come after its settlement.
 */
import type { RecordReader } from './record-reader.js';
import type { RecordWriter } from './record-writer.js';

const RANGE_BYTES = 12;
/** Ranges in one record at most. */
export const RANGES_MAX = 4096;

export function beginSettled(writer: RecordWriter, store: number): void {
  writer.begin(4 + RANGES_MAX * RANGE_BYTES);
  writer.u32(store);
}

export function writeRange(writer: RecordWriter, first: number, last: number): void {
  writer.u48(first);
  writer.u48(last);
}

export function readSettled(reader: RecordReader, visit: (store: number, first: number, last: number) => void): void {
  const store = reader.u32();
  while (reader.at < reader.end) {
    const first = reader.u48();
    visit(store, first, reader.u48());
  }
}
