/**
 * The desired state and all that may be done with it: documents in, conditions out. Writes are one at a time; they
 * return when the planes were asked once, so who got an answer can go on with what was declared.
 */
import { randomUUID } from 'node:crypto';
import {
  type AddressDocument,
  checkDocument,
  type DesiredDocument,
  type DesiredJob,
  type Document,
  type JobDocument,
  type Kind,
  type MessageSchema,
  ProblemError,
  problemError,
} from '@millrace/contract';
import { AddressReconciler } from './address-reconciler.js';
import { type AdmissionContext, invalid, judgeJob, refusalOf } from './admission.js';
import { ChangeFeed, type DocumentListener } from './change-feed.js';
import { type DocumentStore, MemoryDocumentStore, type StoreChange, type StoredDocument } from './document-store.js';
import { JobReconciler } from './job-reconciler.js';
import { KeyLock } from './key-lock.js';
import { mergePatch } from './merge-patch.js';
import { callPlane, type PlanePatience } from './plane-call.js';
import type { MessagingPlane } from './ports/messaging-plane.js';
import type { ProcessingPlane } from './ports/processing-plane.js';
import { checkPreconditions, etagOf, type Preconditions, wishesTheSame } from './revision.js';
import { type LoadSqlCheck, loadSparkSqlCheck, type SqlCheck } from './sql-check.js';
import { SYSTEM_TIMERS, type Timers } from './timers.js';
import { type WorkOutcome, WorkQueue } from './work-queue.js';

export interface ControllerOptions {
  readonly messaging: MessagingPlane;
  readonly processing: ProcessingPlane;
  /** Default: the checker of @millrace/sql. */
  readonly loadSqlCheck?: LoadSqlCheck;
  /** Default: memory. */
  readonly store?: DocumentStore;
  /** Default: the system's. */
  readonly timers?: Timers;
  /** Default: random UUIDs. */
  readonly newUid?: () => string;
  /** How often all is looked at, changed or not. Default: 10,000. */
  readonly resyncMs?: number;
  /** How long a write waits for a plane before it answers anyway. Default: 5,000. */
  readonly planeTimeoutMs?: number;
  /** Told of faults that belong to no request. Default: dropped. */
  readonly onError?: (error: unknown) => void;
}

export interface WriteOptions extends Preconditions {
  /** Checks everything, changes nothing. Default: false. */
  readonly dryRun?: boolean;
  /** Also when stored messages are lost by it. Default: false. */
  readonly force?: boolean;
  /** Throws when who writes may not write this. Asked before anything else is looked at. Default: all is allowed. */
  readonly allow?: (document: DesiredDocument) => void;
}

export interface WriteResult<D extends Document = Document> {
  readonly document: D;
  readonly outcome: 'created' | 'changed' | 'unchanged';
  readonly etag: string;
}

export interface DocumentByKind {
  readonly Address: AddressDocument;
  readonly Job: JobDocument;
}

interface DocumentKey {
  readonly kind: Kind;
  readonly name: string;
}

const WRITES = 'writes';
const RESYNC_SLICE = 200;
const RESYNC_PAUSE_MS = 5;

export class Controller {
  readonly messaging: MessagingPlane;
  readonly processing: ProcessingPlane;
  readonly #store: DocumentStore;
  readonly #timers: Timers;
  readonly #newUid: () => string;
  readonly #resyncMs: number;
  readonly #patience: PlanePatience;
  readonly #admission: AdmissionContext;
  /** Of the addresses that say what columns they have. */
  readonly #schemas = new Map<string, MessageSchema>();
  #schemasVersion = 0;
  readonly #loadSqlCheck: LoadSqlCheck;
  readonly #feed: ChangeFeed;
  readonly #lock = new KeyLock();
  readonly #queue: WorkQueue;
  readonly #addresses: AddressReconciler;
  readonly #jobs: JobReconciler;
  #state: 'new' | 'starting' | 'ready' | 'stopped' = 'new';
  #cancelResync: () => void = () => {};
  #sqlCheck: SqlCheck | undefined;

