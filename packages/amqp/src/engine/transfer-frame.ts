/**
 * The transfer performative (AMQP 1.0 §2.7.5), by hand because it is the hot path. One object is parsed into again and
 * again; the payload is everything after the list.
 *
 *     00 53 14  c0 size count  handle delivery-id delivery-tag message-format settled more
 *                              rcv-settle-mode state resume aborted batchable
 */
import { decodeError } from '../amqp-error.js';
import { Decoder } from '../codec/decoder.js';
import { FormatCode } from '../codec/format-code.js';
import { readUint32, skipValue } from '../codec/skip.js';
import { type DeliveryState, deliveryState } from '../performatives/delivery-state.js';
import type { Output } from './output.js';

const TAG_SIZE_MAX = 32;
const ABSENT = -1;

export class TransferFrame {
  handle = 0;
  /** -1: absent, as in continuation frames. */
  deliveryId = ABSENT;
  /** The tag's bytes; tagStart -1: absent. */
  tagStart = ABSENT;
  tagEnd = ABSENT;
  messageFormat = 0;
  settled = false;
  more = false;
  aborted = false;
  resume = false;
  /** Where the optional state lies; -1: absent. */
  stateStart = ABSENT;
  payloadStart = 0;
  private value = ABSENT;
  private limit = 0;

  /**
   * Parses the list at `start` of a frame that ends at `end`.
   * @throws AmqpError amqp:decode-error
   */
  parse(buffer: Buffer, start: number, end: number): void {
    const count = this.parseHeader(buffer, start, end);
    let position = start + (buffer[start] === FormatCode.list8 ? 3 : 9);
    position = this.readUint(buffer, position);
    if (this.value === ABSENT) throw decodeError('transfer lacks its field handle');
    this.handle = this.value;
    this.deliveryId = this.tagStart = this.tagEnd = this.stateStart = ABSENT;
    this.messageFormat = 0;
    this.settled = this.more = this.aborted = this.resume = false;
    if (count > 1) {
      position = this.readUint(buffer, position);
      this.deliveryId = this.value;
    }
    if (count > 2) position = this.readTag(buffer, position);
    if (count > 3) {
      position = this.readUint(buffer, position);
      if (this.value > 0) this.messageFormat = this.value;
    }
    if (count > 4) {
      position = this.readBoolean(buffer, position);
      this.settled = this.value === 1;
    }
    if (count > 5) {
      position = this.readBoolean(buffer, position);
      this.more = this.value === 1;
    }
    if (count > 6) position = this.readRareFields(buffer, position, count);
    if (position !== this.limit) throw decodeError('transfer does not end with its last field');
  }

  /** The state that came with the transfer, decoded. */
  readState(buffer: Buffer): DeliveryState | undefined {
    if (this.stateStart === ABSENT) return undefined;
    return deliveryState.read(new Decoder().reset(buffer, this.stateStart, this.limit));
  }

  private parseHeader(buffer: Buffer, start: number, end: number): number {
    const code = buffer[start];
    let count: number;
    if (code === FormatCode.list8 && start + 3 <= end) {
      this.limit = start + 2 + buffer[start + 1]!;
      count = buffer[start + 2]!;
    } else if (code === FormatCode.list32 && start + 9 <= end) {
      this.limit = start + 5 + readUint32(buffer, start + 1);
      count = readUint32(buffer, start + 5);
    } else {
      throw decodeError('transfer is a list with a handle');
    }
    if (this.limit > end || count < 1 || count > 11) throw decodeError('transfer has 1 to 11 fields within its frame');
    this.payloadStart = this.limit;
    return count;
  }

  private readUint(buffer: Buffer, position: number): number {
    switch (position < this.limit ? buffer[position] : ABSENT) {
      case FormatCode.uint0:
        this.value = 0;
        return position + 1;
      case FormatCode.smalluint:
        this.value = buffer[position + 1]!;
        return position + 2;
      case FormatCode.uint:
        this.value = readUint32(buffer, position + 1);
        return position + 5;
      case FormatCode.null:
        this.value = ABSENT;
        return position + 1;
      default:
        throw decodeError('a uint was expected in transfer');
    }
  }

  private readBoolean(buffer: Buffer, position: number): number {
    switch (position < this.limit ? buffer[position] : ABSENT) {
      case FormatCode.true:
        this.value = 1;
        return position + 1;
      case FormatCode.false:
      case FormatCode.null:
        this.value = 0;
        return position + 1;
      case FormatCode.boolean:
        this.value = buffer[position + 1]!;
        return position + 2;
      default:
        throw decodeError('a boolean was expected in transfer');
    }
  }

