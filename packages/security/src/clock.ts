/** The time, passed in: tests hold it still. */
export interface Clock {
  /** ms since the epoch. */
  now(): number;
  /** @returns how to call it off */
  after(ms: number, work: () => void): () => void;
}

export const SYSTEM_CLOCK: Clock = {
  now: Date.now,
  after(ms, work) {
    const timer = setTimeout(work, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
