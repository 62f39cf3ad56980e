/** Which version of a document someone has in hand: optimistic concurrency by ETag (RFC 9110 §8.8.3, §13.1). */
import { type DesiredDocument, type Kind, problemError } from '@millrace/contract';
import type { StoredDocument } from './document-store.js';

export interface Preconditions {
  /** `*`, or entity tags as in If-Match. */
  readonly ifMatch?: string | undefined;
  /** `*` alone: create, never replace. */
  readonly ifNoneMatch?: string | undefined;
}

/** Names what was declared (spec and labels); the status is not part of it. */
export function etagOf(document: Pick<StoredDocument, 'metadata'>): string {
  return `"${document.metadata.uid}.${document.metadata.generation}"`;
}

/** @throws ProblemError precondition-failed */
export function checkPreconditions(
  target: { readonly kind: Kind; readonly name: string },
  present: StoredDocument | undefined,
  { ifMatch, ifNoneMatch }: Preconditions,
): void {
  const what = `${target.kind} ${target.name}`;
  if (ifNoneMatch !== undefined && present !== undefined && matches(ifNoneMatch, present)) {
    throw problemError('precondition-failed', `${what} exists already; its ETag is ${etagOf(present)}`);
  }
  if (ifMatch === undefined) return;
  if (present === undefined)
    throw problemError('precondition-failed', `${what} does not exist, so nothing matches If-Match`);
  if (!matches(ifMatch, present)) {
    throw problemError('precondition-failed', `${what} has changed: its ETag is ${etagOf(present)}, not ${ifMatch}`);
  }
}

function matches(header: string, present: StoredDocument): boolean {
  return header.trim() === '*' || header.split(',').some((tag) => tag.trim() === etagOf(present));
}

/** Whether two documents wish the same. */
export function wishesTheSame(left: StoredDocument, right: DesiredDocument): boolean {
  return canonical([left.spec, left.metadata.labels]) === canonical([right.spec, right.metadata.labels]);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)));
  });
}
