/**
 * Functions of single values, applied row by row: the way for whatever needs no loop of its own. Literals are read once;
 * a function of one dictionary column is computed once for each of its names.
 */
import type { DataType, Span } from '@millrace/sql';
import type { ColumnBatch } from '../column-batch.js';
import { RowError, type RowErrors } from '../errors.js';
import { type Dictionary, formOf, Result, readValue, type Value, type Vector, writeValue } from '../vector.js';
import type { CallExpression, Evaluator } from './evaluator.js';

/** Takes the arguments as values. Throws `RowError` to fail the row. */
export type RowFunction = (args: readonly Value[]) => Value;

export interface FunctionImplementation {
  /** Makes the function for one call; patterns and formats are compiled here. */
  bind(call: CallExpression): RowFunction;
  /** `strict`: NULL as soon as an argument is, without being called. `given`: the function sees NULLs. */
  readonly nulls: 'strict' | 'given';
  readonly fallible: boolean;
}

export class RowFunctionEvaluator implements Evaluator {
  readonly type: DataType;
  readonly fallible: boolean;
  readonly constant = undefined;
  private readonly span: Span;
  private readonly args: readonly Evaluator[];
  private readonly compute: RowFunction;
  private readonly strict: boolean;
  private readonly result: Result;
  private readonly values: Value[];
  private readonly vectors: Vector[] = [];

  constructor(
    call: { readonly type: DataType; readonly span: Span },
    args: readonly Evaluator[],
    compute: RowFunction,
    traits: { readonly nulls: 'strict' | 'given'; readonly fallible: boolean },
  ) {
    this.type = call.type;
    this.span = call.span;
    this.args = args;
    this.compute = compute;
    this.strict = traits.nulls === 'strict';
    this.fallible = traits.fallible || args.some((argument) => argument.fallible);
    this.result = new Result(formOf(call.type));
    this.values = args.map((argument) => argument.constant ?? null);
  }

  evaluate(batch: ColumnBatch, errors: RowErrors): Vector {
    for (let index = 0; index < this.args.length; index++)
      this.vectors[index] = this.args[index]!.evaluate(batch, errors);
    const dictionary = this.args.length === 1 ? this.vectors[0]! : undefined;
    const vector = this.result.begin(batch.count);
    if (dictionary?.form === 'dictionary' && dictionary.nulls === undefined && this.isWorthNaming(dictionary, batch))
      this.computeNames(dictionary.names, dictionary.ids, batch.count);
    else for (let row = 0; row < batch.count; row++) this.computeRow(vector, row, errors);
    return vector;
  }

  /** Whether there are fewer names than rows. What can fail goes row by row. */
  private isWorthNaming({ names }: Dictionary, { count }: ColumnBatch): boolean {
    return names.length < count && !this.fallible;
  }

  private computeRow(vector: Vector, row: number, errors: RowErrors): void {
    const { args, values } = this;
    for (let index = 0; index < args.length; index++) {
      const argument = args[index]!;
      if (argument.constant !== undefined && argument.constant !== null) continue;
      const value = readValue(this.vectors[index]!, argument.type, row);
      if (value === null && this.strict) {
        this.result.setNull(row);
        return;
      }
      values[index] = value;
    }
    this.store(vector, row, errors);
  }

  private store(vector: Vector, row: number, errors: RowErrors): void {
    try {
      const value = this.compute(this.values);
      if (value === null) this.result.setNull(row);
      else writeValue(vector, row, value);
    } catch (error) {
      if (!(error instanceof RowError)) throw error;
      this.result.setNull(row);
      errors.mark(row, { condition: error.condition, span: this.span, describe: () => error.message });
    }
  }

  private computeNames(names: readonly string[], ids: Int32Array, count: number): void {
    const vector = this.result.vector;
    const known: (Value | undefined)[] = new Array(names.length);
    for (let row = 0; row < count; row++) {
      const id = ids[row]!;
      let value = known[id];
      if (value === undefined) {
        this.values[0] = names[id]!;
        value = this.compute(this.values);
        known[id] = value;
      }
      if (value === null) this.result.setNull(row);
      else writeValue(vector, row, value);
    }
  }
}
