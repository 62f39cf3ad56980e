import { type RecordBatch, RecordBatchReader } from 'apache-arrow';
import { SparkClientError } from '../errors.js';
import type { StructType } from '../types/data-type.js';
import type { Row, Value } from '../values/value.js';
import { type ColumnReader, columnReader } from './column-reader.js';

/**
 * Rows that arrived together. Values are made when they are asked for; `arrow` gives the columns as they came, for
 * programs that compute on Arrow.
 */
export class ResultBatch {
  readonly arrow: RecordBatch;
  /** What Spark says of the columns. */
  readonly schema: StructType;
  readonly #readers: readonly ColumnReader[];

  constructor(arrow: RecordBatch, schema: StructType) {
    this.arrow = arrow;
    this.schema = schema;
    this.#readers = arrow.data.children.map(columnReader);
  }

  get rowCount(): number {
    return this.arrow.numRows;
  }

  get columnNames(): readonly string[] {
    return this.arrow.schema.names as string[];
  }

  /** One value; columns are counted from 0. */
  value(row: number, column: number): Value {
    const read = this.#readers[column];
    if (read === undefined || row < 0 || row >= this.rowCount)
      throw new SparkClientError(`there is no row ${row}, column ${column} in this batch`);
    return read(row);
  }

  /** The values of one column. */
  column(name: string): Value[] {
    const position = this.columnNames.indexOf(name);
    if (position < 0)
      throw new SparkClientError(`there is no column ${name}; the columns are ${this.columnNames.join(', ')}`);
    const read = this.#readers[position]!;
    return Array.from({ length: this.rowCount }, (_, row) => read(row));
  }

  /** Rows by the names of their columns. @throws SparkClientError if two columns have one name. */
  *rows(): Generator<Row> {
    const names = this.columnNames;
    const twice = names.find((name, position) => names.indexOf(name) !== position);
    if (twice !== undefined)
      throw new SparkClientError(`two columns are named ${twice}: rename one with AS, or read tuples`);
    for (let row = 0; row < this.rowCount; row++)
      yield Object.fromEntries(this.#readers.map((read, position) => [names[position]!, read(row)]));
  }

  /** Rows by the order of their columns. */
  *tuples(): Generator<readonly Value[]> {
    for (let row = 0; row < this.rowCount; row++) yield this.#readers.map((read) => read(row));
  }
}

/** The record batches of one Arrow IPC stream. */
export function readArrowStream(bytes: Uint8Array): RecordBatch[] {
  return [...RecordBatchReader.from(bytes)];
}
