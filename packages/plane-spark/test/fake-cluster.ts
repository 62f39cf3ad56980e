import type { StreamingQueryProgress } from '@millrace/spark-connect';
import type { CheckpointFiles, QueryLook, SparkCluster, SparkQuery } from '../src/spark-cluster.js';
import type { Submission } from '../src/submission.js';

/** What a Connect server keeps of one session; outlives the objects that look at it, and ends with the server. */
export class FakeSession {
  readonly active = new Map<string, FakeQuery>();
  readonly revisions = new Map<string, string>();
}

/** The disk that the driver writes checkpoints to: outlives servers. */
export class FakeDisk {
  readonly checkpoints = new Map<string, { finishedBatch: number | undefined; sequence: number }>();
  readonly emptied: string[] = [];
}

export class FakeQuery implements SparkQuery {
  readonly id: string;
  readonly runId: string;
  readonly name: string;
  readonly submission: Submission;
  reports: StreamingQueryProgress[] = [];
  failure: Error | undefined;
  looks = 0;
  readonly #session: FakeSession;

  constructor(session: FakeSession, submission: Submission, run: number) {
    this.#session = session;
    this.submission = submission;
    this.id = submission.checkpoint;
    this.runId = `run-${run}`;
    this.name = submission.query.name;
  }

  get isActive(): boolean {
    return this.#session.active.get(this.name) === this;
  }

  async look(): Promise<QueryLook> {
    this.looks++;
    return { isActive: this.isActive, progress: this.reports, failure: this.failure };
  }

  fail(failure: Error): void {
    this.failure = failure;
    this.#session.active.delete(this.name);
  }

  async stop(): Promise<void> {
    if (this.isActive) this.#session.active.delete(this.name);
  }
}

let runs = 0;

export class FakeCluster implements SparkCluster {
  version = '4.3.0';
  readonly started: FakeQuery[] = [];
  /** Thrown by the next call of any kind. */
  broken: Error | undefined;
  /** Thrown by the next `start`; `late`: after the query was started, as when the answer is lost. */
  startFailure: { readonly error: Error; readonly late: boolean } | undefined;
  disconnected = false;
  readonly session: FakeSession;
  readonly disk: FakeDisk;

  constructor(session = new FakeSession(), disk = new FakeDisk()) {
    this.session = session;
    this.disk = disk;
  }

  #check(): void {
    if (this.broken !== undefined) throw this.broken;
  }

  async queries(): Promise<readonly SparkQuery[]> {
    this.#check();
    return [...this.session.active.values()];
  }

  async start(submission: Submission): Promise<SparkQuery> {
    this.#check();
    const failure = this.startFailure;
    this.startFailure = undefined;
    if (failure !== undefined && !failure.late) throw failure.error;
    const query = new FakeQuery(this.session, submission, ++runs);
    if (this.session.active.has(query.name)) throw new Error('a query with that name is already active');
    this.session.active.set(query.name, query);
    this.session.revisions.set(submission.query.job, submission.revision);
    if (!this.disk.checkpoints.has(submission.checkpoint)) {
      this.disk.checkpoints.set(submission.checkpoint, { finishedBatch: undefined, sequence: submission.walStart });
    }
    this.started.push(query);
    if (failure !== undefined) throw failure.error;
    return query;
  }

  async revisionOf(job: string): Promise<string | undefined> {
    return this.session.revisions.get(job);
  }

  async checkpoints(directory: string): Promise<readonly CheckpointFiles[]> {
    return [...this.disk.checkpoints]
      .filter(([path]) => path.startsWith(`${directory}/`))
      .map(([path, { finishedBatch }]) => ({ name: path.slice(directory.length + 1), finishedBatch }));
  }

  async sequenceAfter(checkpoint: string): Promise<number> {
    return this.disk.checkpoints.get(checkpoint)!.sequence;
  }

  async empty(directory: string): Promise<void> {
    this.disk.emptied.push(directory);
    for (const path of this.disk.checkpoints.keys())
      if (path.startsWith(`${directory}/`)) this.disk.checkpoints.delete(path);
  }

  async disconnect(): Promise<void> {
    this.disconnected = true;
  }
}

export interface ReportFacts {
  readonly runId: string;
  readonly batchId: number;
  readonly rows?: number;
  readonly out?: number;
  readonly late?: number;
  readonly state?: number;
  readonly beats?: number;
  readonly waiting?: number;
  readonly watermark?: string;
  readonly newest?: string;
  readonly problem?: string;
  /** Of a query that waits for its next batch. */
  readonly idle?: boolean;
}

/** A batch's report, as Spark and the connector write it. */
export function report(facts: ReportFacts): StreamingQueryProgress {
  const {
    runId,
    batchId,
    rows = 0,
    out = 0,
    late = 0,
    state,
    beats = 0,
    waiting = 0,
    watermark,
    newest,
    problem,
    idle,
  } = facts;
  const metrics = {
    connectedTo: problem === undefined ? 'amqp://127.0.0.1:5672' : '',
    ...(problem === undefined ? {} : { problem }),
    connectionsTotal: problem === undefined ? '1' : '0',
    heartbeatsTotal: String(beats),
    rowsWaiting: String(waiting),
    timeIs: 'accepted',
  };
  const operator = {
    operatorName: 'stateStoreSave',
    numRowsTotal: state ?? 0,
    numRowsUpdated: 0,
    numRowsRemoved: 0,
    numRowsDroppedByWatermark: late,
    memoryUsedBytes: 0,
    customMetrics: {},
  };
  return {
    id: 'id',
    runId,
    name: null,
    timestamp: '2026-11-24T12:00:00.000Z',
    batchId,
    batchDuration: 1,
    numInputRows: rows,
    inputRowsPerSecond: 0,
    processedRowsPerSecond: 0,
    durationMs: idle === true ? { triggerExecution: 1 } : { addBatch: 1, triggerExecution: 1 },
    eventTime: { ...(watermark === undefined ? {} : { watermark }), ...(newest === undefined ? {} : { max: newest }) },
    stateOperators: state === undefined ? [] : [operator],
    sources: [
      {
        description: 'amqp',
        startOffset: null,
        endOffset: null,
        latestOffset: null,
        numInputRows: rows,
        inputRowsPerSecond: 0,
        processedRowsPerSecond: 0,
        metrics,
      },
    ],
    sink: { description: 'amqp', numOutputRows: out, metrics: {} },
    observedMetrics: {},
  };
}
