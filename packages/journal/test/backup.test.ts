import { cpSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  BackupDamage,
  type DiskJournal,
  type JournalClock,
  JournalDamage,
  JournalError,
  NodeDisk,
  restore,
  systemClock,
  verifyBackup,
} from '../src/index.js';
import { all, begin, dumped, faultOf, inPieces } from './support/backups.js';
import { append, commit, contents, open, temporaryDirectory, until } from './support/store.js';

/** Records that fill several segments of 4 KiB. */
async function filled(journal: DiskJournal, count = 40): Promise<string[]> {
  const texts = Array.from({ length: count }, (_, number) => `${number}`.padEnd(300, '.'));
  for (const text of texts) {
    append(journal, text);
    await commit(journal);
  }
  return texts;
}

async function backupOf(count = 40): Promise<{ bytes: Buffer; texts: string[] }> {
  const { journal } = await open({ directory: temporaryDirectory() });
  const texts = await filled(journal, count);
  const bytes = await all(begin(journal));
  await journal.close();
  return { bytes, texts };
}

async function restored(bytes: Buffer): Promise<string[]> {
  const directory = temporaryDirectory();
  await restore(directory, inPieces(bytes));
  expect(await dumped(directory)).toEqual(await contents(directory));
  return await contents(directory);
}

test('a backup has all that was accepted before it was begun, and nothing that came later', async () => {
  const { journal } = await open({ directory: temporaryDirectory() });
  const texts = await filled(journal);
  append(journal, 'on its way');
  let accepted = false;
  const later = commit(journal).then((error) => expect(error).toBeUndefined());
  journal.commit(() => {
    accepted = true;
  });
  // A small write may be made at once.
  const expected = accepted ? [...texts, 'on its way'] : texts;
  append(journal, 'appended');
  const backup = begin(journal);
  await later;
  await commit(journal);
  const first = await backup.next();
  await filled(journal, 20);
  const bytes = Buffer.concat([first.value as Uint8Array, await all(backup)]);
  expect(await restored(bytes)).toEqual(expected);
  await journal.close();
});

test('while others write all the time, it is exactly what was accepted at its moment', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 60 }), async (sizes) => {
      const { journal } = await open({ directory: temporaryDirectory() });
      const accepted: string[] = [];
      const write = (size: number): void => {
        const text = `${accepted.length}`.padEnd(size, 'x');
        append(journal, text);
        journal.commit((error) => {
          if (error === undefined) accepted.push(text);
        });
      };
      for (const size of sizes) {
        write(size);
        if (size % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      const expected = [...accepted];
      const backup = begin(journal);
      const chunks: Uint8Array[] = [];
      for await (const chunk of backup) {
        chunks.push(chunk);
        for (const size of sizes) write(size);
      }
      await journal.close();
      expect(await restored(Buffer.concat(chunks))).toEqual(expected);
    }),
    { numRuns: 25 },
  );
});

test('segments that were settled meanwhile are not used again before they are copied', async () => {
  const directory = temporaryDirectory();
  const { journal } = await open({ directory });
  const positions: number[] = [];
  const texts: string[] = [];
  for (let number = 0; number < 60; number++) {
    texts.push(`${number}`.padEnd(300, '.'));
    positions.push(append(journal, texts.at(-1)!));
    await commit(journal);
  }
  const backup = begin(journal);
  const chunks = [(await backup.next()).value as Uint8Array];
  for (const position of positions) journal.release(position, 300);
  await filled(journal, 60);
  const held = journal.figures().bytesOnDisk;
  for await (const chunk of backup) chunks.push(chunk);
  expect(await restored(Buffer.concat(chunks))).toEqual(texts);
  await until(() => journal.figures().bytesOnDisk < held);
  await journal.close();
});

test('where its room is needed it is given up, and says so; nothing is refused', async () => {
  const { journal } = await open({ directory: temporaryDirectory(), limitBytes: 18 * 4096, segmentBytes: 4096 });
  const positions: number[] = [];
  for (let number = 0; number < 120; number++) {
    positions.push(append(journal, 'x'.repeat(300)));
    expect(await commit(journal)).toBeUndefined();
  }
  const backup = begin(journal);
  const chunks = [(await backup.next()).value as Uint8Array];
  for (const position of positions) journal.release(position, 300);
  for (let number = 0; number < 300; number++) {
    const position = append(journal, 'y'.repeat(300));
    expect(await commit(journal)).toBeUndefined();
    journal.release(position, 300);
  }
  const fault = await (async () => {
    for await (const chunk of backup) chunks.push(chunk);
  })().catch((error: Error) => error);
  expect(fault).toBeInstanceOf(JournalError);
  expect((fault as Error).message).toMatch(/^the backup was given up: the room/);
  const bytes = Buffer.concat(chunks);
  expect(faultOf(bytes)).toEqual(new JournalError((fault as Error).message));
  await expect(restored(bytes)).rejects.toThrow(/given up/);
  expect(begin(journal)).toBeDefined();
  await journal.close();
});

