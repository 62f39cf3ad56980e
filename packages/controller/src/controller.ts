/**
 * The desired state and all that may be done with it: documents in, conditions out. Writes are one at a time; they
 * return when the planes were asked once, so who got an answer can go on with what was declared.
 */
import { randomUUID } from 'node:crypto';
import {
  type AddressDocument,
  type DesiredDocument,
  type Document,
  type DocumentChange,
  type JobDocument,
  type Kind,
  problemError,
  type UserDocument,
} from '@millrace/contract';
import type { UserRegistry } from '@millrace/security';
import { AddressReconciler } from './address-reconciler.js';
import type { AdmissionContext } from './admission.js';
import { ChangeFeed, type DocumentChangeNote, type DocumentListener } from './change-feed.js';
import { type DocumentKey, keyOf, keyText, parseKey } from './document-key.js';
import { type DocumentStore, MemoryDocumentStore, type StoredDocument } from './document-store.js';
import { DocumentWriter, type PreparedChange, type Replacement, type WriteOptions } from './document-writer.js';
import { JobReconciler } from './job-reconciler.js';
import { KeyLock } from './key-lock.js';
import { callPlane, type PlanePatience } from './plane-call.js';
import type { MessagingPlane } from './ports/messaging-plane.js';
import type { ProcessingPlane } from './ports/processing-plane.js';
import { startResync } from './resync.js';
import { etagOf } from './revision.js';
import { SchemaIndex } from './schema-index.js';
import { type AddressSchemas, type LoadSqlCheck, loadSparkSqlCheck, type SqlCheck } from './sql-check.js';
import { SYSTEM_TIMERS, type Timers } from './timers.js';
import { shownChanges, UserDocuments } from './user-documents.js';
import { type WorkOutcome, WorkQueue } from './work-queue.js';

export interface ControllerOptions {
  readonly messaging: MessagingPlane;
  readonly processing: ProcessingPlane;
  /** Default: the checker of @millrace/sql. */
  readonly loadSqlCheck?: LoadSqlCheck;
  /** Default: memory. */
  readonly store?: DocumentStore;
  /** Told of users before anybody who waits for a write is. Default: nobody asks who may do what. */
  readonly users?: UserRegistry;
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

export interface WriteResult<D extends Document = Document> {
  readonly document: D;
  readonly outcome: 'created' | 'changed' | 'unchanged';
  readonly etag: string;
  /** What differs from before. */
  readonly changes: readonly DocumentChange[];
}

export interface DocumentByKind {
  readonly Address: AddressDocument;
  readonly Job: JobDocument;
  readonly User: UserDocument;
}

export class Controller {
  readonly messaging: MessagingPlane;
  readonly processing: ProcessingPlane;
  readonly #store: DocumentStore;
  readonly #resyncMs: number;
  readonly #patience: PlanePatience;
  readonly #admission: AdmissionContext;
  readonly #schemas = new SchemaIndex();
  readonly #loadSqlCheck: LoadSqlCheck;
  readonly #feed: ChangeFeed;
  readonly #lock = new KeyLock();
  readonly #queue: WorkQueue;
  readonly #addresses: AddressReconciler;
  readonly #jobs: JobReconciler;
  readonly #writer: DocumentWriter;
  readonly #users: UserDocuments;
  #state: 'new' | 'starting' | 'ready' | 'stopped' = 'new';
  #endResync: () => void = () => {};
  #sqlCheck: SqlCheck | undefined;

