/** Who may see and write which document. */
import type { DesiredDocument, Kind } from '@millrace/contract';
import type { Controller, JobEnds } from '@millrace/controller';
import type { Authorizer, Principal, Verb } from '@millrace/security';
import { demand, demandUsers, jobAddress } from './permission.js';

export interface DocumentPermissionContext {
  readonly controller: Controller;
  readonly authorizer: Authorizer;
}

const DEAD_LETTERS = 'dead-letters';

/** What a document is to permissions. */
export function guardedName(kind: Kind, name: string): string {
  return kind === 'Job' ? jobAddress(name) : name;
}

/** @param document `verb` is manage without it. @throws ProblemError not-allowed */
export function demandDocument(
  { authorizer }: DocumentPermissionContext,
  principal: Principal,
  { kind, name, verb = 'manage' }: { readonly kind: Kind; readonly name: string; readonly verb?: Verb },
): void {
  if (kind === 'User') demandUsers(authorizer, principal, verb, name);
  else demand(authorizer, principal, verb, guardedName(kind, name));
}

/**
 * A document acts for who wrote it: a job may read and write no more than they may, and what an address gives away when it
 * is too old or too often refused may go only where they could send it themselves. The address `dead-letters` is for all.
 *
 * @throws ProblemError not-allowed
 */
export function demandEnds(
  { authorizer }: DocumentPermissionContext,
  principal: Principal,
  { document, ends }: { readonly document: DesiredDocument; readonly ends: JobEnds | undefined },
): void {
  if (document.kind === 'Address') {
    const { deadLetter, expiry } = document.spec;
    for (const address of [deadLetter, expiry]) {
      if (address !== undefined && address !== DEAD_LETTERS) demand(authorizer, principal, 'send', address);
    }
  }
  if (ends === undefined) return;
  demand(authorizer, principal, 'recv', ends.source);
  demand(authorizer, principal, 'send', ends.routesRows ? '#' : ends.target);
}
