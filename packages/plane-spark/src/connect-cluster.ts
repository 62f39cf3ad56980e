/** The cluster over Spark Connect. */
import {
  type SessionOptions,
  SparkError,
  SparkSession,
  type StreamingQuery,
  type StreamingQueryProgress,
} from '@millrace/spark-connect';
import type { SparkPlaneOptions } from './settings.js';
import type { CheckpointFiles, OpenCluster, QueryLook, SparkCluster, SparkQuery } from './spark-cluster.js';
import { HEARTBEAT_COLUMN, joinLocation, QUERY_PREFIX, type Submission } from './submission.js';

/** The loops wait and try again by themselves, and say meanwhile why they wait. */
const RETRY: SessionOptions['retry'] = { maxRetries: 2, maxElapsedMs: 5_000, initialBackoffMs: 100 };
const USER = 'millrace';
const SPARKS_OWN_PARTITIONS = '200';
const DEFAULT_PARTITIONS = 4;
/** A job's tasks that hang are left to Spark after this. */
const STOP_TIMEOUT = '30s';
/** Reports that the server keeps of each query: more than batches between two looks. */
const REPORTS_KEPT = 20;
/** How often a query reports that computes nothing: whether its source is connected is seen no sooner. */
const IDLE_REPORT_MS = 2_000;
/** How old the list of what runs may be. */
const RUNS_AGE_MS = 500;

export function connectTo(options: SparkPlaneOptions): OpenCluster {
  return async ({ sessionId }) => {
    const session = await SparkSession.connect(options.connect, { sessionId, userId: USER, retry: RETRY });
    try {
      await session.conf.setAll({
        'spark.sql.session.timeZone': 'UTC',
        'spark.sql.ansi.enabled': true,
        'spark.sql.streaming.stopTimeout': STOP_TIMEOUT,
        'spark.sql.streaming.numRecentProgressUpdates': REPORTS_KEPT,
        'spark.sql.streaming.noDataProgressEventInterval': IDLE_REPORT_MS,
        'spark.sql.shuffle.partitions': await partitions(session, options),
      });
      return new ConnectCluster(session, await session.version());
    } catch (error) {
      await session.disconnect();
      throw error;
    }
  };
}

/** Spark's own default is for tables: two hundred tasks for each half second of messages would never be done. */
async function partitions(session: SparkSession, { shufflePartitions }: SparkPlaneOptions): Promise<string> {
  if (shufflePartitions !== undefined) return String(shufflePartitions);
  const set = await session.conf.getOption('spark.sql.shuffle.partitions');
  return set === undefined || set === SPARKS_OWN_PARTITIONS ? String(DEFAULT_PARTITIONS) : set;
}

function revisionKey(job: string): string {
  return `spark.millrace.job.${encodeURIComponent(job)}`;
}

class ConnectCluster implements SparkCluster {
  readonly version: string;
  readonly #session: SparkSession;
  #runs: Promise<ReadonlySet<string>> | undefined;
  #runsAskedMs = 0;

  constructor(session: SparkSession, version: string) {
    this.#session = session;
    this.version = version;
  }

  async queries(): Promise<readonly SparkQuery[]> {
    const active = await this.#session.streams.active();
    return active.filter(({ name }) => name?.startsWith(QUERY_PREFIX)).map((query) => this.#query(query));
  }

  #query(query: StreamingQuery): SparkQuery {
    return new ConnectQuery(query, () => this.#activeRuns());
  }

  /** One question for all jobs that ask within a moment. */
  #activeRuns(): Promise<ReadonlySet<string>> {
    const nowMs = performance.now();
    if (this.#runs === undefined || nowMs - this.#runsAskedMs > RUNS_AGE_MS) {
      this.#runsAskedMs = nowMs;
      this.#runs = this.#session.streams.active().then((active) => new Set(active.map(({ runId }) => runId)));
    }
    return this.#runs;
  }

