/**
 * Makes a batch of some rows of another. Each user has a picker of its own: the batch it made lies in its buffers, and
 * must not be picked from by the same picker again.
 */
import type { ColumnBatch } from '../column-batch.js';
import { Gather } from '../gather.js';

export class RowPicker {
  private readonly gathers: Gather[] = [];
  private numbers = new Int32Array(0);
  private watermarks = new Float64Array(0);

  /** Room for that many row numbers, to be filled and handed to `pick`. */
  rowNumbers(count: number): Int32Array {
    if (this.numbers.length < count) this.numbers = new Int32Array(count * 2);
    return this.numbers;
  }

  pick(batch: ColumnBatch, rows: Int32Array, count: number): ColumnBatch {
    const columns = batch.columns.map((column, index) => {
      this.gathers[index] ??= new Gather();
      return this.gathers[index].take(column, rows, count);
    });
    return { count, columns, watermarks: this.pickWatermarks(batch.watermarks, rows, count) };
  }

  private pickWatermarks(from: Float64Array | undefined, rows: Int32Array, count: number): Float64Array | undefined {
    if (from === undefined) return undefined;
    if (this.watermarks.length < count) this.watermarks = new Float64Array(count * 2);
    for (let row = 0; row < count; row++) this.watermarks[row] = from[rows[row]!]!;
    return this.watermarks;
  }
}
