/** Tells listeners what became of documents. Listeners are called in order and must be quick; none holds up another. */
import type { Document } from '@millrace/contract';
import type { DocumentKey } from './document-key.js';

export interface DocumentEvent {
  readonly type: 'added' | 'modified' | 'deleted';
  /** With its status as it was then. */
  readonly document: Document;
  /** Rises by one with each event of this process. */
  readonly version: number;
}

/** Which document something became of, for who looks at it later. */
export interface DocumentChangeNote extends DocumentKey {
  readonly type: DocumentEvent['type'];
}

export type DocumentListener = (event: DocumentEvent) => void;

export const LISTENERS_MAX = 1000;

export class ChangeFeed {
  readonly #listeners = new Set<DocumentListener>();
  readonly #watchers = new Set<(note: DocumentChangeNote) => void>();
  readonly #onError: (error: unknown) => void;
  #version = 0;

  /** @param onError told when a listener throws: its fault is not the fault of who made the change */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  get version(): number {
    return this.#version;
  }

  /** @returns what ends the subscription */
  subscribe(listener: DocumentListener): () => void {
    if (this.#listeners.size >= LISTENERS_MAX)
      throw new Error(`more than ${LISTENERS_MAX} listeners to document changes`);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** As `subscribe`, without the document: cheap where there are many. */
  watch(watcher: (note: DocumentChangeNote) => void): () => void {
    if (this.#watchers.size >= LISTENERS_MAX)
      throw new Error(`more than ${LISTENERS_MAX} watchers of document changes`);
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** @param show makes the document: called only when somebody listens */
  publish(type: DocumentEvent['type'], key: DocumentKey, show: () => Document): void {
    this.#version += 1;
    for (const watcher of this.#watchers) {
      try {
        watcher({ type, ...key });
      } catch (error) {
        this.#onError(error);
      }
    }
    if (this.#listeners.size === 0) return;
    const document = show();
    const event = { type, document, version: this.#version };
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
