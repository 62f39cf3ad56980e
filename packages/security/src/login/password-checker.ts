/**
 * Passwords in clear against SCRAM credentials. One check costs PBKDF2's iterations, milliseconds of a core, so:
 *
 * - few run at once. They run on libuv's pool, which the disk needs too; two leave it two of its four threads.
 * - those that wait have a bound, in number and in time; beyond it the answer is `busy`, and no guess was tried.
 * - a password that was right is remembered for a while as HMAC-SHA-256 under a key that lives in this process alone, so
 *   that thousands of devices that come back cost microseconds. Who could read that from memory could read the passwords
 *   themselves as they come in; on disk there is nothing of it. A wrong password is never remembered.
 */
import { randomBytes } from 'node:crypto';
import type { ScramCredentials } from '@millrace/contract';
import type { Clock } from '../clock.js';
import { RecentMap } from '../recent-map.js';
import { hmac, isPassword } from '../scram/credentials.js';

export interface PasswordCheckerSettings {
  /** Checks at once. Default: 2. */
  readonly concurrency?: number;
  /** Checks that may wait. Default: 2,000. */
  readonly waiting?: number;
  /** How long one may wait, ms. Default: 8,000. */
  readonly waitMs?: number;
  /** Passwords remembered. Default: 100,000. */
  readonly remembered?: number;
  /** For how long, ms. Default: 3,600,000. */
  readonly rememberMs?: number;
}

export type PasswordVerdict = 'right' | 'wrong' | 'busy';

export class PasswordChecker {
  private readonly clock: Clock;
  private readonly settings: Required<PasswordCheckerSettings>;
  private readonly key = randomBytes(32);
  private readonly known: RecentMap<number>;
  /** The same password of the same user, many times at once, is one check. */
  private readonly running = new Map<string, Promise<PasswordVerdict>>();
  private readonly queue: (() => void)[] = [];
  private active = 0;

  constructor(clock: Clock, settings: PasswordCheckerSettings = {}) {
    this.clock = clock;
    this.settings = {
      concurrency: 2,
      waiting: 2_000,
      waitMs: 8_000,
      remembered: 100_000,
      rememberMs: 3_600_000,
      ...settings,
    };
    this.known = new RecentMap(this.settings.remembered);
  }

  /** Whether it was found right a while ago. */
  remembers(uid: string, password: string, credentials: ScramCredentials): boolean {
    return (this.known.get(this.keyOf(uid, password, credentials)) ?? 0) > this.clock.now();
  }

  /** @param password prepared by SASLprep */
  async check(uid: string, password: string, credentials: ScramCredentials): Promise<PasswordVerdict> {
    const key = this.keyOf(uid, password, credentials);
    if ((this.known.get(key) ?? 0) > this.clock.now()) return 'right';
    let verdict = this.running.get(key);
    if (verdict === undefined) {
      verdict = this.run(key, () => isPassword(password, credentials));
      this.running.set(key, verdict);
      const forget = (): void => {
        this.running.delete(key);
      };
      verdict.then(forget, forget);
    }
    return verdict;
  }

  private async run(key: string, work: () => Promise<boolean>): Promise<PasswordVerdict> {
    if (!(await this.enter())) return 'busy';
    try {
      if (!(await work())) return 'wrong';
      this.known.set(key, this.clock.now() + this.settings.rememberMs);
      return 'right';
    } finally {
      this.active -= 1;
      this.queue.shift()?.();
    }
  }

  /** @returns false when there is no room in time */
  private enter(): Promise<boolean> {
    if (this.active < this.settings.concurrency) {
      this.active += 1;
      return Promise.resolve(true);
    }
    if (this.queue.length >= this.settings.waiting) return Promise.resolve(false);
    return new Promise((resolve) => {
      const begin = (): void => {
        cancel();
        this.active += 1;
        resolve(true);
      };
      const cancel = this.clock.after(this.settings.waitMs, () => {
        this.queue.splice(this.queue.indexOf(begin), 1);
        resolve(false);
      });
      this.queue.push(begin);
    });
  }

  private keyOf(uid: string, password: string, { storedKey, salt }: ScramCredentials): string {
    return hmac(this.key, `${uid}\0${storedKey}\0${salt}\0${password}`).toString('base64');
  }
}
