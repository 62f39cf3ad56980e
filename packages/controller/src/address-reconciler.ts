/** Brings the messaging plane to what the address documents say. Looks at the state wished now, never at what changed. */
import type { AddressDocument, AddressStatus } from '@millrace/contract';
import { ConditionSet } from './conditions.js';
import type { DocumentStore, StoredAddress } from './document-store.js';
import { type PlanePatience, withPatience } from './plane-call.js';
import { type MessagingPlane, PlaneRefusal } from './ports/messaging-plane.js';
import { addressFindings, addressPhase, addressStatistics, type Obstacle } from './status.js';
import type { WorkOutcome } from './work-queue.js';

interface Applied {
  uid: string;
  /** The generation that the plane took; 0 before the first. */
  generation: number;
  obstacle: Obstacle | undefined;
  /** The generation that met the obstacle. */
  refusedGeneration: number;
  readonly conditions: ConditionSet;
}

export interface AddressReconcilerOptions {
  readonly store: DocumentStore;
  readonly messaging: MessagingPlane;
  readonly patience: PlanePatience;
  /** Told when an address has become usable or its conditions have turned. */
  readonly onStatus: (name: string) => void;
}

export class AddressReconciler {
  readonly #options: AddressReconcilerOptions;
  readonly #applied = new Map<string, Applied>();

  constructor(options: AddressReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(name: string): Promise<WorkOutcome> {
    const { store, messaging, patience } = this.#options;
    const document = store.get('Address', name);
    if (document === undefined) {
      this.#applied.delete(name);
      return 'done';
    }
    const applied = this.#entry(document);
    const { generation } = document.metadata;
    let outcome: WorkOutcome = 'done';
    if (!this.isCurrent(document)) {
      try {
        await withPatience(`declare ${name}`, () => messaging.declareAddress(name, document.spec), patience);
        applied.generation = generation;
        applied.obstacle = undefined;
      } catch (error) {
        applied.obstacle = obstacleOf(error);
        applied.refusedGeneration = generation;
        outcome = applied.obstacle.permanent ? 'done' : 'retry';
      }
    }
    this.refresh(document);
    return outcome;
  }

  /** Whether the plane has it, so that a job can be put on it. */
  isDeclared(name: string): boolean {
    return this.#options.store.get('Address', name) !== undefined && (this.#applied.get(name)?.generation ?? 0) > 0;
  }

  /** Whether the plane has what the document says, as far as can be seen. */
  isCurrent({ metadata: { name, uid, generation } }: StoredAddress): boolean {
    const applied = this.#applied.get(name);
    return (
      applied?.uid === uid &&
      applied.generation === generation &&
      applied.obstacle === undefined &&
      this.#options.messaging.observeAddress(name) !== undefined
    );
  }

  /** As `withStatus(…).status.phase === 'Ready'`, for counting many. */
  isReady(name: string): boolean {
    const applied = this.#applied.get(name);
    return applied?.obstacle === undefined && this.#options.messaging.observeAddress(name)?.ready === true;
  }

  /** It was taken from the plane: what was applied counts no more. */
  forget(name: string): void {
    this.#applied.delete(name);
  }

  /** The document with what is seen of it now. */
  withStatus(document: StoredAddress): AddressDocument {
    const applied = this.#entry(document);
    const observation = this.#options.messaging.observeAddress(document.metadata.name);
    const findings = addressFindings(observation, applied.obstacle);
    applied.conditions.update(findings, this.#options.patience.timers.now());
    const status: AddressStatus = {
      phase: addressPhase(findings),
      observedGeneration: applied.obstacle?.permanent ? applied.refusedGeneration : applied.generation,
      conditions: applied.conditions.list,
      ...(observation === undefined ? {} : { statistics: addressStatistics(observation) }),
    };
    return { ...document, status };
  }

  /** Looks at the plane and tells when the conditions have turned. */
  refresh(document: StoredAddress): void {
    const { name } = document.metadata;
    const applied = this.#entry(document);
    const findings = addressFindings(this.#options.messaging.observeAddress(name), applied.obstacle);
    applied.conditions.update(findings, this.#options.patience.timers.now());
    if (applied.conditions.takeChange()) this.#options.onStatus(name);
  }

  #entry({ metadata: { name, uid } }: StoredAddress): Applied {
    let applied = this.#applied.get(name);
    if (applied === undefined || applied.uid !== uid) {
      applied = { uid, generation: 0, obstacle: undefined, refusedGeneration: 0, conditions: new ConditionSet() };
      this.#applied.set(name, applied);
    }
    return applied;
  }
}

/** A refusal stands until the document or the plane changes; anything else may pass by itself. */
export function obstacleOf(error: unknown): Obstacle {
  if (error instanceof PlaneRefusal) return { reason: error.reason, message: error.message, permanent: true };
  const message = error instanceof Error ? error.message : String(error);
  return { reason: 'PlaneUnavailable', message, permanent: false };
}
