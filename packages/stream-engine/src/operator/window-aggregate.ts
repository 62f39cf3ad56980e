/**
 * GROUP BY window(…), columns. Rows go into panes; when the watermark passes the end of a window, its panes are put together
 * and its groups are handed on, windows in order of their end, groups in order of first appearance. Empty windows give
 * nothing. What is late (its last window has closed) is counted and dropped.
 */
import type { PlanNode } from '@millrace/sql';
import { AggregateInput } from '../aggregate/aggregate-input.js';
import { KeyWriter } from '../aggregate/key-bytes.js';
import { Pane, type PaneShape } from '../aggregate/pane.js';
import { WindowClock } from '../aggregate/window-clock.js';
import type { ColumnBatch } from '../column-batch.js';
import { JobError, RowErrors } from '../errors.js';
import { ExpressionCompiler } from '../expression/compile.js';
import type { Evaluator } from '../expression/evaluator.js';
import type { StateKeeper } from '../state/state-keeper.js';
import type { StateReader, StateWriter } from '../state-bytes.js';
import { type Doubles, Result, type Values, type Vector } from '../vector.js';
import { Operator, type OperatorOptions } from './operator.js';

type AggregateNode = Extract<PlanNode, { kind: 'aggregate' }>;

export interface WindowOptions extends OperatorOptions {
  readonly stateRowsMax: number;
  /** Hears which groups change. Undefined: the state is not kept. */
  readonly keeper: StateKeeper | undefined;
}

export class WindowAggregateOperator extends Operator {
  private readonly node: AggregateNode;
  private readonly clock: WindowClock;
  private readonly time: Evaluator;
  private readonly groups: readonly Evaluator[];
  private readonly inputs: readonly AggregateInput[];
  private readonly shape: PaneShape;
  private readonly stateRowsMax: number;
  private readonly keeper: StateKeeper | undefined;
  private readonly errors = new RowErrors();
  /** By start. */
  private panes: Pane[] = [];
  private watermarkUs = Number.NEGATIVE_INFINITY;
  private groupNumbers = new Int32Array(0);
  private stateRowCount = 0;

  constructor(node: AggregateNode, options: WindowOptions, next: Operator) {
    super(options, next);
    if (node.window === undefined) throw new Error('an aggregate over a stream needs a window');
    this.node = node;
    this.stateRowsMax = options.stateRowsMax;
    this.keeper = options.keeper;
    this.clock = new WindowClock(node.window);
    const compiler = new ExpressionCompiler();
    this.time = compiler.compile(node.window.time);
    this.groups = node.groups.map((group) => compiler.compile(group));
    this.inputs = node.aggregates.map((aggregate) => new AggregateInput(aggregate, compiler));
    this.shape = {
      keyTypes: this.groups.map((group) => group.type),
      aggregates: node.aggregates,
      argumentTypes: this.inputs.map(({ argument }) => argument?.type),
      keyWriter: new KeyWriter(),
    };
  }

  /** Windows that have rows and are not closed. */
  get openWindows(): number {
    const { clock } = this;
    let count = 0;
    let counted = clock.firstOpen(this.watermarkUs) - clock.slideUs;
    for (const pane of this.panes) {
      const first = Math.max(clock.firstWindow(pane.startUs), counted + clock.slideUs);
      const last = clock.lastWindow(pane.startUs);
      if (last < first) continue;
      count += (last - first) / clock.slideUs + 1;
      counted = last;
    }
    return count;
  }

  get stateRows(): number {
    return this.stateRowCount;
  }

  /** End of the window that closes next, or undefined when none is open. */
  get nextWindowEnd(): number | undefined {
    const start = this.nextWindow();
    return start === undefined ? undefined : start + this.clock.sizeUs;
  }

  process(batch: ColumnBatch): void {
    this.errors.reset();
    const time = this.time.evaluate(batch, this.errors) as Doubles;
    const keys = this.groups.map((group) => group.evaluate(batch, this.errors));
    for (const input of this.inputs) input.compute(batch, this.errors);
    if (this.errors.count > 0) {
      const remaining = this.withoutFailed(batch, this.node.input.output, this.errors);
      if (remaining.count > 0) this.process(remaining);
      return;
    }
    if (this.groupNumbers.length < batch.count) this.groupNumbers = new Int32Array(batch.count * 2);
    for (let row = 0; row < batch.count; ) row = this.takeRun(batch, { time, keys }, row);
  }

  override advance(watermarkUs: number): void {
    this.closeUntil(watermarkUs);
    super.advance(this.watermarkUs);
  }

  override writeHead(state: StateWriter): void {
    state.double(this.watermarkUs);
    super.writeHead(state);
  }

  override readHead(state: StateReader): void {
    this.watermarkUs = state.double();
    super.readHead(state);
  }

  /** Panes that hold groups. */
  get paneCount(): number {
    return this.panes.length;
  }

  isOpen(startUs: number): boolean {
    return this.clock.lastWindow(startUs) + this.clock.sizeUs > this.watermarkUs;
  }

  addPane(startUs: number): Pane {
    const pane = new Pane(this.shape, startUs);
    this.panes.push(pane);
    return pane;
  }

  /** All panes are as they were. */
  finishRestore(): void {
    for (const pane of this.panes) this.stateRowCount += pane.groups;
  }

