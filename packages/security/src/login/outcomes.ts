/** Outcomes that always read the same. */
import type { Authentication } from '../authenticator.js';
import { ANONYMOUS } from '../authorize.js';

export const LET_IN: Authentication = { ok: true, principal: ANONYMOUS };
export const CLEARTEXT = refused('a password or token in clear, and no TLS');
export const BUSY: Authentication = { ok: false, reason: 'too many logins at once', busy: true };
export const TOO_MANY: Authentication = { ok: false, reason: 'too many failures before', busy: true };

export function refused(reason: string): Authentication {
  return { ok: false, reason };
}
