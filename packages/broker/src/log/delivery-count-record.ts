/**
 * How often a message was delivered without success (AMQP 1.0 §3.2.1, delivery-count).
 *
 *      0  store u32
 *      4  sequence u48
 *     10  failed deliveries u16
 */
import type { RecordReader } from './record-reader.js';
import type { RecordWriter } from './record-writer.js';

const SIZE = 12;
const COUNT_MAX = 65_535;

export interface DeliveryCount {
  readonly store: number;
  readonly sequence: number;
  readonly count: number;
}

export function writeDeliveryCount(writer: RecordWriter, { store, sequence, count }: DeliveryCount): void {
  writer.begin(SIZE);
  writer.u32(store);
  writer.u48(sequence);
  writer.u16(Math.min(count, COUNT_MAX));
}

export function readDeliveryCount(reader: RecordReader): DeliveryCount {
  const store = reader.u32();
  const sequence = reader.u48();
  return { store, sequence, count: reader.u16() };
}
