/** What the controller asks of whatever runs the jobs: Millrace's own stream engine, or Spark. */
import type { JobSpec } from '@millrace/contract';
import type { JobPlan, QueryPlan } from '@millrace/sql';

export interface ProcessingCapabilities {
  readonly plane: string;
  readonly onErrorSkip: boolean;
}

export type JobPhase = 'Pending' | 'Running' | 'Paused' | 'Failed';

export interface JobObservation {
  readonly phase: JobPhase;
  /** CamelCase word and a sentence: why it failed, or what it waits for. */
  readonly reason: string;
  readonly message: string;
  readonly source: string;
  readonly target: string;
  /** Warnings such as "competes with 2 other receivers on the queue temperature". */
  readonly warnings: readonly string[];
  /** Since the job began, where its state is kept; else since it was deployed in this process. */
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly rowsLate: number;
  readonly rowsFailed: number;
  readonly backlog: number;
  /** ISO time, or undefined before the first row. */
  readonly watermark: string | undefined;
  readonly openWindows: number;
  readonly stateRows: number;
}

/** One emitted row as JSON, newest last. */
export interface JobResult {
  readonly time: string;
  readonly address: string;
  readonly row: Readonly<Record<string, unknown>>;
}

export interface ProcessingPlane {
  readonly capabilities: ProcessingCapabilities;
  /** What this plane cannot run of a checked plan: empty when all is well. */
  admit(plan: JobPlan): readonly { readonly message: string; readonly start: number; readonly end: number }[];
  /** Starts the job, or replaces a running one of that name. @throws PlaneRefusal */
  deploy(name: string, spec: JobSpec, plan: JobPlan): Promise<void>;
  /** Stops it and forgets its state and its durable subscription. */
  remove(name: string): Promise<void>;
  control(name: string, action: 'pause' | 'resume'): Promise<void>;
  observe(name: string): JobObservation | undefined;
  /** The last rows that the job sent: at most 100 are kept. */
  results(name: string): readonly JobResult[];
  /**
   * Runs a query over what is stored and what comes, without consuming anything and without sending anything. Absent: this
   * plane has none. @throws PlaneRefusal when the source cannot be looked into
   */
  preview?(plan: QueryPlan, options: PreviewOptions, events: PreviewEvents): Preview;
}

export interface PreviewOptions {
  /** Where it begins: with what a queue stores, or with what comes from now on. On a topic always the latter. */
  readonly from: 'stored' | 'new';
  readonly onError: JobSpec['onError'];
  /** Messages read at most. */
  readonly messagesMax: number;
}

export interface PreviewProgress {
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly rowsLate: number;
  readonly rowsFailed: number;
  /** ISO time, or undefined before the first row. */
  readonly watermark: string | undefined;
  readonly openWindows: number;
  /** What it waits for. */
  readonly message: string;
}

export interface PreviewEvents {
  /** Rows are made, or it has come further; never from within `preview`. */
  readonly rows: (rows: readonly Readonly<Record<string, unknown>>[]) => void;
  /** The last one: it reads no more. `limit`: `messagesMax` is reached. */
  readonly ended: (reason: 'limit' | 'source-gone' | 'failed', message: string) => void;
}

export interface Preview {
  progress(): PreviewProgress;
  /** No more is read until `resume`. */
  pause(): void;
  resume(): void;
  /** Nothing more is told. */
  stop(): void;
}
