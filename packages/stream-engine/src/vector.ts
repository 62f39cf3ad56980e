/**
 * A column of a batch in memory: the forms of docs/adr/0005-column-forms.md.
 *
 *     BOOLEAN            flags       Uint8Array, 0 or 1
 *     INT                ints        Int32Array
 *     BIGINT             longs       BigInt64Array
 *     FLOAT DOUBLE       doubles     Float64Array (FLOAT rounded to single precision)
 *     TIMESTAMP          doubles     Float64Array, microseconds since the epoch
 *     STRING BINARY      bytes       value i is bytes[starts[i] … ends[i]), UTF-8; as a message brings it
 *     STRING             dictionary  value i is names[ids[i]]; as `address` comes, and every literal
 *     STRING BINARY DECIMAL MAP WINDOW VOID
 *                        values      string, Uint8Array, bigint (unscaled), Map, WindowValue; as functions make them
 *
 * `nulls` has one byte a row, 1 = NULL; undefined says that there is none. The value under a NULL means nothing.
 * A vector belongs to the expression that made it and is valid until that is evaluated again.
 */
import type { DataType } from '@millrace/sql';

export interface Flags {
  readonly form: 'flags';
  values: Uint8Array;
  nulls: Uint8Array | undefined;
}
export interface Ints {
  readonly form: 'ints';
  values: Int32Array;
  nulls: Uint8Array | undefined;
}
export interface Longs {
  readonly form: 'longs';
  values: BigInt64Array;
  nulls: Uint8Array | undefined;
}
export interface Doubles {
  readonly form: 'doubles';
  values: Float64Array;
  nulls: Uint8Array | undefined;
}
export interface Bytes {
  readonly form: 'bytes';
  bytes: Buffer;
  starts: Int32Array;
  ends: Int32Array;
  nulls: Uint8Array | undefined;
}
export interface Dictionary {
  readonly form: 'dictionary';
  ids: Int32Array;
  names: readonly string[];
  nulls: Uint8Array | undefined;
}
export interface Values {
  readonly form: 'values';
  values: unknown[];
  nulls: Uint8Array | undefined;
}

export type Vector = Flags | Ints | Longs | Doubles | Bytes | Dictionary | Values;

export interface WindowValue {
  readonly startUs: number;
  readonly endUs: number;
}
export type MapValue = ReadonlyMap<string, string | null>;

/** One value out of its column: BIGINT and DECIMAL bigint, TIMESTAMP µs, FLOAT and DOUBLE number, null for NULL. */
export type Value = boolean | number | bigint | string | Uint8Array | MapValue | WindowValue | null;

/** The form in which functions make values of a type. */
export function formOf(type: DataType): Vector['form'] {
  switch (type.name) {
    case 'BOOLEAN':
      return 'flags';
    case 'INT':
      return 'ints';
    case 'BIGINT':
      return 'longs';
    case 'FLOAT':
    case 'DOUBLE':
    case 'TIMESTAMP':
      return 'doubles';
    default:
      return 'values';
  }
}

export function readText(vector: Vector, row: number): string {
  switch (vector.form) {
    case 'bytes':
      return vector.bytes.toString('utf8', vector.starts[row], vector.ends[row]);
    case 'dictionary':
      return vector.names[vector.ids[row]!]!;
    default:
      return vector.values[row] as string;
  }
}

/** The value of one row. Rows of `bytes` are strings for STRING and views for BINARY. */
export function readValue(vector: Vector, type: DataType, row: number): Value {
  if (vector.nulls !== undefined && vector.nulls[row] === 1) return null;
  switch (vector.form) {
    case 'flags':
      return vector.values[row] === 1;
    case 'ints':
    case 'doubles':
    case 'longs':
      return vector.values[row]!;
    case 'bytes':
      if (type.name === 'BINARY') return vector.bytes.subarray(vector.starts[row], vector.ends[row]);
      return readText(vector, row);
    case 'dictionary':
      return readText(vector, row);
    case 'values':
      return vector.values[row] as Value;
  }
}

