/** Where the bodies to publish come from. */
import { createInterface } from 'node:readline';
import { simulateTemperatures } from '../simulation/temperatures.js';
import type { Terminal } from '../terminal.js';

/** The given bodies in turn, `count` in all. */
export function* repeatedBodies(bodies: readonly string[], count: number): Generator<string> {
  for (let index = 0; index < count; index++) yield bodies[index % bodies.length] ?? '';
}

/** Readings as text, `count` in all or without end. */
export function* simulatedBodies(seed: number, count: number | undefined): Generator<string> {
  const temperatures = simulateTemperatures(seed);
  for (let sent = 0; count === undefined || sent < count; sent++) yield String(temperatures.next());
}

/** The lines of standard input, at most `count`. Ends early when `signal` is aborted. */
export async function* inputLines(
  terminal: Terminal,
  count: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const lines = createInterface({ input: terminal.input, crlfDelay: Number.POSITIVE_INFINITY, signal });
  let sent = 0;
  if (count === 0) return;
  for await (const line of lines) {
    yield line;
    sent += 1;
    if (sent === count) break;
  }
}
