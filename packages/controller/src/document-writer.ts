/**
 * Writes to the desired state, one at a time: checked, guarded against loss, and then all or nothing. What a plane must
 * give up goes from the plane first, since the plane may refuse; only then is it gone from the documents.
 */
import {
  checkDocument,
  type DesiredDocument,
  type Kind,
  type ProblemDetail,
  ProblemError,
  problemError,
} from '@millrace/contract';
import { type AdmissionContext, invalid, type JobEnds, jobEnds, refusalOf } from './admission.js';
import { type DocumentKey, keyOf, keyText } from './document-key.js';
import type { DocumentStore, StoreChange, StoredDocument } from './document-store.js';
import { KeyLock } from './key-lock.js';
import { mergePatch } from './merge-patch.js';
import type { MessagingPlane } from './ports/messaging-plane.js';
import { checkPreconditions, type Preconditions, wishesTheSame } from './revision.js';
import { patchable, type UserChange } from './user-documents.js';

export interface WriteOptions extends Preconditions {
  /** Checks everything, changes nothing. Default: false. */
  readonly dryRun?: boolean;
  /** Also when stored messages are lost by it. Default: false. */
  readonly force?: boolean;
  /**
   * Throws when who writes may not write this; `ends`: what a job reads and writes, undefined when its text is not valid.
   * Asked before anything else is looked at. Default: all is allowed.
   */
  readonly allow?: (document: DesiredDocument, ends: JobEnds | undefined) => void;
}

export interface PreparedChange {
  readonly outcome: 'created' | 'changed' | 'unchanged';
  readonly next: StoredDocument;
  /** Undefined: it is created. */
  readonly before: StoredDocument | undefined;
  /** An address that becomes one of another type. */
  readonly retyped: boolean;
}

export interface Replacement {
  readonly put: readonly DesiredDocument[];
  readonly remove: readonly DocumentKey[];
}

export interface DocumentWriterOptions {
  readonly store: DocumentStore;
  readonly admission: AdmissionContext;
  readonly messaging: Pick<MessagingPlane, 'observeAddress'>;
  /** Turns what must not be stored into what may be. @throws ProblemError */
  readonly seal: (desired: DesiredDocument, present: StoredDocument | undefined) => Promise<DesiredDocument>;
  /** What stands against it among the documents there are. @throws ProblemError */
  readonly checkUsers: (changes: readonly UserChange[]) => void;
  readonly newIdentity: () => { readonly uid: string; readonly createdAt: string };
  /** Takes it from its plane. @throws ProblemError */
  readonly removeFromPlane: (key: DocumentKey, options: { readonly force: boolean }) => Promise<void>;
  readonly onPut: (changes: readonly PreparedChange[]) => void;
  /** Called when they are about to go, and returns what is to be done when they are gone. */
  readonly onDelete: (keys: readonly DocumentKey[]) => () => void;
  /** A removal from the plane is over, whatever came of it: what should be there is to be brought there again. */
  readonly onReleased: (key: DocumentKey) => void;
}

export class DocumentWriter {
  readonly #options: DocumentWriterOptions;
  readonly #lock = new KeyLock();
  readonly #leaving = new Set<string>();

  constructor(options: DocumentWriterOptions) {
    this.#options = options;
  }

  /** It has been taken from its plane, or will be, and its document is not gone yet: nobody may bring it back. */
  isLeaving(key: string): boolean {
    return this.#leaving.has(key);
  }

  put(desired: DesiredDocument, options: WriteOptions): Promise<PreparedChange> {
    return this.#exclusively(() => this.#put(desired, options));
  }

  patch({ kind, name }: DocumentKey, patch: unknown, options: WriteOptions): Promise<PreparedChange> {
    return this.#exclusively(() => {
      const checked = checkDocument(mergePatch(patchable(this.#present(kind, name)), patch));
      if (!checked.ok) throw new ProblemError(invalid(`${kind} ${name} with this patch`, checked.details));
      if (checked.value.kind !== kind || checked.value.metadata.name !== name) {
        const detail = 'kind and metadata.name say which document it is: they cannot be changed';
        throw problemError('invalid-document', detail, [{ pointer: '/metadata/name', code: 'immutable', detail }]);
      }
      return this.#put(checked.value, options);
    });
  }

  delete(key: DocumentKey, options: WriteOptions): Promise<void> {
    return this.#exclusively(async () => {
      checkPreconditions(key, this.#present(key.kind, key.name), options);
      this.#checkLoss([key], options);
      this.#checkUsers([], [key], options);
      if (options.dryRun !== true) await this.#delete([key], options);
    });
  }

