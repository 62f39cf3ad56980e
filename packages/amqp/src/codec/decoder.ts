/**
 * Decodes values at an offset of a buffer (AMQP 1.0 part 1). Strings and binaries are copied out; nothing decoded refers
 * to the buffer afterwards. One decoder is used again and again: `reset` points it at the next range.
 */
import { decodeError } from '../amqp-error.js';
import { EMPTY_ELEMENTS_MAX, FormatCode, NESTING_MAX } from './format-code.js';
import { readUint32, skipValue } from './skip.js';
import { AmqpArray, AmqpSymbol, type AmqpValue, Decimal, Described, type PrimitiveType, Uuid } from './values.js';

const EMPTY = Buffer.alloc(0);

export class Decoder {
  buffer: Buffer = EMPTY;
  position = 0;
  end = 0;
  private depth = 0;

  reset(buffer: Buffer, start: number, end: number): this {
    this.buffer = buffer;
    this.position = start;
    this.end = end;
    this.depth = 0;
    return this;
  }

  /** The next format code, without taking it. */
  peek(): number {
    if (this.position >= this.end) throw decodeError('a value is cut off');
    return this.buffer[this.position]!;
  }

  skip(): void {
    this.position = skipValue(this.buffer, this.position, this.end);
  }

  readValue(): AmqpValue {
    const code = this.readCode();
    if (code !== FormatCode.described) return this.readPrimitive(code);
    this.enter();
    const descriptor = this.readValue();
    const value = this.readValue();
    this.depth--;
    return new Described(descriptor, value);
  }

  /** A list's header. @returns its number of elements and, in `limit`, where it ends */
  readListHeader(): { readonly count: number; readonly limit: number } {
    const code = this.readCode();
    if (code === FormatCode.list0) return { count: 0, limit: this.position };
    if (code !== FormatCode.list8 && code !== FormatCode.list32) throw decodeError('a list was expected');
    return this.readCompoundHeader(code === FormatCode.list8);
  }

  readCode(): number {
    const code = this.peek();
    this.position++;
    return code;
  }

  private readPrimitive(code: number): AmqpValue {
    switch (code) {
      case FormatCode.null:
        return null;
      case FormatCode.true:
        return true;
      case FormatCode.false:
        return false;
      case FormatCode.boolean:
        return this.readBoolean();
      case FormatCode.uint0:
      case FormatCode.ulong0:
        return 0;
      case FormatCode.list0:
        return [];
      case FormatCode.list8:
      case FormatCode.list32:
        return this.readList(code === FormatCode.list8);
      case FormatCode.map8:
      case FormatCode.map32:
        return this.readMap(code === FormatCode.map8);
      case FormatCode.array8:
      case FormatCode.array32:
        return this.readArray(code === FormatCode.array8);
      default:
        return code >= FormatCode.vbin8 ? this.readVariable(code) : this.readFixed(code);
    }
  }

  private readBoolean(): boolean {
    const value = this.buffer[this.take(1)]!;
    if (value > 1) throw decodeError('a boolean byte is 0 or 1');
    return value === 1;
  }

  private readFixed(code: number): AmqpValue {
    const { buffer } = this;
    switch (code) {
      case FormatCode.ubyte:
      case FormatCode.smalluint:
      case FormatCode.smallulong:
        return buffer[this.take(1)]!;
      case FormatCode.byte:
      case FormatCode.smallint:
      case FormatCode.smalllong:
        return buffer.readInt8(this.take(1));
      case FormatCode.ushort:
        return buffer.readUInt16BE(this.take(2));
      case FormatCode.short:
        return buffer.readInt16BE(this.take(2));
      case FormatCode.uint:
        return buffer.readUInt32BE(this.take(4));
      case FormatCode.int:
        return buffer.readInt32BE(this.take(4));
      case FormatCode.float:
        return buffer.readFloatBE(this.take(4));
      case FormatCode.char:
        return this.readChar();
      case FormatCode.ulong:
        return plainInteger(buffer.readBigUInt64BE(this.take(8)));
      case FormatCode.long:
        return plainInteger(buffer.readBigInt64BE(this.take(8)));
      case FormatCode.double:
        return buffer.readDoubleBE(this.take(8));
      case FormatCode.timestamp:
        return new Date(Number(buffer.readBigInt64BE(this.take(8))));
      default:
        return this.readOpaque(code);
    }
  }

  private readOpaque(code: number): AmqpValue {
    switch (code) {
      case FormatCode.decimal32:
        return new Decimal(this.readBytes(4));
      case FormatCode.decimal64:
        return new Decimal(this.readBytes(8));
      case FormatCode.decimal128:
        return new Decimal(this.readBytes(16));
      case FormatCode.uuid:
        return new Uuid(this.readBytes(16));
      default:
        throw decodeError(`0x${code.toString(16)} is no format code`);
    }
  }

  private readChar(): string {
    const point = this.buffer.readUInt32BE(this.take(4));
    if (point > 0x10ffff) throw decodeError('a char is a Unicode code point');
    return String.fromCodePoint(point);
  }

