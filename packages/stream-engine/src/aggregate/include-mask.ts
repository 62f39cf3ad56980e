/** Which rows an aggregate takes in: those that its FILTER lets through and whose argument is not NULL. */
import type { AggregateCall } from '@millrace/sql';
import type { ColumnBatch } from '../column-batch.js';
import { RowErrors } from '../errors.js';
import type { Evaluator } from '../expression/evaluator.js';
import type { Flags, Vector } from '../vector.js';

export class IncludeMask {
  private readonly name: AggregateCall['name'];
  private readonly filter: Evaluator | undefined;
  private readonly filterErrors = new RowErrors();
  private mask = new Uint8Array(0);

  constructor(aggregate: AggregateCall, filter: Evaluator | undefined) {
    this.name = aggregate.name;
    this.filter = filter;
  }

  /** @returns one byte a row, 1 = takes part; undefined when all rows do */
  compute(batch: ColumnBatch, argument: Vector | undefined, errors: RowErrors): Uint8Array | undefined {
    this.filterErrors.reset();
    const filter = this.filter?.evaluate(batch, this.filterErrors) as Flags | undefined;
    errors.takeFrom(this.filterErrors, undefined);
    const condition = this.name === 'count_if' ? (argument as Flags) : undefined;
    const nulls = argument?.nulls;
    if (filter === undefined && condition === undefined && nulls === undefined) return undefined;
    if (this.mask.length < batch.count) this.mask = new Uint8Array(batch.count * 2);
    const { mask } = this;
    const { count } = batch;
    if (nulls === undefined) mask.fill(1, 0, count);
    else for (let row = 0; row < count; row++) mask[row] = nulls[row]! ^ 1;
    if (condition !== undefined) for (let row = 0; row < count; row++) mask[row]! &= condition.values[row]!;
    if (filter !== undefined) {
      for (let row = 0; row < count; row++) mask[row]! &= filter.values[row]!;
      if (filter.nulls !== undefined) for (let row = 0; row < count; row++) mask[row]! &= filter.nulls[row]! ^ 1;
    }
    return mask;
  }
}