  /** All are checked first, and nothing is done when one is refused. */
  replace(plan: () => Replacement, options: WriteOptions): Promise<readonly PreparedChange[]> {
    return this.#exclusively(async () => {
      const { put, remove } = plan();
      const sealed = await this.#sealed(put, options);
      const admission = this.#admissionWith(sealed);
      const changes = collected(sealed, (desired) => this.#prepare(desired, options, admission));
      this.#checkUsers(changes, remove, options);
      const retyped = changes.filter((change) => change.retyped).map(({ next }) => keyOf(next));
      this.#checkLoss([...remove, ...retyped], options);
      if (options.dryRun === true) return changes;
      await this.#delete(remove, options);
      await this.#commit(changes, options);
      return changes;
    });
  }

  #exclusively<T>(work: () => T | Promise<T>): Promise<T> {
    return this.#lock.run('', async () => work());
  }

  #present(kind: Kind, name: string): StoredDocument {
    const present: StoredDocument | undefined = this.#options.store.get(kind, name);
    if (present === undefined) throw problemError('not-found', `there is no ${kind} ${name}`);
    return present;
  }

  async #put(wished: DesiredDocument, options: WriteOptions): Promise<PreparedChange> {
    const [desired] = await this.#sealed([wished], options);
    const change = this.#prepare(desired!, options);
    this.#checkUsers([change], [], options);
    if (change.retyped) this.#checkLoss([keyOf(change.next)], options);
    if (options.dryRun !== true) await this.#commit([change], options);
    return change;
  }

  /** Jobs are judged by the addresses that come with them. */
  #admissionWith(put: readonly DesiredDocument[]): AdmissionContext {
    const { admission } = this.#options;
    if (!put.some(({ kind }) => kind === 'Job')) return admission;
    const schemas = new Map(admission.schemas);
    for (const { kind, metadata, spec } of put) {
      if (kind !== 'Address') continue;
      if (spec.schema === undefined) schemas.delete(metadata.name);
      else schemas.set(metadata.name, spec.schema);
    }
    return { ...admission, schemas };
  }

  #prepare(
    desired: DesiredDocument,
    options: WriteOptions,
    admission: AdmissionContext = this.#options.admission,
  ): PreparedChange {
    const { store, newIdentity } = this.#options;
    const { kind, metadata } = desired;
    options.allow?.(desired, desired.kind === 'Job' ? jobEnds(desired.spec, admission) : undefined);
    const present: StoredDocument | undefined = store.get(kind, metadata.name);
    checkPreconditions({ kind, name: metadata.name }, present, options);
    const refusal = refusalOf(desired, admission);
    if (refusal !== undefined) throw new ProblemError(refusal);
    if (present !== undefined && wishesTheSame(present, desired)) {
      return { outcome: 'unchanged', next: present, before: present, retyped: false };
    }
    const { uid, createdAt } = present?.metadata ?? newIdentity();
    const generation = (present?.metadata.generation ?? 0) + 1;
    const { name, labels } = metadata;
    const next = { ...desired, metadata: { name, labels, uid, generation, createdAt } } as StoredDocument;
    const retyped = present?.kind === 'Address' && next.kind === 'Address' && present.spec.type !== next.spec.type;
    return { outcome: present === undefined ? 'created' : 'changed', next, before: present, retyped };
  }

  async #commit(changes: readonly PreparedChange[], options: WriteOptions): Promise<void> {
    const effective = changes.filter(({ outcome }) => outcome !== 'unchanged');
    if (effective.length === 0) return;
    // Another type is another address to a plane: what it was must go first, and may refuse to.
    const retyped = effective.filter((change) => change.retyped).map(({ next }) => keyOf(next));
    await this.#whileLeaving(retyped, async () => {
      for (const key of retyped) await this.#options.removeFromPlane(key, { force: options.force === true });
      await this.#options.store.commit(effective.map(({ next }): StoreChange => ({ action: 'put', document: next })));
    });
    this.#options.onPut(effective);
  }

  /** What the plane gave up is gone from the documents too, also when a later one is refused. */
  #delete(keys: readonly DocumentKey[], options: WriteOptions): Promise<void> {
    return this.#whileLeaving(keys, async () => {
      const removed: DocumentKey[] = [];
      try {
        for (const key of keys) {
          await this.#options.removeFromPlane(key, { force: options.force === true });
          removed.push(key);
        }
      } finally {
        if (removed.length > 0) {
          const finish = this.#options.onDelete(removed);
          await this.#options.store.commit(removed.map((key): StoreChange => ({ action: 'delete', ...key })));
          finish();
        }
      }
    });
  }

  async #whileLeaving(keys: readonly DocumentKey[], work: () => Promise<void>): Promise<void> {
    for (const key of keys) this.#leaving.add(keyText(key));
    try {
      await work();
    } finally {
      for (const key of keys) this.#leaving.delete(keyText(key));
      for (const key of keys) this.#options.onReleased(key);
    }
  }

  /** Who may not write a user is told before its password costs anything. */
  async #sealed(put: readonly DesiredDocument[], options: WriteOptions): Promise<readonly DesiredDocument[]> {
    const sealed: DesiredDocument[] = [];
    for (const desired of put) {
      if (desired.kind !== 'User') {
        sealed.push(desired);
        continue;
      }
      options.allow?.(desired, undefined);
      sealed.push(await this.#options.seal(desired, this.#options.store.get('User', desired.metadata.name)));
    }
    return sealed;
  }

  /** All together: each alone might leave one who may manage the server, and all of them none. */
  #checkUsers(put: readonly PreparedChange[], remove: readonly DocumentKey[], { force }: WriteOptions): void {
    const changes: UserChange[] = [];
    for (const { next, outcome } of put) {
      if (next.kind !== 'User' || outcome === 'unchanged') continue;
      changes.push({ name: next.metadata.name, next: next.spec, force: force === true });
    }
    for (const { kind, name } of remove) {
      if (kind === 'User') changes.push({ name, next: undefined, force: force === true });
    }
    if (changes.length > 0) this.#options.checkUsers(changes);
  }

  /** All at once and before anything is done; the plane itself has the last word. */
  #checkLoss(keys: readonly DocumentKey[], options: WriteOptions): void {
    if (options.force === true) return;
    const details: ProblemDetail[] = [];
    for (const { kind, name } of keys) {
      const stored = kind === 'Address' ? (this.#options.messaging.observeAddress(name)?.stored ?? 0) : 0;
      if (stored === 0) continue;
      const detail = `${name} holds ${stored} ${stored === 1 ? 'message' : 'messages'}`;
      details.push({ pointer: '', code: 'stored-messages', detail });
    }
    if (details.length === 0) return;
    const what = details.slice(0, 3).map(({ detail }) => detail);
    const more = details.length > what.length ? `, and ${details.length - what.length} more hold some` : '';
    const text = `${what.join(', ')}${more}: nothing was changed. With force they are deleted.`;
    throw problemError('would-lose-messages', text, details);
  }
}

