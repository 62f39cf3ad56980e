/**
 * AND, OR, NOT, IS NULL and the like in three-valued logic. As in Spark the right operand of AND counts only where the left
 * is not false, of OR only where it is not true: an error elsewhere is none.
 */
import type { ColumnBatch } from '../column-batch.js';
import { RowErrors } from '../errors.js';
import { type Flags, Result, type Vector } from '../vector.js';
import type { CallExpression, Evaluator } from './evaluator.js';

export class LogicEvaluator implements Evaluator {
  readonly type: CallExpression['type'];
  readonly fallible: boolean;
  readonly constant = undefined;
  private readonly left: Evaluator;
  private readonly right: Evaluator;
  /** The value that decides alone: 0 for AND, 1 for OR. */
  private readonly decisive: 0 | 1;
  private readonly result = new Result<Flags>('flags');
  private readonly guarded = new RowErrors();
  private taken = new Uint8Array(0);

  constructor(call: CallExpression, left: Evaluator, right: Evaluator) {
    this.type = call.type;
    this.left = left;
    this.right = right;
    this.decisive = call.name === 'and' ? 0 : 1;
    this.fallible = left.fallible || right.fallible;
  }

  evaluate(batch: ColumnBatch, errors: RowErrors): Vector {
    const count = batch.count;
    const left = this.left.evaluate(batch, errors) as Flags;
    const right = this.evaluateRight(batch, left, errors);
    const { decisive } = this;
    const vector = this.result.begin(count);
    const out = vector.values;
    if (left.nulls === undefined && right.nulls === undefined) {
      if (decisive === 0) for (let row = 0; row < count; row++) out[row] = left.values[row]! & right.values[row]!;
      else for (let row = 0; row < count; row++) out[row] = left.values[row]! | right.values[row]!;
      return vector;
    }
    for (let row = 0; row < count; row++) {
      const leftNull = left.nulls?.[row] === 1;
      const rightNull = right.nulls?.[row] === 1;
      if ((!leftNull && left.values[row] === decisive) || (!rightNull && right.values[row] === decisive))
        out[row] = decisive;
      else if (leftNull || rightNull) this.result.setNull(row);
      else out[row] = decisive ^ 1;
    }
    return vector;
  }

  private evaluateRight(batch: ColumnBatch, left: Flags, errors: RowErrors): Flags {
    if (!this.right.fallible) return this.right.evaluate(batch, errors) as Flags;
    this.guarded.reset();
    const right = this.right.evaluate(batch, this.guarded) as Flags;
    if (this.guarded.count === 0) return right;
    if (this.taken.length < batch.count) this.taken = new Uint8Array(batch.count);
    for (let row = 0; row < batch.count; row++)
      this.taken[row] = left.nulls?.[row] === 1 || left.values[row] !== this.decisive ? 1 : 0;
    errors.takeFrom(this.guarded, this.taken);
    return right;
  }
}

type Test = (isNull: boolean, value: number) => number;

const TESTS: Readonly<Record<string, Test>> = {
  is_null: (isNull) => (isNull ? 1 : 0),
  is_not_null: (isNull) => (isNull ? 0 : 1),
  is_true: (isNull, value) => (isNull ? 0 : value),
  is_false: (isNull, value) => (isNull ? 0 : value ^ 1),
};

/** IS NULL, IS NOT NULL, IS TRUE, IS FALSE: never NULL themselves. */
export class TestEvaluator implements Evaluator {
  readonly type: CallExpression['type'];
  readonly fallible: boolean;
  readonly constant = undefined;
  private readonly operand: Evaluator;
  private readonly test: Test;
  private readonly result = new Result<Flags>('flags');

  constructor(call: CallExpression, operand: Evaluator) {
    this.type = call.type;
    this.operand = operand;
    this.test = TESTS[call.name]!;
    this.fallible = operand.fallible;
  }

  evaluate(batch: ColumnBatch, errors: RowErrors): Vector {
    const operand = this.operand.evaluate(batch, errors);
    const out = this.result.begin(batch.count);
    const { nulls } = operand;
    for (let row = 0; row < batch.count; row++) {
      const value = operand.form === 'flags' ? operand.values[row]! : 0;
      out.values[row] = this.test(nulls !== undefined && nulls[row] === 1, value);
    }
    return out;
  }
}

export class NotEvaluator implements Evaluator {
  readonly type: CallExpression['type'];
  readonly fallible: boolean;
  readonly constant = undefined;
  private readonly operand: Evaluator;
  private readonly result = new Result<Flags>('flags');

  constructor(call: CallExpression, operand: Evaluator) {
    this.type = call.type;
    this.operand = operand;
    this.fallible = operand.fallible;
  }

  evaluate(batch: ColumnBatch, errors: RowErrors): Vector {
    const operand = this.operand.evaluate(batch, errors) as Flags;
    const vector = this.result.beginWith(batch.count, operand.nulls, undefined);
    for (let row = 0; row < batch.count; row++) vector.values[row] = operand.values[row]! ^ 1;
    return vector;
  }
}
