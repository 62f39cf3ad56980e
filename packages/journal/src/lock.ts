/**
 * One process at a time in a directory, by something that a crash does not leave behind (docs/adr/0008-store-lock.md).
 *
 * On Linux an abstract Unix socket named by the directory's device and inode: the kernel lets one process have it, and
 * takes it back when that process ends, in whatever way. Whoever finds it taken connects to it and is told the pid.
 * Elsewhere a file with pid and start time, which counts for as long as that process runs.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, unlinkSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { DiskLock } from './disk.js';
import { JournalError, JournalLocked } from './errors.js';

const ANSWER_MS = 1000;
const LOCK_FILE = 'lock';

export function lockDirectory(directory: string): Promise<DiskLock> {
  return process.platform === 'linux' ? lockBySocket(directory) : lockByFile(directory);
}

export async function lockBySocket(directory: string): Promise<DiskLock> {
  const { dev, ino } = await stat(directory, { bigint: true });
  const path = `\0millrace-journal-${dev}-${ino}`;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(String(process.pid));
  });
  try {
    await listening(server, path);
  } catch (error) {
    if ((error as { code?: string }).code !== 'EADDRINUSE') {
      throw new JournalError(`${directory} cannot be locked: ${(error as Error).message}`, { cause: error });
    }
    throw taken(directory, await askedPid(path), `grep millrace-journal-${dev}-${ino} /proc/net/unix shows that it is`);
  }
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** @returns undefined when the other process is too busy to say */
function askedPid(path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ path });
    const finish = (): void => {
      socket.destroy();
      resolve(/^\d+$/.test(answer) ? Number(answer) : undefined);
    };
    socket.setTimeout(ANSWER_MS, finish);
    socket.on('data', (bytes) => {
      answer += String(bytes);
      if (answer.length > 16) finish();
    });
    socket.on('end', finish);
    socket.on('error', finish);
  });
}

/** @param startOf when the process with this pid began, as its system tells it; undefined when there is none */
export async function lockByFile(
  directory: string,
  startOf: (pid: number) => string | undefined = processStart,
): Promise<DiskLock> {
  const path = join(directory, LOCK_FILE);
  const mine = `${process.pid} ${startOf(process.pid)}`;
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(mine);
      await file.close();
      return { release: async () => unlinkSync(path) };
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
    }
    const held = readLock(path);
    if (held === undefined) continue;
    if (startOf(held.pid) === held.start) {
      throw taken(directory, held.pid, `${path} names it`);
    }
    unlinkSync(path);
  }
  throw new JournalError(`${directory} cannot be locked: ${path} comes back again and again`);
}

/** @returns undefined when it went meanwhile */
function readLock(path: string): { readonly pid: number; readonly start: string } | undefined {
  try {
    const [pid, ...start] = readFileSync(path, 'utf8').split(' ');
    return { pid: Number(pid), start: start.join(' ') };
  } catch {
    return undefined;
  }
}

/** A number is given to another process in time, but not with the same start. */
function processStart(pid: number): string | undefined {
  if (process.platform === 'win32') return isRunning(pid) ? '' : undefined;
  const { status, stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}

function taken(directory: string, pid: number | undefined, hint: string): JournalLocked {
  const who = pid === undefined ? `another process (${hint})` : `process ${pid}`;
  return new JournalLocked(`${directory} is in use by ${who}: stop it, or name another directory`, pid);
}
