/** Which document: its kind and name, also as one text. */
import type { Kind } from '@millrace/contract';
import type { StoredDocument } from './document-store.js';

export interface DocumentKey {
  readonly kind: Kind;
  readonly name: string;
}

export function keyOf({ kind, metadata }: StoredDocument): DocumentKey {
  return { kind, name: metadata.name };
}

/** No kind has a slash. */
export function keyText({ kind, name }: DocumentKey): string {
  return `${kind}/${name}`;
}

export function parseKey(text: string): DocumentKey {
  const slash = text.indexOf('/');
  return { kind: text.slice(0, slash) as Kind, name: text.slice(slash + 1) };
}
