/**
 * A sensor that does not exist: a random walk of whole degrees, drawn back to a mean so that it stays believable however
 * long it runs. Equal seeds give equal walks.
 */
export interface Temperatures {
  /** The next reading, °C. */
  next(): number;
}

const MEAN = 22;
const PULL_TO_MEAN = 0.05;
const LARGEST_STEP = 1.5;

export function simulateTemperatures(seed: number): Temperatures {
  const random = mulberry32(seed);
  let exact = MEAN + (random() - 0.5) * 6;
  return {
    next: () => {
      exact += (random() * 2 - 1) * LARGEST_STEP + (MEAN - exact) * PULL_TO_MEAN;
      return Math.round(exact);
    },
  };
}

/** A 32-bit generator (Tommy Ettinger's mulberry32): small, and good enough to walk by. Values in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
