/** A restore that the machine stops at any moment leaves the old store, or none that is taken for one, or the new one. */
import { expect, test } from 'vitest';
import { dump, restore } from '../src/index.js';
import { Random } from './simulation/random.js';
import { SimulatedDisk } from './simulation/simulated-disk.js';
import { all, begin, inPieces } from './support/backups.js';
import { append, commit, open, temporaryDirectory, textOf } from './support/store.js';

const STEPS_MAX = 10_000;

async function backupOf(word: string, count: number): Promise<Buffer> {
  const { journal } = await open({ directory: temporaryDirectory() });
  for (let number = 0; number < count; number++) {
    append(journal, `${word} ${number}`.padEnd(700, '.'));
    await commit(journal);
  }
  const bytes = await all(begin(journal));
  await journal.close();
  return bytes;
}

/** Lets the disk act until the work is done, or so often. @returns undefined when it was not done */
async function within<T>(disk: SimulatedDisk, work: Promise<T>, steps = STEPS_MAX): Promise<T | Error | undefined> {
  let result: T | Error | undefined;
  work.then(
    (value) => {
      result = value;
    },
    (error: Error) => {
      result = error;
    },
  );
  for (let step = 0; result === undefined && step < steps; step++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (disk.calls > 0) disk.step();
  }
  await new Promise((resolve) => setImmediate(resolve));
  return result;
}

/** The word of all records, or why they are not to be had. */
async function wordsIn(disk: SimulatedDisk): Promise<string> {
  const read = async (): Promise<string> => {
    const words: string[] = [];
    for await (const record of dump(disk.directory, { disk })) words.push(textOf(record).split(' ')[0]!);
    return `${words.length} ${[...new Set(words)].join(' ')}`;
  };
  const result = await within(disk, read());
  return result instanceof Error ? result.message.replace(/.* was not finished.*/, 'not finished') : result!;
}

test('at whatever moment', async () => {
  const [old, young] = [await backupOf('old', 21), await backupOf('young', 26)];
  const seen = new Map<string, number>();
  for (let seed = 1; seed <= 250; seed++) {
    const random = new Random(seed);
    const disk = new SimulatedDisk(random);
    const again = (bytes: Buffer, steps?: number) =>
      within(disk, restore(disk.directory, inPieces(bytes, 4096), { disk, force: true }), steps);
    expect(await again(old)).toMatchObject({ records: 21 });
    disk.crash();
    expect(await wordsIn(disk)).toBe('21 old');
    await again(young, random.below(80));
    disk.crash();
    const found = await wordsIn(disk);
    seen.set(found, (seen.get(found) ?? 0) + 1);
    expect(await again(young)).toMatchObject({ records: 26 });
    expect(await wordsIn(disk)).toBe('26 young');
  }
  expect([...seen.keys()].sort()).toEqual(['21 old', '26 young', 'not finished']);
});
