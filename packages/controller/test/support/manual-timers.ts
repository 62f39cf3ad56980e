import type { Timers } from '../../src/index.js';

/** A clock that stands until it is turned. */
export class ManualTimers implements Timers {
  #now = Date.parse('2026-01-01T00:00:00Z');
  #pending: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#pending.push(timer);
    return () => {
      this.#pending = this.#pending.filter((other) => other !== timer);
    };
  }

  /** When the timers that wait are due, as pauses from now. */
  get pauses(): readonly number[] {
    return this.#pending.map(({ at }) => at - this.#now).sort((left, right) => left - right);
  }

  /** Turns the clock and runs what has become due, in order, with all promises in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await flush();
    for (;;) {
      const due = this.#pending.filter(({ at }) => at <= end).sort((left, right) => left.at - right.at)[0];
      if (due === undefined) break;
      this.#pending = this.#pending.filter((other) => other !== due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
      await flush();
    }
    this.#now = end;
  }
}

/** Lets all promises that can go on do so. */
export async function flush(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
