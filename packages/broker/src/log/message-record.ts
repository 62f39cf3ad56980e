/**
 * A stored message with all that hold it; and, without holders, a retained one.
 *
 *      0  flags u8       bit 0 MQTT's form · bit 1 durable · bit 2 retain · bits 4 and 5 QoS
 *      1  priority u8
 *      2  reserved u16
 *      4  holders u32
 *      8  split u32      content bytes before Message.split
 *     12  time f64       ms since the epoch
 *     20  expiresAt f64  the same; 0 = never
 *     28  ttlMs f64
 *     36  address        u16 length, UTF-8
 *         holders ×      store u32 · sequence u48 · failed deliveries u16
 *         content        to the end of the record, as Message.bytes[start … end)
 */
import { Message, type MessageArena, MessageFormat } from '../message.js';
import type { RecordReader } from './record-reader.js';
import { RecordError } from './record-type.js';
import { type RecordWriter, textBytesMax } from './record-writer.js';

const FIXED_BYTES = 36;
const HOLDERS_AT = 4;
const HOLDER_BYTES = 12;
const COUNT_MAX = 65_535;

const Flag = { mqtt: 1, durable: 2, retain: 4 } as const;
const QOS_SHIFT = 4;

interface RecordBytes {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Who holds a message: three lists side by side, used again and again. */
export class Holders {
  readonly stores: number[] = [];
  readonly sequences: number[] = [];
  readonly counts: number[] = [];
  length = 0;

  add(store: number, sequence: number, count: number): void {
    this.stores[this.length] = store;
    this.sequences[this.length] = sequence;
    this.counts[this.length++] = count;
  }

  clear(): void {
    this.length = 0;
  }
}

export function writeMessage(writer: RecordWriter, message: Message, holders: Holders): void {
  const { length } = holders;
  const size = message.end - message.start;
  writer.begin(FIXED_BYTES + textBytesMax(message.address) + length * HOLDER_BYTES + size);
  writer.u8(flagsOf(message));
  writer.u8(message.priority);
  writer.u16(0);
  writer.u32(length);
  writer.u32(message.split - message.start);
  writer.f64(message.time);
  writer.f64(message.expiresAt);
  writer.f64(message.ttlMs);
  writer.text(message.address);
  writeList(writer, holders);
  writer.copy(message.bytes, message.start, message.end);
}

/** Writes the same record for other holders; of the old one the bytes between its holders and its end are the content. */
export function writeMessageAgain(writer: RecordWriter, record: RecordBytes, holders: Holders): void {
  const { bytes, start, end } = record;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
  const { length } = holders;
  const before = view.getUint32(HOLDERS_AT, true);
  const list = FIXED_BYTES + 2 + view.getUint16(FIXED_BYTES, true);
  writer.begin(end - start + (length - before) * HOLDER_BYTES);
  writer.copy(bytes, start, start + HOLDERS_AT);
  writer.u32(length);
  writer.copy(bytes, start + HOLDERS_AT + 4, start + list);
  writeList(writer, holders);
  writer.copy(bytes, start + list + before * HOLDER_BYTES, end);
}

function writeList(writer: RecordWriter, { length, stores, sequences, counts }: Holders): void {
  for (let i = 0; i < length; i++) {
    writer.u32(stores[i]!);
    writer.u48(sequences[i]!);
    writer.u16(Math.min(counts[i]!, COUNT_MAX));
  }
}

function flagsOf(message: Message): number {
  return (
    (message.format === MessageFormat.mqtt ? Flag.mqtt : 0) |
    (message.durable ? Flag.durable : 0) |
    (message.retain ? Flag.retain : 0) |
    (message.qos << QOS_SHIFT)
  );
}

/** Reads the holders alone, which is all that the question whether the record is still needed takes. */
export function readHolders(reader: RecordReader, holders: Holders): void {
  reader.skip(4);
  const count = reader.u32();
  reader.skip(FIXED_BYTES - 8);
  reader.skip(reader.u16());
  readList(reader, count, holders);
}

/** What the journal's reader has to know of a message that it leaves where it is. */
export class MessageFacts {
  time = 0;
  expiresAt = 0;
  /** Content bytes. */
  size = 0;
}

/** Reads facts and holders, and no content. */
export function readFacts(reader: RecordReader, holders: Holders, facts: MessageFacts): void {
  reader.skip(HOLDERS_AT);
  const count = reader.u32();
  const split = reader.u32();
  facts.time = reader.f64();
  facts.expiresAt = reader.f64();
  reader.skip(8);
  reader.skip(reader.u16());
  readList(reader, count, holders);
  facts.size = reader.end - reader.at;
  if (split > facts.size) throw new RecordError('a message in the journal is shorter than it says');
}

/** Reads all, with a copy of the content in `arena`. */
export function readMessage(reader: RecordReader, holders: Holders, arena: MessageArena): Message {
  const message = new Message();
  const flags = reader.u8();
  message.format = (flags & Flag.mqtt) !== 0 ? MessageFormat.mqtt : MessageFormat.amqp;
  message.durable = (flags & Flag.durable) !== 0;
  message.retain = (flags & Flag.retain) !== 0;
  message.qos = (flags >> QOS_SHIFT) & 3;
  message.priority = reader.u8();
  reader.u16();
  const count = reader.u32();
  const split = reader.u32();
  message.time = reader.f64();
  message.expiresAt = reader.f64();
  message.ttlMs = reader.f64();
  message.address = reader.text();
  readList(reader, count, holders);
  const size = reader.end - reader.at;
  if (split > size) throw new RecordError('a message in the journal is shorter than it says');
  message.start = arena.take(size);
  message.bytes = arena.block;
  message.home = arena.home;
  reader.bytes.copy(message.bytes, message.start, reader.at, reader.end);
  message.split = message.start + split;
  message.end = message.start + size;
  message.owned = true;
  return message;
}

function readList(reader: RecordReader, count: number, holders: Holders): void {
  holders.clear();
  for (let i = 0; i < count; i++) {
    const store = reader.u32();
    const sequence = reader.u48();
    holders.add(store, sequence, reader.u16());
  }
}

/** The topic of a retained message's record. */
export function readAddress(reader: RecordReader): string {
  reader.skip(FIXED_BYTES);
  return reader.text();
}
