/** What a compiled expression is, and the two simplest: a column and a literal. */
import type { DataType, Expression } from '@millrace/sql';
import type { ColumnBatch } from '../column-batch.js';
import type { RowErrors } from '../errors.js';
import { formOf, Result, type Value, type Vector, writeValue } from '../vector.js';

export type CallExpression = Extract<Expression, { kind: 'call' }>;
export type CastExpression = Extract<Expression, { kind: 'cast' }>;
export type CaseExpression = Extract<Expression, { kind: 'case' }>;

/** Computes one column for a whole batch. */
export interface Evaluator {
  readonly type: DataType;
  /** Whether `evaluate` can mark a row: then a branch must be guarded, and the result not be shared. */
  readonly fallible: boolean;
  /** The one value of all rows. Undefined: not a literal. */
  readonly constant: Value | undefined;
  /** The vector is valid until the next call. A failed row is marked in `errors` and NULL. */
  evaluate(batch: ColumnBatch, errors: RowErrors): Vector;
}

export class ColumnEvaluator implements Evaluator {
  readonly type: DataType;
  readonly fallible = false;
  readonly constant = undefined;
  private readonly index: number;

  constructor(index: number, type: DataType) {
    this.index = index;
    this.type = type;
  }

  evaluate(batch: ColumnBatch): Vector {
    const vector = batch.columns[this.index];
    if (vector === undefined) throw new Error(`the plan names column ${this.index}, which the batch has not`);
    return vector;
  }
}

/** A plan may give whole numbers of any type as number or bigint. */
function normalise(value: Value, type: DataType): Value {
  if (value === null) return null;
  if (type.name === 'BIGINT' || type.name === 'DECIMAL') return BigInt(value as number);
  if (type.name === 'TIMESTAMP' || type.name === 'INT' || type.name === 'DOUBLE') return Number(value);
  return type.name === 'FLOAT' ? Math.fround(Number(value)) : value;
}

/** A literal: the same vector for every batch, filled once for the longest seen. */
export class ConstantEvaluator implements Evaluator {
  readonly type: DataType;
  readonly fallible = false;
  readonly constant: Value;
  private readonly result: Result;
  private filled = 0;

  constructor(value: Value, type: DataType) {
    this.type = type;
    this.constant = normalise(value, type);
    this.result = new Result(typeof value === 'string' ? 'dictionary' : formOf(type));
  }

  evaluate(batch: ColumnBatch): Vector {
    if (batch.count > this.filled) this.fill(batch.count);
    return this.result.vector;
  }

  private fill(count: number): void {
    const value = this.constant;
    const vector = this.result.begin(count);
    if (vector.form === 'dictionary') vector.names = [value as string];
    for (let row = 0; row < count; row++) {
      if (value === null) this.result.setNull(row);
      else if (vector.form !== 'dictionary') writeValue(vector, row, value);
    }
    this.filled = count;
  }
}
