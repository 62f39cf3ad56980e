/**
 * Brings Spark to what one job's document says, step by step, for as long as it takes. Each step looks at what is there
 * first, so it does not matter what happened between: a Millrace that was started anew, a Connect server that was, a
 * request whose answer was lost.
 */
import type { JobPlan } from '@millrace/sql';
import { directoriesOf, placeCheckpoint, STATE_BEGINS_ANEW } from './checkpoints.js';
import { type Failure, isOfConnection, judgeFailure, messageOf } from './failures.js';
import { ProgressCounts } from './progress-counts.js';
import type { SparkPlaneOptions } from './settings.js';
import type { SparkCluster, SparkQuery } from './spark-cluster.js';
import { type JobQuery, QUERY_PREFIX, revisionOf, submission } from './submission.js';

export type Wish = 'run' | 'pause' | 'remove';

export type LoopState =
  /** It is not known what Spark does. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'running'; readonly cluster: SparkCluster; readonly query: SparkQuery }
  | { readonly kind: 'paused' }
  /** Ended by something that passes; begun again at `atMs`. */
  | ({ readonly kind: 'waiting'; readonly atMs: number } & Failure)
  /** `cluster`: only another one can do better. */
  | ({ readonly kind: 'failed'; readonly cluster: SparkCluster | undefined } & Failure)
  | { readonly kind: 'removed' };

/** What is wished for, as text and plan; the query follows when it is known where the broker is. */
export interface Definition {
  readonly plan: JobPlan;
  readonly query: JobQuery | undefined;
}

export interface JobLoopOptions {
  readonly link: {
    readonly cluster: SparkCluster | undefined;
    readonly problem: Failure;
    lost(cluster: SparkCluster, error: unknown): void;
  };
  readonly settings: Pick<SparkPlaneOptions, 'walDirectory'>;
  readonly now: () => number;
  /** Ends what the job held at the broker: its durable subscription. */
  readonly forgetSubscription: (job: string) => Promise<void>;
  readonly log: (line: string) => void;
}

/** A query that computes is looked at so often. */
const LOOK_MS = 1_000;
/** One that waits; it reports no sooner. */
const IDLE_LOOK_MS = 2_000;
const FIRST_WAIT_MS = 1_000;
const WAIT_MS_MAX = 30_000;

export class JobLoop {
  readonly name: string;
  wish: Wish = 'run';
  definition: Definition;
  state: LoopState = { kind: 'unknown' };
  /** What the job's last change has cost. */
  note: string | undefined;
  counts = new ProgressCounts();
  /** Of a removal, that is to be through before the job is begun again. */
  #mustForget = false;
  /** Names a new checkpoint, when Spark cannot go on with the one of that key. */
  #unusable: string | undefined;
  #waitMs = FIRST_WAIT_MS;
  /** Revision of the query that runs. */
  #runs: string | undefined;
  readonly #options: JobLoopOptions;

  constructor(name: string, definition: Definition, options: JobLoopOptions) {
    this.name = name;
    this.definition = definition;
    this.#options = options;
  }

  /** Whether what runs is what the document says. */
  get isAsWished(): boolean {
    const { query } = this.definition;
    return this.state.kind === 'running' && query !== undefined && this.#runs === revisionOf(query);
  }

  /** A failed job tries again. */
  change(definition: Definition, wish: 'run' | 'pause'): void {
    this.definition = definition;
    this.wish = wish;
    if (this.state.kind === 'failed' || this.state.kind === 'removed') this.state = { kind: 'unknown' };
    this.#waitMs = FIRST_WAIT_MS;
  }

  remove(): void {
    this.wish = 'remove';
    this.#mustForget = true;
  }

  /**
   * One step.
   *
   * @returns after how many milliseconds the next one is due, if nothing happens before
   */
  async step(): Promise<number> {
    const { link } = this.#options;
    const { cluster } = link;
    if (cluster === undefined || this.state.kind === 'removed') return LOOK_MS;
    try {
      if (this.#mustForget) return await this.#forget(cluster);
      return this.wish === 'pause' ? await this.#pause(cluster) : await this.#run(cluster);
    } catch (error) {
      if (isOfConnection(error)) {
        if (this.state.kind === 'running') this.state = { kind: 'unknown' };
        link.lost(cluster, error);
        return LOOK_MS;
      }
      return this.#ended(error, cluster);
    }
  }

  async #pause(cluster: SparkCluster): Promise<number> {
    if (this.state.kind === 'failed') return LOOK_MS;
    if (this.state.kind !== 'paused') {
      const query = await this.#find(cluster);
      // Its last batches count: nobody looks at it any more.
      if (query !== undefined) await this.#stop(query);
      this.state = { kind: 'paused' };
    }
    return LOOK_MS;
  }

