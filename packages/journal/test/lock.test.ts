import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { JournalLocked } from '../src/index.js';
import { lockByFile, lockDirectory } from '../src/lock.js';
import { open, temporaryDirectory } from './support/store.js';

test('a second journal in a directory is refused with the pid, until the first is closed', async () => {
  const directory = temporaryDirectory();
  const first = await open({ directory });
  const second = open({ directory });
  await expect(second).rejects.toBeInstanceOf(JournalLocked);
  await expect(second).rejects.toMatchObject({ pid: process.pid });
  await expect(second).rejects.toThrow(`process ${process.pid}`);
  await first.journal.close();
  const third = await open({ directory });
  await third.journal.close();
});

test.runIf(process.platform === 'linux')('a process that is killed leaves no lock behind', async () => {
  const directory = temporaryDirectory();
  const { default: fs } = await import('node:fs');
  const { dev, ino } = fs.statSync(directory, { bigint: true });
  const path = JSON.stringify(`\0millrace-journal-${dev}-${ino}`);
  const script = `require('node:net').createServer().listen({ path: ${path} }, () => console.log('locked'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const taken = lockDirectory(directory);
  await expect(taken).rejects.toBeInstanceOf(JournalLocked);
  // This one does not answer with its pid.
  await expect(taken).rejects.toThrow(/proc\/net\/unix/);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = await lockDirectory(directory);
  await lock.release();
});

test('by file: the lock counts for as long as the process runs that is meant', async () => {
  const directory = temporaryDirectory();
  const running = new Map([
    [process.pid, 'today'],
    [77, 'yesterday'],
  ]);
  const startOf = (pid: number): string | undefined => running.get(pid);
  const lock = await lockByFile(directory, startOf);
  await expect(lockByFile(directory, startOf)).rejects.toMatchObject({ pid: process.pid });
  await lock.release();
  writeFileSync(join(directory, 'lock'), '77 yesterday');
  await expect(lockByFile(directory, startOf)).rejects.toMatchObject({ pid: 77 });
  running.set(77, 'since then');
  const other = await lockByFile(directory, startOf);
  await other.release();
  writeFileSync(join(directory, 'lock'), '78 yesterday');
  const gone = await lockByFile(directory, startOf);
  await gone.release();
});

test('by file, as the system tells it', async () => {
  const directory = temporaryDirectory();
  const lock = await lockByFile(directory);
  await expect(lockByFile(directory)).rejects.toMatchObject({ pid: process.pid });
  await lock.release();
});
