import fc from 'fast-check';
import { test } from 'vitest';
import { steps } from './support/crash-steps.js';
import { soon, World } from './support/crash-world.js';

test.each([
  ['in memory', undefined, 200],
  ['paged out as soon as can be', { residentBytes: 0, blockBytes: 80, aheadBytes: 80 }, 400],
  ['paged out now and then', { residentBytes: 2000, blockBytes: 100, aheadBytes: 300 }, 200],
] as const)(
  'what was written is there after any crash, in order, and nothing else: %s',
  async (_name, paging, numRuns) => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
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
