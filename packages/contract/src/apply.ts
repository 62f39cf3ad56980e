/**
 * Many documents in one request. A *set* is what one source of documents, such as a folder, has applied: its name stands in a
 * label of each, and pruning deletes those of the same set that are no longer in it, and no others.
 */
import { z } from 'zod';
import type { DocumentChange } from './document-diff.js';
import { addressDocument, jobDocument, type Kind, userDocument } from './envelope.js';

/** The set that a document belongs to. */
export const APPLY_SET_LABEL = 'millrace.dev/apply-set';
export const APPLY_DOCUMENTS_MAX = 20_000;
export const APPLY_SET = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,252}$/;

/** For the description: each document is checked by itself, so that all faults are told. */
export const applyInput = z.strictObject({
  documents: z
    .array(z.discriminatedUnion('kind', [addressDocument, jobDocument, userDocument]))
    .max(APPLY_DOCUMENTS_MAX),
});

export type ApplyOutcome = 'created' | 'changed' | 'unchanged' | 'pruned';

export interface AppliedDocument {
  readonly kind: Kind;
  readonly name: string;
  readonly outcome: ApplyOutcome;
  /** Of what is changed, or would be. */
  readonly changes?: readonly DocumentChange[];
  /** Absent for what is pruned. */
  readonly etag?: string;
}

export interface ApplyAnswer {
  readonly dryRun: boolean;
  /** In the order of the request; then what was pruned. */
  readonly results: readonly AppliedDocument[];
}
