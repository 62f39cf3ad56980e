/**
 * One job at work: reads batches, lets the engine compute, commits inputs and outputs together. Its states:
 *
 *     running ⇄ pausing → paused → running        pausing: a commit is still to get through
 *     running → failed                            for good: the state of its windows cannot be used
 *
 * The watermark over `time` is the time of the oldest unread message, and the plane's clock only when nothing is unread
 * (DESIGN §4): a backlog loses nothing, and the last window of a source that fell silent closes by the clock.
 */
import type { JobSpec } from '@millrace/contract';
import type { JobObservation, JobResult, MessageAccess, MessageBatch, MessageReader } from '@millrace/controller';
import type { JobPlan } from '@millrace/sql';
import { compileJob, type Job, JobError, type OutputRow, StateError } from '@millrace/stream-engine';
import { JobRecovery } from './job-recovery.js';
import type { JobScheduler, Runnable } from './job-scheduler.js';
import { describeFailure, describePaused, describeRunning, describeSource, describeUnreadable } from './job-status.js';
import { Outbox } from './outbox.js';

const READ_MESSAGES = 8_192;
const RESULTS_KEPT = 100;
/** Groups that changed since the last commit before the job reads no further: the next one is to take a few ms. */
const CHANGED_GROUPS_MAX = 16_384;

export interface JobContext {
  readonly access: MessageAccess;
  readonly scheduler: JobScheduler;
  /** Receivers other than this job on the queue; 0 for other addresses. */
  readonly otherReceivers: (address: string) => number;
  readonly onFault: (error: unknown) => void;
}

type State =
  | { readonly kind: 'running' | 'pausing'; readonly reader: MessageReader; readonly outbox: Outbox }
  | { readonly kind: 'paused' }
  | { readonly kind: 'failed'; readonly reason: string; readonly message: string };

export class JobRunner implements Runnable {
  readonly name: string;
  readonly spec: JobSpec;
  readonly plan: JobPlan;
  readonly results: JobResult[] = [];
  /** Something worth saying about how it started. */
  note = '';
  private readonly context: JobContext;
  private readonly job: Job;
  private state: State = { kind: 'paused' };
  private undecodable = 0;
  /** Messages whose body is no row of the schema, since it was deployed, and what is wrong with the last of them. */
  private unreadable = 0;
  private lastUnreadable = '';
  /** Messages waited after the last slice: then reading moves the watermark, and the clock does not. */
  private behind = false;
  /** Until it has the state that was kept of it. */
  private recovery: JobRecovery | undefined;

  constructor(name: string, definition: { readonly spec: JobSpec; readonly plan: JobPlan }, context: JobContext) {
    this.name = name;
    this.spec = definition.spec;
    this.plan = definition.plan;
    this.context = context;
    const { keepsState } = context.access;
    this.job = compileJob(definition.plan, { onError: definition.spec.onError, keepsState });
    this.recovery = keepsState ? new JobRecovery(name, this.job, context.access) : undefined;
  }

  /**
   * Opens its source, with the state it has. Nothing to a job that failed.
   *
   * @throws PlaneRefusal when the source cannot be read; all is then as before
   */
  start(): void {
    const { state } = this;
    switch (state.kind) {
      case 'failed':
        return;
      case 'paused': {
        const reader = this.openReader();
        this.state = { kind: 'running', reader, outbox: this.openOutbox(reader) };
        // At once, so that the clock is right before anything arrives.
        if (this.recovery !== undefined) this.runSlice();
        break;
      }
      case 'running':
      case 'pausing': {
        const reader = state.reader.closed ? this.openReader() : state.reader;
        if (reader !== state.reader) {
          this.closeReader(state.reader);
          state.outbox.continueOn(reader);
        }
        this.state = { kind: 'running', reader, outbox: state.outbox };
      }
    }
    this.wake();
  }

  get failed(): boolean {
    return this.state.kind === 'failed';
  }

  pause(): void {
    if (this.state.kind !== 'running') return;
    this.state = { ...this.state, kind: 'pausing' };
    this.finishPause();
  }

  /** Gives back what it has not committed. The runner is not used again. */
  stop(): void {
    this.context.scheduler.remove(this);
    this.leaveReader();
    this.state = { kind: 'paused' };
  }

  get wakeAtMs(): number | undefined {
    if (this.state.kind !== 'running' || this.behind || this.mustWait(this.state)) return undefined;
    return this.job.nextWindowEndMs();
  }

