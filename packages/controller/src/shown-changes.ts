/** What a write changes, for whoever may see the document: nothing that a password could be guessed from. */
import { type DocumentChange, documentChanges } from '@millrace/contract';
import type { PreparedChange } from './document-writer.js';
import { patchable } from './user-documents.js';

export function shownChanges({ outcome, before, next }: PreparedChange): readonly DocumentChange[] {
  if (outcome === 'unchanged') return [];
  return documentChanges(before === undefined ? undefined : patchable(before), patchable(next));
}