  /** Takes the rows from `from` on that lie in one pane, until one of its windows closes. @returns the row after them */
  private takeRun(
    batch: ColumnBatch,
    columns: { readonly time: Doubles; readonly keys: readonly Vector[] },
    from: number,
  ): number {
    const { values, nulls } = columns.time;
    const { watermarks } = batch;
    if (nulls !== undefined && nulls[from] === 1) return from + 1;
    // Over the broker's time every row is the watermark itself: nothing earlier comes after it.
    if (watermarks === undefined) this.closeUntil(values[from]!);
    const start = this.clock.paneStart(values[from]!);
    if (this.isLate(start, watermarks?.[from])) {
      this.options.counters.rowsLate++;
      return from + 1;
    }
    const end = start + this.clock.paneUs;
    let to = from + 1;
    if (watermarks !== undefined) {
      const closing = this.nextEndOf(start, watermarks[from]!);
      while (to < batch.count && isIn(values[to]!, start, end) && nulls?.[to] !== 1 && watermarks[to]! < closing) to++;
    } else if (isIn(values[batch.count - 1]!, start, end)) {
      to = batch.count;
    } else {
      while (to < batch.count && values[to]! < end) to++;
    }
    this.addRows(this.paneAt(start), columns.keys, from, to);
    return to;
  }

  /** The watermark at which the next window that contains the pane closes. */
  private nextEndOf(paneStart: number, rowWatermark: number): number {
    const watermark = Math.max(this.watermarkUs, rowWatermark);
    return Math.max(this.clock.firstWindow(paneStart), this.clock.firstOpen(watermark)) + this.clock.sizeUs;
  }

  private isLate(paneStart: number, rowWatermark: number | undefined): boolean {
    const watermark = rowWatermark === undefined ? this.watermarkUs : Math.max(this.watermarkUs, rowWatermark);
    const { clock } = this;
    if (clock.lastWindow(paneStart) + clock.sizeUs <= watermark) return true;
    // A row that is late for some of its windows only: these close first, as they would have between two batches.
    if (rowWatermark !== undefined && clock.firstWindow(paneStart) + clock.sizeUs <= watermark)
      this.closeUntil(rowWatermark);
    return false;
  }

  private addRows(pane: Pane, keys: readonly Vector[], from: number, to: number): void {
    const before = pane.groups;
    const groups = pane.resolve(keys, from, to, this.groupNumbers);
    this.countState(pane.groups - before);
    this.keeper?.note(pane, groups, from, to);
    for (let index = 0; index < this.inputs.length; index++) {
      const { vector, include } = this.inputs[index]!;
      pane.update(index, vector, { from, to, groups, include });
    }
  }

  private countState(added: number): void {
    this.stateRowCount += added;
    if (this.stateRowCount <= this.stateRowsMax) return;
    throw new JobError(
      'STATE_LIMIT_EXCEEDED',
      `the open windows hold more than ${this.stateRowsMax} groups: make the window shorter or group by fewer values`,
    );
  }

  private paneAt(start: number): Pane {
    let at = this.panes.length;
    while (at > 0 && this.panes[at - 1]!.startUs > start) at--;
    const found = this.panes[at - 1];
    if (found?.startUs === start) return found;
    const pane = new Pane(this.shape, start);
    this.panes.splice(at, 0, pane);
    this.countState(pane.groups);
    return pane;
  }

  private nextWindow(): number | undefined {
    const pane = this.panes[0];
    if (pane === undefined) return undefined;
    return Math.max(this.clock.firstWindow(pane.startUs), this.clock.firstOpen(this.watermarkUs));
  }

  private closeUntil(watermarkUs: number): void {
    if (watermarkUs <= this.watermarkUs) return;
    for (let start = this.nextWindow(); start !== undefined; start = this.nextWindow()) {
      const end = start + this.clock.sizeUs;
      if (end > watermarkUs) break;
      this.emit(start);
      this.watermarkUs = end;
      this.dropPanes();
    }
    this.watermarkUs = watermarkUs;
  }

  /** Panes whose last window has closed. */
  private dropPanes(): void {
    let dropped = 0;
    while (dropped < this.panes.length) {
      const pane = this.panes[dropped]!;
      if (this.clock.lastWindow(pane.startUs) + this.clock.sizeUs > this.watermarkUs) break;
      this.stateRowCount -= pane.groups;
      this.keeper?.dropped(pane);
      dropped++;
    }
    if (dropped > 0) this.panes.splice(0, dropped);
  }

  private emit(startUs: number): void {
    const endUs = startUs + this.clock.sizeUs;
    const whole = this.assemble(startUs, endUs);
    if (whole === undefined) return;
    const window = new Result<Values>('values').begin(whole.groups);
    window.values.fill({ startUs, endUs }, 0, whole.groups);
    this.errors.reset();
    const results = this.node.aggregates.map((aggregate, index) =>
      whole.result(index, {
        mark: (row, condition, message) =>
          this.errors.mark(row, { condition, span: aggregate.span, describe: () => message }),
      }),
    );
    const batch = { count: whole.groups, columns: [window, ...whole.keys(), ...results], watermarks: undefined };
    const remaining = this.withoutFailed(batch, this.node.output, this.errors);
    if (remaining.count > 0) this.next!.process(remaining);
  }

  private assemble(startUs: number, endUs: number): Pane | undefined {
    const parts = this.panes.filter((pane) => pane.startUs >= startUs && pane.startUs < endUs);
    if (parts.length <= 1) return parts[0];
    const whole = new Pane(this.shape, startUs);
    for (const part of parts) whole.merge(part);
    return whole;
  }
}

function isIn(value: number, start: number, end: number): boolean {
  return value >= start && value < end;
}
