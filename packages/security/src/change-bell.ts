/**
 * Tells connections that users have changed: at once the first time, then at most every 100 ms, with all that changed in
 * between. Tokens expire by themselves; the bell rings when one has.
 */
import type { ChangedUsers } from './authenticator.js';
import type { Principal } from './authorize.js';
import type { Clock } from './clock.js';

const PAUSE_MS = 100;
/** Tokens that expire are looked for this often, and so noticed this late at most. */
const EXPIRY_STEP_MS = 1_000;
/** When there are more, everybody is asked again each minute. */
const EXPIRIES_MAX = 100_000;
const OVERFLOW_STEPS = 60;

export class ChangeBell {
  private readonly clock: Clock;
  private readonly listeners = new Set<(changed: ChangedUsers) => void>();
  private changed = new Set<string>();
  private everybody = false;
  private state: 'quiet' | 'ringing' | 'paused' = 'quiet';
  /** Names by the step in which their token ends. */
  private readonly expiries = new Map<number, Set<string>>();
  private expiryCount = 0;
  private ticking = false;
  private overflowed = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  subscribe(listener: (changed: ChangedUsers) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** @param name of who has changed; undefined: everybody */
  ring(name: string | undefined): void {
    if (name === undefined) this.everybody = true;
    else this.changed.add(name);
    if (this.state !== 'quiet') return;
    this.state = 'ringing';
    // Not within the change itself: who asks again must find it done.
    queueMicrotask(() => this.tell());
  }

  ringAt(atMs: number, name: string): void {
    const step = Math.ceil(atMs / EXPIRY_STEP_MS);
    const names = this.expiries.get(step);
    if (this.expiryCount >= EXPIRIES_MAX) {
      this.overflowed = true;
    } else if (names === undefined) {
      this.expiries.set(step, new Set([name]));
      this.expiryCount += 1;
    } else if (!names.has(name)) {
      names.add(name);
      this.expiryCount += 1;
    }
    if (this.ticking) return;
    this.ticking = true;
    this.clock.after(EXPIRY_STEP_MS, () => this.tick());
  }

  private tick(): void {
    const now = Math.floor(this.clock.now() / EXPIRY_STEP_MS);
    for (const [step, names] of this.expiries) {
      if (step > now) continue;
      this.expiries.delete(step);
      this.expiryCount -= names.size;
      for (const name of names) this.ring(name);
    }
    if (this.overflowed && now % OVERFLOW_STEPS === 0) this.ring(undefined);
    if (this.expiries.size === 0) this.overflowed = false;
    this.ticking = this.expiries.size > 0;
    if (this.ticking) this.clock.after(EXPIRY_STEP_MS, () => this.tick());
  }

  private tell(): void {
    const { changed, everybody } = this;
    this.changed = new Set();
    this.everybody = false;
    this.state = 'paused';
    this.clock.after(PAUSE_MS, () => {
      this.state = 'quiet';
      if (this.everybody) this.ring(undefined);
      else for (const name of this.changed) this.ring(name);
    });
    const whom: ChangedUsers = { has: ({ name }: Principal) => everybody || changed.has(name) };
    for (const listener of [...this.listeners]) listener(whom);
  }
}
