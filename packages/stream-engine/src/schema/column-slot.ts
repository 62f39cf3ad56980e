/**
 * One column of a schema that a job reads, filled row by row from bodies in JSON or CSV: what a value of its type looks
 * like in either, as Spark's from_json and from_csv have it. Rows that are not filled are NULL.
 */
import type { DataType, Field } from '@millrace/sql';
import { capacityFor, formOf, Result, type Vector } from '../vector.js';
import type { JsonToken } from './json-token.js';

export interface BodyBytes {
  readonly bytes: Buffer;
  /** Bytes of it that are used. */
  readonly used: number;
  readonly count: number;
}

export abstract class ColumnSlot<V extends Vector = Vector> {
  readonly name: string;
  readonly type: DataType;
  protected readonly vector: V;
  private readonly result: Result<V>;
  private mask = new Uint8Array(0);
  private count = 0;
  private filled = 0;

  constructor({ name, type }: Field, form: V['form'] = formOf(type)) {
    this.name = name;
    this.type = type;
    this.result = new Result(form);
    this.vector = this.result.vector;
  }

  /** For the next batch: all rows are NULL. */
  begin({ count }: BodyBytes): void {
    this.result.begin(count);
    if (this.mask.length < count) this.mask = new Uint8Array(capacityFor(count));
    this.mask.fill(1, 0, count);
    this.count = count;
    this.filled = 0;
  }

  /** @returns false when that is no value of the type. The token is none of fault and null. */
  abstract takeJson(row: number, token: JsonToken, bytes: Buffer, start: number, end: number): boolean;

  /** The same of a CSV value, which is not empty, without its quotes; in the batch's bytes or in others. */
  abstract takeCsv(row: number, bytes: Buffer, start: number, end: number): boolean;

  setNull(row: number): void {
    if (this.mask[row] === 1) return;
    this.mask[row] = 1;
    this.filled--;
  }

  protected markFilled(row: number): true {
    if (this.mask[row] === 1) {
      this.mask[row] = 0;
      this.filled++;
    }
    return true;
  }

  /** The column; valid until the next `begin`. */
  finish(): Vector {
    this.vector.nulls = this.filled === this.count ? undefined : this.mask;
    return this.vector;
  }
}
