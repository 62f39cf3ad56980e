/**
 * Brings the processing plane to what the job documents say. A job whose addresses are not all there is paused (or not
 * begun) and goes on by itself; whoever declares or removes an address has the jobs on it looked at again.
 */
import type { JobDocument, JobStatus } from '@millrace/contract';
import type { JobPlan } from '@millrace/sql';
import { obstacleOf } from './address-reconciler.js';
import { type AdmissionContext, type JobJudgement, judgeJob } from './admission.js';
import { ConditionSet } from './conditions.js';
import type { DocumentStore, StoredJob } from './document-store.js';
import { type PlanePatience, withPatience } from './plane-call.js';
import type { JobObservation, ProcessingPlane } from './ports/processing-plane.js';
import { type JobFinding, jobFindings, jobPhase, jobStatistics } from './status.js';
import type { WorkOutcome } from './work-queue.js';

/** What the plane was last brought to. */
type Deployment =
  | { readonly state: 'absent' }
  /** `suspended`: paused by us because an address is missing, whatever the document wishes. */
  | { readonly state: 'deployed'; readonly key: string; readonly paused: boolean; readonly suspended: boolean };

interface Applied {
  readonly uid: string;
  generation: number;
  deployment: Deployment;
  finding: JobFinding;
  source: string | undefined;
  target: string | undefined;
  judged:
    | { readonly generation: number; readonly schemasVersion: number; readonly judgement: JobJudgement }
    | undefined;
  readonly conditions: ConditionSet;
}

export interface JobReconcilerOptions {
  readonly store: DocumentStore;
  readonly processing: ProcessingPlane;
  readonly admission: AdmissionContext;
  /** Rises when the schema of an address has changed: texts are checked again then, and only then. */
  readonly schemasVersion: () => number;
  readonly isDeclared: (address: string) => boolean;
  readonly patience: PlanePatience;
  readonly onStatus: (name: string) => void;
}

const ABSENT: Deployment = { state: 'absent' };
const NOTHING_FOUND: JobFinding = { refused: undefined, missing: [], obstacle: undefined };

export class JobReconciler {
  readonly #options: JobReconcilerOptions;
  readonly #applied = new Map<string, Applied>();
  /** Address → the jobs that read or write it. */
  readonly #users = new Map<string, Set<string>>();