  private readVariable(code: number): AmqpValue {
    const size = code < FormatCode.vbin32 ? this.buffer[this.take(1)]! : readUint32(this.buffer, this.take(4));
    const start = this.take(size);
    switch (code) {
      case FormatCode.vbin8:
      case FormatCode.vbin32:
        return Buffer.from(this.buffer.subarray(start, start + size));
      case FormatCode.str8:
      case FormatCode.str32:
        return this.buffer.toString('utf8', start, start + size);
      case FormatCode.sym8:
      case FormatCode.sym32:
        return new AmqpSymbol(this.buffer.toString('latin1', start, start + size));
      default:
        throw decodeError(`0x${code.toString(16)} is no format code`);
    }
  }

  private readList(small: boolean): AmqpValue[] {
    const { count, limit } = this.readCompoundHeader(small);
    const values: AmqpValue[] = [];
    this.within(limit, () => {
      for (let i = 0; i < count; i++) values.push(this.readValue());
    });
    return values;
  }

  private readMap(small: boolean): Map<AmqpValue, AmqpValue> {
    const { count, limit } = this.readCompoundHeader(small);
    if (count % 2 !== 0) throw decodeError('a map has as many keys as values');
    const map = new Map<AmqpValue, AmqpValue>();
    this.within(limit, () => {
      for (let i = 0; i < count; i += 2) map.set(this.readValue(), this.readValue());
    });
    return map;
  }

  private readArray(small: boolean): AmqpArray {
    const { count, limit } = this.readCompoundHeader(small, EMPTY_ELEMENTS_MAX);
    const values: AmqpValue[] = [];
    let type: PrimitiveType = 'null';
    let descriptor: AmqpValue;
    this.within(limit, () => {
      let code = this.readCode();
      if (code === FormatCode.described) {
        descriptor = this.readValue();
        code = this.readCode();
      }
      if (code === FormatCode.described) throw decodeError('array elements are described twice');
      type = typeOfCode(code);
      for (let i = 0; i < count; i++) values.push(this.readPrimitive(code));
    });
    return new AmqpArray(type, values, descriptor);
  }

  /** Elements take a byte each at least, but in arrays, where `slack` more may take none. */
  private readCompoundHeader(small: boolean, slack = 0): { readonly count: number; readonly limit: number } {
    const width = small ? 1 : 4;
    const size = small ? this.buffer[this.take(1)]! : readUint32(this.buffer, this.take(4));
    if (size < width || this.position + size > this.end) throw decodeError('a list, map or array is cut off');
    const limit = this.position + size;
    const count = small ? this.buffer[this.take(1)]! : readUint32(this.buffer, this.take(4));
    if (count > size - width + slack) throw decodeError('a list, map or array has more elements than bytes');
    return { count, limit };
  }

  /** Runs `read` with the end set to `limit`, which it must reach exactly. */
  private within(limit: number, read: () => void): void {
    this.enter();
    const outerEnd = this.end;
    this.end = limit;
    read();
    if (this.position !== limit) throw decodeError('a list, map or array is longer than its elements');
    this.end = outerEnd;
    this.depth--;
  }

  private enter(): void {
    if (++this.depth > NESTING_MAX) throw decodeError('values are nested too deep');
  }

  private readBytes(size: number): Buffer {
    const start = this.take(size);
    return Buffer.from(this.buffer.subarray(start, start + size));
  }

  /** Takes `size` bytes. @returns where they start */
  private take(size: number): number {
    const start = this.position;
    if (size > this.end - start) throw decodeError('a value is cut off');
    this.position = start + size;
    return start;
  }
}

function plainInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

const TYPES: ReadonlyMap<number, PrimitiveType> = new Map(
  Object.entries({
    null: ['null'],
    boolean: ['boolean', 'true', 'false'],
    ubyte: ['ubyte'],
    ushort: ['ushort'],
    uint: ['uint', 'smalluint', 'uint0'],
    ulong: ['ulong', 'smallulong', 'ulong0'],
    byte: ['byte'],
    short: ['short'],
    int: ['int', 'smallint'],
    long: ['long', 'smalllong'],
    float: ['float'],
    double: ['double'],
    decimal32: ['decimal32'],
    decimal64: ['decimal64'],
    decimal128: ['decimal128'],
    char: ['char'],
    timestamp: ['timestamp'],
    uuid: ['uuid'],
    binary: ['vbin8', 'vbin32'],
    string: ['str8', 'str32'],
    symbol: ['sym8', 'sym32'],
    list: ['list0', 'list8', 'list32'],
    map: ['map8', 'map32'],
    array: ['array8', 'array32'],
  } as const).flatMap(([type, codes]) => codes.map((code) => [FormatCode[code], type as PrimitiveType] as const)),
);

function typeOfCode(code: number): PrimitiveType {
  const type = TYPES.get(code);
  if (type === undefined) throw decodeError(`0x${code.toString(16)} is no format code`);
  return type;
}
