import { readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { check, dump, JournalDamage, JournalLocked, repair } from '../src/index.js';
import { append, commit, contents, open, temporaryDirectory, textOf } from './support/store.js';

/** Thirty records of 500 bytes, each in a batch of its own, six a segment. */
async function store(): Promise<{ directory: string; texts: string[] }> {
  const directory = temporaryDirectory();
  const { journal } = await open({ directory });
  const texts = Array.from({ length: 30 }, (_, number) => `${number}`.padStart(500, '.'));
  for (const text of texts) {
    append(journal, text);
    await commit(journal);
  }
  await journal.close();
  return { directory, texts };
}

function files(directory: string): Map<string, string> {
  const names = readdirSync(directory).filter((name) => name.endsWith('.log'));
  return new Map(names.map((name) => [name, readFileSync(join(directory, name)).toString('latin1')]));
}

function turnBit(directory: string, name: string, at: number): void {
  const bytes = readFileSync(join(directory, name));
  bytes[at]! ^= 1;
  writeFileSync(join(directory, name), bytes);
}

test('a whole store: check counts, dump shows, repair does nothing', async () => {
  const { directory, texts } = await store();
  const before = files(directory);
  const report = await check(directory);
  expect(report).toMatchObject({ directory, records: 30, batches: 31, damage: undefined });
  expect(report.segments.map(({ records, use }) => [records, use])).toEqual([
    ...Array.from({ length: 5 }, () => [6, 'log']),
    ...Array.from({ length: 4 }, () => [0, 'free']),
  ]);
  const dumped: string[] = [];
  let last = -1;
  for await (const record of dump(directory)) {
    dumped.push(textOf(record));
    expect(readFileSync(join(directory, record.file)).subarray(record.offset).subarray(0, 500).toString()).toBe(
      textOf(record),
    );
    expect(record.position).toBeGreaterThan(last);
    last = record.position;
  }
  expect(dumped).toEqual(texts);
  expect(await repair(directory)).toMatchObject({ damage: [], backup: undefined, changed: [], lostRecords: 0 });
  expect(files(directory)).toEqual(before);
});

test('damage in the middle: named by check, dumped up to it, cut by repair with a copy of all that changes', async () => {
  const { directory, texts } = await store();
  const before = files(directory);
  turnBit(directory, '0000000003.log', 512 + 2 * 560 + 100);
  const harmed = files(directory);
  const report = await check(directory);
  expect(report.damage).toMatchObject({ file: '0000000003.log', offset: 512 + 2 * 560 });
  expect(report.records).toBe(14);
  const dumped: string[] = [];
  const dumping = (async () => {
    for await (const record of dump(directory)) dumped.push(textOf(record));
  })();
  await expect(dumping).rejects.toBeInstanceOf(JournalDamage);
  expect(dumped).toEqual(texts.slice(0, 14));
  expect(files(directory)).toEqual(harmed);

  const repaired = await repair(directory);
  expect(repaired.damage).toHaveLength(1);
  expect(repaired).toMatchObject({ lostBatches: 16, lostRecords: 15, missing: [] });
  expect(repaired.store).toMatchObject({ records: 14, damage: undefined });
  expect(repaired.changed).toContain('0000000003.log');
  const kept = files(repaired.backup!);
  for (const name of repaired.changed) expect(kept.get(name)).toBe(harmed.get(name));
  for (const [name, bytes] of files(directory))
    if (!repaired.changed.includes(name)) expect(bytes).toBe(before.get(name));
  expect(await contents(directory)).toEqual(texts.slice(0, 14));
});

test('a header alone is written anew, and nothing is lost', async () => {
  const { directory, texts } = await store();
  turnBit(directory, '0000000002.log', 12);
  turnBit(directory, '0000000005.log', 12);
  const repaired = await repair(directory);
  expect(repaired).toMatchObject({ lostBatches: 0, lostRecords: 0, store: { records: 30 } });
  expect([...repaired.changed].sort()).toEqual(['0000000002.log', '0000000005.log']);
  expect(await contents(directory)).toEqual(texts);
});

test('a file that is gone takes those behind it along', async () => {
  const { directory, texts } = await store();
  unlinkSync(join(directory, '0000000003.log'));
  const repaired = await repair(directory);
  expect(repaired).toMatchObject({ missing: ['0000000003.log'], lostRecords: 12 });
  expect(await contents(directory)).toEqual(texts.slice(0, 12));
});

test('without the oldest file the log begins behind it', async () => {
  const { directory, texts } = await store();
  unlinkSync(join(directory, '0000000001.log'));
  const repaired = await repair(directory);
  expect(repaired).toMatchObject({ missing: ['0000000001.log'], lostRecords: 0 });
  expect(await contents(directory)).toEqual(texts.slice(6));
});

test('a cut behind which the log named other segments as its oldest', async () => {
  const { directory, texts } = await store();
  const { journal, owner } = await open({ directory });
  for (const position of owner.positions.slice(0, 12)) journal.release(position, 500);
  append(journal, 'now 1 and 2 may go');
  await commit(journal);
  await journal.close();
  const oldest = (await check(directory)).segments.find(({ use }) => use === 'log');
  expect(oldest?.file).toBe('0000000003.log');
  // As they are when they were used again.
  for (const name of ['0000000001.log', '0000000002.log']) unlinkSync(join(directory, name));
  turnBit(directory, '0000000004.log', 512 + 100);
  const repaired = await repair(directory);
  expect(repaired.store).toMatchObject({ records: 6, damage: undefined });
  expect(await contents(directory)).toEqual(texts.slice(12, 18));
});

test('none of them touches a store that is in use, and a directory without one is an empty store', async () => {
  const directory = temporaryDirectory();
  expect(await check(directory)).toMatchObject({ segments: [], records: 0, damage: undefined });
  const { journal } = await open({ directory });
  await expect(check(directory)).rejects.toBeInstanceOf(JournalLocked);
  await expect(repair(directory)).rejects.toBeInstanceOf(JournalLocked);
  await expect(dump(directory).next()).rejects.toBeInstanceOf(JournalLocked);
  await journal.close();
});

test.each([
  ['a batch in the middle', (directory: string) => turnBit(directory, '0000000003.log', 512 + 2 * 560 + 100)],
  ['a header', (directory: string) => turnBit(directory, '0000000002.log', 9)],
  ['a file that is gone', (directory: string) => unlinkSync(join(directory, '0000000002.log'))],
  ['the oldest file gone', (directory: string) => unlinkSync(join(directory, '0000000001.log'))],
  ['nothing', () => undefined],
])('%s: a dry run says what a repair then does, and changes nothing', async (_, harm) => {
  const { directory } = await store();
  harm(directory);
  const harmed = files(directory);
  const names = readdirSync(directory);
  const rehearsed = await repair(directory, { dryRun: true });
  expect(files(directory)).toEqual(harmed);
  expect(readdirSync(directory)).toEqual(names);
  expect(await repair(directory)).toEqual(rehearsed);
});
