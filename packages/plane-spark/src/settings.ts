/** What the plane is told once, and what of it is looked at before anything is begun. */
import { parseConnectionString } from '@millrace/spark-connect';

export interface SparkPlaneOptions {
  /** `sc://host:15002/;token=…`, as every Spark Connect client takes it. */
  readonly connect: string;
  /** Directory or URL for the checkpoints, as the driver of Spark sees it: `/data/checkpoints`, `s3a://bucket/millrace`. */
  readonly checkpoints: string;
  /** Local directory of the driver for what was taken from the broker; needed where `checkpoints` is not on a local disk. */
  readonly walDirectory?: string;
  /** How often a job looks for new messages. Default: 500. */
  readonly triggerMs?: number;
  /** Parts of the state of a job, fixed by its first checkpoint. Default: the server's, or 4 where that is Spark's own 200. */
  readonly shufflePartitions?: number;
  /** How Spark's tasks log in to the broker. Default: ANONYMOUS. */
  readonly user?: string;
  readonly password?: string;
  /** Whether an address is a topic: a job reads it by a subscription of its own then. Default: filters only. */
  readonly isTopic?: (address: string) => boolean;
  /** What the broker has of a queue that a job reads. Default: it is not known. */
  readonly observeQueue?: (address: string) => QueueFacts | undefined;
  /** Lines for people. */
  readonly log: (line: string) => void;
}

export interface QueueFacts {
  /** Messages that are stored. */
  readonly stored: number;
  readonly receivers: number;
}

/** What was given cannot be used; the message says what would be right. */
export class SparkSettingsError extends Error {
  override readonly name = 'SparkSettingsError';
}

const LOCAL = /^(?:file:\/{1,3})?\//;

export function isLocal(location: string): boolean {
  return LOCAL.test(location);
}

/** @throws SparkSettingsError */
export function checkSettings({ connect, checkpoints, walDirectory, triggerMs = 500 }: SparkPlaneOptions): void {
  try {
    parseConnectionString(connect);
  } catch (error) {
    throw new SparkSettingsError(
      `${connect} is no Spark Connect server: ${(error as Error).message}; right is sc://host:15002`,
    );
  }
  if (!isLocal(checkpoints) && !/^[a-z][a-z0-9+.-]*:\/\//i.test(checkpoints)) {
    throw new SparkSettingsError(
      `${checkpoints || 'nothing'} is no place for checkpoints: right is an absolute path, such as /data/checkpoints, or a URL, such as s3a://bucket/checkpoints`,
    );
  }
  if (!isLocal(checkpoints) && walDirectory === undefined) {
    throw new SparkSettingsError(
      `${checkpoints} is not on a local disk, where single messages are made durable: name a directory of the driver's disk that outlives it as walDirectory`,
    );
  }
  if (!Number.isInteger(triggerMs) || triggerMs < 0) {
    throw new SparkSettingsError(`a trigger of ${triggerMs} ms makes no sense: right is a whole number, such as 500`);
  }
}
