/**
 * Users among the documents: a password never reaches the store, credentials never leave it, and what one user asks of the
 * others is checked before anything is written. Who must know of users is told here.
 */
import {
  type Condition,
  type DesiredDocument,
  type DocumentChange,
  documentChanges,
  isAdministrator,
  ProblemError,
  problemError,
  USERS_MAX,
  type UserDocument,
  type UserSpec,
  withoutSecrets,
} from '@millrace/contract';
import { sealUser, type UserRegistry } from '@millrace/security';
import { invalid } from './admission.js';
import { ConditionSet } from './conditions.js';
import type { DocumentStore, StoredDocument, StoredUser } from './document-store.js';

/** What is to become of one user. */
export interface UserChange {
  readonly name: string;
  /** Undefined: it is to go. */
  readonly next: UserSpec | undefined;
  /** Also when nobody could manage the server after it. */
  readonly force: boolean;
}

export interface UserDocumentsOptions {
  readonly store: DocumentStore;
  readonly registry: UserRegistry | undefined;
  readonly now: () => number;
}

/** A user as a patch meets it: it can replace the credentials that it does not see, and keeps them otherwise. */
export function patchable(document: StoredDocument): StoredDocument {
  return document.kind === 'User' ? { ...document, spec: withoutSecrets(document.spec) } : document;
}

/** What differs, as far as it may be shown: of a user neither passwords nor what is made of them. */
export function shownChanges(before: StoredDocument | undefined, after: StoredDocument): readonly DocumentChange[] {
  return documentChanges(before === undefined ? undefined : patchable(before), patchable(after));
}

export class UserDocuments {
  readonly #options: UserDocumentsOptions;
  /** Of those that somebody has looked at. */
  readonly #conditions = new Map<string, { readonly uid: string; readonly set: ConditionSet }>();

  constructor(options: UserDocumentsOptions) {
    this.#options = options;
  }

  /** Tells of all that are there. To be called before anybody may ask who may do what. */
  start(): void {
    for (const document of this.#options.store.list('User')) this.put(document);
  }

  put({ metadata: { name, uid }, spec }: StoredUser): void {
    this.#options.registry?.putUser({ name, uid, spec });
  }

  remove(name: string): void {
    this.#conditions.delete(name);
    this.#options.registry?.removeUser(name);
  }

  /** The document with its status, and without what a password could be guessed from. */
  show(document: StoredUser): UserDocument {
    const { metadata, spec } = document;
    const { authentication, enabled } = spec;
    const iterations = authentication.type === 'password' ? authentication.credentials?.iterations : undefined;
    return {
      ...document,
      spec: withoutSecrets(spec),
      status: {
        phase: enabled ? 'Ready' : 'Disabled',
        observedGeneration: metadata.generation,
        conditions: this.#conditionsOf(document),
        ...(iterations === undefined ? {} : { credentials: { mechanism: 'SCRAM-SHA-256', iterations } }),
      },
    };
  }

  /** A password that was sent becomes credentials; all else is left for `seal`. */
  async sealPassword(desired: DesiredDocument): Promise<DesiredDocument> {
    if (desired.kind !== 'User') return desired;
    const { authentication } = desired.spec;
    if (authentication.type !== 'password' || authentication.password === undefined) return desired;
    return this.seal(desired, this.#options.store.get('User', desired.metadata.name));
  }

  /** @throws ProblemError invalid-document */
  async seal(desired: DesiredDocument, present: StoredDocument | undefined): Promise<DesiredDocument> {
    if (desired.kind !== 'User') return desired;
    const sealed = await sealUser(desired.spec, present?.kind === 'User' ? present.spec : undefined);
    if (typeof sealed !== 'string') return { ...desired, spec: sealed };
    const [pointer, code, detail] = FAULTS[sealed];
    throw new ProblemError(invalid(`User ${desired.metadata.name}`, [{ pointer, code, detail }]));
  }

  /** What stands against these changes, made together. @throws ProblemError */
  check(changes: readonly UserChange[]): void {
    for (const change of changes) this.#checkAlone(change);
    const [first] = changes;
    if (first === undefined || changes.some(({ force }) => force)) return;
    const before = this.#options.store.list('User');
    const after = new Map(before.map(({ metadata, spec }) => [metadata.name, spec]));
    for (const { name, next } of changes) {
      if (next === undefined) after.delete(name);
      else after.set(name, next);
    }
    // The first users, or the last who could do everything up to now.
    const matters = before.length === 0 ? after.size > 0 : before.some(({ spec }) => isAdministrator(spec));
    if (!matters || [...after.values()].some(isAdministrator)) return;
    const { name } = first;
    throw problemError(
      'conflict',
      before.length === 0
        ? `the first user closes the server to all who have no name, so it must be one who may manage "#"; ${name} may not`
        : `${name} is the last user who may manage "#": nobody could manage the server any more; with force it is done`,
    );
  }

  #checkAlone({ name, next }: UserChange): void {
    const { store, registry } = this.#options;
    if (next !== undefined && store.get('User', name) === undefined && store.list('User').length >= USERS_MAX) {
      throw problemError('conflict', `there are ${USERS_MAX} users already, and that is the most`);
    }
    const twin = next === undefined ? undefined : registry?.certificateTwin({ name, spec: next });
    if (twin === undefined) return;
    const detail = `the certificate is that of the user ${twin}: it must say who of the two comes`;
    const pointer = '/spec/authentication';
    throw new ProblemError(invalid(`User ${name}`, [{ pointer, code: 'duplicate', detail }]));
  }

  #conditionsOf({ metadata: { name, uid }, spec: { enabled } }: StoredUser): readonly Condition[] {
    let known = this.#conditions.get(name);
    if (known === undefined || known.uid !== uid) {
      known = { uid, set: new ConditionSet() };
      this.#conditions.set(name, known);
    }
    const ready = enabled
      ? ({ type: 'Ready', status: 'True', reason: 'Enabled', message: '' } as const)
      : ({ type: 'Ready', status: 'False', reason: 'Disabled', message: 'nobody can log in as this user' } as const);
    known.set.update([ready], this.#options.now());
    return known.set.list;
  }
}

const FAULTS = {
  'no-password': [
    '/spec/authentication/password',
    'required',
    'a new user needs a password, or credentials made of one; only a user that has one may leave it out',
  ],
  'unfit-password': [
    '/spec/authentication/password',
    'value',
    'the password has characters that no password may have (RFC 4013), such as control characters',
  ],
} as const;
