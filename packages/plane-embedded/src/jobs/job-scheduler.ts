/**
 * Lets jobs take turns on the broker's thread: a job that has messages gets a slice, then goes to the end of the line; after
 * a few milliseconds sockets are served again. One timer wakes the jobs whose windows end.
 */
export interface Runnable {
  /** One piece of work. @returns true when there is more */
  runSlice(): boolean;
  /** When to run although nothing arrived, ms since the epoch; undefined: never. */
  readonly wakeAtMs: number | undefined;
}

/** Jobs that fall behind get as much time as messaging took since their last turn, within these bounds, ms. */
const TURN_MIN_MS = 4;
const TURN_MAX_MS = 50;
/** Node's timers do not go further. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export class JobScheduler {
  private readonly line = new Set<Runnable>();
  private readonly sleepers = new Set<Runnable>();
  private readonly now: () => number;
  private armed = false;
  /** When the last turn ended with jobs still in the line; infinity when there were none. */
  private leftWaitingAt = Number.POSITIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;
  private timerAtMs = Number.POSITIVE_INFINITY;

  /** @param now ms since the epoch */
  constructor(now: () => number) {
    this.now = now;
  }

  /** Runs it soon. Cheap when it is in the line already. */
  ready(runnable: Runnable): void {
    this.line.add(runnable);
    if (this.armed) return;
    this.armed = true;
    setImmediate(this.run);
  }

  /** Looks at `wakeAtMs` anew. */
  sleep(runnable: Runnable): void {
    const at = runnable.wakeAtMs;
    if (at === undefined) {
      this.sleepers.delete(runnable);
      return;
    }
    this.sleepers.add(runnable);
    // A timer that rings too early does no harm; it is set anew then.
    if (at < this.timerAtMs) this.setTimer(at);
  }

  remove(runnable: Runnable): void {
    this.line.delete(runnable);
    this.sleepers.delete(runnable);
  }

  stop(): void {
    this.line.clear();
    this.sleepers.clear();
    clearTimeout(this.timer);
    this.timerAtMs = Number.POSITIVE_INFINITY;
  }

  private readonly run = (): void => {
    this.armed = false;
    const began = performance.now();
    const end = began + Math.min(Math.max(began - this.leftWaitingAt, TURN_MIN_MS), TURN_MAX_MS);
    while (this.line.size > 0 && performance.now() < end) {
      for (const runnable of this.line) {
        this.line.delete(runnable);
        if (runnable.runSlice()) this.line.add(runnable);
        else this.sleep(runnable);
        if (performance.now() >= end) break;
      }
    }
    this.leftWaitingAt = this.line.size > 0 ? performance.now() : Number.POSITIVE_INFINITY;
    if (this.line.size === 0 || this.armed) return;
    this.armed = true;
    setImmediate(this.run);
  };

  private setTimer(atMs: number): void {
    clearTimeout(this.timer);
    this.timerAtMs = atMs;
    const delayMs = Math.min(Math.max(0, atMs - this.now()), TIMER_MAX_MS);
    this.timer = setTimeout(this.ring, delayMs);
  }

  private readonly ring = (): void => {
    this.timerAtMs = Number.POSITIVE_INFINITY;
    const now = this.now();
    let next = Number.POSITIVE_INFINITY;
    for (const sleeper of this.sleepers) {
      const at = sleeper.wakeAtMs;
      if (at === undefined) this.sleepers.delete(sleeper);
      else if (at <= now) {
        this.sleepers.delete(sleeper);
        this.ready(sleeper);
      } else next = Math.min(next, at);
    }
    if (next !== Number.POSITIVE_INFINITY) this.setTimer(next);
  };
}
