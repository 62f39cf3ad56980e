/**
 * Encodes values into a buffer of its own, which grows. For what is not on the hot path: performatives other than
 * transfer, and whole messages of clients. Takes the shortest encoding of each value.
 */
import { FormatCode } from './format-code.js';
import {
  AmqpArray,
  AmqpSymbol,
  type AmqpValue,
  Decimal,
  Described,
  type PrimitiveType,
  Typed,
  Uuid,
} from './values.js';

export class Encoder {
  buffer: Buffer;
  position = 0;

  constructor(size = 512) {
    this.buffer = Buffer.allocUnsafeSlow(size);
  }

  reset(): this {
    this.position = 0;
    return this;
  }

  /** What was encoded, as a view. */
  view(): Buffer {
    return this.buffer.subarray(0, this.position);
  }

  /** What was encoded, as a copy. */
  toBuffer(): Buffer {
    return Buffer.from(this.view());
  }

  /** Makes room and moves on. @returns where to write */
  advance(size: number): number {
    const start = this.position;
    const end = start + size;
    if (end > this.buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, this.buffer.length * 2));
      this.buffer.copy(larger, 0, 0, start);
      this.buffer = larger;
    }
    this.position = end;
    return start;
  }

  writeByte(value: number): void {
    const at = this.advance(1);
    this.buffer[at] = value;
  }

  writeBytes(bytes: Uint8Array): void {
    const at = this.advance(bytes.length);
    this.buffer.set(bytes, at);
  }

  writeNull(): void {
    this.writeByte(FormatCode.null);
  }

  writeBoolean(value: boolean): void {
    this.writeByte(value ? FormatCode.true : FormatCode.false);
  }

  writeUbyte(value: number): void {
    this.writeByte(FormatCode.ubyte);
    this.writeByte(value);
  }

  writeUshort(value: number): void {
    this.writeByte(FormatCode.ushort);
    const at = this.advance(2);
    this.buffer.writeUInt16BE(value, at);
  }

  writeUint(value: number): void {
    if (value === 0) {
      this.writeByte(FormatCode.uint0);
    } else if (value < 256) {
      this.writeByte(FormatCode.smalluint);
      this.writeByte(value);
    } else {
      this.writeByte(FormatCode.uint);
      this.writeUint32(value);
    }
  }

  writeUlong(value: number | bigint): void {
    const big = BigInt(value);
    if (big === 0n) {
      this.writeByte(FormatCode.ulong0);
    } else if (big > 0n && big < 256n) {
      this.writeByte(FormatCode.smallulong);
      this.writeByte(Number(big));
    } else {
      this.writeByte(FormatCode.ulong);
      const at = this.advance(8);
      this.buffer.writeBigUInt64BE(big, at);
    }
  }

  writeInt(value: number): void {
    if (value >= -128 && value < 128) {
      this.writeByte(FormatCode.smallint);
      this.writeByte(value & 0xff);
    } else {
      this.writeByte(FormatCode.int);
      const at = this.advance(4);
      this.buffer.writeInt32BE(value, at);
    }
  }

  writeLong(value: number | bigint): void {
    const big = BigInt(value);
    if (big >= -128n && big < 128n) {
      this.writeByte(FormatCode.smalllong);
      this.writeByte(Number(big) & 0xff);
    } else {
      this.writeByte(FormatCode.long);
      const at = this.advance(8);
      this.buffer.writeBigInt64BE(big, at);
    }
  }

  writeDouble(value: number): void {
    this.writeByte(FormatCode.double);
    const at = this.advance(8);
    this.buffer.writeDoubleBE(value, at);
  }

  writeTimestamp(value: Date | number): void {
    this.writeByte(FormatCode.timestamp);
    const at = this.advance(8);
    this.buffer.writeBigInt64BE(BigInt(Math.trunc(Number(value))), at);
  }

  writeString(value: string): void {
    const size = Buffer.byteLength(value);
    this.writeSize(size, FormatCode.str8, FormatCode.str32);
    const at = this.advance(size);
    this.buffer.write(value, at, size, 'utf8');
  }

  writeSymbol(value: string): void {
    this.writeSize(value.length, FormatCode.sym8, FormatCode.sym32);
    const at = this.advance(value.length);
    this.buffer.write(value, at, value.length, 'latin1');
  }

  writeBinary(value: Uint8Array): void {
    this.writeSize(value.length, FormatCode.vbin8, FormatCode.vbin32);
    this.writeBytes(value);
  }

  /** The start of a described type whose descriptor is a small number (AMQP 1.0 §1.5). */
  writeDescriptor(code: number): void {
    this.writeByte(FormatCode.described);
    this.writeUlong(code);
  }

  writeList(values: readonly AmqpValue[]): void {
    if (values.length === 0) {
      this.writeByte(FormatCode.list0);
      return;
    }
    const start = this.beginCompound();
    for (const value of values) this.writeValue(value);
    this.endCompound(start, values.length, FormatCode.list8);
  }

  /** With `keys: 'symbol'` string keys are written as symbols. */
  writeMap(map: Iterable<readonly [AmqpValue, AmqpValue]>, keys: 'as-given' | 'symbol' = 'as-given'): void {
    const start = this.beginCompound();
    let count = 0;
    for (const [key, value] of map) {
      if (value === undefined) continue;
      if (keys === 'symbol' && typeof key === 'string') this.writeSymbol(key);
      else this.writeValue(key);
      this.writeValue(value);
      count += 2;
    }
    this.endCompound(start, count, FormatCode.map8);
  }

  /** Room for the header of a list or map; `endCompound` fills it in. */
  beginCompound(): number {
    return this.advance(9);
  }

  endCompound(start: number, count: number, code8: number): void {
    const size = this.position - start - 9;
    if (size < 255 && count < 256) {
      this.buffer.copyWithin(start + 3, start + 9, this.position);
      this.position -= 6;
      this.buffer[start] = code8;
      this.buffer[start + 1] = size + 1;
      this.buffer[start + 2] = count;
    } else {
      // list32, map32 and array32 lie one row below list8, map8 and array8 in the table of §1.2.1.
      this.buffer[start] = code8 + 0x10;
      this.buffer.writeUInt32BE(size + 4, start + 1);
      this.buffer.writeUInt32BE(count, start + 5);
    }
  }

  writeValue(value: AmqpValue): void {
    switch (typeof value) {
      case 'undefined':
        this.writeNull();
        return;
      case 'boolean':
        this.writeBoolean(value);
        return;
      case 'string':
        this.writeString(value);
        return;
      case 'number':
        this.writeNumber(value);
        return;
      case 'bigint':
        this.writeLongOrUlong(value);
        return;
      default:
        this.writeObject(value);
    }
  }

  private writeObject(value: (AmqpValue & object) | null): void {
    if (value === null) this.writeNull();
    else if (value instanceof Typed) writeTyped(this, value.type, value.value);
    else if (value instanceof AmqpSymbol) this.writeSymbol(value.value);
    else if (value instanceof Date) this.writeTimestamp(value);
    else if (value instanceof Uint8Array) this.writeBinary(value);
    else if (value instanceof Uuid) this.writeFixed(FormatCode.uuid, value.bytes);
    else if (value instanceof Decimal) this.writeFixed(decimalCode(value.bytes.length), value.bytes);
    else if (value instanceof Described) this.writeDescribed(value);
    else if (value instanceof AmqpArray) this.writeArray(value);
    else if (Array.isArray(value)) this.writeList(value as readonly AmqpValue[]);
    else if (value instanceof Map) this.writeMap(value);
    else this.writeMap(Object.entries(value as { readonly [key: string]: AmqpValue }));
  }

  private writeDescribed(value: Described): void {
    this.writeByte(FormatCode.described);
    this.writeValue(value.descriptor);
    this.writeValue(value.value);
  }

  private writeArray(array: AmqpArray): void {
    const start = this.beginCompound();
    if (array.descriptor !== undefined) {
      this.writeByte(FormatCode.described);
      this.writeValue(array.descriptor);
    }
    const code = elementCode(array.type);
    this.writeByte(code);
    for (const value of array.values) writeElement(this, code, value);
    this.endCompound(start, array.values.length, FormatCode.array8);
  }

  private writeNumber(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      if (value >= -0x80000000 && value <= 0x7fffffff) this.writeInt(value);
      else this.writeLong(value);
    } else {
      this.writeDouble(value);
    }
  }

  private writeLongOrUlong(value: bigint): void {
    if (value > 0x7fff_ffff_ffff_ffffn) this.writeUlong(value);
    else this.writeLong(value);
  }

  writeFixed(code: number, bytes: Uint8Array): void {
    this.writeByte(code);
    this.writeBytes(bytes);
  }

  writeUint32(value: number): void {
    const at = this.advance(4);
    this.buffer.writeUInt32BE(value, at);
  }

  private writeSize(size: number, code8: number, code32: number): void {
    this.writeByte(size < 256 ? code8 : code32);
    if (size < 256) this.writeByte(size);
    else this.writeUint32(size);
  }
}

