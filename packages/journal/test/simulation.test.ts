import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { Events, simulate } from './simulation/simulation.js';

const SEED = randomBytes(4).readUInt32LE();

test.each([1, 21, 1024, SEED])('a store survives its crashes: seed %d', async (seed) => {
  const events = new Events();
  const { error, survived } = await simulate({ seed, crashes: 150, events });
  expect(error).toBeUndefined();
  expect(survived).toBe(150);
  expect(events.records).toBeGreaterThan(1000);
});

test('all that a disk can do wrong is tried', async () => {
  const events = new Events();
  for (let seed = 1; seed <= 5; seed++) await simulate({ seed, crashes: 100, events });
  expect(Object.entries(events).filter(([, count]) => count === 0)).toEqual([]);
});

test.each(['skip-sync', 'drop-batch'] as const)('the planted fault %s is found', async (plant) => {
  const { error } = await simulate({ seed: 3, crashes: 300, plant, events: new Events() });
  expect(error).toBeInstanceOf(Error);
});
