import { cpSync, readdirSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aligned, BATCH_HEADER_BYTES, finishBatch } from '../src/batch.js';
import {
  DiskJournal,
  JournalDamage,
  JournalError,
  JournalFailed,
  JournalFull,
  JournalVersion,
  NodeDisk,
} from '../src/index.js';
import { writeSegmentHeader } from '../src/segment.js';
import { append, commit, contents, open, TextOwner, temporaryDirectory, until } from './support/store.js';

const FIRST = '0000000001.log';

test('committed records are there again, in order; others are not', async () => {
  const directory = temporaryDirectory();
  const { journal, owner } = await open({ directory });
  expect(owner.replayed).toEqual([]);
  append(journal, 'one', 1);
  const bytes = Buffer.from('-two-and-a-half-');
  journal.append(255, bytes, 1, 15);
  append(journal, '');
  expect(await commit(journal)).toBeUndefined();
  append(journal, 'not committed');
  await journal.close();
  const again = await open({ directory });
  expect(again.owner.replayed).toEqual(['one', 'two-and-a-half', '']);
  expect(again.owner.positions).toEqual([...again.owner.positions].sort((a, b) => a - b));
  expect(append(again.journal, 'later')).toBeGreaterThan(again.owner.positions.at(-1)!);
  await again.journal.close();
});

test('commits are reported in order, after the disk, several by one write', async () => {
  const { journal } = await open({ directory: temporaryDirectory() });
  const reported: number[] = [];
  const all = Promise.all(
    Array.from({ length: 50 }, (_, number) => {
      append(journal, `record ${number}`);
      const done = commit(journal).then(() => reported.push(number));
      expect(reported).toEqual([]);
      return done;
    }),
  );
  await all;
  expect(reported).toEqual(Array.from({ length: 50 }, (_, number) => number));
  const { batches, records, syncs } = journal.figures();
  expect([batches, records, syncs]).toEqual([50, 50, 2]);
  await journal.close();
});

test('a commit of nothing is done when those before it are', async () => {
  const { journal } = await open({ directory: temporaryDirectory() });
  const reported: string[] = [];
  journal.commit(() => reported.push('at once'));
  append(journal, 'x');
  const first = commit(journal).then(() => reported.push('first'));
  const second = commit(journal).then(() => reported.push('second'));
  expect(reported).toEqual(['at once']);
  await Promise.all([first, second]);
  expect(reported).toEqual(['at once', 'first', 'second']);
  await journal.close();
});

test('records are read back: open, committed, on disk, in another segment', async () => {
  const { journal } = await open({ directory: temporaryDirectory() });
  const texts = Array.from({ length: 60 }, (_, number) => `${number}`.repeat(150));
  const positions = texts.map((text) => {
    const position = append(journal, text);
    if (text.length % 4 === 0) journal.commit(() => undefined);
    return position;
  });
  const readAll = async (): Promise<void> => {
    for (const [index, position] of positions.entries()) {
      const text = texts[index]!;
      expect(journal.readSync(position, text.length).toString()).toBe(text);
      expect((await journal.read(position + 3, 10)).toString()).toBe(text.slice(3, 13));
    }
  };
  await readAll();
  await commit(journal);
  for (let more = 0; more < 40; more++) {
    append(journal, 'y'.repeat(500));
    await commit(journal);
  }
  expect(journal.figures().segments).toBeGreaterThan(5);
  await readAll();
  await expect(journal.read(1e12, 1)).rejects.toThrow();
  await journal.close();
});

test('several records are read in one go, up to the end of what lies together', async () => {
  const { journal } = await open({ directory: temporaryDirectory() });
  const texts = Array.from({ length: 60 }, (_, number) => `${number}`.padEnd(200, '.'));
  const positions: number[] = [];
  for (const text of texts) {
    positions.push(append(journal, text));
    await commit(journal);
  }
  let last = 0;
  for (let first = 0; first < texts.length; first = last + 1) {
    const reach = journal.reach(positions[first]!);
    last = positions.findLastIndex((position) => position + 200 <= reach);
    const start = positions[first]!;
    const bytes = await journal.read(start, positions[last]! + 200 - start);
    for (let index = first; index <= last; index++) {
      const at = positions[index]! - start;
      expect(bytes.toString('utf8', at, at + 200)).toBe(texts[index]);
    }
  }
  expect(journal.figures().segments).toBeGreaterThan(2);
  await journal.close();
});

test('a batch larger than a segment lies in one that grew; one larger than any may be is refused alone', async () => {
  const directory = temporaryDirectory();
  const { journal } = await open({ directory, batchBytesMax: 20_000 });
  const large = 'l'.repeat(15_000);
  append(journal, large);
  expect(await commit(journal)).toBeUndefined();
  const position = append(journal, 'x'.repeat(19_000));
  expect(append(journal, 'x'.repeat(2000))).toBe(position + 19_005);
  append(journal, 'with it');
  const refused = await commit(journal);
  expect(refused).toBeInstanceOf(JournalFull);
  expect(journal.state.kind).toBe('open');
  append(journal, 'after');
  expect(await commit(journal)).toBeUndefined();
  expect(statSync(join(directory, FIRST)).size).toBeGreaterThan(15_000);
  await journal.close();
  expect(await contents(directory)).toEqual([large, 'after']);
});

