/**
 * A job: the operators of a checked plan in a row, batches of messages in, messages out. No clock, no sockets, no threads:
 * whoever runs it says what time it is, and when state and outputs are stored.
 */
import type { JobPlan, PlanNode } from '@millrace/sql';
import { FilterOperator } from './operator/filter.js';
import type { Counters, Operator, OperatorOptions } from './operator/operator.js';
import { ProjectOperator } from './operator/project.js';
import { SinkOperator } from './operator/sink.js';
import { WatermarkOperator } from './operator/watermark.js';
import { WindowAggregateOperator } from './operator/window-aggregate.js';
import type { OutputRow } from './output.js';
import { readHeader, stateShape, writeHeader } from './snapshot.js';
import { type InputBatch, Source } from './source.js';
import { StateError, StateReader, StateWriter } from './state-bytes.js';

export interface JobOptions {
  /** What an expression error does: `fail` stops the job, `skip` drops the row and counts it. */
  readonly onError: 'fail' | 'skip';
  /** Groups that the open windows may hold together. Default: 1,000,000. */
  readonly stateRowsMax?: number;
}

const STATE_ROWS_MAX = 1_000_000;
const MICROSECONDS = 1000;

/** @throws JobError for a regular expression that cannot be used: the one thing that the checker leaves to the engine */
export function compileJob(plan: JobPlan, options: JobOptions): Job {
  return new Job(plan, options);
}

interface Pipeline {
  readonly first: Operator;
  readonly sink: SinkOperator;
  readonly watermark: WatermarkOperator | undefined;
  readonly windows: WindowAggregateOperator | undefined;
}

export class Job {
  /** What the source must give, by row name. */
  readonly columns: readonly string[];
  private readonly plan: JobPlan;
  private readonly options: OperatorOptions & { readonly stateRowsMax: number };
  private readonly source: Source;
  private readonly shape: Uint8Array;
  private pipeline: Pipeline;
  /** The watermark over `time`, ms. */
  private reachedMs = Number.NEGATIVE_INFINITY;

  constructor(plan: JobPlan, options: JobOptions) {
    this.plan = plan;
    this.columns = plan.source.output.map((field) => field.name);
    this.options = {
      onError: options.onError,
      stateRowsMax: options.stateRowsMax ?? STATE_ROWS_MAX,
      counters: { rowsIn: 0, rowsOut: 0, rowsLate: 0, rowsFailed: 0 },
    };
    this.source = new Source(plan.source);
    this.shape = stateShape(plan);
    this.pipeline = this.build();
  }

  /**
   * Takes in a batch, which may span any number of windows: each closes before the first row behind it is taken.
   *
   * @throws JobError then the state is unusable: the runner restores an earlier one or starts anew
   */
  process(batch: InputBatch): void {
    if (batch.count === 0) return;
    this.options.counters.rowsIn += batch.count;
    this.pipeline.first.process(this.source.read(batch));
    this.advance(batch.times[batch.count - 1]!);
  }

  /** No row with an earlier `time` will come: closes the windows over `time` that end by then. Never goes back. */
  advance(timeMs: number): void {
    if (timeMs <= this.reachedMs) return;
    this.reachedMs = timeMs;
    this.pipeline.first.advance(timeMs * MICROSECONDS);
  }

  /** The outputs made since the last call, in order. */
  takeOutputs(): OutputRow[] {
    return this.pipeline.sink.take();
  }

  /** Smallest end of an open window over `time`. Undefined: none is open, or windows are over an event time. */
  nextWindowEndMs(): number | undefined {
    if (this.pipeline.watermark !== undefined) return undefined;
    const endUs = this.pipeline.windows?.nextWindowEnd;
    return endUs === undefined ? undefined : Math.ceil(endUs / MICROSECONDS);
  }

  /** How far the time is by which windows close. Undefined: nothing has come yet. */
  get watermarkMs(): number | undefined {
    const { watermark } = this.pipeline;
    const reached = watermark === undefined ? this.reachedMs : watermark.watermark / MICROSECONDS;
    return reached === Number.NEGATIVE_INFINITY ? undefined : reached;
  }

  get counters(): Readonly<Counters> {
    return this.options.counters;
  }

  get openWindows(): number {
    return this.pipeline.windows?.openWindows ?? 0;
  }

  /** Groups that the open windows hold. */
  get stateRows(): number {
    return this.pipeline.windows?.stateRows ?? 0;
  }

  /** What the job knows of the rows it has taken. Outputs that were not taken are no part of it. */
  snapshot(): Uint8Array {
    const state = new StateWriter();
    writeHeader(state, this.shape);
    state.double(this.reachedMs);
    this.pipeline.first.snapshot(state);
    return state.finish();
  }

  /**
   * Goes on from a snapshot, whatever the job has seen before. Outputs that were not taken are dropped.
   *
   * @throws StateError for state of another version, of a plan that keeps other state, or damaged; the job is then empty
   */
  restore(bytes: Uint8Array): void {
    this.pipeline = this.build();
    this.reachedMs = Number.NEGATIVE_INFINITY;
    const restored = this.build();
    const reachedMs = this.readInto(restored, bytes);
    this.pipeline = restored;
    this.reachedMs = reachedMs;
  }

  /** @returns the watermark over `time` */
  private readInto(pipeline: Pipeline, bytes: Uint8Array): number {
    try {
      const state = new StateReader(bytes);
      readHeader(state, this.shape);
      const reachedMs = state.double();
      pipeline.first.restore(state);
      state.end();
      return reachedMs;
    } catch (error) {
      if (error instanceof StateError) throw error;
      throw new StateError('the state is damaged', { cause: error });
    }
  }

  private build(): Pipeline {
    const sink = new SinkOperator(this.plan, this.options);
    let windows: WindowAggregateOperator | undefined;
    let first: Operator = sink;
    for (let node: PlanNode = this.plan.root; node.kind !== 'source'; node = node.input) {
      if (node.kind === 'filter') first = new FilterOperator(node, this.options, first);
      else if (node.kind === 'project') first = new ProjectOperator(node, this.options, first);
      else first = windows = new WindowAggregateOperator(node, this.options, first);
    }
    if (this.plan.watermark === undefined) return { first, sink, windows, watermark: undefined };
    const watermark = new WatermarkOperator(this.plan.watermark, this.options, first);
    return { first: watermark, sink, windows, watermark };
  }
}
