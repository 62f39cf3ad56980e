/**
 * Makes guessing slow without locking anybody out. Failures are counted in three tables, each with a bound:
 *
 *     name and host   after 3 failures each try waits for its turn: 0.25 s after the last, 0.5 s, … 30 s
 *     host            the same after 30 failures with whatever names, up to 5 s
 *     name            after 30 failures from wherever, each try takes longer by 0.1 s, 0.2 s, … 2 s; tries do not wait
 *                     for each other, so who knows the password gets in from a host that has not failed
 *
 * Who has logged in from a host before waits for the failures of that very name and host alone. A try that would wait
 * for more than 5 s is refused unseen. Of one name and host eight tries are looked at at once, so that many together are
 * no way around the first table; those of an honest client are over in microseconds.
 */
import type { Clock } from '../clock.js';
import { RecentMap } from '../recent-map.js';

const WAIT_MAX_MS = 5_000;
const WAITING_MAX = 10_000;
const ENTRIES_MAX = 50_000;
const FORGET_MS = 15 * 60_000;
const GOOD_MS = 86_400_000;
const AT_ONCE_MAX = 8;

interface Curve {
  /** Failures that cost nothing. */
  readonly free: number;
  readonly firstMs: number;
  readonly mostMs: number;
}

const PAIR: Curve = { free: 3, firstMs: 250, mostMs: 30_000 };
const HOST: Curve = { free: 30, firstMs: 250, mostMs: 5_000 };
const NAME: Curve = { free: 30, firstMs: 100, mostMs: 2_000 };

interface Failures {
  failures: number;
  lastAt: number;
  /** When the next try has its turn. */
  nextAt: number;
}

interface Pair extends Failures {
  goodUntil: number;
  atOnce: number;
  readonly waiting: (() => void)[];
}

/** One try that is being looked at. Exactly one of its methods is called, once. */
export interface Attempt {
  succeeded(): void;
  failed(): void;
  /** Nothing was found out. */
  abandoned(): void;
}

export class LoginThrottle {
  private readonly clock: Clock;
  private readonly pairs = new RecentMap<Pair>(ENTRIES_MAX);
  private readonly hosts = new RecentMap<Failures>(ENTRIES_MAX);
  private readonly names = new RecentMap<Failures>(ENTRIES_MAX);
  private waiting = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Waits for this try's turn. @returns undefined when that would take too long */
  async enter(name: string, host: string): Promise<Attempt | undefined> {
    const pair = this.pairOf(name, host);
    if (pair.atOnce >= AT_ONCE_MAX && !(await this.room(pair))) return undefined;
    pair.atOnce += 1;
    const waitMs = this.waitFor(pair, name, host);
    if (waitMs > WAIT_MAX_MS || (waitMs > 0 && this.waiting >= WAITING_MAX)) {
      this.leave(pair);
      return undefined;
    }
    if (waitMs > 0) await this.pause(waitMs);
    return {
      succeeded: () => {
        pair.failures = 0;
        pair.nextAt = 0;
        pair.goodUntil = this.clock.now() + GOOD_MS;
        this.leave(pair);
      },
      failed: () => {
        this.fail(pair, PAIR);
        this.fail(this.entry(this.hosts, networkOf(host)), HOST);
        this.fail(this.entry(this.names, name), NAME);
        this.leave(pair);
      },
      abandoned: () => this.leave(pair),
    };
  }

  private waitFor(pair: Pair, name: string, host: string): number {
    const now = this.clock.now();
    const queued: [Failures, Curve][] = [[pair, PAIR]];
    let extraMs = 0;
    if (pair.goodUntil <= now) {
      queued.push([this.entry(this.hosts, networkOf(host)), HOST]);
      extraMs = delayOf(this.entry(this.names, name), NAME);
    }
    const turn = Math.max(now, ...queued.map(([entry]) => entry.nextAt));
    if (turn - now + extraMs > WAIT_MAX_MS) return turn - now + extraMs;
    for (const [entry, curve] of queued) {
      const delay = delayOf(entry, curve);
      if (delay > 0) entry.nextAt = turn + delay;
    }
    return turn - now + extraMs;
  }

  private fail(entry: Failures, curve: Curve): void {
    const now = this.clock.now();
    entry.failures += 1;
    entry.lastAt = now;
    entry.nextAt = Math.max(entry.nextAt, now + delayOf(entry, curve));
  }

  private leave(pair: Pair): void {
    pair.atOnce -= 1;
    pair.waiting.shift()?.();
  }

  private room(pair: Pair): Promise<boolean> {
    if (this.waiting >= WAITING_MAX) return Promise.resolve(false);
    this.waiting += 1;
    return new Promise((resolve) => {
      const go = (): void => {
        cancel();
        this.waiting -= 1;
        resolve(true);
      };
      const cancel = this.clock.after(WAIT_MAX_MS, () => {
        pair.waiting.splice(pair.waiting.indexOf(go), 1);
        this.waiting -= 1;
        resolve(false);
      });
      pair.waiting.push(go);
    });
  }

  private pause(ms: number): Promise<void> {
    this.waiting += 1;
    return new Promise((resolve) => {
      this.clock.after(ms, () => {
        this.waiting -= 1;
        resolve();
      });
    });
  }

  private pairOf(name: string, host: string): Pair {
    const key = `${host}\0${name}`;
    let pair = this.pairs.get(key);
    if (pair === undefined) {
      pair = { failures: 0, lastAt: 0, nextAt: 0, goodUntil: 0, atOnce: 0, waiting: [] };
      this.pairs.set(key, pair);
    }
    this.decay(pair);
    return pair;
  }

  private entry(table: RecentMap<Failures>, key: string): Failures {
    let entry = table.get(key);
    if (entry === undefined) {
      entry = { failures: 0, lastAt: 0, nextAt: 0 };
      table.set(key, entry);
    }
    this.decay(entry);
    return entry;
  }

  private decay(entry: Failures): void {
    if (entry.failures > 0 && this.clock.now() - entry.lastAt > FORGET_MS) {
      entry.failures = 0;
      entry.nextAt = 0;
    }
  }
}

function delayOf({ failures }: Failures, { free, firstMs, mostMs }: Curve): number {
  if (failures < free) return 0;
  return Math.min(firstMs * 2 ** Math.min(failures - free, 20), mostMs);
}

/** Who has one address of IPv6 has its whole /64. */
export function networkOf(host: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1];
  if (mapped !== undefined) return mapped;
  if (!host.includes(':')) return host;
  const [head = '', tail] = host.split('%')[0]!.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0');
  const groups = [...front, ...zeros, ...back].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${groups.join(':')}::/64`;
}
