/**
 * One message annotation (AMQP 1.0 §3.2.3) that a message gets on its way out. What the message brings is not copied: the
 * new section stands in the delivery's prefix, and annotations that were there go on where they lie.
 *
 *     00 53 72  c1 size count  a3 length name  81 value                     a message without annotations
 *     00 53 72  d1 size count  a3 length name  81 value  entries …          one with some: theirs follow
 *
 * Keys of a map are unique (§1.6.23): an annotation of the same name that a sender has put there gives way.
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

export class AddedAnnotation {
  private readonly name: Buffer;
  private readonly entrySize: number;
  private scratch: Buffer = Buffer.alloc(0);

  /** @param name a symbol of 255 bytes at most */
  constructor(name: string) {
    this.name = Buffer.from(name, 'ascii');
    this.entrySize = 2 + this.name.length + 9;
  }

  /**
   * Changes what is to be sent: prefix and payload together are then the message with the annotation. The prefix is valid
   * until the next call.
   *
   * @param delivery its payload begins with the message annotations, or, without any, with what comes behind them
   * @param value goes out as a long
   */
  addTo(delivery: OutgoingDelivery, value: number): void {
    const { prefix, prefixSize } = delivery;
    const room = prefixSize + DESCRIPTOR.length + MAP32_HEAD + this.entrySize;
    if (this.scratch.length < room) this.scratch = Buffer.alloc(room);
    const { scratch } = this;
    for (let at = 0; at < prefixSize; at++) scratch[at] = prefix[at]!;
    const existing = findAnnotations(delivery);
    if (existing === 'none') this.writeAlone(delivery, value);
    else if (existing !== 'no-map') this.writeBefore(delivery, existing, value);
  }

  private writeAlone(delivery: OutgoingDelivery, value: number): void {
    const { scratch } = this;
    let at = putDescriptor(scratch, delivery.prefixSize);
    scratch[at++] = FormatCode.map8;
    scratch[at++] = 1 + this.entrySize;
    scratch[at++] = 2;
    this.use(delivery, this.putEntry(at, value));
  }

  private writeBefore(delivery: OutgoingDelivery, place: MapPlace, value: number): void {
    let existing = place;
    const named = this.findNamed(delivery.buffer, existing);
    if (named !== undefined) existing = cutOut(delivery, existing, named);
    const { scratch } = this;
    let at = putDescriptor(scratch, delivery.prefixSize);
    scratch[at++] = FormatCode.map32;
    at = putUint32(scratch, at, 4 + this.entrySize + existing.end - existing.entries);
    at = putUint32(scratch, at, existing.count + 2);
    delivery.start = existing.entries;
    this.use(delivery, this.putEntry(at, value));
  }

  private putEntry(position: number, value: number): number {
    const { scratch, name } = this;
    let at = position;
    scratch[at++] = FormatCode.sym8;
    scratch[at++] = name.length;
    for (let index = 0; index < name.length; index++) scratch[at++] = name[index]!;
    scratch[at++] = FormatCode.long;
    at = putUint32(scratch, at, Math.floor(value / TWO_TO_32));
    return putUint32(scratch, at, value);
  }

  private use(delivery: OutgoingDelivery, size: number): void {
    delivery.prefix = this.scratch;
    delivery.prefixSize = size;
  }

  /** The entry of this name, when there is one. */
  private findNamed(
    buffer: Buffer,
    { entries, end }: MapPlace,
  ): { readonly start: number; readonly end: number } | undefined {
    const { name } = this;
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
