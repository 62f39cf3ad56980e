/**
 * Where a job's checkpoint is, and when it gets a new one.
 *
 *     CHECKPOINTS/max-temperature/
 *       0001-4be3f0a1c2d3e4f5-stateless/           ordinal, key of the source, key of the state
 *       0002-4be3f0a1c2d3e4f5-09c1b2a3d4e5f607/    the newest: the job goes on with it, if its keys are the job's
 *       wal-4be3f0a1c2d3e4f5/                       taken from the source, for all checkpoints that read it
 *
 * Spark refuses a checkpoint with another query's state, or takes it and computes nonsense. So a windowed job whose
 * statement has changed gets a new one, which begins in the log where the newest one of that source has finished: what was
 * taken from the broker and not computed is read, and nothing is read twice. A job without windows has no state, and
 * keeps its checkpoint whatever its text.
 */
import type { SparkPlaneOptions } from './settings.js';
import type { CheckpointFiles, SparkCluster } from './spark-cluster.js';
import { type JobQuery, joinLocation } from './submission.js';

export interface CheckpointPlace {
  readonly checkpoint: string;
  /** Where the log is begun to be read; means nothing to a checkpoint that has offsets of its own. */
  readonly walStart: number;
  /** What a change of the text has cost; undefined when nothing. */
  readonly note: string | undefined;
  /** The job read another address before. */
  readonly isOtherSource: boolean;
}

interface Known extends CheckpointFiles {
  readonly ordinal: number;
  readonly sourceKey: string;
  readonly stateKey: string;
}

const NAME = /^(\d{4,})-([0-9a-f]{16})-([0-9a-z]+)$/;
export const STATE_BEGINS_ANEW = 'it was changed: windows that were open then were started anew';

/** Asks the cluster's file system: the driver's disk need not be ours. */
export async function placeCheckpoint(
  cluster: Pick<SparkCluster, 'checkpoints' | 'sequenceAfter'>,
  query: JobQuery,
): Promise<CheckpointPlace> {
  const { directory, sourceKey, stateKey } = query;
  const known = (await cluster.checkpoints(directory)).flatMap(parseName);
  known.sort((left, right) => right.ordinal - left.ordinal);
  const [newest] = known;
  const goesOn = newest?.sourceKey === sourceKey && newest.stateKey === stateKey;
  const ordinal = String((newest?.ordinal ?? 0) + 1).padStart(4, '0');
  const name = goesOn ? newest.name : `${ordinal}-${sourceKey}-${stateKey}`;
  const needsStart = !goesOn || newest.finishedBatch === undefined;
  return {
    checkpoint: joinLocation(directory, name),
    walStart: needsStart ? await finishedBy(cluster, query, known) : 0,
    note: goesOn || newest === undefined || newest.stateKey === 'stateless' ? undefined : STATE_BEGINS_ANEW,
    isOtherSource: newest !== undefined && newest.sourceKey !== sourceKey,
  };
}

/** How far the log of a source was computed: the newest checkpoint that has a batch knows, older ones were behind it. */
async function finishedBy(
  cluster: Pick<SparkCluster, 'sequenceAfter'>,
  { directory, sourceKey }: JobQuery,
  newestFirst: readonly Known[],
): Promise<number> {
  for (const { name, finishedBatch, sourceKey: other } of newestFirst) {
    if (other !== sourceKey || finishedBatch === undefined) continue;
    return cluster.sequenceAfter(joinLocation(directory, name), finishedBatch);
  }
  return 0;
}

function parseName(files: CheckpointFiles): readonly Known[] {
  const [, ordinal, sourceKey, stateKey] = NAME.exec(files.name) ?? [];
  if (ordinal === undefined || sourceKey === undefined || stateKey === undefined) return [];
  return [{ ...files, ordinal: Number(ordinal), sourceKey, stateKey }];
}

/** Everything that belongs to a job, as the driver sees it. */
export function directoriesOf(
  { directory, job }: Pick<JobQuery, 'directory' | 'job'>,
  { walDirectory }: Pick<SparkPlaneOptions, 'walDirectory'>,
): readonly string[] {
  if (walDirectory === undefined) return [directory];
  return [directory, `file://${joinLocation(walDirectory, encodeURIComponent(job))}`];
}
