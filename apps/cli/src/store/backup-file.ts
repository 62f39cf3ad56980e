/** A backup on its way into a file or to standard output. A file gets its name when all of it is on disk. */
import { type FileHandle, open, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CommandError } from '../command-error.js';
import { EXIT_CODE } from '../exit-code.js';
import type { Terminal } from '../terminal.js';

export interface BackupTarget {
  write(chunk: Uint8Array): Promise<void>;
  /** All was written. */
  complete(): Promise<void>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}

export function standardOutput(terminal: Terminal): BackupTarget {
  return {
    write: (chunk) => terminal.write(chunk),
    complete: async () => {},
    discard: async () => {},
  };
}

/** @throws CommandError conflict, when the file is there and may not be replaced; the error of the file system */
export async function backupFile(path: string, options: { readonly force: boolean }): Promise<BackupTarget> {
  await mayWrite(path, options);
  const partial = `${path}.partial`;
  const file = await open(partial, 'w', 0o600);
  return {
    write: (chunk) => writeAll(file, chunk),
    complete: async () => {
      await file.sync();
      await file.close();
      await mayWrite(path, options);
      await rename(partial, path);
      await syncDirectory(dirname(path));
    },
    discard: async () => {
      await file.close().catch(() => {});
      await unlink(partial).catch(() => {});
    },
  };
}

async function mayWrite(path: string, { force }: { readonly force: boolean }): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there === undefined || (force && there.isFile())) return;
  throw new CommandError(`${path} is there already`, {
    exitCode: EXIT_CODE.conflict,
    hint: there.isFile() ? 'another name, or --force to replace it' : 'the name of a file',
  });
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten;
}

async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
