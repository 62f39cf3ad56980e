/**
 * WATERMARK column DELAY OF …: notes for each row how far the watermark was before it (the greatest event time so far less
 * the delay) and, after a batch, tells what follows how far it is now. The clock plays no part: windows over an event time
 * close when later events arrive. Rows without an event time pass and move nothing.
 */
import type { Field } from '@millrace/sql';
import type { ColumnBatch } from '../column-batch.js';
import type { StateReader, StateWriter } from '../state-bytes.js';
import type { Doubles } from '../vector.js';
import { Operator, type OperatorOptions } from './operator.js';

export class WatermarkOperator extends Operator {
  private readonly index: number;
  private readonly delayUs: number;
  private watermarkUs = Number.NEGATIVE_INFINITY;
  private before = new Float64Array(0);

  constructor(
    column: { readonly fields: readonly Field[]; readonly name: string; readonly delayUs: number },
    options: OperatorOptions,
    next: Operator,
  ) {
    super(options, next);
    this.index = column.fields.findIndex((field) => field.name === column.name);
    if (this.index === -1) throw new Error(`there is no column ${column.name} for the watermark`);
    this.delayUs = column.delayUs;
  }

  get watermark(): number {
    return this.watermarkUs;
  }

  process(batch: ColumnBatch): void {
    if (this.before.length < batch.count) this.before = new Float64Array(batch.count * 2);
    const { values, nulls } = batch.columns[this.index] as Doubles;
    let watermark = this.watermarkUs;
    for (let row = 0; row < batch.count; row++) {
      this.before[row] = watermark;
      if (nulls !== undefined && nulls[row] === 1) continue;
      const reached = values[row]! - this.delayUs;
      if (reached > watermark) watermark = reached;
    }
    this.next!.process({ count: batch.count, columns: batch.columns, watermarks: this.before });
    this.watermarkUs = watermark;
    this.next!.advance(watermark);
  }

  /** The watermark over `time` says nothing about event times. */
  override advance(): void {}

  override snapshot(state: StateWriter): void {
    state.double(this.watermarkUs);
    super.snapshot(state);
  }

  override restore(state: StateReader): void {
    this.watermarkUs = state.double();
    super.restore(state);
  }
}