  constructor(options: ControllerOptions) {
    this.messaging = options.messaging;
    this.processing = options.processing;
    this.#store = options.store ?? new MemoryDocumentStore();
    this.#timers = options.timers ?? SYSTEM_TIMERS;
    this.#newUid = options.newUid ?? randomUUID;
    this.#resyncMs = options.resyncMs ?? 10_000;
    this.#patience = { timers: this.#timers, timeoutMs: options.planeTimeoutMs ?? 5_000 };
    this.#feed = new ChangeFeed(options.onError ?? (() => {}));
    const { messaging, processing } = options;
    this.#loadSqlCheck = options.loadSqlCheck ?? loadSparkSqlCheck;
    const store = this.#store;
    const timers = this.#timers;
    const patience = this.#patience;
    const checkSql: SqlCheck = (sql, schemas) => this.#loadedSqlCheck(sql, schemas);
    this.#admission = { messaging, processing, checkSql, schemas: this.#schemas };
    const onAddressStatus = (name: string) => this.#announce('modified', { kind: 'Address', name });
    const onJobStatus = (name: string) => this.#announce('modified', { kind: 'Job', name });
    this.#addresses = new AddressReconciler({ store, messaging, patience, onStatus: onAddressStatus });
    const isDeclared = (address: string) => this.#addresses.isDeclared(address);
    const admission = this.#admission;
    this.#jobs = new JobReconciler({
      store,
      processing,
      admission,
      schemasVersion: () => this.#schemasVersion,
      isDeclared,
      patience,
      onStatus: onJobStatus,
    });
    this.#queue = new WorkQueue({ timers, work: (key) => this.#lock.run(key, () => this.#reconcile(key)) });
  }

  /** Brings the planes to what the store holds. Resolves when each document was tried once. */
  async start(): Promise<void> {
    if (this.#state !== 'new') throw new Error('a controller is started once');
    this.#state = 'starting';
    for (const document of this.#store.list('Address')) this.#noteSchema(document);
    await Promise.all(
      this.#store.list('Address').map(({ metadata }) => this.#queue.attempt(`Address/${metadata.name}`)),
    );
    await Promise.all(this.#store.list('Job').map(({ metadata }) => this.#queue.attempt(`Job/${metadata.name}`)));
    this.#state = 'ready';
    this.#scheduleResync();
  }

  get ready(): boolean {
    return this.#state === 'ready';
  }

  /** No further changes are made; the planes keep what they have. */
  stop(): void {
    this.#state = 'stopped';
    this.#cancelResync();
    this.#queue.stop();
  }

  subscribe(listener: DocumentListener): () => void {
    return this.#feed.subscribe(listener);
  }

  get<K extends Kind>(kind: K, name: string): DocumentByKind[K] | undefined {
    const stored = this.#store.get(kind, name);
    return stored === undefined ? undefined : (this.#withStatus(stored) as DocumentByKind[K]);
  }

  /** @throws ProblemError not-found */
  require<K extends Kind>(kind: K, name: string): DocumentByKind[K] {
    const document = this.get(kind, name);
    if (document === undefined) throw problemError('not-found', `there is no ${kind} ${name}`);
    return document;
  }

  /** Names in order. Pages are cut from these, so that a status is made only for what is shown. */
  names(kind: Kind): readonly string[] {
    return this.#store.list(kind).map(({ metadata }) => metadata.name);
  }

  /** For counting many, without making their statuses. */
  isAddressReady(name: string): boolean {
    return this.#addresses.isReady(name);
  }

  /** Without status, and so cheap: for filters that look at labels and spec. */
  stored<K extends Kind>(kind: K): readonly Omit<DocumentByKind[K], 'status'>[] {
    return this.#store.list(kind) as unknown as readonly Omit<DocumentByKind[K], 'status'>[];
  }

  /** What a job of this text would read and write; undefined when the text is not valid. To be asked by `allow` only. */
  addressesOf(spec: DesiredJob['spec']): { readonly source: string; readonly target: string } | undefined {
    const judged = judgeJob(spec, this.#admission);
    return judged.ok ? { source: judged.plan.source.address, target: judged.plan.target } : undefined;
  }

  etag(document: Document): string {
    return etagOf(document);
  }

  /** Creates or replaces. @throws ProblemError */
  async put(desired: DesiredDocument, options: WriteOptions = {}): Promise<WriteResult> {
    if (desired.kind === 'Job') await this.#needSqlCheck();
    const { change } = await this.#write(() => this.#putLocked(desired, options));
    return this.#settle(change, options);
  }

  /** Replaces what the patch names, whatever else was changed meanwhile. @throws ProblemError */
  async patch(kind: Kind, name: string, patch: unknown, options: WriteOptions = {}): Promise<WriteResult> {
    if (kind === 'Job') await this.#needSqlCheck();
    const { change } = await this.#write(() => {
      const present = this.#store.get(kind, name);
      if (present === undefined) throw problemError('not-found', `there is no ${kind} ${name}`);
      const checked = checkDocument(mergePatch(present, patch));
      if (!checked.ok) throw new ProblemError(invalid(`${kind} ${name} with this patch`, checked.details));
      if (checked.value.kind !== kind || checked.value.metadata.name !== name) {
        const detail = 'kind and metadata.name say which document it is: they cannot be changed';
        throw problemError('invalid-document', detail, [{ pointer: '/metadata/name', code: 'immutable', detail }]);
      }
      return this.#putLocked(checked.value, options);
    });
    return this.#settle(change, options);
  }

  /** @returns the document as it was. @throws ProblemError */
  async delete<K extends Kind>(kind: K, name: string, options: WriteOptions = {}): Promise<DocumentByKind[K]> {
    return this.#write(async () => {
      const document = this.require(kind, name);
      checkPreconditions({ kind, name }, this.#store.get(kind, name), options);
      this.#checkLoss([{ kind, name }], options);
      if (options.dryRun !== true) await this.#deleteLocked([{ kind, name }], options);
      return document;
    });
  }

  /**
   * Puts some and deletes others: all are checked first, and nothing is done when one is refused.
   * @throws ProblemError
   */
  async replace(
    plan: () => { readonly put: readonly DesiredDocument[]; readonly remove: readonly DocumentKey[] },
    options: WriteOptions = {},
  ): Promise<void> {
    const changes = await this.#write(async () => {
      const { put, remove } = plan();
      const prepared = put.map((desired) => this.#prepare(desired, {}));
      const retyped = prepared.filter((change) => change.retyped).map(({ next }) => keyOf(next));
      this.#checkLoss([...remove, ...retyped], options);
      if (options.dryRun === true) return [];
      await this.#deleteLocked(remove, options);
      await this.#commitLocked(prepared, options);
      return prepared;
    });
    await Promise.all(changes.map((change) => this.#settle(change, options)));
  }

  /** Pausing is a wish like the others: it is kept in the document. */
  async setPaused(name: string, paused: boolean): Promise<JobDocument> {
    const before = this.require('Job', name);
    const { document } = await this.patch('Job', name, { spec: { paused } });
    // A failed job has nothing to change in its document: resuming it is a try.
    if (!paused && !before.spec.paused && before.status.phase === 'Failed' && before.status.statistics !== undefined) {
      await this.#call('resume the job', () => this.processing.control(name, 'resume'));
      return this.require('Job', name);
    }
    return document as JobDocument;
  }

  async #needSqlCheck(): Promise<void> {
    this.#sqlCheck ??= await this.#loadSqlCheck();
  }

  #loadedSqlCheck(...[sql, schemas]: Parameters<SqlCheck>): ReturnType<SqlCheck> {
    if (this.#sqlCheck === undefined) throw new Error('a job was checked before the checker was loaded');
    return this.#sqlCheck(sql, schemas);
  }

  #noteSchema(document: StoredDocument): void {
    if (document.kind !== 'Address') return;
    const { metadata, spec } = document;
    if (this.#schemas.get(metadata.name) === spec.schema) return;
    this.#schemasVersion += 1;
    if (spec.schema === undefined) this.#schemas.delete(metadata.name);
    else this.#schemas.set(metadata.name, spec.schema);
  }

  /** Runs a request to a plane: refusals and silence become problems. */
  #call<T>(what: string, call: () => Promise<T>): Promise<T> {
    return callPlane(what, call, this.#patience);
  }

  #write<T>(work: () => T | Promise<T>): Promise<T> {
    return this.#lock.run(WRITES, async () => work());
  }

  async #putLocked(desired: DesiredDocument, options: WriteOptions): Promise<{ readonly change: PreparedChange }> {
    const change = this.#prepare(desired, options);
    if (change.retyped) this.#checkLoss([keyOf(change.next)], options);
    if (options.dryRun !== true) await this.#commitLocked([change], options);
    return { change };
  }

  #prepare(desired: DesiredDocument, options: WriteOptions): PreparedChange {
    const { kind, metadata } = desired;
    options.allow?.(desired);
    const present: StoredDocument | undefined = this.#store.get(kind, metadata.name);
    checkPreconditions({ kind, name: metadata.name }, present, options);
    const refusal = refusalOf(desired, this.#admission);
    if (refusal !== undefined) throw new ProblemError(refusal);
    if (present !== undefined && wishesTheSame(present, desired)) {
      return { outcome: 'unchanged', next: present, retyped: false };
    }
    const { name, labels } = metadata;
    const identity =
      present === undefined
        ? { uid: this.#newUid(), generation: 1, createdAt: new Date(this.#timers.now()).toISOString() }
        : {
            uid: present.metadata.uid,
            generation: present.metadata.generation + 1,
            createdAt: present.metadata.createdAt,
          };
    const next = { ...desired, metadata: { name, labels, ...identity } } as StoredDocument;
    const retyped = present?.kind === 'Address' && next.kind === 'Address' && present.spec.type !== next.spec.type;
    return { outcome: present === undefined ? 'created' : 'changed', next, retyped };
  }

  async #commitLocked(changes: readonly PreparedChange[], options: WriteOptions): Promise<void> {
    for (const { next, retyped } of changes) {
      // Another type is another address to a plane: what it was must go first, and may refuse to.
      if (retyped) await this.#removeFromPlane(keyOf(next), options);
    }
    const effective = changes.filter(({ outcome }) => outcome !== 'unchanged');
    if (effective.length === 0) return;
    await this.#store.commit(effective.map(({ next }): StoreChange => ({ action: 'put', document: next })));
    for (const { next } of effective) this.#noteSchema(next);
    for (const { next, outcome } of effective)
      this.#announce(outcome === 'created' ? 'added' : 'modified', keyOf(next));
  }

  /** What the plane gave up is gone from the documents too, also when a later one is refused. */
  async #deleteLocked(keys: readonly DocumentKey[], options: WriteOptions): Promise<void> {
    const removed: DocumentKey[] = [];
    try {
      for (const key of keys) {
        await this.#removeFromPlane(key, options);
        removed.push(key);
      }
    } finally {
      const documents = removed.map((key) => this.get(key.kind, key.name)).filter((document) => document !== undefined);
      if (removed.length > 0)
        await this.#store.commit(removed.map((key): StoreChange => ({ action: 'delete', ...key })));
      for (const document of documents) this.#feed.publish('deleted', document);
      for (const { kind, name } of removed) {
        this.#queue.add(`${kind}/${name}`);
        if (kind !== 'Address') continue;
        if (this.#schemas.delete(name)) this.#schemasVersion += 1;
        this.#wakeUsersOf(name);
      }
    }
  }

  #removeFromPlane({ kind, name }: DocumentKey, options: WriteOptions): Promise<void> {
    return this.#lock.run(`${kind}/${name}`, async () => {
      if (kind === 'Job') {
        await this.#call(`remove job ${name}`, () => this.processing.remove(name));
        this.#jobs.forget(name);
        return;
      }
      if (this.messaging.observeAddress(name) !== undefined) {
        await this.#call(`remove address ${name}`, () =>
          this.messaging.removeAddress(name, { force: options.force === true }),
        );
      }
      this.#addresses.forget(name);
    });
  }

  /** All at once and before anything is done; the plane itself has the last word. */
  #checkLoss(keys: readonly DocumentKey[], options: WriteOptions): void {
    if (options.force === true) return;
    const details = keys
      .filter(({ kind }) => kind === 'Address')
      .map(({ name }) => ({ name, stored: this.messaging.observeAddress(name)?.stored ?? 0 }))
      .filter(({ stored }) => stored > 0)
      .map(({ name, stored }) => ({
        pointer: '',
        code: 'stored-messages',
        detail: `${name} holds ${stored} messages`,
      }));
    if (details.length === 0) return;
    const what = details
      .map(({ detail }) => detail)
      .slice(0, 3)
      .join(', ');
    throw problemError('would-lose-messages', `${what}: nothing was changed. With force they are deleted.`, details);
  }

  /** Waits until the planes were asked once, but not for ever. */
  async #settle({ next, outcome }: PreparedChange, options: WriteOptions): Promise<WriteResult> {
    const key = keyOf(next);
    if (options.dryRun === true) {
      const shown = this.get(key.kind, key.name) ?? this.#neverSeen(next);
      return { document: { ...shown, ...next } as Document, outcome, etag: etagOf(next) };
    }
    let cancel = () => {};
    const patience = new Promise<void>((resolve) => {
      cancel = this.#timers.after(this.#patience.timeoutMs, resolve);
    });
    await Promise.race([this.#queue.attempt(`${key.kind}/${key.name}`), patience]);
    cancel();
    // Someone may have deleted it meanwhile; what was written is still the answer.
    const document = this.get(key.kind, key.name) ?? this.#neverSeen(next);
    return { document, outcome, etag: etagOf(next) };
  }

  #neverSeen(document: StoredDocument): Document {
    const status = { phase: 'Pending', observedGeneration: 0, conditions: [] } as const;
    return document.kind === 'Address' ? { ...document, status } : { ...document, status: { ...status, warnings: [] } };
  }

  async #reconcile(key: string): Promise<WorkOutcome> {
    const { kind, name } = parseKey(key);
    if (kind === 'Address') return this.#addresses.reconcile(name);
    await this.#needSqlCheck();
    return this.#jobs.reconcile(name);
  }

  #withStatus(document: StoredDocument): Document {
    return document.kind === 'Address' ? this.#addresses.withStatus(document) : this.#jobs.withStatus(document);
  }

  #announce(type: 'added' | 'modified', { kind, name }: DocumentKey): void {
    const document = this.get(kind, name);
    if (document !== undefined) this.#feed.publish(type, document);
    if (kind === 'Address') this.#wakeUsersOf(name);
  }

  #wakeUsersOf(address: string): void {
    for (const job of this.#jobs.usersOf(address)) this.#queue.add(`Job/${job}`);
  }

  /** Level-triggered: what was missed, or what a plane has lost since, is found here at the latest. */
  #scheduleResync(): void {
    this.#cancelResync = this.#timers.after(this.#resyncMs, () => {
      const keys = (['Address', 'Job'] as const).flatMap((kind) => this.names(kind).map((name) => ({ kind, name })));
      this.#resync(keys, 0);
    });
  }

  /** In slices, since messages pass through the same thread. */
  #resync(keys: readonly DocumentKey[], start: number): void {
    if (this.#state === 'stopped') return;
    for (const { kind, name } of keys.slice(start, start + RESYNC_SLICE)) {
      const address = kind === 'Address' ? this.#store.get(kind, name) : undefined;
      if (address !== undefined && this.#addresses.isCurrent(address)) this.#addresses.refresh(address);
      else this.#queue.add(`${kind}/${name}`);
    }
    const next = start + RESYNC_SLICE;
    if (next >= keys.length) this.#scheduleResync();
    else this.#cancelResync = this.#timers.after(RESYNC_PAUSE_MS, () => this.#resync(keys, next));
  }
}

interface PreparedChange {
  readonly outcome: WriteResult['outcome'];
  readonly next: StoredDocument;
  /** An address that becomes one of another type. */
  readonly retyped: boolean;
}

function keyOf({ kind, metadata }: StoredDocument): DocumentKey {
  return { kind, name: metadata.name };
}

function parseKey(key: string): DocumentKey {
  const slash = key.indexOf('/');
  return { kind: key.slice(0, slash) as Kind, name: key.slice(slash + 1) };
}
