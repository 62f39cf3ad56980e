/** Picks rows of a column: how a filter hands on what it let through. Text is not copied, only where it lies. */
import { Result, type Vector } from './vector.js';

function pick<T extends { [index: number]: unknown }>(from: T, to: T, rows: Int32Array, count: number): void {
  for (let row = 0; row < count; row++) to[row] = from[rows[row]!];
}

/** One for each column, so that its buffers are used again for the next batch. */
export class Gather {
  private result: Result | undefined;

  /** @returns the `count` rows of `vector` that `rows` names, in that order */
  take(vector: Vector, rows: Int32Array, count: number): Vector {
    if (this.result?.vector.form !== vector.form) this.result = new Result(vector.form);
    const result = this.result;
    const target = result.begin(count);
    this.copyValues(vector, target, rows, count);
    const nulls = vector.nulls;
    if (nulls !== undefined) for (let row = 0; row < count; row++) if (nulls[rows[row]!] === 1) result.setNull(row);
    return target;
  }

  private copyValues(from: Vector, to: Vector, rows: Int32Array, count: number): void {
    if (from.form === 'flags' && to.form === 'flags') pick(from.values, to.values, rows, count);
    else if (from.form === 'ints' && to.form === 'ints') pick(from.values, to.values, rows, count);
    else if (from.form === 'longs' && to.form === 'longs') pick(from.values, to.values, rows, count);
    else if (from.form === 'doubles' && to.form === 'doubles') pick(from.values, to.values, rows, count);
    else if (from.form === 'values' && to.form === 'values') pick(from.values, to.values, rows, count);
    else if (from.form === 'dictionary' && to.form === 'dictionary') {
      to.names = from.names;
      pick(from.ids, to.ids, rows, count);
    } else if (from.form === 'bytes' && to.form === 'bytes') {
      to.bytes = from.bytes;
      pick(from.starts, to.starts, rows, count);
      pick(from.ends, to.ends, rows, count);
    }
  }
}
