/** Who may write which document. */
import type { Kind } from '@millrace/contract';
import type { Controller, JobEnds } from '@millrace/controller';
import type { Authorizer, Principal } from '@millrace/security';
import { demand, jobAddress } from './permission.js';

export interface DocumentPermissionContext {
  readonly controller: Controller;
  readonly authorizer: Authorizer;
}

/** What a document is to permissions. */
export function guardedName(kind: Kind, name: string): string {
  return kind === 'Job' ? jobAddress(name) : name;
}

/** @throws ProblemError not-allowed */
export function demandDocument(
  { authorizer }: DocumentPermissionContext,
  principal: Principal,
  { kind, name }: { readonly kind: Kind; readonly name: string },
): void {
  demand(authorizer, principal, 'manage', guardedName(kind, name));
}

/** A job acts for who wrote it: it may read and write no more than they may. @throws ProblemError not-allowed */
export function demandJobEnds(
  { authorizer }: DocumentPermissionContext,
  principal: Principal,
  ends: JobEnds | undefined,
): void {
  if (ends === undefined) return;
  demand(authorizer, principal, 'recv', ends.source);
  demand(authorizer, principal, 'send', ends.target);
}
