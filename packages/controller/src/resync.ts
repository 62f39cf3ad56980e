/**
 * Has everything looked at from time to time, changed or not: what was missed, or what a plane has lost since, is found
 * here at the latest. In slices, since messages pass through the same thread.
 */
import type { Timers } from './timers.js';

const SLICE = 200;
const PAUSE_MS = 5;

export interface ResyncOptions<T> {
  readonly timers: Timers;
  readonly everyMs: number;
  /** What there is now. */
  readonly all: () => readonly T[];
  readonly look: (one: T) => void;
}

/** @returns what ends it */
export function startResync<T>({ timers, everyMs, all, look }: ResyncOptions<T>): () => void {
  let cancel = () => {};
  const wait = (): void => {
    cancel = timers.after(everyMs, () => slice(all(), 0));
  };
  const slice = (list: readonly T[], start: number): void => {
    for (const one of list.slice(start, start + SLICE)) look(one);
    const next = start + SLICE;
    if (next >= list.length) wait();
    else cancel = timers.after(PAUSE_MS, () => slice(list, next));
  };
  wait();
  return () => cancel();
}
