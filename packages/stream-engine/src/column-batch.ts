/** Rows on their way between operators. Valid until the operator that made it is called again. */
import type { Field } from '@millrace/sql';
import { readValue, type Value, type Vector } from './vector.js';

export interface ColumnBatch {
  readonly count: number;
  /** By the position that the plan's column indexes mean. */
  readonly columns: readonly Vector[];
  /**
   * With WATERMARK … DELAY OF: the watermark as it was before each row, microseconds. What is late is so decided row by row,
   * and never depends on how the rows were cut into batches. Undefined: the watermark is over `time`.
   */
  readonly watermarks: Float64Array | undefined;
}

/** One row, in the order of `fields`, which is the batch's schema. BINARY is a view into the batch. */
export function readRow(batch: ColumnBatch, fields: readonly Field[], row: number): Value[] {
  return fields.map((field, index) => readValue(batch.columns[index]!, field.type, row));
}
