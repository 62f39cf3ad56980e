/**
 * Jobs on a broker whose journal crashes at any batch, fails, and is emptied from its old end; whose clock may be found set
 * back; and whose job is edited and paused meanwhile. In the end each window of each key is stored once, with all
 * messages that were there to be read after the crashes, and no other; what is no row lies among the dead letters, once.
 */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { World } from './crash-world.js';
import { START } from './job-fixture.js';

const SLIDES = [5_000, 2_000] as const;

type Step =
  | { readonly kind: 'send'; readonly bodies: readonly string[] }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'written'; readonly count: number }
  | { readonly kind: 'fail' | 'edit' | 'pause' }
  | { readonly kind: 'empty'; readonly segments: number }
  | { readonly kind: 'crash'; readonly written: number; readonly backMs: number };

/** One in ten or so is no row. */
const body = fc.nat(33).map((key) => (key > 30 ? `k${key},` : `k${key}`));
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('send' as const),
        bodies: fc.array(body, { minLength: 1, maxLength: 20 }),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 2, 10, 400, 3000) }),
    },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('written' as const), count: fc.constantFrom(1, 2, 9) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('fail' as const, 'edit' as const, 'pause' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('empty' as const), segments: fc.nat(3) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('crash' as const),
        written: fc.nat(3),
        backMs: fc.constantFrom(0, 0, 7000),
      }),
    },
  ),
  { minLength: 5, maxLength: 60 },
);

function run(world: World, step: Step): void {
  switch (step.kind) {
    case 'send':
      world.send(step.bodies);
      break;
    case 'pass':
      world.pass(step.ms);
      break;
    case 'written':
      world.journal.succeed(step.count);
      break;
    case 'fail':
      // A message that was handed out, and whose own batch fails then, is in doubt: counted, though its sender hears no.
      if (world.journal.batches.every(({ messages }) => messages.length === 0)) world.journal.fail();
      break;
    case 'edit':
      world.variant++;
      world.deploy();
      break;
    case 'pause':
      world.paused = !world.paused;
      void world.plane.control('job', world.paused ? 'pause' : 'resume');
      break;
    case 'empty':
      if (world.journal.records.length > 0) world.journal.empty(world.recovery, step.segments);
      break;
    case 'crash':
      vi.setSystemTime(Date.now() - step.backMs);
      world.crash(step.written);
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'Date'], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

test('each window is stored once, and right, wherever the journal crashes', () => {
  let restored = 0;
  let buried = 0;
  fc.assert(
    fc.property(steps, fc.constantFrom(...SLIDES), (list, slideMs) => {
      vi.clearAllTimers();
      vi.setSystemTime(START);
      const world = new World(slideMs);
      for (const step of list) {
        run(world, step);
        if (step.kind === 'crash' && world.plane.observe('job')?.reason === 'Recovering') restored++;
      }
      if (world.paused) {
        world.paused = false;
        void world.plane.control('job', 'resume');
      }
      world.settle();
      vi.setSystemTime(START + 3_600_000);
      world.settle();
      expect(world.faults).toEqual([]);
      expect(world.plane.observe('job')).toMatchObject({ phase: 'Running', rowsLate: 0, backlog: 0, openWindows: 0 });
      expect(world.results.sort()).toEqual(world.expected);
      expect(world.deadLetters).toEqual(world.expectedDeadLetters);
      buried += world.deadLetters.length;
      world.plane.close();
    }),
    { numRuns: 150 },
  );
  expect(restored).toBeGreaterThan(20);
  expect(buried).toBeGreaterThan(20);
}, 120_000);
