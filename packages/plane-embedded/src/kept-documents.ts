/**
 * Documents in the broker's journal: one kept record each, JSON as REST shows it, without status. A change of several is
 * one transaction, so it is there as a whole after a crash or not at all.
 */
import type { Broker, RefusalReason } from '@millrace/broker';
import { isKind, type Kind, problemError } from '@millrace/contract';
import {
  type DocumentStore,
  MemoryDocumentStore,
  type StoreChange,
  type StoredByKind,
  type StoredDocument,
} from '@millrace/controller';
import { KeptFormatError } from './kept-format-error.js';

const DOCUMENT_KIND = 'document';

export class KeptDocuments implements DocumentStore {
  readonly #broker: Broker;
  /** What the journal has, for reading. */
  readonly #documents = new MemoryDocumentStore();

  /** Reads what was kept. @throws KeptFormatError naming the document that cannot be read */
  constructor(broker: Broker) {
    this.#broker = broker;
    const changes: StoreChange[] = [];
    for (const [key, bytes] of broker.kept(DOCUMENT_KIND)) changes.push({ action: 'put', document: read(key, bytes) });
    this.#documents.apply(changes);
  }

  get<K extends Kind>(kind: K, name: string): StoredByKind[K] | undefined {
    return this.#documents.get(kind, name);
  }

  list<K extends Kind>(kind: K): readonly StoredByKind[K][] {
    return this.#documents.list(kind);
  }

  /** @throws ProblemError store-full, store-failed */
  commit(changes: readonly StoreChange[]): Promise<void> {
    const kept = changes.map((change) => ({ kind: DOCUMENT_KIND, key: keyOf(change), bytes: bytesOf(change) }));
    return new Promise((resolve, reject) => {
      this.#broker.commit({ consumed: [], outputs: [], kept }, (refusal) => {
        if (refusal !== undefined) {
          reject(problemOf(refusal));
          return;
        }
        this.#documents.apply(changes);
        resolve();
      });
    });
  }
}

function keyOf(change: StoreChange): string {
  if (change.action === 'delete') return `${change.kind}/${change.name}`;
  return `${change.document.kind}/${change.document.metadata.name}`;
}

function bytesOf(change: StoreChange): Uint8Array | undefined {
  return change.action === 'delete' ? undefined : Buffer.from(JSON.stringify(change.document));
}

function read(key: string, bytes: Uint8Array): StoredDocument {
  const kind = key.slice(0, key.indexOf('/'));
  if (!isKind(kind)) {
    throw new Error(
      `the store has the document ${key}, of a kind that this version does not know: a newer one wrote it`,
    );
  }
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (error) {
    throw new KeptFormatError(`the store has a document ${key} that cannot be read: ${String(error)}`, {
      cause: error,
    });
  }
}

function problemOf(refusal: RefusalReason): Error {
  return refusal === 'journal-full'
    ? problemError(
        'store-full',
        'the store has no room for the document; consume or purge messages, or make room on the disk',
      )
    : problemError(
        'store-failed',
        'the store could not keep the document; look at the disk, then start the server again',
      );
}
