/**
 * Grouping keys as bytes, so that one hash table serves every combination of types. Each value is a byte 0 for NULL, or 1
 * and the value:
 *
 *     BOOLEAN 1 byte · INT 4 · BIGINT 8 · FLOAT DOUBLE TIMESTAMP 8 · STRING BINARY DECIMAL length (4) and bytes
 *
 * Numbers are little-endian. NaNs are one key, as are 0.0 and -0.0; a DECIMAL is its digits.
 */
import type { DataType } from '@millrace/sql';
import { formOf, Result, readText, readValue, type Value, type Vector, writeValue } from '../vector.js';

export class KeyWriter {
  buffer = Buffer.allocUnsafe(256);
  length = 0;

  /** Replaces what is in `buffer` by the key of one row. */
  write(vectors: readonly Vector[], types: readonly DataType[], row: number): void {
    this.length = 0;
    for (let index = 0; index < vectors.length; index++) this.append(vectors[index]!, types[index]!, row);
  }

  private append(vector: Vector, type: DataType, row: number): void {
    this.reserve(16);
    if (vector.nulls !== undefined && vector.nulls[row] === 1) {
      this.buffer[this.length++] = 0;
      return;
    }
    this.buffer[this.length++] = 1;
    switch (vector.form) {
      case 'flags':
        this.buffer[this.length++] = vector.values[row]!;
        break;
      case 'ints':
        this.length = this.buffer.writeInt32LE(vector.values[row]!, this.length);
        break;
      case 'longs':
        this.length = this.buffer.writeBigInt64LE(vector.values[row]!, this.length);
        break;
      case 'doubles':
        this.length = this.buffer.writeDoubleLE(normaliseDouble(vector.values[row]!), this.length);
        break;
      case 'bytes':
        this.appendBytes(vector.bytes, vector.starts[row]!, vector.ends[row]!);
        break;
      case 'dictionary':
        this.appendText(readText(vector, row));
        break;
      case 'values':
        this.appendValue(readValue(vector, type, row));
    }
  }

  private appendValue(value: Value): void {
    if (value instanceof Uint8Array) this.appendBytes(value, 0, value.length);
    else this.appendText(String(value));
  }

  private appendBytes(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    this.reserve(size + 4);
    this.length = this.buffer.writeUInt32LE(size, this.length);
    const { buffer } = this;
    const to = this.length;
    // A call costs more than a short loop.
    if (size <= 32) for (let at = 0; at < size; at++) buffer[to + at] = bytes[start + at]!;
    else buffer.set(bytes.subarray(start, end), to);
    this.length += size;
  }

  private appendText(text: string): void {
    this.reserve(text.length * 3 + 4);
    const size = this.buffer.write(text, this.length + 4);
    this.buffer.writeUInt32LE(size, this.length);
    this.length += size + 4;
  }

  private reserve(size: number): void {
    if (this.length + size <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + size));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

function normaliseDouble(value: number): number {
  if (value === 0) return 0;
  return Number.isNaN(value) ? Number.NaN : value;
}

/** The columns of `count` keys: key i begins at `offsets[i]` of `arena`. */
export function readKeys(
  types: readonly DataType[],
  arena: Buffer,
  offsets: Int32Array,
  count: number,
): readonly Vector[] {
  const results = types.map((type) => new Result(formOf(type)));
  for (const result of results) result.begin(count);
  for (let row = 0; row < count; row++) {
    let at = offsets[row]!;
    for (let index = 0; index < types.length; index++) {
      const result = results[index]!;
      if (arena[at++] === 0) {
        result.setNull(row);
        continue;
      }
      const size = sizeOf(types[index]!, arena, at);
      writeValue(result.vector, row, decode(types[index]!, arena, at));
      at += size;
    }
  }
  return results.map((result) => result.vector);
}

function sizeOf(type: DataType, arena: Buffer, at: number): number {
  switch (formOf(type)) {
    case 'flags':
      return 1;
    case 'ints':
      return 4;
    case 'longs':
    case 'doubles':
      return 8;
    default:
      return 4 + arena.readUInt32LE(at);
  }
}

function decode(type: DataType, arena: Buffer, at: number): Value {
  switch (type.name) {
    case 'BOOLEAN':
      return arena[at] === 1;
    case 'INT':
      return arena.readInt32LE(at);
    case 'BIGINT':
      return arena.readBigInt64LE(at);
    case 'FLOAT':
    case 'DOUBLE':
    case 'TIMESTAMP':
      return arena.readDoubleLE(at);
  }
  const end = at + 4 + arena.readUInt32LE(at);
  if (type.name === 'BINARY') return Uint8Array.prototype.slice.call(arena, at + 4, end);
  const text = arena.toString('utf8', at + 4, end);
  return type.name === 'DECIMAL' ? BigInt(text) : text;
}
