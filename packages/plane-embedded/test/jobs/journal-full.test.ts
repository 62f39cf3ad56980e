/** A job whose results cannot be written: it holds them, says why, and goes on by itself. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { StateJournal } from '../support/state-journal.js';
import { Plant, text } from './plant.js';

const COPY = 'INSERT INTO max SELECT body FROM STREAM temperature';

let journal: StateJournal;
let plant: Plant;

beforeEach(() => {
  vi.useFakeTimers();
  journal = new StateJournal();
  plant = new Plant(journal);
  plant.broker.declare('temperature', { type: 'queue' });
  plant.broker.declare('max', { type: 'queue' });
});

afterEach(() => {
  plant.plane.close();
  vi.useRealTimers();
  expect(plant.faults).toEqual([]);
});

test.each([
  ['full', 'no room for durable messages on disk'],
  ['failed', 'restart of the server'],
] as const)('while the journal is %s', async (kind, words) => {
  await plant.deploy(COPY);
  plant.send('temperature', text(1));
  plant.pass(200);
  expect(plant.stored('max')).toEqual(['1']);
  journal.state = { kind };
  plant.send('temperature', text(2), text(3));
  plant.pass(10_000);
  expect(plant.stored('max')).toEqual(['1']);
  expect(plant.plane.observe('job')?.message).toContain(words);
  journal.state = { kind: 'open' };
  plant.pass(5_100);
  expect(plant.stored('max')).toEqual(['1', '2', '3']);
  expect(plant.stored('temperature')).toEqual([]);
  expect(plant.plane.observe('job')?.message).not.toContain(words);
});
