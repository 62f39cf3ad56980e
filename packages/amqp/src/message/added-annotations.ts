/**
 * Message annotations (AMQP 1.0 §3.2.3) that a message gets on its way out. What the message brings is not copied: the
 * new section stands in the delivery's prefix, and annotations that were there go on where they lie.
 *
 *     00 53 72  c1 size count  a3 length name  81 value                     a message without annotations
 *     00 53 72  d1 size count  a3 length name  81 value  entries …          one with some: theirs follow
 *
 * Keys of a map are unique (§1.6.23): annotations of the same names that a sender has put there give way.
 */
import { FormatCode } from '../codec/format-code.js';
import { readUint32, skipValue } from '../codec/skip.js';
import type { OutgoingDelivery } from '../engine/sender-link.js';
import { putUint32 } from '../engine/transfer-frame.js';
import { Section } from './sections.js';

const DESCRIPTOR = [FormatCode.described, FormatCode.smallulong, Section.messageAnnotations];
/** Size and count of a map32, and its format code. */
const MAP32_HEAD = 9;
const TWO_TO_32 = 2 ** 32;

/** A map as it lies in a buffer. */
interface MapPlace {
  readonly entries: number;
  readonly end: number;
  readonly count: number;
}

export class AddedAnnotations {
  private readonly names: readonly Buffer[];
  private readonly entriesSize: number;
  private readonly map8: boolean;
  private scratch: Buffer = Buffer.alloc(0);

  /** @param names symbols of 255 bytes at most */
  constructor(names: readonly string[]) {
    this.names = names.map((name) => Buffer.from(name, 'ascii'));
    this.entriesSize = this.names.reduce((size, name) => size + 2 + name.length + 9, 0);
    this.map8 = 1 + this.entriesSize < 256;
  }

  /**
   * Changes what is to be sent: prefix and payload together are then the message with the annotations. The prefix is valid
   * until the next call.
   *
   * @param delivery its payload begins with the message annotations, or, without any, with what comes behind them
   * @param values in the order of the names; they go out as longs
   */
  addTo(delivery: OutgoingDelivery, values: ArrayLike<number>): void {
    const { prefix, prefixSize } = delivery;
    const room = prefixSize + DESCRIPTOR.length + MAP32_HEAD + this.entriesSize;
    if (this.scratch.length < room) this.scratch = Buffer.alloc(room);
    const { scratch } = this;
    for (let at = 0; at < prefixSize; at++) scratch[at] = prefix[at]!;
    const existing = findAnnotations(delivery);
    if (existing === 'none') this.writeAlone(delivery, values);
    else if (existing !== 'no-map') this.writeBefore(delivery, existing, values);
  }

  private writeAlone(delivery: OutgoingDelivery, values: ArrayLike<number>): void {
    const { scratch } = this;
    const count = 2 * this.names.length;
    let at = putDescriptor(scratch, delivery.prefixSize);
    if (this.map8) {
      scratch[at++] = FormatCode.map8;
      scratch[at++] = 1 + this.entriesSize;
      scratch[at++] = count;
    } else {
      at = putMap32Head(scratch, at, this.entriesSize, count);
    }
    this.use(delivery, this.putEntries(at, values));
  }

  private writeBefore(delivery: OutgoingDelivery, place: MapPlace, values: ArrayLike<number>): void {
    let existing = place;
    for (const name of this.names) {
      const named = findNamed(delivery.buffer, existing, name);
      if (named !== undefined) existing = cutOut(delivery, existing, named);
    }
    const { scratch } = this;
    const size = this.entriesSize + existing.end - existing.entries;
    const at = putDescriptor(scratch, delivery.prefixSize);
    delivery.start = existing.entries;
    const entries = putMap32Head(scratch, at, size, existing.count + 2 * this.names.length);
    this.use(delivery, this.putEntries(entries, values));
  }

  private putEntries(position: number, values: ArrayLike<number>): number {
    const { scratch, names } = this;
    let at = position;
    for (let entry = 0; entry < names.length; entry++) {
      const name = names[entry]!;
      const value = values[entry]!;
      scratch[at++] = FormatCode.sym8;
      scratch[at++] = name.length;
      for (let index = 0; index < name.length; index++) scratch[at++] = name[index]!;
      scratch[at++] = FormatCode.long;
      at = putUint32(scratch, at, Math.floor(value / TWO_TO_32));
      at = putUint32(scratch, at, value);
    }
    return at;
  }

  private use(delivery: OutgoingDelivery, size: number): void {
    delivery.prefix = this.scratch;
    delivery.prefixSize = size;
  }
}

/** The entry of this name, when there is one. */
function findNamed(
  buffer: Buffer,
  { entries, end }: MapPlace,
  name: Buffer,
): { readonly start: number; readonly end: number } | undefined {
  if (!buffer.subarray(entries, end).includes(name)) return undefined;
  for (let key = entries; key < end; ) {
    const value = skipValue(buffer, key, end);
    const next = skipValue(buffer, value, end);
    const head = buffer[key] === FormatCode.sym8 ? 2 : buffer[key] === FormatCode.sym32 ? 5 : -1;
    if (head > 0 && buffer.subarray(key + head, value).equals(name)) return { start: key, end: next };
    key = next;
  }
  return undefined;
}

/** `no-map`: what stands there is none; who sent it is told so by its receiver. */
function findAnnotations({ buffer, start, end }: OutgoingDelivery): MapPlace | 'none' | 'no-map' {
  if (start === end) return 'none';
  const map = skipValue(buffer, start + 1, end);
  if (!isAnnotations(buffer, start, map)) return 'none';
  const next = skipValue(buffer, map, end);
  if (buffer[map] === FormatCode.map8) return { entries: map + 3, end: next, count: buffer[map + 2]! };
  if (buffer[map] !== FormatCode.map32) return 'no-map';
  return { entries: map + MAP32_HEAD, end: next, count: readUint32(buffer, map + 5) };
}

/** The descriptor in its short form, its long one, or as the symbol. */
function isAnnotations(buffer: Buffer, start: number, end: number): boolean {
  const code = buffer[start + 1];
  if (code === FormatCode.smallulong) return buffer[start + 2] === Section.messageAnnotations;
  if (code === FormatCode.ulong) return buffer.readBigUInt64BE(start + 2) === BigInt(Section.messageAnnotations);
  return buffer.subarray(start + 2, end).includes('amqp:message-annotations:map');
}

/** Gives the delivery a payload of its own without an entry. Rare, so it may copy. */
function cutOut(
  delivery: OutgoingDelivery,
  { entries, end, count }: MapPlace,
  named: { readonly start: number; readonly end: number },
): MapPlace {
  const { buffer } = delivery;
  const rest = [buffer.subarray(entries, named.start), buffer.subarray(named.end, delivery.end)];
  delivery.buffer = Buffer.concat(rest);
  delivery.start = 0;
  delivery.end = delivery.buffer.length;
  return { entries: 0, end: end - entries - (named.end - named.start), count: count - 2 };
}

function putDescriptor(target: Buffer, position: number): number {
  for (let index = 0; index < DESCRIPTOR.length; index++) target[position + index] = DESCRIPTOR[index]!;
  return position + DESCRIPTOR.length;
}

/** @param size of the entries, in bytes */
function putMap32Head(target: Buffer, position: number, size: number, count: number): number {
  target[position] = FormatCode.map32;
  return putUint32(target, putUint32(target, position + 1, 4 + size), count);
}