  constructor(options: ControllerOptions) {
    const { messaging, processing } = options;
    const timers = options.timers ?? SYSTEM_TIMERS;
    const store = options.store ?? new MemoryDocumentStore();
    const patience = { timers, timeoutMs: options.planeTimeoutMs ?? 5_000 };
    this.messaging = messaging;
    this.processing = processing;
    this.#store = store;
    this.#patience = patience;
    this.#resyncMs = options.resyncMs ?? 10_000;
    this.#feed = new ChangeFeed(options.onError ?? (() => {}));
    this.#loadSqlCheck = options.loadSqlCheck ?? loadSparkSqlCheck;
    const checkSql: SqlCheck = (sql, schemas) => this.#loadedSqlCheck(sql, schemas);
    this.#admission = { messaging, processing, checkSql, schemas: this.#schemas.schemas };
    const onStatus = (kind: Kind) => (name: string) => this.#announce('modified', { kind, name });
    this.#addresses = new AddressReconciler({ store, messaging, patience, onStatus: onStatus('Address') });
    this.#jobs = new JobReconciler({
      store,
      processing,
      admission: this.#admission,
      schemasVersion: () => this.#schemas.version,
      isDeclared: (address) => this.#addresses.isDeclared(address),
      patience,
      onStatus: onStatus('Job'),
    });
    this.#users = new UserDocuments({ store, registry: options.users, now: () => timers.now() });
    this.#queue = new WorkQueue({ timers, work: (key) => this.#lock.run(key, () => this.#reconcile(key)) });
    const newUid = options.newUid ?? randomUUID;
    this.#writer = new DocumentWriter({
      store,
      messaging,
      admission: this.#admission,
      seal: (desired, present) => this.#users.seal(desired, present),
      checkUsers: (changes) => this.#users.check(changes),
      newIdentity: () => ({ uid: newUid(), createdAt: new Date(timers.now()).toISOString() }),
      removeFromPlane: (key, { force }) => this.#removeFromPlane(key, force),
      onPut: (changes) => this.#putDone(changes),
      onDelete: (keys) => this.#deleting(keys),
      onReleased: (key) => this.#queue.add(keyText(key)),
    });
  }

  /** Brings the planes to what the store holds. Resolves when each document was tried once. */
  async start(): Promise<void> {
    if (this.#state !== 'new') throw new Error('a controller is started once');
    this.#state = 'starting';
    this.#users.start();
    for (const document of this.#store.list('Address')) this.#schemas.note(document);
    for (const kind of ['Address', 'Job'] as const) {
      await Promise.all(this.names(kind).map((name) => this.#queue.attempt(keyText({ kind, name }))));
    }
    // It may have been stopped meanwhile.
    if (this.#state !== 'starting') return;
    this.#state = 'ready';
    const all = () => (['Address', 'Job'] as const).flatMap((kind) => this.names(kind).map((name) => ({ kind, name })));
    const look = (key: DocumentKey) => this.#look(key);
    this.#endResync = startResync({ timers: this.#patience.timers, everyMs: this.#resyncMs, all, look });
  }

  get ready(): boolean {
    return this.#state === 'ready';
  }

  /** No further changes are made; the planes keep what they have. */
  stop(): void {
    this.#state = 'stopped';
    this.#endResync();
    this.#queue.stop();
  }

  subscribe(listener: DocumentListener): () => void {
    return this.#feed.subscribe(listener);
  }

  /** Tells which documents change, without making them. */
  watch(watcher: (note: DocumentChangeNote) => void): () => void {
    return this.#feed.watch(watcher);
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

  /** What addresses say of the columns of their messages, by the address' name. */
  get schemas(): AddressSchemas {
    return this.#schemas.schemas;
  }

  /** One without its status; undefined when there is none. */
  declared(kind: Kind, name: string): StoredDocument | undefined {
    return this.#store.get(kind, name);
  }

  etag(document: Document): string {
    return etagOf(document);
  }

  /** Creates or replaces. @throws ProblemError */
  async put(desired: DesiredDocument, options: WriteOptions = {}): Promise<WriteResult> {
    if (desired.kind === 'Job') await this.#needSqlCheck();
    if (desired.kind === 'User') options.allow?.(desired, undefined);
    // The slow part of a password is not for others to wait for.
    const sealed = await this.#users.sealPassword(desired);
    return this.#settle(await this.#writer.put(sealed, options), options);
  }

  /** Replaces what the patch names, whatever else was changed meanwhile. @throws ProblemError */
  async patch(kind: Kind, name: string, patch: unknown, options: WriteOptions = {}): Promise<WriteResult> {
    if (kind === 'Job') await this.#needSqlCheck();
    return this.#settle(await this.#writer.patch({ kind, name }, patch, options), options);
  }

  /** @throws ProblemError */
  delete(kind: Kind, name: string, options: WriteOptions = {}): Promise<void> {
    return this.#writer.delete({ kind, name }, options);
  }

  /**
   * Puts some and deletes others: all are checked first, and nothing is done when one is refused.
   * @returns what became of those that were put, in their order @throws ProblemError
   */
  async replace(plan: () => Replacement, options: WriteOptions = {}): Promise<readonly PreparedChange[]> {
    await this.#needSqlCheckFor(plan());
    const changes = await this.#writer.replace(plan, options);
    if (options.dryRun !== true) await this.#attempt(changes.map(({ next }) => next));
    return changes;
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

  async #needSqlCheckFor({ put }: Replacement): Promise<void> {
    if (put.some(({ kind }) => kind === 'Job')) await this.#needSqlCheck();
  }

  #loadedSqlCheck(...[sql, schemas]: Parameters<SqlCheck>): ReturnType<SqlCheck> {
    if (this.#sqlCheck === undefined) throw new Error('a job was checked before the checker was loaded');
    return this.#sqlCheck(sql, schemas);
  }

  /** Runs a request to a plane: refusals and silence become problems. */
  #call<T>(what: string, call: () => Promise<T>): Promise<T> {
    return callPlane(what, call, this.#patience);
  }

  #putDone(changes: readonly PreparedChange[]): void {
    for (const { next } of changes) this.#note(next);
    for (const { next, outcome } of changes) this.#announce(outcome === 'created' ? 'added' : 'modified', keyOf(next));
  }

  #note(document: StoredDocument): void {
    if (document.kind === 'User') this.#users.put(document);
    else this.#schemas.note(document);
  }

  #deleting(keys: readonly DocumentKey[]): () => void {
    const documents = keys.map(({ kind, name }) => this.get(kind, name)).filter((document) => document !== undefined);
    return () => {
      for (const document of documents) this.#feed.publish('deleted', keyOf(document), () => document);
      for (const { kind, name } of keys) {
        if (kind === 'User') {
          this.#users.remove(name);
          continue;
        }
        if (kind === 'Job') {
          this.#jobs.forget(name);
          continue;
        }
        this.#schemas.forget(name);
        this.#addresses.forget(name);
        this.#wakeUsersOf(name);
      }
    };
  }

  async #removeFromPlane({ kind, name }: DocumentKey, force: boolean): Promise<void> {
    if (kind === 'User') return;
    await this.#lock.run(keyText({ kind, name }), async () => {
      if (kind === 'Job') {
        await this.#call(`remove job ${name}`, () => this.processing.remove(name));
        this.#jobs.forget(name);
        return;
      }
      if (this.messaging.observeAddress(name) !== undefined) {
        await this.#call(`remove address ${name}`, () => this.messaging.removeAddress(name, { force }));
      }
      this.#addresses.forget(name);
    });
  }

  /** Waits until the planes were asked once for what they do not have, but not for ever. */
  async #attempt(documents: readonly StoredDocument[]): Promise<void> {
    const wanting = documents.filter(
      (document) => document.kind === 'Job' || (document.kind === 'Address' && !this.#addresses.isCurrent(document)),
    );
    if (wanting.length === 0) return;
    const { timers, timeoutMs } = this.#patience;
    let cancel = () => {};
    const patience = new Promise<void>((resolve) => {
      cancel = timers.after(timeoutMs, resolve);
    });
    const attempts = wanting.map((document) => this.#queue.attempt(keyText(keyOf(document))));
    await Promise.race([Promise.all(attempts), patience]);
    cancel();
  }

  async #settle({ next, outcome, before }: PreparedChange, options: WriteOptions): Promise<WriteResult> {
    const key = keyOf(next);
    const changes = outcome === 'unchanged' ? [] : shownChanges(before, next);
    if (options.dryRun === true) {
      const shown = this.get(key.kind, key.name) ?? this.#neverSeen(next);
      const document = next.kind === 'User' ? this.#users.show(next) : ({ ...shown, ...next } as Document);
      return { document, outcome, etag: etagOf(next), changes };
    }
    await this.#attempt([next]);
    // Someone may have deleted it meanwhile; what was written is still the answer.
    const document = this.get(key.kind, key.name) ?? this.#neverSeen(next);
    return { document, outcome, etag: etagOf(next), changes };
  }

  #neverSeen(document: StoredDocument): Document {
    if (document.kind === 'User') return this.#users.show(document);
    const status = { phase: 'Pending', observedGeneration: 0, conditions: [] } as const;
    return document.kind === 'Address' ? { ...document, status } : { ...document, status: { ...status, warnings: [] } };
  }

  async #reconcile(key: string): Promise<WorkOutcome> {
    if (this.#writer.isLeaving(key)) return 'done';
    const { kind, name } = parseKey(key);
    if (kind === 'Address') return this.#addresses.reconcile(name);
    if (kind === 'User') return 'done';
    await this.#needSqlCheck();
    return this.#jobs.reconcile(name);
  }

  #withStatus(document: StoredDocument): Document {
    switch (document.kind) {
      case 'Address':
        return this.#addresses.withStatus(document);
      case 'Job':
        return this.#jobs.withStatus(document);
      case 'User':
        return this.#users.show(document);
    }
  }

  #announce(type: 'added' | 'modified', { kind, name }: DocumentKey): void {
    const stored: StoredDocument | undefined = this.#store.get(kind, name);
    if (stored !== undefined) this.#feed.publish(type, { kind, name }, () => this.#withStatus(stored));
    if (kind === 'Address') this.#wakeUsersOf(name);
  }

  #wakeUsersOf(address: string): void {
    for (const job of this.#jobs.usersOf(address)) this.#queue.add(keyText({ kind: 'Job', name: job }));
  }

  #look({ kind, name }: DocumentKey): void {
    const address = kind === 'Address' ? this.#store.get(kind, name) : undefined;
    if (address !== undefined && this.#addresses.isCurrent(address)) this.#addresses.refresh(address);
    else this.#queue.add(keyText({ kind, name }));
  }
}
