/**
 * Keys to reconcile. A key that is added twice is worked once (the work looks at what is wished then, not at why it was
 * added); one that failed comes again after a growing pause. It never holds more than one entry a key.
 */
import type { Timers } from './timers.js';

export type WorkOutcome = 'done' | 'retry';

export interface WorkQueueOptions {
  readonly timers: Timers;
  /** Must not throw: what goes wrong is 'retry'. */
  readonly work: (key: string) => Promise<WorkOutcome>;
  /** Keys worked at the same time. Default: 16. */
  readonly concurrency?: number;
  /** The pause before the first retry; it doubles. Default: 200. */
  readonly backoffMs?: number;
  /** Default: 30,000. */
  readonly backoffMaxMs?: number;
}

type Entry =
  | { readonly state: 'queued'; readonly attempts: number; readonly waiters: (() => void)[] }
  /** `again`: it was added while being worked, so what was read may be old. */
  | {
      readonly state: 'working';
      readonly attempts: number;
      again: boolean;
      readonly waiters: (() => void)[];
      readonly next: (() => void)[];
    }
  | { readonly state: 'pausing'; readonly attempts: number; readonly cancel: () => void };

export class WorkQueue {
  readonly #options: Required<WorkQueueOptions>;
  readonly #entries = new Map<string, Entry>();
  /** In order of coming; a set gives up its first element in constant time, which an array does not. */
  readonly #queue = new Set<string>();
  #working = 0;
  #stopped = false;

  constructor(options: WorkQueueOptions) {
    this.#options = { concurrency: 16, backoffMs: 200, backoffMaxMs: 30_000, ...options };
  }

  /** Has the key worked as soon as there is room. A pause after a failure is cut short. */
  add(key: string): void {
    this.#add(key, undefined);
  }

  /** Adds the key and resolves after an attempt that began after this call, however it went. */
  attempt(key: string): Promise<void> {
    return new Promise((resolve) => this.#add(key, resolve));
  }

  /** Nothing new begins. Resolves all who wait. */
  stop(): void {
    this.#stopped = true;
    for (const entry of this.#entries.values()) {
      if (entry.state === 'pausing') entry.cancel();
      else for (const waiter of entry.waiters) waiter();
      if (entry.state === 'working') for (const waiter of entry.next) waiter();
    }
    this.#entries.clear();
    this.#queue.clear();
  }

  #add(key: string, waiter: (() => void) | undefined): void {
    if (this.#stopped) {
      waiter?.();
      return;
    }
    const entry = this.#entries.get(key);
    const waiters = waiter === undefined ? [] : [waiter];
    switch (entry?.state) {
      case 'queued':
        entry.waiters.push(...waiters);
        return;
      case 'working':
        entry.again = true;
        entry.next.push(...waiters);
        return;
      case 'pausing':
        entry.cancel();
        this.#enqueue(key, entry.attempts, waiters);
        return;
      case undefined:
        this.#enqueue(key, 0, waiters);
    }
  }

  #enqueue(key: string, attempts: number, waiters: (() => void)[]): void {
    this.#entries.set(key, { state: 'queued', attempts, waiters });
    this.#queue.add(key);
    this.#pump();
  }

  #pump(): void {
    for (const key of this.#queue) {
      if (this.#working >= this.#options.concurrency) return;
      this.#queue.delete(key);
      const entry = this.#entries.get(key);
      if (entry?.state !== 'queued') continue;
      const working: Entry = {
        state: 'working',
        attempts: entry.attempts,
        again: false,
        waiters: entry.waiters,
        next: [],
      };
      this.#entries.set(key, working);
      this.#working += 1;
      this.#options.work(key).then(
        (outcome) => this.#finish(key, working, outcome),
        () => this.#finish(key, working, 'retry'),
      );
    }
  }

  #finish(key: string, entry: Extract<Entry, { state: 'working' }>, outcome: WorkOutcome): void {
    this.#working -= 1;
    for (const waiter of entry.waiters) waiter();
    if (this.#stopped) return;
    if (entry.again) {
      this.#enqueue(key, outcome === 'done' ? 0 : entry.attempts + 1, entry.next);
    } else if (outcome === 'done') {
      this.#entries.delete(key);
    } else {
      this.#pause(key, entry.attempts + 1);
    }
    this.#pump();
  }

  #pause(key: string, attempts: number): void {
    const { backoffMs, backoffMaxMs, timers } = this.#options;
    // Beyond 2^30 the bound holds anyway.
    const delayMs = Math.min(backoffMs * 2 ** Math.min(attempts - 1, 30), backoffMaxMs);
    const cancel = timers.after(delayMs, () => this.#enqueue(key, attempts, []));
    this.#entries.set(key, { state: 'pausing', attempts, cancel });
  }
}