function decimalCode(size: number): number {
  if (size === 4) return FormatCode.decimal32;
  return size === 8 ? FormatCode.decimal64 : FormatCode.decimal128;
}

function writeTyped(encoder: Encoder, type: PrimitiveType, value: AmqpValue): void {
  switch (type) {
    case 'boolean':
      encoder.writeBoolean(value as boolean);
      return;
    case 'uint':
      encoder.writeUint(value as number);
      return;
    case 'ulong':
      encoder.writeUlong(value as number | bigint);
      return;
    case 'int':
      encoder.writeInt(value as number);
      return;
    case 'long':
      encoder.writeLong(value as number | bigint);
      return;
    case 'symbol':
      encoder.writeSymbol(String(value));
      return;
    case 'null':
    case 'string':
    case 'binary':
    case 'list':
    case 'map':
    case 'array':
      encoder.writeValue(value);
      return;
    default: {
      const code = elementCode(type);
      encoder.writeByte(code);
      writeElement(encoder, code, value);
      return;
    }
  }
}

/** The encoding that fits every value of a type, as arrays need one for all elements. */
function elementCode(type: PrimitiveType): number {
  switch (type) {
    case 'binary':
      return FormatCode.vbin32;
    case 'string':
      return FormatCode.str32;
    case 'symbol':
      return FormatCode.sym32;
    case 'list':
      return FormatCode.list32;
    case 'map':
      return FormatCode.map32;
    case 'array':
      return FormatCode.array32;
    default:
      return FormatCode[type];
  }
}

