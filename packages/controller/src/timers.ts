/** The clock and the timers, passed in so that tests turn them by hand. */
export interface Timers {
  /** ms since the epoch. */
  now(): number;
  /** @returns what takes it back */
  after(delayMs: number, callback: () => void): () => void;
}

/** A timer of the controller never keeps the process alive by itself. */
export const SYSTEM_TIMERS: Timers = {
  now: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
