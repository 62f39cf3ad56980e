/** A user as it was sent → as it may be stored: a password has become credentials. */
import { randomBytes } from 'node:crypto';
import type { ScramCredentials, UserSpec } from '@millrace/contract';
import { preparePassword } from './sasl/prepare-password.js';
import { credentialsOf, ITERATIONS, isPassword, SALT_BYTES } from './scram/credentials.js';

export type SealFault = 'no-password' | 'unfit-password';

/**
 * With neither password nor credentials, and with the password that it has, a user keeps its credentials.
 *
 * @param present what the user had before
 */
export async function sealUser(spec: UserSpec, present: UserSpec | undefined): Promise<UserSpec | SealFault> {
  const { authentication } = spec;
  if (authentication.type !== 'password') return spec;
  const sealed = (credentials: ScramCredentials): UserSpec => ({
    ...spec,
    authentication: { type: 'password', credentials },
  });
  const kept = present?.authentication.type === 'password' ? present.authentication.credentials : undefined;
  if (authentication.credentials !== undefined) return sealed(authentication.credentials);
  if (authentication.password === undefined) return kept === undefined ? 'no-password' : sealed(kept);
  const password = await preparePassword(authentication.password);
  if (password === undefined) return 'unfit-password';
  if (kept !== undefined && (await isPassword(password, kept))) return sealed(kept);
  return sealed(await credentialsOf(password, randomBytes(SALT_BYTES), ITERATIONS));
}
