/**
 * WATERMARK column DELAY OF …: notes for each row how far the watermark was before it (the greatest event time so far less
 * the delay) and, after a batch, tells what follows how far it is now. The clock plays no part: windows over an event time
 * close when later events arrive. Rows without an event time pass and move nothing.
 */
import type { WatermarkSpec } from '@millrace/sql';
import type { ColumnBatch } from '../column-batch.js';
import { RowErrors } from '../errors.js';
import { ExpressionCompiler } from '../expression/compile.js';
import type { Evaluator } from '../expression/evaluator.js';
import type { StateReader, StateWriter } from '../state-bytes.js';
import type { Doubles } from '../vector.js';
import { Operator, type OperatorOptions } from './operator.js';

export class WatermarkOperator extends Operator {
  private readonly time: Evaluator;
  private readonly delayUs: number;
  private watermarkUs = Number.NEGATIVE_INFINITY;
  private before = new Float64Array(0);
  /** A time that cannot be computed moves nothing here; whether it fails the row, who uses it says. */
  private readonly errors = new RowErrors();

  constructor(spec: WatermarkSpec, options: OperatorOptions, next: Operator) {
    super(options, next);
    this.time = new ExpressionCompiler().compile(spec.time);
    this.delayUs = spec.delayUs;
  }

  get watermark(): number {
    return this.watermarkUs;
  }

  process(batch: ColumnBatch): void {
    if (this.before.length < batch.count) this.before = new Float64Array(batch.count * 2);
    this.errors.reset();
    const { values, nulls } = this.time.evaluate(batch, this.errors) as Doubles;
    const { errors } = this;
    let watermark = this.watermarkUs;
    for (let row = 0; row < batch.count; row++) {
      this.before[row] = watermark;
      if (nulls?.[row] === 1 || (errors.count > 0 && errors.has(row))) continue;
      const reached = values[row]! - this.delayUs;
      if (reached > watermark) watermark = reached;
    }
    this.next!.process({ count: batch.count, columns: batch.columns, watermarks: this.before });
    this.watermarkUs = watermark;
    this.next!.advance(watermark);
  }

  /** The watermark over `time` says nothing about event times. */
  override advance(): void {}

  override writeHead(state: StateWriter): void {
    state.double(this.watermarkUs);
    super.writeHead(state);
  }

  override readHead(state: StateReader): void {
    this.watermarkUs = state.double();
    super.readHead(state);
  }
}