/** A value without its format code. */
function writeElement(encoder: Encoder, code: number, value: AmqpValue): void {
  switch (code >>> 4) {
    case 0x4:
      return;
    case 0x5:
      encoder.writeByte(Number(value) & 0xff);
      return;
    case 0x9:
      encoder.writeBytes((value as Uuid | Decimal).bytes);
      return;
    case 0xb:
      writeVariableElement(encoder, code, value);
      return;
    case 0xd:
    case 0xf:
      writeCompoundElement(encoder, value);
      return;
    default:
      writeNumericElement(encoder, code, value);
      return;
  }
}

function writeVariableElement(encoder: Encoder, code: number, value: AmqpValue): void {
  const encoding = code === FormatCode.sym32 ? 'latin1' : 'utf8';
  const bytes = code === FormatCode.vbin32 ? (value as Uint8Array) : Buffer.from(String(value), encoding);
  encoder.writeUint32(bytes.length);
  encoder.writeBytes(bytes);
}

function writeCompoundElement(encoder: Encoder, value: AmqpValue): void {
  const inner = new Encoder();
  // Elements of an array share the wide form, so a short value is widened: size and count take four bytes each.
  inner.writeValue(value);
  const bytes = inner.view();
  const code = bytes[0]!;
  if (code >>> 4 === 0x4) {
    encoder.writeUint32(4);
    encoder.writeUint32(0);
  } else if (code >>> 4 === 0xc || code >>> 4 === 0xe) {
    encoder.writeUint32(bytes[1]! + 3);
    encoder.writeUint32(bytes[2]!);
    encoder.writeBytes(bytes.subarray(3));
  } else {
    encoder.writeBytes(bytes.subarray(1));
  }
}

function writeNumericElement(encoder: Encoder, code: number, value: AmqpValue): void {
  if (value instanceof Decimal) {
    encoder.writeBytes(value.bytes);
    return;
  }
  const width = [2, 4, 8][(code >>> 4) - 6]!;
  const at = encoder.advance(width);
  const { buffer } = encoder;
  switch (code) {
    case FormatCode.ushort:
      buffer.writeUInt16BE(value as number, at);
      return;
    case FormatCode.short:
      buffer.writeInt16BE(value as number, at);
      return;
    case FormatCode.uint:
      buffer.writeUInt32BE(value as number, at);
      return;
    case FormatCode.int:
      buffer.writeInt32BE(value as number, at);
      return;
    case FormatCode.float:
      buffer.writeFloatBE(value as number, at);
      return;
    case FormatCode.char:
      buffer.writeUInt32BE((value as string).codePointAt(0)!, at);
      return;
    case FormatCode.double:
      buffer.writeDoubleBE(value as number, at);
      return;
    case FormatCode.ulong:
      buffer.writeBigUInt64BE(BigInt(value as number | bigint), at);
      return;
    case FormatCode.timestamp:
      buffer.writeBigInt64BE(BigInt(Math.trunc(Number(value))), at);
      return;
    default:
      buffer.writeBigInt64BE(BigInt(value as number | bigint), at);
      return;
  }
}
