/** A verified token's claims → who it is and what it may do. */
import { type Permission, permissionsOf, type TokenIssuer } from '@millrace/contract';
import type { JWTPayload } from 'jose';
import type { Principal } from '../authorize.js';

const NAME_LENGTH_MAX = 1024;

/** @returns a sentence for the audit log where it names nobody */
export function principalOf(
  payload: JWTPayload,
  issuer: TokenIssuer,
  clientId: string | undefined,
): Principal | string {
  const user = claimAt(payload, issuer.userClaim);
  if (typeof user !== 'string' || user === '') return `the claim ${issuer.userClaim} names nobody`;
  if (user.length > NAME_LENGTH_MAX)
    return `the claim ${issuer.userClaim} is longer than ${NAME_LENGTH_MAX} characters`;
  const permissions: Permission[] = issuer.permissions
    .filter(({ when }) => when === undefined || says(claimAt(payload, when.claim), when.value))
    .map(({ verbs, addresses }) => ({ verbs, addresses }));
  if (issuer.permissionsClaim !== undefined) {
    const claim = claimAt(payload, issuer.permissionsClaim);
    const said = claim === undefined ? [] : permissionsOf(claim);
    if (said === undefined) return `the claim ${issuer.permissionsClaim} holds no permissions`;
    permissions.push(...said);
  }
  return {
    name: issuer.namesUsers ? user : `${issuer.prefix}${user}`,
    authenticated: true,
    proof: {
      kind: 'token',
      user,
      namesUser: issuer.namesUsers,
      permissions,
      expiresAt: (payload.exp ?? 0) * 1000 + issuer.clockToleranceSeconds * 1000,
      clientId,
    },
  };
}

/** A claim of that very name, or else the way through objects that its dots say. */
function claimAt(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  let value: unknown = payload;
  for (const step of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

function says(claim: unknown, value: string): boolean {
  if (typeof claim === 'string') return claim === value || claim.split(' ').includes(value);
  return Array.isArray(claim) && claim.includes(value);
}
