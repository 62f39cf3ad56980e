/**
 * CASE and coalesce. Every branch is computed for the whole batch, but a branch's errors count only for the rows that take
 * it: `CASE WHEN x <> 0 THEN 1 / x END` never fails.
 */
import type { DataType } from '@millrace/sql';
import type { ColumnBatch } from '../column-batch.js';
import { RowErrors } from '../errors.js';
import { type Flags, formOf, Result, readValue, type Vector, writeValue } from '../vector.js';
import type { Evaluator } from './evaluator.js';

/** Evaluates one operand for the rows with `taken[row] === 1`; the other rows' errors are dropped. */
class Guard {
  private readonly errors = new RowErrors();

  evaluate(operand: Evaluator, batch: ColumnBatch, taken: Uint8Array, errors: RowErrors): Vector {
    if (!operand.fallible) return operand.evaluate(batch, errors);
    this.errors.reset();
    const vector = operand.evaluate(batch, this.errors);
    errors.takeFrom(this.errors, taken);
    return vector;
  }
}

abstract class ChoiceEvaluator implements Evaluator {
  readonly type: DataType;
  abstract readonly fallible: boolean;
  readonly constant = undefined;
  protected readonly guard = new Guard();
  protected readonly result: Result;
  /** 1: the row has found its value yet. */
  protected settled = new Uint8Array(0);
  protected taken = new Uint8Array(0);

  constructor(type: DataType) {
    this.type = type;
    this.result = new Result(formOf(type));
  }

  abstract evaluate(batch: ColumnBatch, errors: RowErrors): Vector;

  protected begin(count: number): Vector {
    if (this.settled.length < count) {
      this.settled = new Uint8Array(count);
      this.taken = new Uint8Array(count);
    }
    this.settled.fill(0, 0, count);
    return this.result.begin(count);
  }

  protected copyTaken(from: Vector, to: Vector, count: number): void {
    for (let row = 0; row < count; row++) if (this.taken[row] === 1) this.copyRow(from, to, row);
  }

  protected copyRow(from: Vector, to: Vector, row: number): void {
    const value = readValue(from, this.type, row);
    if (value === null) this.result.setNull(row);
    else writeValue(to, row, value);
    this.settled[row] = 1;
  }

  protected takeUnsettled(count: number): void {
    for (let row = 0; row < count; row++) this.taken[row] = this.settled[row]! ^ 1;
  }
}

export class CaseEvaluator extends ChoiceEvaluator {
  readonly fallible: boolean;
  private readonly branches: readonly { readonly when: Evaluator; readonly result: Evaluator }[];
  private readonly otherwise: Evaluator | undefined;

  constructor(
    type: DataType,
    branches: readonly { readonly when: Evaluator; readonly result: Evaluator }[],
    otherwise: Evaluator | undefined,
  ) {
    super(type);
    this.branches = branches;
    this.otherwise = otherwise;
    this.fallible = [otherwise, ...branches.flatMap(({ when, result }) => [when, result])].some(
      (part) => part?.fallible,
    );
  }

  evaluate(batch: ColumnBatch, errors: RowErrors): Vector {
    const { count } = batch;
    const vector = this.begin(count);
    for (const branch of this.branches) {
      this.takeUnsettled(count);
      const when = this.guard.evaluate(branch.when, batch, this.taken, errors) as Flags;
      for (let row = 0; row < count; row++)
        if (when.values[row] !== 1 || (when.nulls !== undefined && when.nulls[row] === 1)) this.taken[row] = 0;
      this.copyTaken(this.guard.evaluate(branch.result, batch, this.taken, errors), vector, count);
    }
    this.takeUnsettled(count);
    if (this.otherwise !== undefined)
      this.copyTaken(this.guard.evaluate(this.otherwise, batch, this.taken, errors), vector, count);
    else for (let row = 0; row < count; row++) if (this.taken[row] === 1) this.result.setNull(row);
    return vector;
  }
}

/** The first operand that is not NULL. */
export class CoalesceEvaluator extends ChoiceEvaluator {
  readonly fallible: boolean;
  private readonly operands: readonly Evaluator[];

  constructor(type: DataType, operands: readonly Evaluator[]) {
    super(type);
    this.operands = operands;
    this.fallible = operands.some((operand) => operand.fallible);
  }

  evaluate(batch: ColumnBatch, errors: RowErrors): Vector {
    const { count } = batch;
    const vector = this.begin(count);
    for (const operand of this.operands) {
      this.takeUnsettled(count);
      const candidate = this.guard.evaluate(operand, batch, this.taken, errors);
      for (let row = 0; row < count; row++)
        if (this.taken[row] === 1 && candidate.nulls?.[row] !== 1) this.copyRow(candidate, vector, row);
    }
    for (let row = 0; row < count; row++) if (this.settled[row] === 0) this.result.setNull(row);
    return vector;
  }
}