const FAULTS_MAX = 100;

/** Looks at all of them, and tells all that is wrong, each with its place in the set. */
function collected(
  documents: readonly DesiredDocument[],
  prepare: (desired: DesiredDocument) => PreparedChange,
): PreparedChange[] {
  const changes: PreparedChange[] = [];
  const faults: { readonly error: ProblemError; readonly index: number }[] = [];
  for (const [index, desired] of documents.entries()) {
    try {
      changes.push(prepare(desired));
    } catch (error) {
      if (!(error instanceof ProblemError) || documents.length === 1) throw error;
      faults.push({ error, index });
      if (faults.length === FAULTS_MAX) break;
    }
  }
  const [first] = faults;
  if (first === undefined) return changes;
  const details = faults.flatMap(({ error: { problem }, index }) => {
    const place = `/documents/${index}`;
    const own = problem.errors ?? [{ pointer: '', code: 'refused', detail: problem.detail }];
    return own.map((detail) => ({ ...detail, pointer: place + detail.pointer }));
  });
  const { kind, metadata } = documents[first.index]!;
  const more = faults.length > 1 ? `; ${faults.length - 1} more are refused` : '';
  const { problem } = first.error;
  throw new ProblemError({ ...problem, detail: `${kind} ${metadata.name}: ${problem.detail}${more}`, errors: details });
}
