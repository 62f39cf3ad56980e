/**
 * Where the desired state is kept. This file's store is memory and is gone with the process; one over the journal keeps
 * the same promise for longer: `commit` is all or nothing, and what it resolved survives.
 */
import type { AddressDocument, JobDocument, Kind, UserDocument } from '@millrace/contract';

/** A document without its status: status is observed, never stored. */
export type StoredAddress = Omit<AddressDocument, 'status'>;
export type StoredJob = Omit<JobDocument, 'status'>;
/** With its credentials: nothing else shows them. */
export type StoredUser = Omit<UserDocument, 'status'>;
export type StoredDocument = StoredAddress | StoredJob | StoredUser;

export interface StoredByKind {
  readonly Address: StoredAddress;
  readonly Job: StoredJob;
  readonly User: StoredUser;
}

export type StoreChange =
  | { readonly action: 'put'; readonly document: StoredDocument }
  | { readonly action: 'delete'; readonly kind: Kind; readonly name: string };

export interface DocumentStore {
  get<K extends Kind>(kind: K, name: string): StoredByKind[K] | undefined;
  /** By name, in the order of UTF-16 code units. */
  list<K extends Kind>(kind: K): readonly StoredByKind[K][];
  /** All or nothing; visible to `get` and `list` when it resolves. */
  commit(changes: readonly StoreChange[]): Promise<void>;
}

export class MemoryDocumentStore implements DocumentStore {
  readonly #documents: { readonly [K in Kind]: Map<string, StoredByKind[K]> } = {
    Address: new Map(),
    Job: new Map(),
    User: new Map(),
  };
  /** Sorted lists, made when first asked for after a change. */
  readonly #sorted = new Map<Kind, readonly StoredDocument[]>();

  get<K extends Kind>(kind: K, name: string): StoredByKind[K] | undefined {
    return this.#documents[kind].get(name);
  }

  list<K extends Kind>(kind: K): readonly StoredByKind[K][] {
    let list = this.#sorted.get(kind);
    if (list === undefined) {
      const documents: StoredDocument[] = [...this.#documents[kind].values()];
      list = documents.sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
      this.#sorted.set(kind, list);
    }
    return list as readonly StoredByKind[K][];
  }

  async commit(changes: readonly StoreChange[]): Promise<void> {
    this.apply(changes);
  }

  /** The same at once: for stores that keep them elsewhere too. */
  apply(changes: readonly StoreChange[]): void {
    for (const change of changes) {
      const kind = change.action === 'put' ? change.document.kind : change.kind;
      this.#sorted.delete(kind);
      if (change.action === 'delete') this.#documents[kind].delete(change.name);
      else (this.#documents[kind] as Map<string, StoredDocument>).set(change.document.metadata.name, change.document);
    }
  }
}