/** An empty vector that grows with the batches it holds. */
export function emptyVector(form: Vector['form']): Vector {
  const nulls = undefined;
  switch (form) {
    case 'flags':
      return { form, values: new Uint8Array(0), nulls };
    case 'ints':
      return { form, values: new Int32Array(0), nulls };
    case 'longs':
      return { form, values: new BigInt64Array(0), nulls };
    case 'doubles':
      return { form, values: new Float64Array(0), nulls };
    case 'bytes':
      return { form, bytes: Buffer.alloc(0), starts: new Int32Array(0), ends: new Int32Array(0), nulls };
    case 'dictionary':
      return { form, ids: new Int32Array(0), names: [], nulls };
    case 'values':
      return { form, values: [], nulls };
  }
}

export function capacityFor(count: number): number {
  let capacity = 64;
  while (capacity < count) capacity *= 2;
  return capacity;
}

/** Writes one value, which must fit the vector's form and capacity. NULL is the caller's business. */
export function writeValue(vector: Vector, row: number, value: Value): void {
  switch (vector.form) {
    case 'flags':
      vector.values[row] = value === true ? 1 : 0;
      break;
    case 'ints':
    case 'doubles':
      vector.values[row] = value as number;
      break;
    case 'longs':
      vector.values[row] = value as bigint;
      break;
    case 'values':
      vector.values[row] = value;
      break;
    default:
      throw new Error(`no single value can be written to a vector of ${vector.form}`);
  }
}

/** Makes a vector of that type out of values, null for NULL. */
export function vectorOf(type: DataType, values: readonly Value[]): Vector {
  const result = new Result(formOf(type));
  result.begin(values.length);
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (value === null) result.setNull(row);
    else writeValue(result.vector, row, value);
  }
  return result.vector;
}

/**
 * A vector that an expression fills again for each batch, with its own null mask. Masks of operands may be taken over as
 * they are; they are copied before the first row is marked beside them.
 */
export class Result<V extends Vector = Vector> {
  readonly vector: V;
  private mask = new Uint8Array(0);
  private capacity = 0;
  private count = 0;

  constructor(form: V['form']) {
    this.vector = emptyVector(form) as V;
  }

  /** Makes room for `count` rows, none of them NULL. */
  begin(count: number): V {
    if (count > this.capacity) this.grow(count);
    this.count = count;
    this.vector.nulls = undefined;
    return this.vector;
  }

  /** As `begin`, with the rows NULL that are NULL in one of the operands. */
  beginWith(count: number, left: Uint8Array | undefined, right: Uint8Array | undefined): V {
    this.begin(count);
    if (left === undefined || right === undefined) {
      this.vector.nulls = left ?? right;
      return this.vector;
    }
    const mask = this.mask;
    for (let row = 0; row < count; row++) mask[row] = left[row]! | right[row]!;
    this.vector.nulls = mask;
    return this.vector;
  }

  setNull(row: number): void {
    if (this.vector.nulls !== this.mask) {
      if (this.vector.nulls === undefined) this.mask.fill(0, 0, this.count);
      else this.mask.set(this.vector.nulls.subarray(0, this.count));
      this.vector.nulls = this.mask;
    }
    this.mask[row] = 1;
  }

  private grow(count: number): void {
    const capacity = capacityFor(count);
    this.capacity = capacity;
    this.mask = new Uint8Array(capacity);
    const vector: Vector = this.vector;
    switch (vector.form) {
      case 'flags':
        vector.values = new Uint8Array(capacity);
        break;
      case 'ints':
        vector.values = new Int32Array(capacity);
        break;
      case 'longs':
        vector.values = new BigInt64Array(capacity);
        break;
      case 'doubles':
        vector.values = new Float64Array(capacity);
        break;
      case 'bytes':
        vector.starts = new Int32Array(capacity);
        vector.ends = new Int32Array(capacity);
        break;
      case 'dictionary':
        vector.ids = new Int32Array(capacity);
        break;
      case 'values':
        vector.values = new Array(capacity).fill(null);
    }
  }
}
