/** What `serve` and `demo` are told about Spark, as the server takes it. */
import type { ServerOptions } from '@millrace/server';
import { usageError } from '../command-error.js';
import { clusterDirectory, defaultClusterDirectory } from '../spark/cluster-directory.js';
import { readState } from '../spark/state-file.js';
import type { Terminal } from '../terminal.js';

export type SparkProcessing = NonNullable<ServerOptions['processing']>;

export interface ProcessingOptions {
  readonly processing: 'embedded' | 'spark';
  readonly spark?: string;
  readonly sparkCheckpoints?: string;
  readonly sparkWal?: string;
  readonly sparkBrokerUrl?: string;
  /** Milliseconds. */
  readonly sparkTrigger?: number;
}

const FLAGS = [
  ['spark', '--spark'],
  ['sparkCheckpoints', '--spark-checkpoints'],
  ['sparkWal', '--spark-wal'],
  ['sparkBrokerUrl', '--spark-broker-url'],
  ['sparkTrigger', '--spark-trigger'],
] as const;

/** @throws CommandError wrong usage, when a flag of Spark stands without it */
export function refuseSparkFlags(options: ProcessingOptions): void {
  const flag = FLAGS.find(([name]) => options[name] !== undefined)?.[1];
  if (flag !== undefined && options.processing === 'embedded') {
    throw usageError(`${flag} is of Spark, and jobs run on Millrace's own engine here`, '--processing spark as well');
  }
}

/**
 * For `serve`. Without `--spark` it is the cluster that `millrace spark up` has started on this machine.
 * @throws CommandError wrong usage, when nobody has said where Spark is or where checkpoints are
 */
export function processingOf(terminal: Terminal, options: ProcessingOptions): SparkProcessing | undefined {
  refuseSparkFlags(options);
  if (options.processing === 'embedded') return undefined;
  const local = localCluster(terminal);
  const connect = options.spark ?? local?.connectUrl;
  if (connect === undefined) {
    throw usageError(
      'nobody has said where Spark is',
      '--spark sc://host:15002, or millrace spark up for one on this machine',
    );
  }
  const isLocal = local !== undefined && (connect === local.connectUrl || connect.startsWith(`${local.connectUrl}/`));
  const checkpoints = options.sparkCheckpoints ?? (isLocal ? local.checkpoints : undefined);
  if (checkpoints === undefined) {
    throw usageError(
      'nobody has said where jobs keep their progress',
      '--spark-checkpoints /data/checkpoints, a directory as the driver of Spark sees it',
    );
  }
  return settingsOf(options, { connect, checkpoints });
}

/** Only what is given: all else has its default in the server. */
export function settingsOf(
  options: ProcessingOptions,
  found: { readonly connect: string; readonly checkpoints: string },
): SparkProcessing {
  return {
    plane: 'spark',
    ...found,
    ...(options.sparkWal === undefined ? {} : { walDirectory: options.sparkWal }),
    ...(options.sparkBrokerUrl === undefined ? {} : { brokerUrl: options.sparkBrokerUrl }),
    ...(options.sparkTrigger === undefined ? {} : { triggerMs: options.sparkTrigger }),
  };
}

function localCluster(terminal: Terminal): { readonly connectUrl: string; readonly checkpoints: string } | undefined {
  const directory = clusterDirectory(defaultClusterDirectory(terminal.environment));
  const state = readState(directory.stateFile);
  if (state === undefined || state.phase !== 'running') return undefined;
  return { connectUrl: state.connectUrl, checkpoints: directory.checkpoints };
}
