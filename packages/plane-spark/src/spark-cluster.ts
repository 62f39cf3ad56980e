/**
 * What the plane needs of Spark: one session on a Connect server. An object lives as long as the session does; after the
 * server was started anew there is another one. The narrow seam for tests of faults that a real cluster makes too seldom.
 */
import type { StreamingQueryProgress } from '@millrace/spark-connect';
import type { Submission } from './submission.js';

export interface QueryLook {
  readonly isActive: boolean;
  /** The reports of batches that the server keeps, oldest first; those up to `after` may be left out. */
  readonly progress: readonly StreamingQueryProgress[];
  /** Why it ended, when it failed. */
  readonly failure: Error | undefined;
}

export interface SparkQuery {
  readonly id: string;
  readonly runId: string;
  readonly name: string;
  /** @param after batch that is known already; -1: none */
  look(after: number): Promise<QueryLook>;
  /** Ends it; the checkpoint stays. */
  stop(): Promise<void>;
}

export interface CheckpointFiles {
  /** Its directory, without what is before. */
  readonly name: string;
  /** The newest batch that is finished; undefined when none is. */
  readonly finishedBatch: number | undefined;
}

export interface SparkCluster {
  /** Spark's version, such as `4.3.0`. */
  readonly version: string;
  /** The queries of the session that run and are named by this plane. */
  queries(): Promise<readonly SparkQuery[]>;
  start(submission: Submission): Promise<SparkQuery>;
  /** What the session was told of a job when its query was started: its `Submission.revision`. */
  revisionOf(job: string): Promise<string | undefined>;
  /** The checkpoints under a job's directory, in no order. */
  checkpoints(directory: string): Promise<readonly CheckpointFiles[]>;
  /** The `sequence` of the log up to which a checkpoint has computed with this batch. */
  sequenceAfter(checkpoint: string, batch: number): Promise<number>;
  /** Deletes what is in a directory that the driver sees. */
  empty(directory: string): Promise<void>;
  /** Lets go of the connection. The session and its queries go on. */
  disconnect(): Promise<void>;
}

/** @throws what `SparkSession.connect` throws */
export type OpenCluster = (options: { readonly sessionId: string }) => Promise<SparkCluster>;
