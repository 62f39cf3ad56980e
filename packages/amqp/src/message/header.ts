/** The header section (AMQP 1.0 §3.2.1), into and out of one flat object that can be used again and again. */
import { decodeError } from '../amqp-error.js';
import { FormatCode } from '../codec/format-code.js';
import { readUint32, skipValue } from '../codec/skip.js';
import { putUint, putUint32 } from '../engine/transfer-frame.js';

export const PRIORITY_DEFAULT = 4;

/** Most bytes that `write` takes. */
export const HEADER_SIZE_MAX = 22;

export class Header {
  durable = false;
  priority = PRIORITY_DEFAULT;
  /** Milliseconds; 0: none. */
  ttlMs = 0;
  firstAcquirer = false;
  deliveryCount = 0;
  private value = -1;

  clear(): void {
    this.durable = false;
    this.priority = PRIORITY_DEFAULT;
    this.ttlMs = 0;
    this.firstAcquirer = false;
    this.deliveryCount = 0;
  }

  /**
   * Reads the section `buffer[start … end)`, its descriptor included.
   * @throws AmqpError amqp:decode-error
   */
  read(buffer: Buffer, start: number, end: number): void {
    this.clear();
    let position = skipValue(buffer, start + 1, end);
    const code = buffer[position];
    if (code === FormatCode.list0) return;
    if (code !== FormatCode.list8 && code !== FormatCode.list32) throw decodeError('a header is a list');
    const count = code === FormatCode.list8 ? buffer[position + 2]! : readUint32(buffer, position + 5);
    position += code === FormatCode.list8 ? 3 : 9;
    if (count > 5) throw decodeError('a header has at most 5 fields');
    for (let index = 0; index < count; index++) {
      if (position >= end) throw decodeError('a header is cut off');
      const next = skipValue(buffer, position, end);
      this.readField(index, buffer, position);
      position = next;
    }
    if (position !== end) throw decodeError('a header is longer than its fields');
  }

  private readField(index: number, buffer: Buffer, position: number): void {
    if (buffer[position] === FormatCode.null) return;
    this.readScalar(buffer, position);
    switch (index) {
      case 0:
        this.durable = this.value === 1;
        break;
      case 1:
        this.priority = Math.min(this.value, 9);
        break;
      case 2:
        this.ttlMs = this.value;
        break;
      case 3:
        this.firstAcquirer = this.value === 1;
        break;
      default:
        this.deliveryCount = this.value;
    }
  }

  private readScalar(buffer: Buffer, position: number): void {
    switch (buffer[position]) {
      case FormatCode.true:
        this.value = 1;
        break;
      case FormatCode.false:
      case FormatCode.uint0:
        this.value = 0;
        break;
      case FormatCode.boolean:
      case FormatCode.ubyte:
      case FormatCode.smalluint:
        this.value = buffer[position + 1]!;
        break;
      case FormatCode.uint:
        this.value = readUint32(buffer, position + 1);
        break;
      default:
        throw decodeError('a header has booleans, a ubyte and uints');
    }
  }

  /** Writes the section at `at`, `HEADER_SIZE_MAX` bytes at most. @returns where it ends */
  write(buffer: Buffer, at: number): number {
    buffer[at] = FormatCode.described;
    buffer[at + 1] = FormatCode.smallulong;
    buffer[at + 2] = 0x70;
    buffer[at + 3] = FormatCode.list8;
    buffer[at + 6] = this.durable ? FormatCode.true : FormatCode.false;
    let position = at + 7;
    if (this.priority === PRIORITY_DEFAULT) {
      buffer[position++] = FormatCode.null;
    } else {
      buffer[position++] = FormatCode.ubyte;
      buffer[position++] = this.priority;
    }
    if (this.ttlMs === 0) {
      buffer[position++] = FormatCode.null;
    } else {
      buffer[position++] = FormatCode.uint;
      position = putUint32(buffer, position, this.ttlMs);
    }
    buffer[position++] = this.firstAcquirer ? FormatCode.true : FormatCode.false;
    position = putUint(buffer, position, this.deliveryCount);
    buffer[at + 4] = position - at - 5;
    buffer[at + 5] = 5;
    return position;
  }
}
