/**
 * A disk that shows what another one has and keeps every change in memory, so that what a repair would cost is found out
 * by the very code that repairs. Holds the files that were written; a repair writes few of them.
 */
import type { Disk, DiskFile, DiskLock } from './disk.js';

type Change = { readonly kind: 'written'; bytes: Buffer } | { readonly kind: 'removed' };

export class RehearsalDisk implements Disk {
  readonly directory: string;
  private readonly real: Disk;
  private readonly changes = new Map<string, Change>();
  private readonly directories = new Set<string>();

  private readonly written: 'keeps' | 'forgets';

  constructor(real: Disk, written: 'keeps' | 'forgets' = 'keeps') {
    this.real = real;
    this.written = written;
    this.directory = real.directory;
  }

  async make(): Promise<void> {}

  async list(): Promise<string[]> {
    const names = new Set(await this.real.list());
    for (const [name, { kind }] of this.changes) {
      if (kind === 'removed') names.delete(name);
      else names.add(name);
    }
    return [...names, ...this.directories];
  }

  async open(name: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    if (this.written === 'forgets') return new ForgetfulFile({ bytes: Buffer.alloc(0) });
    const change = this.changes.get(name);
    if (change?.kind === 'written') return new RehearsalFile(change);
    if (change?.kind === 'removed') throw Object.assign(new Error(`${name} was removed`), { code: 'ENOENT' });
    if (mode === 'read') return await this.real.open(name, mode);
    const written = { kind: 'written' as const, bytes: await this.contents(name) };
    this.changes.set(name, written);
    return new RehearsalFile(written);
  }

  openSync(name: string): DiskFile {
    return this.real.openSync(name);
  }

  async rename(): Promise<void> {
    throw new Error('nothing is renamed in a rehearsal');
  }

  async remove(name: string): Promise<void> {
    this.changes.set(name, { kind: 'removed' });
  }

  async syncDirectory(): Promise<void> {}

  /** What would be copied there is not kept. */
  inside(name: string): Disk {
    this.directories.add(name);
    return new RehearsalDisk(this.real.inside(name), 'forgets');
  }

  async lock(): Promise<DiskLock> {
    return await this.real.lock();
  }

  private async contents(name: string): Promise<Buffer> {
    if (!(await this.real.list()).includes(name)) return Buffer.alloc(0);
    const file = await this.real.open(name, 'read');
    try {
      const bytes = Buffer.alloc(await file.size());
      return bytes.subarray(0, await file.read(bytes, 0));
    } finally {
      await file.close();
    }
  }
}

class RehearsalFile implements DiskFile {
  private readonly written: { bytes: Buffer };

  constructor(written: { bytes: Buffer }) {
    this.written = written;
  }

  writeDurably(buffers: readonly Uint8Array[], offset: number, done: (error: Error | undefined) => void): void {
    done(this.writeDurablySync(buffers, offset));
  }

  writeDurablySync(buffers: readonly Uint8Array[], offset: number): Error | undefined {
    this.put(Buffer.concat(buffers), offset);
    return undefined;
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    this.put(bytes, offset);
  }

  protected put(bytes: Uint8Array, offset: number): void {
    const { written } = this;
    if (offset + bytes.length > written.bytes.length) {
      written.bytes = Buffer.concat([written.bytes], offset + bytes.length);
    }
    written.bytes.set(bytes, offset);
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    return this.readSync(target, offset);
  }

  readSync(target: Uint8Array, offset: number): number {
    return this.written.bytes.copy(target, 0, offset, offset + target.length);
  }

  async truncate(length: number): Promise<void> {
    this.written.bytes = Buffer.concat([this.written.bytes], length);
  }

  async sync(): Promise<void> {}

  async size(): Promise<number> {
    return this.written.bytes.length;
  }

  async close(): Promise<void> {}
}

/** For copies that nobody will look at. */
class ForgetfulFile extends RehearsalFile {
  protected override put(): void {}
}
