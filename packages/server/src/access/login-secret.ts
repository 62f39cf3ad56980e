/**
 * 32 bytes that stay the same over restarts, beside the journal: names that no user has get salts made with it, so that
 * who asks twice cannot tell them from users. It is part of no backup; without it a new one is made, and nothing is lost.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'login-secret';
const BYTES = 32;

/** @param directory of the store; undefined where all is in memory */
export function loginSecret(directory: string | undefined): Uint8Array {
  if (directory === undefined) return randomBytes(BYTES);
  const path = join(directory, FILE);
  try {
    const kept = readFileSync(path);
    if (kept.length === BYTES) return kept;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'ENOENT') throw error;
  }
  const made = randomBytes(BYTES);
  writeFileSync(path, made, { mode: 0o600 });
  return made;
}