  async #forget(cluster: SparkCluster): Promise<number> {
    const query = await this.#find(cluster);
    if (query !== undefined) await query.stop();
    if (this.definition.query !== undefined) {
      for (const directory of directoriesOf(this.definition.query, this.#options.settings))
        await cluster.empty(directory);
    }
    await this.#forgetSubscription();
    this.#mustForget = false;
    this.counts = new ProgressCounts();
    this.note = undefined;
    this.state = this.wish === 'remove' ? { kind: 'removed' } : { kind: 'unknown' };
    return 0;
  }

  async #forgetSubscription(): Promise<void> {
    try {
      await this.#options.forgetSubscription(this.name);
    } catch (error) {
      this.#options.log(`job ${this.name}: its subscription could not be ended: ${messageOf(error)}`);
    }
  }

  async #run(cluster: SparkCluster): Promise<number> {
    const { state } = this;
    if (state.kind === 'failed') {
      if (state.cluster !== undefined && state.cluster !== cluster) this.state = { kind: 'unknown' };
      return LOOK_MS;
    }
    if (state.kind === 'waiting' && state.atMs > this.#options.now()) return state.atMs - this.#options.now();
    const { query } = this.definition;
    if (query === undefined) return LOOK_MS;
    if (state.kind === 'running' && state.cluster === cluster && this.isAsWished) {
      return this.#look(cluster, state.query);
    }
    return this.#begin(cluster, query);
  }

  async #begin(cluster: SparkCluster, query: JobQuery): Promise<number> {
    const revision = revisionOf(query);
    const running = await this.#find(cluster);
    if (running !== undefined && (await cluster.revisionOf(this.name)) === revision) {
      this.#follow(cluster, running, revision);
      return 0;
    }
    if (running !== undefined) await this.#stop(running);
    const keyed = this.#unusable === query.stateKey ? { ...query, stateKey: `${query.stateKey}x` } : query;
    const { note, isOtherSource, ...place } = await placeCheckpoint(cluster, keyed);
    // The document may have changed while Spark was asked.
    if (this.definition.query !== query || this.wish !== 'run' || this.#mustForget) return 0;
    // What the old subscription stores would never be read.
    if (isOtherSource) await this.#forgetSubscription();
    const started = await cluster.start(submission(query, place, this.#options.settings));
    if (note !== undefined) this.note = note;
    this.#follow(cluster, started, revision);
    return 0;
  }

  #follow(cluster: SparkCluster, query: SparkQuery, revision: string): void {
    this.state = { kind: 'running', cluster, query };
    this.#runs = revision;
    this.counts.follow(query.runId);
  }

  async #stop(query: SparkQuery): Promise<void> {
    if (this.state.kind === 'running') this.counts.add((await query.look(this.counts.lastBatch)).progress);
    await query.stop();
    if (this.state.kind === 'running') this.state = { kind: 'unknown' };
  }

  async #find(cluster: SparkCluster): Promise<SparkQuery | undefined> {
    const name = QUERY_PREFIX + this.name;
    return (await cluster.queries()).find((query) => query.name === name);
  }

  async #look(cluster: SparkCluster, query: SparkQuery): Promise<number> {
    const { isActive, progress, failure } = await query.look(this.counts.lastBatch);
    const batch = this.counts.lastBatch;
    this.counts.add(progress);
    // It computes: what failed before has passed.
    const hasComputed = this.counts.lastBatch > batch;
    if (hasComputed) this.#waitMs = FIRST_WAIT_MS;
    if (isActive) return hasComputed || !this.counts.source.wasConnected ? LOOK_MS : IDLE_LOOK_MS;
    const stopped = new Error('the query was stopped on Spark by somebody else');
    return failure === undefined
      ? this.#wait({ reason: 'Stopped', message: stopped.message })
      : this.#ended(failure, cluster);
  }

  #ended(error: unknown, cluster: SparkCluster): number {
    const { query } = this.definition;
    if (query === undefined) return this.#wait({ reason: 'SparkRefuses', message: messageOf(error) });
    const verdict = judgeFailure(error, query);
    switch (verdict.kind) {
      case 'transient':
        return this.#wait(verdict);
      case 'state-unusable':
        this.#unusable = query.stateKey;
        this.note = STATE_BEGINS_ANEW;
        return this.#wait({ reason: 'StateUnusable', message: 'Spark cannot go on with the state of before' });
      case 'of-server':
        this.state = { kind: 'failed', cluster, reason: verdict.reason, message: verdict.message };
        break;
      case 'permanent':
        this.state = { kind: 'failed', cluster: undefined, reason: verdict.reason, message: verdict.message };
    }
    this.#options.log(`job ${this.name} failed: ${verdict.message}`);
    return LOOK_MS;
  }

  #wait({ reason, message }: Failure): number {
    const delayMs = this.#waitMs;
    this.#waitMs = Math.min(WAIT_MS_MAX, this.#waitMs * 2);
    this.state = { kind: 'waiting', reason, message, atMs: this.#options.now() + delayMs };
    return delayMs;
  }
}
