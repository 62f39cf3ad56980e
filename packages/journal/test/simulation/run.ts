/**
 * `npm run test:journal -- [--seed random|N] [--crashes N] [--plant skip-sync|drop-batch]`: many stores, each with its own
 * seed, each crashed many times. The seed that is printed with a failure repeats it at once.
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { Fault } from './simulated-disk.js';
import { Events, simulate } from './simulation.js';

const CRASHES_A_STORE = 100;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: 'random' },
    crashes: { type: 'string', default: '10000' },
    plant: { type: 'string' },
  },
});

const seed = values.seed === 'random' ? randomBytes(4).readUInt32LE() : Number(values.seed);
const crashes = Number(values.crashes);
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(crashes) || !isFault(values.plant)) {
  process.stderr.write('usage: test:journal [--seed random|N] [--crashes N] [--plant skip-sync|drop-batch]\n');
  process.exit(2);
}

process.stdout.write(`seed ${seed}\n`);
const began = performance.now();
const events = new Events();
let passed = 0;
let failed = 0;
for (let store = 0; passed < crashes && failed === 0; store++) {
  const storeSeed = (seed + store) >>> 0;
  const wanted = Math.min(CRASHES_A_STORE, crashes - passed);
  const { error, survived } = await simulate({ seed: storeSeed, crashes: wanted, plant: values.plant, events });
  passed += survived;
  if (error === undefined) continue;
  failed++;
  process.stdout.write(`after crash ${survived} of the store with --seed ${storeSeed}: ${error.stack}\n`);
}
process.stdout.write(
  `${events}\n${((performance.now() - began) / 1000).toFixed(1)} s\n${passed} passed, ${failed} failed\n`,
);
process.exitCode = failed === 0 ? 0 : 1;

function isFault(plant: string | undefined): plant is Fault | undefined {
  return plant === undefined || plant === 'skip-sync' || plant === 'drop-batch';
}
