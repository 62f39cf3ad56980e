/** The `ProcessingPlane` port on Spark. Everything that takes time is done by the jobs' loops: calls only say what is wished. */
import type { JobSpec } from '@millrace/contract';
import {
  type JobObservation,
  type JobResult,
  PlaneRefusal,
  type ProcessingCapabilities,
  type ProcessingPlane,
} from '@millrace/controller';
import type { JobPlan } from '@millrace/sql';
import { ClusterLink } from './cluster-link.js';
import { connectTo } from './connect-cluster.js';
import { messageOf } from './failures.js';
import { type Definition, JobLoop } from './job-loop.js';
import { describeJob, warningsOf } from './job-words.js';
import { limitsOf, type PlanLimit } from './limits.js';
import { checkSettings, type SparkPlaneOptions } from './settings.js';
import type { OpenCluster, SparkCluster } from './spark-cluster.js';
import { jobQuery, QUERY_PREFIX } from './submission.js';

export interface SparkPlaneParts {
  /** Default: by Spark Connect. */
  readonly open?: OpenCluster;
  /** Ends the durable subscription that a removed job held. Default: nothing is done. */
  readonly forgetSubscription?: (job: string) => Promise<void>;
  readonly now?: () => number;
}

interface Running {
  readonly loop: JobLoop;
  /** Something has changed since the last step began. */
  isWoken: boolean;
  /** Ends the wait for the next step. */
  endWait: () => void;
  ended: Promise<void>;
}

/** A call to a server that does not answer is not waited for when the process is to end. */
const STEP_WAIT_MS = 1_000;
/** A query ends with its batch, at most. */
const STOP_WAIT_MS = 10_000;

export class SparkProcessingPlane implements ProcessingPlane {
  readonly capabilities: ProcessingCapabilities = { plane: 'spark', onErrorSkip: false };
  readonly #options: SparkPlaneOptions;
  readonly #parts: SparkPlaneParts;
  readonly #link: ClusterLink;
  readonly #jobs = new Map<string, Running>();
  #brokerUrl: string | undefined;
  #isClosed = false;

