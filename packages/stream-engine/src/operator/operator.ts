/**
 * The contract of an operator: four methods, three of them with a default. Operators stand in a row, each hands what it
 * makes to the next; the source calls the first, the sink is the last.
 */
import type { Field } from '@millrace/sql';
import { type ColumnBatch, readRow } from '../column-batch.js';
import { JobError, type RowErrors } from '../errors.js';
import { renderJsonRow } from '../json-row.js';
import type { StateReader, StateWriter } from '../state-bytes.js';
import { RowPicker } from './row-picker.js';

const EXAMPLE_LENGTH = 500;

export interface OperatorOptions {
  /** What an expression error does: `fail` stops the job, `skip` drops the row and counts it. */
  readonly onError: 'fail' | 'skip';
  readonly counters: Counters;
}

/** Of one job since it began; kept with its state. */
export interface Counters {
  rowsIn: number;
  rowsOut: number;
  rowsLate: number;
  rowsFailed: number;
}

export abstract class Operator {
  protected readonly next: Operator | undefined;
  protected readonly options: OperatorOptions;
  private readonly remaining = new RowPicker();

  constructor(options: OperatorOptions, next: Operator | undefined) {
    this.options = options;
    this.next = next;
  }

  /** Takes rows; the batch is valid until the call returns. */
  abstract process(batch: ColumnBatch): void;

  /** No row with an earlier time will come. Windows that end by then close here. */
  advance(watermarkUs: number): void {
    this.next?.advance(watermarkUs);
  }

  /** Writes the few numbers that the operator keeps, with each commit; the groups of windows are kept apart. */
  writeHead(state: StateWriter): void {
    this.next?.writeHead(state);
  }

  /** Reads what `writeHead` wrote, into an operator that has seen no row. */
  readHead(state: StateReader): void {
    this.next?.readHead(state);
  }

  /**
   * What becomes of failed rows: throws for the first one, or counts them and gives the batch without them.
   *
   * @param fields the schema of `batch`
   * @throws JobError
   */
  protected withoutFailed(batch: ColumnBatch, fields: readonly Field[], errors: RowErrors): ColumnBatch {
    const first = errors.first();
    if (first === undefined) return batch;
    if (this.options.onError === 'fail') {
      const { row, site } = first;
      throw new JobError(site.condition, site.describe(row), { span: site.span, row: exampleOf(batch, fields, row) });
    }
    this.options.counters.rowsFailed += errors.count;
    let count = 0;
    const kept = this.remaining.rowNumbers(batch.count);
    for (let row = 0; row < batch.count; row++) if (!errors.has(row)) kept[count++] = row;
    return this.remaining.pick(batch, kept, count);
  }
}

export function exampleOf(batch: ColumnBatch, fields: readonly Field[], row: number): string {
  const text = renderJsonRow(fields, readRow(batch, fields, row));
  return text.length <= EXAMPLE_LENGTH ? text : `${text.slice(0, EXAMPLE_LENGTH)}…`;
}