  private readTag(buffer: Buffer, position: number): number {
    const code = position < this.limit ? buffer[position] : ABSENT;
    if (code === FormatCode.null) return position + 1;
    if (code !== FormatCode.vbin8 && code !== FormatCode.vbin32) throw decodeError('a delivery-tag is binary');
    const next = skipValue(buffer, position, this.limit);
    this.tagStart = position + (code === FormatCode.vbin8 ? 2 : 5);
    this.tagEnd = next;
    if (this.tagEnd - this.tagStart > TAG_SIZE_MAX) throw decodeError('a delivery-tag has at most 32 bytes');
    return next;
  }

  private readRareFields(buffer: Buffer, start: number, count: number): number {
    let position = skipValue(buffer, start, this.limit);
    if (count > 7) {
      if (buffer[position] !== FormatCode.null) this.stateStart = position;
      position = skipValue(buffer, position, this.limit);
    }
    if (count > 8) {
      position = this.readBoolean(buffer, position);
      this.resume = this.value === 1;
    }
    if (count > 9) {
      position = this.readBoolean(buffer, position);
      this.aborted = this.value === 1;
    }
    return count > 10 ? skipValue(buffer, position, this.limit) : position;
  }
}

/** Most bytes that a transfer's frame header and performative take. */
export const TRANSFER_OVERHEAD = 40;

/** What stands at the head of a transfer frame. One object is used again and again. */
export class TransferHead {
  channel = 0;
  handle = 0;
  deliveryId = 0;
  messageFormat = 0;
  settled = false;
  more = false;
  /** A later frame of a delivery: id, tag and format are not said again. */
  continuation = false;

  /**
   * Writes it and leaves `output.position` where the payload belongs; room must be reserved. The delivery-tag is the
   * delivery-id as four bytes: unique among what is unsettled, and nothing to keep.
   */
  write(output: Output, payloadSize: number): void {
    const { buffer, position: start } = output;
    let at = start + 4;
    buffer[at++] = 2;
    buffer[at++] = 0;
    buffer[at++] = this.channel >>> 8;
    buffer[at++] = this.channel;
    buffer[at++] = FormatCode.described;
    buffer[at++] = FormatCode.smallulong;
    buffer[at++] = 0x14;
    buffer[at++] = FormatCode.list8;
    const list = at;
    at = putUint(buffer, at + 2, this.handle);
    at = this.continuation ? putNulls(buffer, at) : this.putIdentity(buffer, at);
    if (this.more) buffer[at++] = FormatCode.true;
    buffer[list] = at - list - 1;
    buffer[list + 1] = this.more ? 6 : 5;
    putUint32(buffer, start, at - start + payloadSize);
    output.position = at;
  }

  private putIdentity(buffer: Buffer, start: number): number {
    let at = start;
    buffer[at++] = FormatCode.uint;
    at = putUint32(buffer, at, this.deliveryId);
    buffer[at++] = FormatCode.vbin8;
    buffer[at++] = 4;
    at = putUint32(buffer, at, this.deliveryId);
    at = putUint(buffer, at, this.messageFormat);
    buffer[at++] = this.settled ? FormatCode.true : FormatCode.false;
    return at;
  }
}

function putNulls(buffer: Buffer, start: number): number {
  for (let at = start; at < start + 4; at++) buffer[at] = FormatCode.null;
  return start + 4;
}

export function putUint(buffer: Buffer, at: number, value: number): number {
  if (value === 0) {
    buffer[at] = FormatCode.uint0;
    return at + 1;
  }
  if (value < 256) {
    buffer[at] = FormatCode.smalluint;
    buffer[at + 1] = value;
    return at + 2;
  }
  buffer[at] = FormatCode.uint;
  return putUint32(buffer, at + 1, value);
}

export function putUint32(buffer: Buffer, at: number, value: number): number {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
  return at + 4;
}

/** Up to here a loop is faster than `Buffer.copy`, whose call alone takes as long as 35 bytes in a loop. */
const LOOP_COPY_MAX = 32;

/** Appends bytes; room must be reserved. */
export function putBytes(output: Output, source: Buffer, start: number, end: number): void {
  const { buffer, position } = output;
  const size = end - start;
  if (size <= LOOP_COPY_MAX) {
    for (let i = 0; i < size; i++) buffer[position + i] = source[start + i]!;
  } else {
    source.copy(buffer, position, start, end);
  }
  output.position = position + size;
}