  runSlice(): boolean {
    const { state } = this;
    try {
      if (state.kind === 'pausing') this.finishPause();
      if (state.kind !== 'running') return false;
      if (this.recovery !== undefined) return this.recover(this.recovery, state.reader);
      // The commit that it waited for is through: what gathered meanwhile is the next one.
      if (this.mustWait(state)) state.outbox.flush();
      return !this.mustWait(state) && this.work(state);
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  observe(): JobObservation {
    const { job, state, plan } = this;
    const reader = state.kind === 'running' || state.kind === 'pausing' ? state.reader : undefined;
    const others = reader === undefined ? 0 : this.context.otherReceivers(plan.source.address);
    const backlog = reader?.backlog() ?? 0;
    return {
      ...this.describe(backlog),
      source: plan.source.address,
      target: plan.target,
      warnings: [
        ...describeSource(plan.source.address, others),
        ...describeUnreadable(this.unreadable, this.lastUnreadable),
      ],
      rowsIn: job.counters.rowsIn,
      rowsOut: job.counters.rowsOut,
      rowsLate: job.counters.rowsLate,
      rowsFailed: job.counters.rowsFailed + this.undecodable + (reader?.undecodable ?? 0),
      backlog,
      watermark: job.watermarkMs === undefined ? undefined : new Date(job.watermarkMs).toISOString(),
      openWindows: job.openWindows,
      stateRows: job.stateRows,
    };
  }

  private describe(backlog: number): Pick<JobObservation, 'phase' | 'reason' | 'message'> {
    const { state } = this;
    switch (state.kind) {
      case 'failed':
        return { phase: 'Failed', reason: state.reason, message: state.message };
      case 'paused':
        return describePaused(undefined);
      case 'pausing':
        return describePaused(state.outbox.refusal);
      case 'running': {
        const { reader, outbox } = state;
        const described = describeRunning({
          source: this.plan.source.address,
          target: this.plan.target,
          rowsIn: this.job.counters.rowsIn,
          backlog,
          nextWindowEndMs: this.job.nextWindowEndMs(),
          nowMs: reader.clockMs(),
          refusal: outbox.refusal,
          sourceGone: reader.closed,
          recovering: this.recovery !== undefined,
        });
        return this.note === '' ? described : { ...described, message: `${described.message}; ${this.note}` };
      }
    }
  }

  private readonly wake = (): void => this.context.scheduler.ready(this);

  private openOutbox(reader: MessageReader): Outbox {
    return new Outbox(reader, { onChange: this.wake, takeState: () => this.job.takeStateChanges() });
  }

  private openReader(): MessageReader {
    return this.context.access.open({
      job: this.name,
      source: this.plan.source.address,
      target: this.plan.target,
      columns: this.job.columns,
      onReady: this.wake,
    });
  }

  /** For a commit, before it reads on. */
  private mustWait({ outbox }: Extract<State, { kind: 'running' | 'pausing' }>): boolean {
    return outbox.full || this.job.changedGroups >= CHANGED_GROUPS_MAX;
  }

  /** One slice a turn of the event loop, however much time the scheduler has. @returns whether there is more to do now */
  private recover(recovery: JobRecovery, reader: MessageReader): boolean {
    const progress = recovery.step(reader);
    if (progress === 'more') setImmediate(this.wake);
    if (progress !== 'done') return false;
    this.recovery = undefined;
    if (recovery.note !== '') this.note = recovery.note;
    return true;
  }

  /** One batch, the clock when nothing is left, a commit. */
  private work({ reader, outbox }: Extract<State, { kind: 'running' | 'pausing' }>): boolean {
    const batch = reader.readBatch(READ_MESSAGES);
    if (batch !== undefined) this.takeIn(batch, outbox);
    const oldest = reader.oldestUnreadTime();
    this.behind = oldest !== undefined;
    this.job.advance(oldest ?? reader.clockMs());
    const rows = this.job.takeOutputs();
    this.keepResults(rows, reader);
    outbox.add(batch?.token, rows);
    outbox.flush();
    // What comes now is read when the commit is through, in one batch: the reader is not asked to the end before that, so
    // it does not call again. With more than a batch behind, reading goes on while the commit is under way.
    return batch !== undefined && oldest !== undefined;
  }

  private takeIn(batch: MessageBatch, outbox: Outbox): void {
    this.job.process(batch);
    const { undecodable } = this.job;
    if (undecodable.length === 0) return;
    const { token } = batch;
    outbox.addUndecodable(undecodable.map(({ row, reason }) => ({ token, row, reason })));
    this.unreadable += undecodable.length;
    this.lastUnreadable = undecodable.at(-1)!.reason;
  }

  private keepResults(rows: readonly OutputRow[], reader: MessageReader): void {
    if (rows.length === 0) return;
    const time = new Date(reader.clockMs()).toISOString();
    for (const { message, row } of rows.slice(-RESULTS_KEPT))
      this.results.push({ time, address: message.address, row });
    if (this.results.length > RESULTS_KEPT) this.results.splice(0, this.results.length - RESULTS_KEPT);
  }

  /** What is computed is committed first: only then may the reader give back the rest. */
  private finishPause(): void {
    if (this.state.kind !== 'pausing') return;
    this.state.outbox.flush();
    if (!this.state.outbox.idle) return;
    this.leaveReader();
    this.state = { kind: 'paused' };
    this.context.scheduler.remove(this);
  }

  private fail(error: unknown): void {
    if (!(error instanceof JobError || error instanceof StateError)) this.context.onFault(error);
    this.leaveReader();
    this.state = { kind: 'failed', ...describeFailure(error, this.plan.sql) };
    this.context.scheduler.remove(this);
  }

  private leaveReader(): void {
    if (this.state.kind !== 'running' && this.state.kind !== 'pausing') return;
    this.state.outbox.stop();
    this.closeReader(this.state.reader);
  }

  private closeReader(reader: MessageReader): void {
    this.undecodable += reader.undecodable;
    reader.close();
  }
}
