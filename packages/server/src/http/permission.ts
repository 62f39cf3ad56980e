import { problemError } from '@millrace/contract';
import type { Authorizer, Principal, Verb } from '@millrace/security';

/** @throws ProblemError not-allowed */
export function demand(authorizer: Authorizer, principal: Principal, verb: Verb, address: string): void {
  if (authorizer.authorize(principal, verb, address)) return;
  throw problemError(
    'not-allowed',
    `${principal.name} may not ${verb} ${address === '#' ? 'the whole server' : address}`,
  );
}

/** Users are for those who may do everything, and each sees itself. @throws ProblemError not-allowed */
export function demandUsers(authorizer: Authorizer, principal: Principal, verb: Verb, name: string): void {
  if (verb === 'view' && principal.authenticated && principal.name === name) return;
  demand(authorizer, principal, 'manage', '#');
}

/** A job is an address to permissions, as its durable subscription is to the broker. */
export function jobAddress(name: string): string {
  return `job/${name}`;
}
