import type { Clock } from '../../src/index.js';

/** Stands still until it is told to go on. */
export class ManualClock implements Clock {
  private at = Date.UTC(2026, 0, 1);
  private timers: { readonly at: number; readonly work: () => void }[] = [];

  now(): number {
    return this.at;
  }

  after(ms: number, work: () => void): () => void {
    const timer = { at: this.at + ms, work };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  /** Runs what falls due, in order, and lets promises settle in between. */
  async go(ms: number): Promise<void> {
    const end = this.at + ms;
    for (;;) {
      await settled();
      const next = this.timers.filter(({ at }) => at <= end).sort((left, right) => left.at - right.at)[0];
      if (next === undefined) break;
      this.timers = this.timers.filter((other) => other !== next);
      this.at = Math.max(this.at, next.at);
      next.work();
    }
    this.at = end;
    await settled();
  }
}

export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