test('what is committed behind a refused batch is refused with it, until that was told', async () => {
  const directory = temporaryDirectory();
  const { journal } = await open({ directory, batchBytesMax: 1000 });
  append(journal, 'first');
  const first = commit(journal);
  append(journal, 'x'.repeat(2000));
  const refused = commit(journal);
  append(journal, 'builds on it');
  const behind = commit(journal);
  const told = (await Promise.all([first, refused, behind])).map((error) => error?.name);
  expect(told).toEqual([undefined, 'JournalFull', 'JournalFull']);
  append(journal, 'after');
  expect(await commit(journal)).toBeUndefined();
  await journal.close();
  expect(await contents(directory)).toEqual(['first', 'after']);
});

test('what a crash tore off is cut at the last whole batch, and written over', async () => {
  const directory = temporaryDirectory();
  const { journal } = await open({ directory });
  append(journal, 'whole');
  await commit(journal);
  const end = 512 + aligned(BATCH_HEADER_BYTES + 10);
  append(journal, 'torn');
  await commit(journal);
  // Only the last write can be torn: what closing writes behind it would show that it was not.
  const path = join(directory, FIRST);
  const bytes = readFileSync(path);
  await journal.close();
  bytes[end + 50]! ^= 1;
  writeFileSync(path, bytes);
  expect(await contents(directory)).toEqual(['whole']);
  const again = await open({ directory });
  append(again.journal, 'new');
  await commit(again.journal);
  await again.journal.close();
  expect(await contents(directory)).toEqual(['whole', 'new']);
});

test('damage before a later write stops the start, and says where', async () => {
  const directory = temporaryDirectory();
  const { journal } = await open({ directory });
  for (const text of ['one', 'two', 'three']) {
    append(journal, text);
    await commit(journal);
  }
  await journal.close();
  const path = join(directory, FIRST);
  const bytes = readFileSync(path);
  bytes[512 + 56 + 50]! ^= 4;
  writeFileSync(path, bytes);
  const opening = open({ directory });
  await expect(opening).rejects.toMatchObject({ name: 'JournalDamage', file: FIRST, offset: 568 });
  await expect(opening).rejects.toThrow(/0000000001\.log is damaged at offset 568/);
});

test.each([
  ['a file in the middle is gone', (directory: string) => unlinkSync(join(directory, '0000000003.log'))],
  ['a header cannot be read', (directory: string) => turnBit(join(directory, '0000000003.log'), 4)],
  ['all headers cannot be read', turnAllHeaders],
  ['the last batch of a segment is wrong', (directory: string) => turnBit(join(directory, '0000000003.log'), 3500)],
])('%s: the start is stopped', async (_, harm) => {
  const directory = temporaryDirectory();
  const { journal } = await open({ directory });
  for (let number = 0; number < 50; number++) {
    append(journal, `${number}`.repeat(200));
    await commit(journal);
  }
  await journal.close();
  harm(directory);
  await expect(open({ directory })).rejects.toBeInstanceOf(JournalDamage);
});

function turnBit(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 1;
  writeFileSync(path, bytes);
}

function turnAllHeaders(directory: string): void {
  for (const name of readdirSync(directory)) turnBit(join(directory, name), 9);
}

test('a newer format is refused by name, and so are files of another journal', async () => {
  const directory = temporaryDirectory();
  const { journal } = await open({ directory });
  await journal.close();
  const path = join(directory, '0000000002.log');
  const bytes = readFileSync(path);
  writeSegmentHeader({ number: 2, seed: 1 }).copy(bytes);
  writeFileSync(path, bytes);
  await expect(open({ directory })).rejects.toThrow(/0000000002\.log in .* belongs to another journal/);
  bytes.writeUInt32LE(2, 8);
  bytes.writeUInt32LE(crcOf(bytes), 508);
  writeFileSync(path, bytes);
  const opening = open({ directory });
  await expect(opening).rejects.toBeInstanceOf(JournalVersion);
  await expect(opening).rejects.toThrow(/0000000002\.log in .* is of format version 2; this program knows 1/);
});

function crcOf(bytes: Buffer): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes.subarray(0, 508)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0);
  }
  return ~crc >>> 0;
}

test('a batch that a torn write left behind is not taken for the next one, though its number and place fit', async () => {
  const directory = temporaryDirectory();
  const first = await open({ directory });
  append(first.journal, 'one');
  await commit(first.journal);
  const path = join(directory, FIRST);
  const before = readFileSync(path);
  await first.journal.close();
  // Batch 2 was torn; 3 of the same write is whole, and stands just behind where opening writes another 2.
  const at = 512 + aligned(BATCH_HEADER_BYTES + 8) + BATCH_HEADER_BYTES;
  before.writeUInt8(9, at + BATCH_HEADER_BYTES);
  before.writeUInt32LE(5, at + BATCH_HEADER_BYTES + 1);
  before.write('ghost', at + BATCH_HEADER_BYTES + 5);
  const fields = { length: 58, records: 1, segment: 1, sequence: 3, firstOfWrite: 2, previousCrc: 7, oldestSegment: 1 };
  finishBatch(before, at, { ...fields, nonce: 1 }, before.readUInt32LE(16));
  writeFileSync(path, before);
  const second = await open({ directory });
  expect(second.owner.replayed).toEqual(['one']);
  await until(() => second.journal.figures().batches === 1);
  const crashed = temporaryDirectory();
  cpSync(directory, crashed, { recursive: true });
  await second.journal.close();
  expect(await contents(crashed)).toEqual(['one']);
});

