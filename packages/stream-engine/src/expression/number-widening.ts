/** Casts between numbers that always fit, as loops over columns: INT to BIGINT or DOUBLE, BIGINT to DOUBLE, FLOAT to DOUBLE. */
import type { DataType } from '@millrace/sql';
import type { ColumnBatch } from '../column-batch.js';
import type { RowErrors } from '../errors.js';
import { formOf, Result, type Vector } from '../vector.js';
import type { Evaluator } from './evaluator.js';

const WIDER: Readonly<Record<string, readonly string[]>> = {
  INT: ['BIGINT', 'DOUBLE'],
  BIGINT: ['DOUBLE'],
  FLOAT: ['DOUBLE'],
};

export class NumberWidening implements Evaluator {
  readonly type: DataType;
  readonly fallible: boolean;
  readonly constant = undefined;
  private readonly operand: Evaluator;
  private readonly result: Result;

  static covers(from: DataType, to: DataType): boolean {
    return WIDER[from.name]?.includes(to.name) ?? false;
  }

  constructor(type: DataType, operand: Evaluator) {
    this.type = type;
    this.operand = operand;
    this.fallible = operand.fallible;
    this.result = new Result(formOf(type));
  }

  evaluate(batch: ColumnBatch, errors: RowErrors): Vector {
    const { count } = batch;
    const operand = this.operand.evaluate(batch, errors);
    if (operand.form === 'doubles') return operand;
    const vector = this.result.beginWith(count, operand.nulls, undefined);
    if (operand.form === 'ints' && vector.form === 'doubles') {
      for (let row = 0; row < count; row++) vector.values[row] = operand.values[row]!;
    } else if (operand.form === 'ints' && vector.form === 'longs') {
      for (let row = 0; row < count; row++) vector.values[row] = BigInt(operand.values[row]!);
    } else if (operand.form === 'longs' && vector.form === 'doubles') {
      for (let row = 0; row < count; row++) vector.values[row] = Number(operand.values[row]!);
    }
    return vector;
  }
}
