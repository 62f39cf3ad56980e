import fc from 'fast-check';
import { Outcome } from '../../src/index.js';
import { NAMES, type Step } from './crash-world.js';

const store = fc.constantFrom(...NAMES);
const small = fc.nat({ max: 5 });
const value = fc.option(fc.nat({ max: 99 }), { nil: undefined });
const to = fc.constantFrom('q' as const, 't' as const);
const name = fc.constantFrom('a', 'b', 'c');

function only<K extends Step['kind']>(kind: K): fc.Arbitrary<{ kind: K }> {
  return fc.record({ kind: fc.constant(kind) });
}

/** Any history of a broker on a journal. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('send' as const),
        to,
        count: fc.integer({ min: 1, max: 6 }),
        durable: fc.constantFrom(true, true, true, false),
        id: fc.option(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), { nil: undefined }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('take' as const), store, count: small }) },
    {
      weight: 7,
      arbitrary: fc.record({
        kind: fc.constant('settle' as const),
        store,
        from: small,
        count: small,
        outcome: fc.constantFrom(...Object.values(Outcome)),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), store }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('commit' as const),
        store,
        from: small,
        count: small,
        outputs: fc.array(to, { maxLength: 3 }),
        value: fc.nat({ max: 99 }),
        key: name,
        kept: value,
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('keep' as const), key: name, value }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('retain' as const), topic: name, value, durable: fc.boolean() }),
    },
    { weight: 1, arbitrary: only('purge') },
    { weight: 1, arbitrary: only('resubscribe') },
    { weight: 1, arbitrary: only('redeclare') },
    { weight: 8, arbitrary: only('turn') },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('read' as const), count: small }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('written' as const), count: small }) },
    { weight: 2, arbitrary: only('fail') },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('empty' as const), segments: fc.integer({ min: 1, max: 3 }) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const), written: small, gone: fc.boolean() }) },
  ),
  { minLength: 20, maxLength: 150, size: 'max' },
);

const few = fc.nat({ max: 3 });
const one = fc.constantFrom('q' as const, 'd' as const);

/** The same of keys and transactions for the most part, of which many are under way at once. */
export const keyedSteps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('send' as const),
        to,
        count: fc.constantFrom(1, 10, 30),
        durable: fc.constant(true),
        id: fc.constant(undefined),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const), store: one, count: few }) },
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('commit' as const),
        store: one,
        from: few,
        count: few,
        outputs: fc.constant([]),
        value: fc.nat({ max: 9 }),
        key: name,
        kept: value,
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('keep' as const), key: name, value }) },
    { weight: 1, arbitrary: only('purge') },
    { weight: 9, arbitrary: only('turn') },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('written' as const), count: few }) },
    { weight: 2, arbitrary: only('fail') },
    {
      weight: 7,
      arbitrary: fc.record({ kind: fc.constant('empty' as const), segments: fc.integer({ min: 1, max: 2 }) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const), written: few, gone: fc.boolean() }) },
  ),
  { minLength: 20, maxLength: 100, size: 'max' },
);
