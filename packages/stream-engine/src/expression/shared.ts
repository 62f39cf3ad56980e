/** One computation for equal expressions, such as the try_cast in `max(try_cast(…)), avg(try_cast(…))`. */
import type { Expression } from '@millrace/sql';
import type { ColumnBatch } from '../column-batch.js';
import type { RowErrors } from '../errors.js';
import type { Vector } from '../vector.js';
import type { Evaluator } from './evaluator.js';

/** Text that is the same for expressions that differ in their place in the SQL only. */
export function sharingKey(expression: Expression): string {
  return JSON.stringify(expression, (name, value: unknown) => {
    if (name === 'span') return undefined;
    return typeof value === 'bigint' ? `${value}n` : value;
  });
}

/** Remembers the vector of the batch it saw last. Only for what cannot fail: errors would be noted once only. */
export class SharedEvaluator implements Evaluator {
  readonly type: Evaluator['type'];
  readonly fallible = false;
  readonly constant: Evaluator['constant'];
  private readonly inner: Evaluator;
  private batch: ColumnBatch | undefined;
  private vector: Vector | undefined;

  constructor(inner: Evaluator) {
    this.inner = inner;
    this.type = inner.type;
    this.constant = inner.constant;
  }

  evaluate(batch: ColumnBatch, errors: RowErrors): Vector {
    if (this.batch === batch && this.vector !== undefined) return this.vector;
    this.vector = this.inner.evaluate(batch, errors);
    this.batch = batch;
    return this.vector;
  }
}
