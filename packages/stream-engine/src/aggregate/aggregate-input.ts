/**
 * What one aggregate takes in of a batch: its argument, and which rows take part: those that its FILTER lets through and
 * whose argument is not NULL. An argument that fails where FILTER lets nothing through fails no row.
 */
import type { AggregateCall } from '@millrace/sql';
import type { ColumnBatch } from '../column-batch.js';
import { RowErrors } from '../errors.js';
import type { ExpressionCompiler } from '../expression/compile.js';
import type { Evaluator } from '../expression/evaluator.js';
import type { Flags, Vector } from '../vector.js';

export class AggregateInput {
  /** Undefined for `count(*)` only. Valid until the next `compute`. */
  vector: Vector | undefined;
  /** One byte a row, 1 = takes part; undefined when all rows do. */
  include: Uint8Array | undefined;
  readonly argument: Evaluator | undefined;
  private readonly isCountIf: boolean;
  private readonly filter: Evaluator | undefined;
  private readonly argumentErrors = new RowErrors();
  private mask = new Uint8Array(0);

  constructor(aggregate: AggregateCall, compiler: ExpressionCompiler) {
    this.isCountIf = aggregate.name === 'count_if';
    this.argument = aggregate.argument === undefined ? undefined : compiler.compile(aggregate.argument);
    this.filter = aggregate.filter === undefined ? undefined : compiler.compile(aggregate.filter);
  }

  compute(batch: ColumnBatch, errors: RowErrors): void {
    const filter = this.filter?.evaluate(batch, errors) as Flags | undefined;
    this.argumentErrors.reset();
    this.vector = this.argument?.evaluate(batch, this.argumentErrors);
    this.include = undefined;
    if (filter !== undefined) this.includeTrue(filter, batch.count);
    errors.takeFrom(this.argumentErrors, this.include);
    this.excludeNulls(batch.count);
    if (this.isCountIf) this.excludeFalse(batch.count);
  }

  private includeTrue({ values, nulls }: Flags, count: number): void {
    const mask = this.reserve(count);
    if (nulls === undefined) mask.set(values.subarray(0, count));
    else for (let row = 0; row < count; row++) mask[row] = values[row]! & (nulls[row]! ^ 1);
  }

  private excludeNulls(count: number): void {
    const nulls = this.vector?.nulls;
    if (nulls === undefined) return;
    if (this.include === undefined) {
      const mask = this.reserve(count);
      for (let row = 0; row < count; row++) mask[row] = nulls[row]! ^ 1;
    } else {
      const { mask } = this;
      for (let row = 0; row < count; row++) mask[row]! &= nulls[row]! ^ 1;
    }
  }

  private excludeFalse(count: number): void {
    const { values } = this.vector as Flags;
    if (this.include === undefined) {
      this.reserve(count).set(values.subarray(0, count));
    } else {
      const { mask } = this;
      for (let row = 0; row < count; row++) mask[row]! &= values[row]!;
    }
  }

  private reserve(count: number): Uint8Array {
    if (this.mask.length < count) this.mask = new Uint8Array(count * 2);
    this.include = this.mask;
    return this.mask;
  }
}