  /** @throws SparkSettingsError */
  constructor(options: SparkPlaneOptions, parts: SparkPlaneParts = {}) {
    checkSettings(options);
    this.#options = options;
    this.#parts = parts;
    this.#link = new ClusterLink({
      open: parts.open ?? connectTo(options),
      connect: options.connect,
      owner: options.checkpoints,
      onChange: () => this.#connected(),
      log: options.log,
    });
  }

  /**
   * Begins to bring Spark to the jobs. Those that documents ask for are deployed by then: a query of this server that no job
   * asks for any more is stopped.
   *
   * @param brokerUrl where Spark's tasks reach the AMQP listener, `amqp://host:port`
   */
  start(brokerUrl: string): void {
    this.#brokerUrl = brokerUrl;
    for (const { loop } of this.#jobs.values()) loop.definition = this.#definition(loop.name, loop.definition.plan);
    this.#link.start();
  }

  admit(plan: JobPlan): readonly PlanLimit[] {
    return limitsOf(plan);
  }

  async deploy(name: string, spec: JobSpec, plan: JobPlan): Promise<void> {
    const definition = this.#definition(name, plan);
    const wish = spec.paused ? 'pause' : 'run';
    const known = this.#jobs.get(name);
    if (known === undefined) {
      const loop = new JobLoop(name, definition, {
        link: this.#link,
        settings: this.#options,
        now: this.#parts.now ?? Date.now,
        forgetSubscription: this.#parts.forgetSubscription ?? (async () => {}),
        log: this.#options.log,
      });
      loop.wish = wish;
      const running: Running = { loop, isWoken: false, endWait: () => {}, ended: Promise.resolve() };
      this.#jobs.set(name, running);
      running.ended = this.#drive(running);
      return;
    }
    known.loop.change(definition, wish);
    wake(known);
  }

  async remove(name: string): Promise<void> {
    const known = this.#jobs.get(name);
    if (known === undefined) return;
    known.loop.remove();
    wake(known);
  }

  async control(name: string, action: 'pause' | 'resume'): Promise<void> {
    const known = this.#jobs.get(name);
    if (known === undefined || known.loop.wish === 'remove') {
      throw new PlaneRefusal('NotFound', `there is no job ${name}`);
    }
    known.loop.change(known.loop.definition, action === 'pause' ? 'pause' : 'run');
    wake(known);
  }

  observe(name: string): JobObservation | undefined {
    const loop = this.#jobs.get(name)?.loop;
    if (loop === undefined || loop.wish === 'remove') return undefined;
    const { counts, definition } = loop;
    const { plan } = definition;
    const { problem, cluster } = this.#link;
    const queue = this.#options.observeQueue?.(plan.source.address);
    return {
      ...describeJob(loop, { isConnected: cluster !== undefined, problem }),
      source: plan.source.address,
      target: plan.target,
      warnings: warningsOf(loop, queue),
      rowsIn: counts.rowsIn,
      rowsOut: counts.rowsOut,
      rowsLate: counts.rowsLate,
      rowsFailed: 0,
      backlog: counts.backlog + (queue?.stored ?? 0),
      watermark: counts.watermarkMs === undefined ? undefined : new Date(counts.watermarkMs).toISOString(),
      openWindows: counts.openWindows(plan),
      stateRows: counts.stateRows,
    };
  }

  /** Rows go from Spark's tasks to the broker: none passes here. */
  results(_name: string): readonly JobResult[] {
    return [];
  }

  /**
   * Lets go of Spark, in three seconds at most; with queries to stop, in twelve.
   *
   * @param options `queries`: what becomes of them. Default: `keep`, they go on while this process is away
   */
  async close({ queries = 'keep' }: { readonly queries?: 'keep' | 'stop' } = {}): Promise<void> {
    this.#isClosed = true;
    for (const running of this.#jobs.values()) wake(running);
    await within(STEP_WAIT_MS, Promise.all([...this.#jobs.values()].map(({ ended }) => ended)));
    const { cluster } = this.#link;
    if (queries === 'stop' && cluster !== undefined)
      await within(
        STOP_WAIT_MS,
        this.#stopAll(cluster, () => true),
      );
    await within(STEP_WAIT_MS, this.#link.close());
  }

  #definition(name: string, plan: JobPlan): Definition {
    const brokerUrl = this.#brokerUrl;
    return { plan, query: brokerUrl === undefined ? undefined : jobQuery(name, plan, { ...this.#options, brokerUrl }) };
  }

  #connected(): void {
    const { cluster } = this.#link;
    if (cluster === undefined) return;
    const isOrphan = (job: string): boolean => !this.#jobs.has(job);
    this.#stopAll(cluster, isOrphan).catch((error: unknown) => this.#options.log(`spark: ${messageOf(error)}`));
    for (const running of this.#jobs.values()) wake(running);
  }

  async #stopAll(cluster: SparkCluster, isMeant: (job: string) => boolean): Promise<void> {
    for (const query of await cluster.queries()) {
      if (!isMeant(query.name.slice(QUERY_PREFIX.length))) continue;
      await query.stop();
      this.#options.log(`spark: stopped the query ${query.name}`);
    }
  }

  async #drive(running: Running): Promise<void> {
    const { loop } = running;
    while (!this.#isClosed) {
      running.isWoken = false;
      const delayMs = await loop.step();
      if (loop.state.kind === 'removed' && loop.wish === 'remove') {
        this.#jobs.delete(loop.name);
        return;
      }
      if (delayMs > 0 && !running.isWoken) await pause(delayMs, running);
    }
  }
}

/** Waits for a promise that need not come true any more. */
async function within(timeoutMs: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([promise.then(ignore, ignore), timeout]);
  clearTimeout(timer);
}

function ignore(): void {}

function wake(running: Running): void {
  running.isWoken = true;
  running.endWait();
}

function pause(delayMs: number, running: Running): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, delayMs);
    running.endWait = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}
