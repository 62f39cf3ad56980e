/** Time, as the journal needs it: to stop for others, and to try again. */
export interface JournalClock {
  /** Milliseconds since whenever. */
  now(): number;
  /** Calls in a while, unless the process has nothing else to do. */
  after(ms: number, call: () => void): void;
  /** Calls when others have had their turn. */
  soon(call: () => void): void;
}

export const systemClock: JournalClock = {
  now: () => performance.now(),
  after(ms, call) {
    setTimeout(call, ms).unref();
  },
  soon(call) {
    setImmediate(call);
  },
};