test('one at a time; one that is left, or not even begun to be read, makes way', async () => {
  const { journal } = await open({ directory: temporaryDirectory() });
  await filled(journal, 10);
  const first = begin(journal);
  expect(journal.backup()).toBe('under-way');
  await first.next();
  await first.return?.();
  const second = begin(journal);
  await second.return?.();
  await all(begin(journal));
  await journal.close();
  expect(() => journal.backup()).toThrow('the journal is closed');
});

test('a reader that takes nothing is given up', async () => {
  const calls: (() => void)[] = [];
  const clock: JournalClock = { ...systemClock, after: (_ms, call) => calls.push(call) };
  const { journal } = await open({ directory: temporaryDirectory(), clock });
  await filled(journal, 10);
  const backup = begin(journal);
  await backup.next();
  const passMinute = (): void => {
    for (const call of calls.splice(0)) call();
  };
  passMinute();
  expect(journal.backup()).toBe('under-way');
  await backup.next();
  passMinute();
  expect(journal.backup()).toBe('under-way');
  passMinute();
  expect(journal.backup()).not.toBe('under-way');
  await expect(all(backup)).rejects.toThrow('its reader took nothing for more than a minute');
  await journal.close();
});

test('closing the journal gives it up', async () => {
  const { journal } = await open({ directory: temporaryDirectory() });
  await filled(journal, 10);
  const backup = begin(journal);
  await backup.next();
  await journal.close();
  await expect(all(backup)).rejects.toThrow('the backup was given up: the journal is closed');
});

test('damage in the store is not copied: it is named', async () => {
  const directory = temporaryDirectory();
  const { journal } = await open({ directory });
  await filled(journal);
  const path = join(directory, '0000000002.log');
  const bytes = readFileSync(path);
  bytes[512 + 100]! ^= 1;
  writeFileSync(path, bytes);
  const fault = await all(begin(journal)).catch((error: Error) => error);
  expect(fault).toMatchObject({ name: 'JournalDamage', file: '0000000002.log', offset: 512 });
  await journal.close();
});

test('a journal that has nothing gives a backup of nothing', async () => {
  const { journal } = await open({ directory: temporaryDirectory() });
  const bytes = await all(begin(journal));
  await journal.close();
  expect(await verifyBackup(inPieces(bytes))).toMatchObject({ segments: 0, records: 0, bytes: 0 });
  expect(await restored(bytes)).toEqual([]);
});

test('records larger than a chunk, and a journal that is opened again', async () => {
  const directory = temporaryDirectory();
  const large = 'l'.repeat(900_000);
  const first = await open({ directory });
  append(first.journal, large);
  await commit(first.journal);
  append(first.journal, 'small');
  await commit(first.journal);
  await first.journal.close();
  const second = await open({ directory });
  append(second.journal, 'second');
  await commit(second.journal);
  const bytes = await all(begin(second.journal));
  await second.journal.close();
  expect(await restored(bytes)).toEqual([large, 'small', 'second']);
});

test('a restored store is one to work with', async () => {
  const { bytes, texts } = await backupOf();
  const directory = temporaryDirectory();
  const report = await restore(directory, inPieces(bytes));
  expect(report).toMatchObject({ records: 40, movedTo: undefined });
  const { journal } = await open({ directory });
  const more = await filled(journal, 30);
  await journal.close();
  expect(await contents(directory)).toEqual([...texts, ...more]);
});

/** A disk on which no file grows, while it is full. */
class FullDisk extends NodeDisk {
  full = false;

  override async open(name: string, mode: 'read' | 'write' | 'create'): ReturnType<NodeDisk['open']> {
    const file = await super.open(name, mode);
    const path = join(this.directory, name);
    const fault = (buffers: readonly Uint8Array[], offset: number): Error | undefined => {
      const end = buffers.reduce((sum, { length }) => sum + length, offset);
      return this.full && end > statSync(path).size
        ? Object.assign(new Error('no space left'), { code: 'ENOSPC' })
        : undefined;
    };
    const { writeDurably, writeDurablySync } = file;
    file.writeDurably = (buffers, offset, done) => {
      const error = fault(buffers, offset);
      if (error === undefined) writeDurably.call(file, buffers, offset, done);
      else setImmediate(() => done(error));
    };
    file.writeDurablySync = (buffers, offset) => fault(buffers, offset) ?? writeDurablySync.call(file, buffers, offset);
    return file;
  }
}