  constructor(options: JobReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(name: string): Promise<WorkOutcome> {
    const document = this.#options.store.get('Job', name);
    if (document === undefined) {
      this.forget(name);
      return 'done';
    }
    const applied = this.#entry(document);
    let outcome: WorkOutcome = 'done';
    try {
      applied.finding = await this.#bring(document, applied);
    } catch (error) {
      const obstacle = obstacleOf(error);
      applied.finding = { ...NOTHING_FOUND, obstacle };
      outcome = obstacle.permanent ? 'done' : 'retry';
    }
    applied.generation = document.metadata.generation;
    this.refresh(document);
    return outcome;
  }

  /** Jobs to look at again when this address has come, gone or changed. */
  usersOf(address: string): readonly string[] {
    const users = new Set(this.#users.get(address));
    // A refused text names no address that could be relied on: any change may be what it needs.
    for (const [name, applied] of this.#applied) if (applied.finding.refused !== undefined) users.add(name);
    return [...users];
  }

  forget(name: string): void {
    this.#index(name, this.#applied.get(name), undefined, undefined);
    this.#applied.delete(name);
  }

  withStatus(document: StoredJob): JobDocument {
    const applied = this.#entry(document);
    const observation = this.#options.processing.observe(document.metadata.name);
    applied.conditions.update(jobFindings(applied.finding, observation), this.#options.patience.timers.now());
    const { source, target } = applied;
    const status: JobStatus = {
      phase: jobPhase(applied.finding, observation),
      observedGeneration: applied.generation,
      conditions: applied.conditions.list,
      ...(source === undefined ? {} : { source }),
      ...(target === undefined ? {} : { target }),
      warnings: observation?.warnings ?? [],
      ...(observation === undefined ? {} : { statistics: jobStatistics(observation) }),
    };
    return { ...document, status };
  }

  refresh(document: StoredJob): void {
    const { name } = document.metadata;
    const applied = this.#entry(document);
    const findings = jobFindings(applied.finding, this.#options.processing.observe(name));
    applied.conditions.update(findings, this.#options.patience.timers.now());
    if (applied.conditions.takeChange()) this.#options.onStatus(name);
  }

  /** @returns what stands in the way, when nothing was thrown */
  async #bring(document: StoredJob, applied: Applied): Promise<JobFinding> {
    const { name } = document.metadata;
    const judged = this.#judge(document, applied);
    if (!judged.ok) {
      await this.#suspend(name, applied);
      const reason = judged.problem.type.endsWith('invalid-sql') ? 'InvalidSql' : 'NotSupported';
      return { ...NOTHING_FOUND, refused: { reason, message: judged.problem.detail, permanent: true } };
    }
    const source = judged.plan.source.address;
    this.#index(name, applied, source, judged.plan.target);
    const missing = [...new Set([source, judged.plan.target])].filter((address) => !this.#isThere(address));
    if (missing.length > 0) {
      await this.#suspend(name, applied);
      return { ...NOTHING_FOUND, missing };
    }
    await this.#deploy(document, judged.plan, applied);
    return NOTHING_FOUND;
  }

  #judge({ spec, metadata: { generation } }: StoredJob, applied: Applied): JobJudgement {
    const schemasVersion = this.#options.schemasVersion();
    const { judged } = applied;
    if (judged?.generation === generation && judged.schemasVersion === schemasVersion) return judged.judgement;
    const judgement = judgeJob(spec, this.#options.admission);
    applied.judged = { generation, schemasVersion, judgement };
    return judgement;
  }

  /** A topic filter needs no address of that name. */
  #isThere(address: string): boolean {
    return /[+#]/.test(address) || this.#options.isDeclared(address);
  }

  async #deploy(document: StoredJob, plan: JobPlan, applied: Applied): Promise<void> {
    const { processing, store } = this.#options;
    const { spec, metadata } = document;
    const { name } = metadata;
    // Its uid too: an address that was removed and declared again is another one, whatever it is called.
    const source = store.get('Address', plan.source.address);
    const target = store.get('Address', plan.target);
    const addresses = [source, target].map((address) => [
      address?.metadata.uid,
      address?.spec.type,
      address?.spec.schema,
    ]);
    const key = JSON.stringify([spec.sql, spec.onError, addresses]);
    const { deployment } = applied;
    const stands = deployment.state === 'deployed' && deployment.key === key && !deployment.suspended;
    if (!stands || processing.observe(name) === undefined) {
      await this.#ask(`deploy ${name}`, () => processing.deploy(name, spec, plan));
    } else if (deployment.paused !== spec.paused) {
      const action = spec.paused ? 'pause' : 'resume';
      await this.#ask(`${action} ${name}`, () => processing.control(name, action));
    }
    applied.deployment = { state: 'deployed', key, paused: spec.paused, suspended: false };
  }

  /** Paused, not removed: its open windows are still right when the address comes back. */
  async #suspend(name: string, applied: Applied): Promise<void> {
    const { deployment } = applied;
    if (deployment.state === 'absent' || deployment.suspended) return;
    const { processing } = this.#options;
    const phase: JobObservation['phase'] | undefined = processing.observe(name)?.phase;
    if (phase === 'Running' || phase === 'Pending') {
      await this.#ask(`pause ${name}`, () => processing.control(name, 'pause'));
    }
    applied.deployment = { ...deployment, suspended: true };
  }

  #ask<T>(what: string, call: () => Promise<T>): Promise<T> {
    return withPatience(what, call, this.#options.patience);
  }

  #entry({ metadata: { name, uid } }: StoredJob): Applied {
    let applied = this.#applied.get(name);
    if (applied === undefined || applied.uid !== uid) {
      const conditions = new ConditionSet();
      const nothing = { source: undefined, target: undefined, judged: undefined, conditions };
      applied = { uid, generation: 0, deployment: ABSENT, finding: NOTHING_FOUND, ...nothing };
      this.#applied.set(name, applied);
    }
    return applied;
  }

  #index(name: string, applied: Applied | undefined, source: string | undefined, target: string | undefined): void {
    if (applied === undefined) return;
    for (const address of [applied.source, applied.target]) {
      const users = address === undefined ? undefined : this.#users.get(address);
      users?.delete(name);
      if (address !== undefined && users?.size === 0) this.#users.delete(address);
    }
    applied.source = source;
    applied.target = target;
    for (const address of [source, target]) {
      if (address === undefined) continue;
      const users = this.#users.get(address) ?? new Set();
      users.add(name);
      this.#users.set(address, users);
    }
  }
}