test('two runs that write the same write other bytes', async () => {
  const directory = temporaryDirectory();
  const { journal } = await open({ directory });
  append(journal, 'one');
  await commit(journal);
  await journal.close();
  const copy = temporaryDirectory();
  cpSync(directory, copy, { recursive: true });
  await contents(directory);
  await contents(copy);
  const end = 512 + aligned(BATCH_HEADER_BYTES + 8) + BATCH_HEADER_BYTES;
  const [a, b] = [directory, copy].map((one) => readFileSync(join(one, FIRST)).subarray(end, end + BATCH_HEADER_BYTES));
  expect(a!.readUInt32LE(0)).toBe(b!.readUInt32LE(0));
  expect(a!.equals(b!)).toBe(false);
});

test('what the owner throws ends the opening, and lets go of the directory', async () => {
  const directory = temporaryDirectory();
  const { journal } = await open({ directory });
  append(journal, 'odd');
  await commit(journal);
  await journal.close();
  const cause = new Error('a type of another program');
  const owner = new TextOwner();
  owner.replay = () => {
    throw cause;
  };
  await expect(DiskJournal.open({ directory, owner })).rejects.toMatchObject({ name: 'JournalError', cause });
  expect(await contents(directory)).toEqual(['odd']);
});

test('a file that was renamed and not written yet holds nothing', async () => {
  const directory = temporaryDirectory();
  const { journal } = await open({ directory });
  append(journal, 'kept');
  await commit(journal);
  await until(() => journal.figures().bytesOnDisk === 5 * 4096);
  await journal.close();
  renameSync(join(directory, '0000000004.log'), join(directory, '0000000009.log'));
  expect(await contents(directory)).toEqual(['kept']);
});

test('segments of another size are read and followed by those of the new size', async () => {
  const directory = temporaryDirectory();
  const small = await open({ directory });
  append(small.journal, 'small');
  await commit(small.journal);
  await small.journal.close();
  const large = await open({ directory, segmentBytes: 65_536 });
  append(large.journal, 'l'.repeat(30_000));
  append(large.journal, 'large');
  expect(await commit(large.journal)).toBeUndefined();
  await large.journal.close();
  expect((await contents(directory)).map((text) => text.length)).toEqual([5, 30_000, 5]);
});

test.each([1000, 4100, 2 ** 31])('a segment of %d bytes is refused', async (segmentBytes) => {
  await expect(open({ directory: temporaryDirectory(), segmentBytes })).rejects.toBeInstanceOf(RangeError);
});

/** A disk whose writes fail from a moment on. */
class FailingDisk extends NodeDisk {
  fault: string | undefined = undefined;
  times = Number.POSITIVE_INFINITY;

  override async open(name: string, mode: 'read' | 'write' | 'create'): ReturnType<NodeDisk['open']> {
    const file = await super.open(name, mode);
    const write = file.writeDurably.bind(file);
    file.writeDurably = (buffers, offset, done) => {
      const { fault } = this;
      if (fault === undefined || this.times-- <= 0) write(buffers, offset, done);
      // The bytes get there, the sync does not.
      else write(buffers, offset, () => done(Object.assign(new Error(fault), { code: fault })));
    };
    return file;
  }
}

test.each([1, Number.POSITIVE_INFINITY])(
  'after %d times EIO nothing is taken until it is opened anew',
  async (times) => {
    const directory = temporaryDirectory();
    const disk = new FailingDisk(directory);
    const states: string[] = [];
    const { journal } = await open({ directory, disk, onStateChange: ({ kind }) => states.push(kind) });
    append(journal, 'before');
    await commit(journal);
    disk.fault = 'EIO';
    disk.times = times;
    append(journal, 'in doubt');
    const inDoubt = commit(journal);
    append(journal, 'behind');
    const behind = commit(journal);
    expect([await inDoubt, await behind].map((error) => error?.name)).toEqual(['JournalFailed', 'JournalFailed']);
    disk.fault = undefined;
    append(journal, 'later');
    const later = await commit(journal);
    expect(later).toBeInstanceOf(JournalFailed);
    expect(later?.message).toMatch(/EIO/);
    expect([journal.state.kind, states]).toEqual(['failed', ['failed']]);
    await journal.close();
    expect(await contents(directory)).toEqual(['before']);
  },
);

test('a commit after close is refused', async () => {
  const { journal } = await open({ directory: temporaryDirectory() });
  await journal.close();
  append(journal, 'late');
  expect(await commit(journal)).toBeInstanceOf(JournalError);
});
