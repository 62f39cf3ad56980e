import { randomBytes } from 'node:crypto';
import type { Permission, UserAuthentication } from '@millrace/contract';
import { Access, type AccessOptions, type Origin, type UserRecord } from '../../src/index.js';
import { credentialsOf } from '../../src/scram/credentials.js';
import { ManualClock } from './manual-clock.js';

/** Fewer than in earnest, so that tests are quick. */
const ITERATIONS = 4096;

export const LOCAL: Origin = { protocol: 'amqp', host: '127.0.0.1', encrypted: false };
export const REMOTE: Origin = { protocol: 'amqp', host: '192.0.2.7', encrypted: true };
export const REMOTE_CLEAR: Origin = { ...REMOTE, encrypted: false };

export const EVERYTHING: readonly Permission[] = [{ verbs: ['send', 'recv', 'view', 'manage'], addresses: ['#'] }];

export interface Wish {
  readonly password?: string;
  readonly authentication?: UserAuthentication;
  readonly permissions?: readonly Permission[];
  readonly enabled?: boolean;
  readonly uid?: string;
}

export async function userRecord(name: string, wish: Wish = {}): Promise<UserRecord> {
  const { password = 'secret', permissions = EVERYTHING, enabled = true, uid = `uid-${name}` } = wish;
  const authentication = wish.authentication ?? {
    type: 'password' as const,
    credentials: await credentialsOf(password, randomBytes(16), ITERATIONS),
  };
  return { name, uid, spec: { authentication, enabled, permissions: [...permissions] } };
}

/** An access with these users, a clock that stands, and its audit log as objects. */
export async function createAccess(users: Readonly<Record<string, Wish>> = {}, options: Partial<AccessOptions> = {}) {
  const clock = new ManualClock();
  const records: Record<string, unknown>[] = [];
  const access = new Access({ clock, audit: (line) => records.push(JSON.parse(line)), ...options });
  for (const [name, wish] of Object.entries(users)) access.putUser(await userRecord(name, wish));
  return { access, clock, records, login: access.authenticator };
}
