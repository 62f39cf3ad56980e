/**
 * The disk of this machine. Files open for writing use O_DSYNC where there is one: a durable write is then one system
 * call and one trip to the thread pool, which is sooner than a write and fdatasync (docs/adr/0007-journal.md).
 */
import fs from 'node:fs';
import { join } from 'node:path';
import type { Disk, DiskFile, DiskLock } from './disk.js';
import { lockDirectory } from './lock.js';

/** Some systems take no more buffers in one call. */
const BUFFERS_MAX = 256;
const DATA_SYNC: number | undefined = fs.constants.O_DSYNC;

class NodeFile implements DiskFile {
  private readonly descriptor: number;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  writeDurably(buffers: readonly Uint8Array[], offset: number, done: (error: Error | undefined) => void): void {
    const { descriptor } = this;
    const now = buffers.length > BUFFERS_MAX ? buffers.slice(0, BUFFERS_MAX) : buffers;
    let length = 0;
    for (const buffer of now) length += buffer.length;
    const written = (error: Error | null, count: number): void => {
      if (error !== null) done(error);
      else if (count === 0) done(tookNothing());
      else if (count < length || now !== buffers) this.writeDurably(without(buffers, count), offset + count, done);
      else if (DATA_SYNC !== undefined) done(undefined);
      else fs.fdatasync(descriptor, (failed) => done(failed ?? undefined));
    };
    if (now.length === 1) fs.write(descriptor, now[0]!, 0, length, offset, written);
    else fs.writev(descriptor, now, offset, written);
  }

  writeDurablySync(buffers: readonly Uint8Array[], offset: number): Error | undefined {
    const { descriptor } = this;
    let left = buffers;
    let at = offset;
    try {
      while (left.length > 0) {
        const [first] = left;
        const count =
          left.length === 1
            ? fs.writeSync(descriptor, first!, 0, first!.length, at)
            : fs.writevSync(descriptor, left.slice(0, BUFFERS_MAX), at);
        if (count === 0) return tookNothing();
        at += count;
        left = without(left, count);
      }
      if (DATA_SYNC === undefined) fs.fdatasyncSync(descriptor);
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }

  write(bytes: Uint8Array, offset: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const from = (start: number): void => {
        fs.write(this.descriptor, bytes, start, bytes.length - start, offset + start, (error, count) => {
          if (error !== null) reject(error);
          else if (start + count >= bytes.length) resolve();
          else if (count === 0) reject(tookNothing());
          else from(start + count);
        });
      };
      from(0);
    });
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    let filled = 0;
    while (filled < target.length) {
      const from = filled;
      const count = await new Promise<number>((resolve, reject) => {
        fs.read(this.descriptor, target, from, target.length - from, offset + from, (error, read) => {
          if (error === null) resolve(read);
          else reject(error);
        });
      });
      if (count === 0) break;
      filled += count;
    }
    return filled;
  }

  readSync(target: Uint8Array, offset: number): number {
    let filled = 0;
    while (filled < target.length) {
      const count = fs.readSync(this.descriptor, target, filled, target.length - filled, offset + filled);
      if (count === 0) break;
      filled += count;
    }
    return filled;
  }

  truncate(length: number): Promise<void> {
    return called((done) => fs.ftruncate(this.descriptor, length, done));
  }

  sync(): Promise<void> {
    return called((done) => fs.fsync(this.descriptor, done));
  }

  size(): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.fstat(this.descriptor, (error, status) => (error === null ? resolve(status.size) : reject(error)));
    });
  }

  close(): Promise<void> {
    return called((done) => fs.close(this.descriptor, done));
  }
}

export class NodeDisk implements Disk {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  async make(): Promise<void> {
    await fs.promises.mkdir(this.directory, { recursive: true, mode: 0o700 });
  }

  list(): Promise<string[]> {
    return fs.promises.readdir(this.directory);
  }

  open(name: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    return new Promise((resolve, reject) => {
      fs.open(this.path(name), flagsOf(mode), 0o600, (error, descriptor) => {
        if (error === null) resolve(new NodeFile(descriptor));
        else reject(error);
      });
    });
  }

  openSync(name: string): DiskFile {
    return new NodeFile(fs.openSync(this.path(name), 'r'));
  }

  rename(from: string, to: string): Promise<void> {
    return fs.promises.rename(this.path(from), this.path(to));
  }

  remove(name: string): Promise<void> {
    return fs.promises.unlink(this.path(name));
  }

  async syncDirectory(): Promise<void> {
    // Windows opens no directories; its file systems log names themselves.
    if (process.platform === 'win32') return;
    const handle = await fs.promises.open(this.directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  inside(name: string): Disk {
    return new NodeDisk(this.path(name));
  }

  lock(): Promise<DiskLock> {
    return lockDirectory(this.directory);
  }

  private path(name: string): string {
    return join(this.directory, name);
  }
}

function flagsOf(mode: 'read' | 'write' | 'create'): number {
  const { O_CREAT, O_RDONLY, O_RDWR } = fs.constants;
  if (mode === 'read') return O_RDONLY;
  return O_RDWR | (DATA_SYNC ?? 0) | (mode === 'create' ? O_CREAT : 0);
}

function tookNothing(): Error {
  return new Error('the disk took nothing and gave no reason');
}

/** What is left of the buffers behind their first `count` bytes. */
function without(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  let skipped = 0;
  let left = count;
  while (skipped < buffers.length && left >= buffers[skipped]!.length) left -= buffers[skipped++]!.length;
  const rest = buffers.slice(skipped);
  if (left > 0) rest[0] = rest[0]!.subarray(left);
  return rest;
}

function called(call: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error === null || error === undefined ? resolve() : reject(error)));
  });
}