test('a restored segment is shorter than others: what comes goes to the next one, though the disk is full', async () => {
  const { bytes, texts } = await backupOf(2);
  const directory = temporaryDirectory();
  await restore(directory, inPieces(bytes));
  const disk = new FullDisk(directory);
  const { journal } = await open({ directory, disk });
  await until(() => journal.figures().bytesOnDisk > 4 * 4096);
  disk.full = true;
  append(journal, 'taken');
  expect(await commit(journal)).toBeUndefined();
  expect(journal.state.kind).toBe('open');
  await journal.close();
  expect(await contents(directory)).toEqual([...texts, 'taken']);
});

test('a backup that is cut is refused, wherever that is, with the offset, and nothing is changed', async () => {
  const { bytes } = await backupOf(12);
  for (let length = 0; length < bytes.length; length += 97) {
    const fault = faultOf(bytes.subarray(0, length), 64 * 1024);
    expect(fault).toMatchObject({ name: 'BackupDamage', offset: length });
  }
  const directory = temporaryDirectory();
  const { journal } = await open({ directory });
  await filled(journal, 3);
  await journal.close();
  const copy = temporaryDirectory();
  cpSync(directory, copy, { recursive: true });
  const cut = restore(directory, inPieces(bytes.subarray(0, bytes.length - 1)), { force: true });
  await expect(cut).rejects.toBeInstanceOf(BackupDamage);
  expect(await dumped(directory)).toEqual(await dumped(copy));
});

test('one wrong byte anywhere is refused', async () => {
  const { bytes } = await backupOf(12);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, turned) => {
      const wrong = Buffer.from(bytes);
      wrong[at]! ^= turned;
      const fault = faultOf(wrong, 4096);
      expect(['BackupDamage', 'JournalVersion']).toContain(fault?.name);
      if (fault instanceof BackupDamage) expect(fault.offset).toBeLessThanOrEqual(bytes.length);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['something behind the end', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from([0])]), /goes on behind its end/],
  ['another file', () => Buffer.from('PK\u0003\u0004 something else'), /it is no backup of a Millrace store/],
  ['nothing', () => Buffer.alloc(0), /damaged at offset 0: it ends there/],
  ['a frame left out', (bytes: Buffer) => withoutFrame(bytes), /checksum does not fit/],
])('%s: refused', async (_, change, message) => {
  const { bytes } = await backupOf();
  expect(faultOf(change(bytes))?.message).toMatch(message);
});

function withoutFrame(bytes: Buffer): Buffer {
  const length = 24 + bytes.readUInt32LE(64 + 12);
  return Buffer.concat([bytes.subarray(0, 64), bytes.subarray(64 + length)]);
}

test('random bytes never give anything but the errors of a backup', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (random, begun) => {
      const fault = faultOf(Buffer.concat([Buffer.from(begun ? 'MRBACKUP' : ''), random]), 7);
      expect(['BackupDamage', 'JournalVersion']).toContain(fault?.name);
    }),
  );
});

test('a store is replaced only when asked for, and moved aside then', async () => {
  const { bytes, texts } = await backupOf();
  const directory = temporaryDirectory();
  const { journal } = await open({ directory });
  append(journal, 'old');
  await commit(journal);
  await journal.close();
  await expect(restore(directory, inPieces(bytes))).rejects.toThrow(/there is a store in .* already/);
  expect(await contents(directory)).toEqual(['old']);
  const { movedTo } = await restore(directory, inPieces(bytes), { force: true });
  expect(movedTo).toBe(join(directory, 'before-restore-1'));
  expect(await contents(directory)).toEqual(texts);
  expect(await contents(movedTo!)).toEqual(['old']);
});

test('a store that is open is not restored into', async () => {
  const { bytes } = await backupOf(3);
  const directory = temporaryDirectory();
  const { journal } = await open({ directory });
  await expect(restore(directory, inPieces(bytes), { force: true })).rejects.toMatchObject({ name: 'JournalLocked' });
  await journal.close();
});

test('a restore that stopped half-way is told of, and can be done again', async () => {
  const { bytes, texts } = await backupOf();
  const directory = temporaryDirectory();
  await restore(directory, inPieces(bytes));
  writeFileSync(join(directory, 'restore-unfinished'), '');
  await expect(open({ directory })).rejects.toThrow(/restore into .* was not finished/);
  await expect(restore(directory, inPieces(bytes))).rejects.toMatchObject({ name: 'JournalExists' });
  await restore(directory, inPieces(bytes), { force: true });
  expect(await contents(directory)).toEqual(texts);
});

test('damage is a JournalDamage of a file only in a store', () => {
  expect(new BackupDamage(3, 'x')).not.toBeInstanceOf(JournalDamage);
});
