import fc from 'fast-check';
import { test } from 'vitest';
import { keyedSteps, steps } from './support/crash-steps.js';
import { soon, World } from './support/crash-world.js';

test.each([
  ['in memory', undefined, 200, steps],
  ['paged out as soon as can be', { residentBytes: 0, blockBytes: 80, aheadBytes: 80 }, 400, steps],
  ['paged out now and then', { residentBytes: 2000, blockBytes: 100, aheadBytes: 300 }, 200, steps],
  ['keys and transactions', undefined, 800, keyedSteps],
] as const)(
  'what was written is there after any crash, in order, and nothing else: %s',
  async (_name, paging, numRuns, histories) => {
    await fc.assert(
      fc.asyncProperty(histories, async (list) => {
        const world = new World(paging);
        for (const step of list) {
          world.run(step);
          await soon();
        }
        await world.drain();
      }),
      { numRuns },
    );
  },
  120_000,
);
