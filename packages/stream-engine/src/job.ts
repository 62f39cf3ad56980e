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
import type { UndecodableRow } from './schema/body-decoder.js';
import { type InputBatch, Source } from './source.js';
import { type JobFigures, readHead, type StateTotals, stateShape, writeHead } from './state/head.js';
import { HEAD_KEY, type StateChange } from './state/records.js';
import { STATE_SIZES, StateKeeper, type StateSizes } from './state/state-keeper.js';
import { type KeptRecords, RecordRestore } from './state/state-restore.js';
import { StateError, StateReader, StateWriter } from './state-bytes.js';

export interface JobOptions {
  /** What an expression error does: `fail` stops the job, `skip` drops the row and counts it. */
  readonly onError: 'fail' | 'skip';
  /** Groups that the open windows may hold together. Default: 1,000,000. */
  readonly stateRowsMax?: number;
  /** Whether the state of open windows is to be had by `takeStateChanges`. Default: false, and nothing is noted. */
  readonly keepsState?: boolean;
  /** Default: see StateSizes. */
  readonly stateSizes?: StateSizes;
}

/** A restore under way: the job is as it was before the first step, and whole after the last. */
export interface JobRestore {
  /** The watermark over `time` that the job will have, ms. Undefined: it had none. */
  readonly reachedMs: number | undefined;
  /** Reads one record. @returns true when there is more. @throws StateError then the job is empty */
  step(): boolean;
}

const STATE_ROWS_MAX = 1_000_000;
const MICROSECONDS = 1000;
const NO_ROWS: Counters = { rowsIn: 0, rowsOut: 0, rowsLate: 0, rowsFailed: 0 };

/** @throws JobError for a regular expression that cannot be used: the one thing that the checker leaves to the engine */
export function compileJob(plan: JobPlan, options: JobOptions): Job {
  return new Job(plan, options);
}

interface Pipeline {
  readonly first: Operator;
  readonly sink: SinkOperator;
  readonly watermark: WatermarkOperator | undefined;
  readonly windows: WindowAggregateOperator | undefined;
  /** Undefined: no state is kept, or there is none but the head. */
  readonly keeper: StateKeeper | undefined;
}

export class Job {
  /** What the source must give, by row name. */
  readonly columns: readonly string[];
  private readonly plan: JobPlan;
  private readonly options: OperatorOptions & { readonly stateRowsMax: number };
  private readonly keepsState: boolean;
  private readonly stateSizes: StateSizes;
  private readonly source: Source;
  private readonly shape: Uint8Array;
  private pipeline: Pipeline;
  /** The watermark over `time`, ms. */
  private reachedMs = Number.NEGATIVE_INFINITY;

  constructor(plan: JobPlan, options: JobOptions) {
    this.plan = plan;
    this.options = {
      onError: options.onError,
      stateRowsMax: options.stateRowsMax ?? STATE_ROWS_MAX,
      counters: { rowsIn: 0, rowsOut: 0, rowsLate: 0, rowsFailed: 0 },
    };
    this.keepsState = options.keepsState === true;
    this.stateSizes = options.stateSizes ?? STATE_SIZES;
    this.source = new Source(plan.source);
    this.columns = this.source.columnNames;
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
    const rows = this.source.read(batch);
    this.options.counters.rowsIn += rows.count;
    this.options.counters.rowsFailed += batch.count - rows.count;
    if (rows.count > 0) this.pipeline.first.process(rows);
    this.advance(batch.times[batch.count - 1]!);
  }

  /** No row with an earlier `time` will come: closes the windows over `time` that end by then. Never goes back. */
  advance(timeMs: number): void {
    if (timeMs <= this.reachedMs) return;
    this.reachedMs = timeMs;
    this.pipeline.first.advance(timeMs * MICROSECONDS);
  }

