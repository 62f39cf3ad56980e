/**
 * SCRAM-SHA-256 credentials (RFC 5802 §3, RFC 7677): what is kept of a password.
 *
 *     SaltedPassword = PBKDF2-HMAC-SHA-256(SASLprep(password), salt, iterations)
 *     StoredKey      = SHA-256(HMAC(SaltedPassword, "Client Key"))
 *     ServerKey      = HMAC(SaltedPassword, "Server Key")
 */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import type { ScramCredentials } from '@millrace/contract';

/** A login by PLAIN takes about 3 ms of one core with it; a guess at stolen credentials as much. */
export const ITERATIONS = 15_000;
export const SALT_BYTES = 16;

export async function credentialsOf(
  preparedPassword: string,
  salt: Uint8Array,
  iterations: number,
): Promise<ScramCredentials> {
  const salted = await saltedPassword(preparedPassword, salt, iterations);
  return {
    iterations,
    salt: Buffer.from(salt).toString('base64'),
    storedKey: storedKeyOf(salted).toString('base64'),
    serverKey: hmac(salted, 'Server Key').toString('base64'),
  };
}

/** Compared in constant time. */
export async function isPassword(preparedPassword: string, credentials: ScramCredentials): Promise<boolean> {
  const salt = Buffer.from(credentials.salt, 'base64');
  const salted = await saltedPassword(preparedPassword, salt, credentials.iterations);
  return timingSafeEqual(storedKeyOf(salted), Buffer.from(credentials.storedKey, 'base64'));
}

export function hmac(key: Uint8Array, data: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

export function sha256(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

function storedKeyOf(salted: Uint8Array): Buffer {
  return sha256(hmac(salted, 'Client Key'));
}

function saltedPassword(password: string, salt: Uint8Array, iterations: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, 32, 'sha256', (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
