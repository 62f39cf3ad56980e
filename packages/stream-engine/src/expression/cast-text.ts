/**
 * CAST and try_cast of STRING to INT, BIGINT, FLOAT and DOUBLE: the first thing that almost every job does with a body.
 * Reads the bytes of the message where they lie; no string is made.
 */
import type { ColumnBatch } from '../column-batch.js';
import type { ErrorSite, RowErrors } from '../errors.js';
import { NOT_AN_INT, parseDouble, parseInt32, parseInt64 } from '../text/parse-number.js';
import {
  type Bytes,
  type Doubles,
  formOf,
  type Ints,
  type Longs,
  Result,
  readText,
  readValue,
  type Vector,
} from '../vector.js';
import type { CastExpression, Evaluator } from './evaluator.js';

const SHOWN_LENGTH = 60;

export function quoteShort(text: string): string {
  return text.length <= SHOWN_LENGTH ? `'${text}'` : `'${text.slice(0, SHOWN_LENGTH)}…'`;
}

export class TextToNumber implements Evaluator {
  readonly type: CastExpression['type'];
  readonly fallible: boolean;
  readonly constant = undefined;
  private readonly operand: Evaluator;
  private readonly result: Result<Ints | Longs | Doubles>;
  private readonly failed: number[] = [];
  private readonly site: ErrorSite | undefined;
  private source: Vector | undefined;
  /** Text that is not in bytes yet is put here first. */
  private readonly encoded = new Result<Bytes>('bytes');

  constructor(cast: CastExpression, operand: Evaluator) {
    this.type = cast.type;
    this.operand = operand;
    this.result = new Result(formOf(cast.type) as 'ints' | 'longs' | 'doubles');
    this.fallible = cast.mode === 'ansi' || operand.fallible;
    const describe = (row: number): string =>
      `${quoteShort(String(readValue(this.source!, operand.type, row)))} is no ${cast.type.name}; ` +
      'correct the value, or use try_cast, which gives NULL instead';
    if (cast.mode === 'ansi') this.site = { condition: 'CAST_INVALID_INPUT', span: cast.span, describe };
  }

  evaluate(batch: ColumnBatch, errors: RowErrors): Vector {
    const { count } = batch;
    this.source = this.operand.evaluate(batch, errors);
    const text = this.source.form === 'bytes' ? this.source : this.encode(this.source, count);
    const vector = this.result.beginWith(count, text.nulls, undefined);
    this.failed.length = 0;
    if (vector.form === 'ints') castToInts(text, vector.values, count, this.failed);
    else if (vector.form === 'longs') castToLongs(text, vector.values, count, this.failed);
    else castToDoubles(text, vector.values, count, this.failed);
    if (this.failed.length > 0) this.markFailed(text.nulls, errors);
    if (this.type.name === 'FLOAT' && vector.form === 'doubles')
      for (let row = 0; row < count; row++) vector.values[row] = Math.fround(vector.values[row]!);
    return vector;
  }

  private markFailed(nulls: Uint8Array | undefined, errors: RowErrors): void {
    for (const row of this.failed) {
      if (nulls !== undefined && nulls[row] === 1) continue;
      this.result.setNull(row);
      if (this.site !== undefined) errors.mark(row, this.site);
    }
  }

  private encode(source: Vector, count: number): Bytes {
    const target = this.encoded.beginWith(count, source.nulls, undefined);
    const parts: Buffer[] = [];
    let position = 0;
    for (let row = 0; row < count; row++) {
      const part = source.nulls?.[row] === 1 ? Buffer.alloc(0) : Buffer.from(readText(source, row));
      parts.push(part);
      target.starts[row] = position;
      position += part.length;
      target.ends[row] = position;
    }
    target.bytes = Buffer.concat(parts);
    return target;
  }
}

function castToInts(text: Bytes, out: Int32Array, count: number, failed: number[]): void {
  const { bytes, starts, ends } = text;
  for (let row = 0; row < count; row++) {
    const value = parseInt32(bytes, starts[row]!, ends[row]!);
    if (value === NOT_AN_INT) failed.push(row);
    else out[row] = value;
  }
}

function castToLongs(text: Bytes, out: BigInt64Array, count: number, failed: number[]): void {
  const { bytes, starts, ends } = text;
  for (let row = 0; row < count; row++) {
    const value = parseInt64(bytes, starts[row]!, ends[row]!);
    if (value === undefined) failed.push(row);
    else out[row] = value;
  }
}

function castToDoubles(text: Bytes, out: Float64Array, count: number, failed: number[]): void {
  const { bytes, starts, ends } = text;
  for (let row = 0; row < count; row++) {
    const value = parseDouble(bytes, starts[row]!, ends[row]!);
    if (value === undefined) failed.push(row);
    else out[row] = value;
  }
}