  /**
   * Rows of the last batch whose bodies are no rows of the address' schema, in order: counted as failed, left out, and
   * for the dead-letter address.
   */
  get undecodable(): readonly UndecodableRow[] {
    return this.source.undecodable;
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

  /** Whether rows leave something behind: a job without windows needs no state. */
  get hasState(): boolean {
    return this.pipeline.windows !== undefined;
  }

  /** Groups whose change `takeStateChanges` will give: what it costs. */
  get changedGroups(): number {
    return this.pipeline.keeper?.changedGroups ?? 0;
  }

  /**
   * What is to be stored of the job's state now, so that it goes on from the rows it has taken: changes of what all calls
   * before gave, no key twice. The last is that of the head. Outputs that were not taken are no part of it.
   */
  takeStateChanges(): StateChange[] {
    const { keeper, windows, first } = this.pipeline;
    if (keeper === undefined || windows === undefined) return [];
    const changes: StateChange[] = [];
    const totals = { ...keeper.collect(changes), panes: windows.paneCount, groups: windows.stateRows };
    const state = new StateWriter(256);
    const { counters } = this.options;
    writeHead(state, this.shape, totals, { reachedMs: this.reachedMs, counters });
    first.writeHead(state);
    changes.push({ key: HEAD_KEY, bytes: state.finish() });
    return changes;
  }

  /**
   * Goes on from what was stored, whatever the job has seen before; it has to wait for the last step. Outputs that were
   * not taken are dropped.
   *
   * @param records what all changes so far came to, by key; its bytes are not changed meanwhile
   * @throws StateError for state of another version, of a plan that keeps other state, damaged, or forgotten; the job is
   * then empty
   */
  restore(records: KeptRecords): JobRestore {
    this.reset(this.build(), { reachedMs: Number.NEGATIVE_INFINITY, counters: NO_ROWS });
    const pipeline = this.build();
    const { head, restore } = orDamaged(() => this.beginRestore(records, pipeline));
    return {
      reachedMs: head.reachedMs === Number.NEGATIVE_INFINITY ? undefined : head.reachedMs,
      step: () => {
        if (orDamaged(() => restore.step())) return true;
        pipeline.windows?.finishRestore();
        this.reset(pipeline, head);
        return false;
      },
    };
  }

  private beginRestore(
    records: KeptRecords,
    pipeline: Pipeline,
  ): { readonly head: StateTotals & JobFigures; readonly restore: RecordRestore } {
    const { windows: operator, keeper } = pipeline;
    if (operator === undefined || keeper === undefined)
      throw new Error('a job that keeps no state has none to restore');
    const bytes = records.get(HEAD_KEY);
    if (bytes === undefined) throw new StateError('none', 'the head of the state is missing');
    const state = new StateReader(bytes);
    const head = readHead(state, this.shape);
    pipeline.first.readHead(state);
    state.end();
    return { head, restore: new RecordRestore(records, head, { operator, keeper }) };
  }

  private reset(pipeline: Pipeline, { reachedMs, counters }: JobFigures): void {
    this.pipeline = pipeline;
    this.reachedMs = reachedMs;
    Object.assign(this.options.counters, counters);
  }

  private build(): Pipeline {
    const sink = new SinkOperator(this.plan, this.options);
    const keeper = this.keepsState ? new StateKeeper(this.stateSizes) : undefined;
    let windows: WindowAggregateOperator | undefined;
    let first: Operator = sink;
    for (let node: PlanNode = this.plan.root; node.kind !== 'source'; node = node.input) {
      if (node.kind === 'filter') first = new FilterOperator(node, this.options, first);
      else if (node.kind === 'project') first = new ProjectOperator(node, this.options, first);
      else first = windows = new WindowAggregateOperator(node, { ...this.options, keeper }, first);
    }
    if (this.plan.watermark === undefined) return { first, sink, windows, watermark: undefined, keeper };
    const watermark = new WatermarkOperator(this.plan.watermark, this.options, first);
    return { first: watermark, sink, windows, watermark, keeper };
  }
}

/** Whatever goes wrong while bytes are read is their fault. */
function orDamaged<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof StateError) throw error;
    throw new StateError('damaged', 'the state is damaged', { cause: error });
  }
}
