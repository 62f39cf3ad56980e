/** Jobs on Apache Spark: what the server is told of it, and what the plane asks of the server. */
import type { Endpoint } from '@millrace/controller';
import type { EmbeddedPlane } from '@millrace/plane-embedded';
import type { QueueFacts, SparkProcessingPlane } from '@millrace/plane-spark';

/** Jobs on Apache Spark. */
export interface SparkProcessing {
  readonly plane: 'spark';
  /** `sc://host:15002`, with `;token=…` and the like behind a slash. */
  readonly connect: string;
  /** Directory or URL for the checkpoints, as the driver of Spark sees it. */
  readonly checkpoints: string;
  /** Local directory of the driver for its write-ahead logs. Default: beside the checkpoints, which are on a local disk then. */
  readonly walDirectory?: string;
  /** Where Spark's tasks reach the AMQP listener. Default: where it listens. */
  readonly brokerUrl?: string;
  /** How Spark's tasks log in there. Default: ANONYMOUS. */
  readonly user?: string;
  readonly password?: string;
  /** How often a job looks for new messages. Default: 500. */
  readonly triggerMs?: number;
  /** Parts of a job's state, fixed by its first checkpoint. Default: the Connect server's. */
  readonly shufflePartitions?: number;
  /** What becomes of the queries on Spark when this process ends. Default: keep, they go on while it is away. */
  readonly whenClosed?: 'keep' | 'stop';
}

/** What jobs on Spark ask of the messaging plane. */
export interface SparkNeeds {
  readonly isTopic: (address: string) => boolean;
  readonly observeQueue: (address: string) => QueueFacts | undefined;
  readonly forgetSubscription: (job: string) => Promise<void>;
}

/** @param plane of which nothing is asked before it is there */
export function sparkNeeds(plane: () => EmbeddedPlane): SparkNeeds {
  const isTopic = (address: string): boolean => {
    const type = plane().documents.get('Address', address)?.spec.type;
    return type === 'topic' || type === 'multicast';
  };
  return {
    isTopic,
    observeQueue: (address) => (isTopic(address) ? undefined : plane().messaging.observeAddress(address)),
    // The subscription has the name that a job of the embedded engine has.
    forgetSubscription: async (job) => plane().processing.remove(job),
  };
}

/** Loaded when it is asked for: gRPC and Arrow are no part of a start without Spark. */
export async function openSpark(
  { processing, log }: { readonly processing?: SparkProcessing; readonly log: (line: string) => void },
  { isTopic, observeQueue, forgetSubscription }: SparkNeeds,
): Promise<SparkProcessingPlane | undefined> {
  if (processing === undefined) return undefined;
  const { SparkProcessingPlane } = await import('@millrace/plane-spark');
  return new SparkProcessingPlane({ ...processing, isTopic, observeQueue, log }, { forgetSubscription });
}

/** A listener on all of a machine's networks is reached by Spark on this machine at least. */
export function amqpUrl(endpoints: readonly Endpoint[]): string {
  const amqp = endpoints.find(({ protocol, tls }) => protocol === 'amqp' && !tls);
  if (amqp === undefined) throw new Error('there is no AMQP listener for Spark to read from');
  const host = amqp.host === '0.0.0.0' ? '127.0.0.1' : amqp.host === '::' ? '::1' : amqp.host;
  return `amqp://${host.includes(':') ? `[${host}]` : host}:${amqp.port}`;
}
