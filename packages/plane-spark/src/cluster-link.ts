/**
 * The one session with Spark that all jobs share: opens it, opens it again after it was lost, and says meanwhile why there
 * is none.
 *
 * The session's id follows from where the checkpoints are, so a Millrace that was started anew is in the same session
 * and finds its queries. A session that the server has ended (nobody spoke to it for an hour) can never be had again
 * under its id: the next id of the row is taken then, by every later start too.
 */
import { createHash } from 'node:crypto';
import { SparkError } from '@millrace/spark-connect';
import { connectFailure, type Failure, tooOld } from './failures.js';
import type { OpenCluster, SparkCluster } from './spark-cluster.js';

export interface ClusterLinkOptions {
  readonly open: OpenCluster;
  /** For messages. */
  readonly connect: string;
  /** Whose session it is: where the checkpoints are. */
  readonly owner: string;
  readonly onChange: () => void;
  readonly log: (line: string) => void;
}

const FIRST_WAIT_MS = 500;
const WAIT_MS_MAX = 10_000;
/** So many sessions of one owner were ended: something else ends them. */
const SESSIONS_MAX = 1_000;

export class ClusterLink {
  readonly #options: ClusterLinkOptions;
  #cluster: SparkCluster | undefined;
  #problem: Failure;
  #ordinal = 0;
  #waitMs = FIRST_WAIT_MS;
  #timer: NodeJS.Timeout | undefined;
  #opening: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: ClusterLinkOptions) {
    this.#options = options;
    this.#problem = { reason: 'Connecting', message: 'Spark is being connected' };
  }

  get cluster(): SparkCluster | undefined {
    return this.#cluster;
  }

  /** Why there is no session. */
  get problem(): Failure {
    return this.#problem;
  }

  start(): void {
    this.#opening = this.#open();
  }

  /** The session is not usable any more; what a loop still has of it is passed over when there is a newer one. */
  lost(cluster: SparkCluster, error: unknown): void {
    if (this.#cluster !== cluster || this.#isClosed) return;
    this.#cluster = undefined;
    this.#problem = connectFailure(this.#options.connect, error);
    this.#options.log(`spark: ${this.#problem.message}`);
    this.#opening = cluster.disconnect().then(
      () => this.#open(),
      () => this.#open(),
    );
  }

  /** Queries go on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#opening;
    const cluster = this.#cluster;
    this.#cluster = undefined;
    await cluster?.disconnect();
  }

  async #open(): Promise<void> {
    if (this.#isClosed) return;
    const { open, owner, connect, onChange, log } = this.#options;
    try {
      const cluster = await open({ sessionId: sessionId(owner, this.#ordinal) });
      const old = tooOld(connect, cluster.version);
      if (old !== undefined || this.#isClosed) {
        await cluster.disconnect();
        if (old !== undefined) this.#refused(old);
        return;
      }
      this.#cluster = cluster;
      this.#waitMs = FIRST_WAIT_MS;
      onChange();
    } catch (error) {
      if (isClosedForGood(error) && this.#ordinal < SESSIONS_MAX) {
        this.#ordinal++;
        log(`spark: the session of this server was ended on Spark; its jobs are started anew in another`);
        return this.#open();
      }
      this.#refused(connectFailure(connect, error));
    }
  }

  #refused(problem: Failure): void {
    if (problem.message !== this.#problem.message) this.#options.log(`spark: ${problem.message}`);
    this.#problem = problem;
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => this.start(), this.#waitMs);
    this.#waitMs = Math.min(WAIT_MS_MAX, this.#waitMs * 2);
  }
}

function isClosedForGood(error: unknown): boolean {
  return error instanceof SparkError && error.is('INVALID_HANDLE.SESSION_CLOSED');
}

/** A UUID of the form that is free for own use (RFC 9562 §5.8). */
export function sessionId(owner: string, ordinal: number): string {
  const hex = createHash('sha256').update(`millrace ${ordinal} ${owner}`).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ];
  return parts.join('-');
}
