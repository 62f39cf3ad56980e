/** The `ProcessingPlane` port on Millrace's own stream engine. */
import { isDeepStrictEqual } from 'node:util';
import type { JobSpec } from '@millrace/contract';
import {
  type JobObservation,
  type JobResult,
  type MessageAccess,
  PlaneRefusal,
  type Preview,
  type PreviewEvents,
  type PreviewOptions,
  type ProcessingCapabilities,
  type ProcessingPlane,
} from '@millrace/controller';
import type { JobPlan, QueryPlan } from '@millrace/sql';
import { JobRunner } from './job-runner.js';
import { JobScheduler } from './job-scheduler.js';
import { limitsOf, type PlanLimit } from './plan-limits.js';

export interface EmbeddedProcessingPlaneOptions {
  readonly access: MessageAccess;
  /** Receivers other than the job itself on a queue; 0 for other addresses. */
  readonly otherReceivers: (address: string) => number;
  /** Faults of ours that ended a job. */
  readonly onFault: (error: unknown) => void;
  /** Runs a query for somebody who looks. Default: there is none. */
  readonly preview?: (plan: QueryPlan, options: PreviewOptions, events: PreviewEvents) => Preview;
  /** ms since the epoch. Default: the system's. */
  readonly now?: () => number;
}

export class EmbeddedProcessingPlane implements ProcessingPlane {
  readonly capabilities: ProcessingCapabilities = { plane: 'embedded', onErrorSkip: true };
  private readonly options: EmbeddedProcessingPlaneOptions;
  private readonly scheduler: JobScheduler;
  private readonly runners = new Map<string, JobRunner>();

  constructor(options: EmbeddedProcessingPlaneOptions) {
    this.options = options;
    this.scheduler = new JobScheduler(options.now ?? Date.now);
  }

  admit(plan: JobPlan): readonly PlanLimit[] {
    return limitsOf(plan);
  }

  async deploy(name: string, spec: JobSpec, plan: JobPlan): Promise<void> {
    const before = this.runners.get(name);
    const runner =
      before !== undefined && computesTheSame(before, spec, plan) ? before : this.replace(name, spec, plan);
    if (spec.paused) runner.pause();
    else runner.start();
  }

  async remove(name: string): Promise<void> {
    this.runners.get(name)?.stop();
    this.runners.delete(name);
    this.options.access.forget(name);
  }

  async control(name: string, action: 'pause' | 'resume'): Promise<void> {
    const runner = this.runners.get(name);
    if (runner === undefined) throw new PlaneRefusal('NotFound', `there is no job ${name}`);
    if (action === 'pause') runner.pause();
    else if (runner.failed) this.replace(name, runner.spec, runner.plan).start();
    else runner.start();
  }

  observe(name: string): JobObservation | undefined {
    return this.runners.get(name)?.observe();
  }

  results(name: string): readonly JobResult[] {
    return this.runners.get(name)?.results ?? [];
  }

  preview(plan: QueryPlan, options: PreviewOptions, events: PreviewEvents): Preview {
    const [limit] = limitsOf({ ...plan, target: '', body: 'column' });
    if (limit !== undefined) throw new PlaneRefusal('Unsupported', limit.message, '/sql');
    if (this.options.preview === undefined) throw new PlaneRefusal('Unsupported', 'this plane has no previews');
    return this.options.preview(plan, options, events);
  }

  /** Ends all jobs with the process. */
  close(): void {
    for (const runner of this.runners.values()) runner.stop();
    this.scheduler.stop();
  }

  private replace(name: string, spec: JobSpec, plan: JobPlan): JobRunner {
    const before = this.runners.get(name);
    const runner = new JobRunner(name, { spec, plan }, { ...this.options, scheduler: this.scheduler });
    if (before !== undefined) {
      const cause = before.failed ? 'it had failed' : 'it was changed';
      if (!this.options.access.keepsState) runner.note = `${cause}: windows that were open then were started anew`;
      before.stop();
      // Another source has another subscription; what the old one stores would never be read.
      if (before.plan.source.address !== plan.source.address) this.options.access.forget(name);
    }
    this.runners.set(name, runner);
    return runner;
  }
}

function schemaParts({ source, watermark }: JobPlan): unknown {
  return [source.schema, source.output, watermark?.column, watermark?.delayUs];
}

/** A failed job that is deployed again begins where its last commit was, whatever its text. */
function computesTheSame(before: JobRunner, spec: JobSpec, plan: JobPlan): boolean {
  if (before.failed) return false;
  if (before.plan.sql !== plan.sql || before.spec.onError !== spec.onError) return false;
  // The same text over another schema is another computation.
  return isDeepStrictEqual(schemaParts(before.plan), schemaParts(plan));
}