  async start(submission: Submission): Promise<SparkQuery> {
    const { query, checkpoint, walDirectory, walStart, revision } = submission;
    const source = this.#session.readStream
      .format('amqp')
      .options({ ...query.source, walDirectory, walStart })
      .load();
    const messages = query.hasHeartbeats
      ? source.select('* EXCEPT (heartbeat)', `heartbeat AS ${HEARTBEAT_COLUMN}`)
      : source;
    const { schemaColumns } = query;
    const rows =
      schemaColumns === undefined
        ? messages
        : messages.select('*', schemaColumns.decoded).select(...schemaColumns.columns);
    await rows.createOrReplaceTempView(query.view);
    const results = await this.#session.sql(query.statement);
    // Before the query: one that runs without a known revision is stopped and started again, never taken for another.
    await this.#session.conf.setAll({ [revisionKey(query.job)]: revision });
    const started = await results.writeStream
      .format('amqp')
      .options(query.sink)
      .option('checkpointLocation', checkpoint)
      .outputMode('append')
      .queryName(query.name)
      .trigger({ processingTime: `${query.triggerMs} milliseconds` })
      .start();
    return this.#query(started);
  }

  async revisionOf(job: string): Promise<string | undefined> {
    return this.#session.conf.getOption(revisionKey(job));
  }

  async checkpoints(directory: string): Promise<readonly CheckpointFiles[]> {
    const found = new Map<string, number | undefined>();
    for (const path of await this.#list(joinLocation(directory, '*', '{metadata,commits}'))) {
      const [, name, batch] = /\/([^/]+)\/(?:metadata|commits\/(\d+))$/.exec(path) ?? [];
      if (name === undefined) continue;
      const before = found.get(name);
      found.set(name, batch === undefined ? before : Math.max(before ?? 0, Number(batch)));
    }
    return [...found].map(([name, finishedBatch]) => ({ name, finishedBatch }));
  }

  /** Files under a pattern; none when nothing is there. */
  async #list(pattern: string): Promise<readonly string[]> {
    try {
      const files = this.#session.read.format('binaryFile').load(pattern).select('path');
      return (await files.collect()).map(({ path }) => String(path));
    } catch (error) {
      if (error instanceof SparkError && error.is('PATH_NOT_FOUND')) return [];
      throw error;
    }
  }

  /** `offsets/N` has a line for its version, one for the batch, and one for each source. */
  async sequenceAfter(checkpoint: string, batch: number): Promise<number> {
    const path = joinLocation(checkpoint, 'offsets', String(batch));
    const rows = await this.#session.read.format('text').load(path).collect();
    for (const { value } of rows) {
      const [, sequence] = /^\{"sequence":(\d+)\}$/.exec(String(value)) ?? [];
      if (sequence !== undefined) return Number(sequence);
    }
    throw new Error(`${path} does not say how far the log was read`);
  }

  /** Spark has no command that deletes files, but writing over a directory empties it first. */
  async empty(directory: string): Promise<void> {
    const nothing = this.#session.range(0, 0).select('CAST(id AS STRING) AS value');
    await nothing.write.format('text').mode('overwrite').save(directory);
  }

  disconnect(): Promise<void> {
    return this.#session.disconnect();
  }
}

class ConnectQuery implements SparkQuery {
  readonly id: string;
  readonly runId: string;
  readonly name: string;
  readonly #query: StreamingQuery;
  readonly #activeRuns: () => Promise<ReadonlySet<string>>;

  constructor(query: StreamingQuery, activeRuns: () => Promise<ReadonlySet<string>>) {
    this.#query = query;
    this.#activeRuns = activeRuns;
    this.id = query.id;
    this.runId = query.runId;
    this.name = query.name ?? '';
  }

  async look(after: number): Promise<QueryLook> {
    // A list of a moment ago may lack what was begun since.
    const isActive = (await this.#activeRuns()).has(this.runId) || (await this.#query.isActive());
    const progress = await this.#progress(after);
    return { isActive, progress, failure: isActive ? undefined : await this.#query.exception() };
  }

  /** The newest report is enough, unless there were batches between. */
  async #progress(after: number): Promise<readonly StreamingQueryProgress[]> {
    const last = await this.#query.lastProgress();
    if (last === undefined) return [];
    if (last.batchId <= after + 1) return [last];
    return this.#query.recentProgress();
  }

  stop(): Promise<void> {
    return this.#query.stop();
  }
}
