/**
 * A disk in memory that keeps only what it has to keep. Calls wait until `step` lets one of them happen, so that a test
 * decides what comes first and between which two of them the machine stops.
 *
 * At a crash each sector that was written and not synced is there or not, each for itself; of changes to names a first
 * part is. `kill` ends only the process: all it wrote is there, but for what the call under way had not come to.
 */
import type { Disk, DiskFile, DiskLock } from '../../src/index.js';
import type { Random } from './random.js';

const SECTOR = 512;

interface Write {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** What is behind a name. */
interface Content {
  /** As the process sees it. */
  bytes: Buffer;
  /** As it is after a crash. */
  kept: Buffer;
  unsynced: (Write | { readonly length: number })[];
}

type NameChange =
  | { readonly kind: 'set'; readonly name: string; readonly content: Content }
  | { readonly kind: 'remove'; readonly name: string };

export type Fault = 'skip-sync' | 'drop-batch';

export class SimulatedDisk implements Disk {
  readonly directory = '/simulated';
  /** Bytes of all files together; more is ENOSPC. */
  capacity = Number.POSITIVE_INFINITY;
  /** Chance that a write or sync fails with EIO. */
  failing = 0;
  /** What it does wrong without saying so. */
  plant: Fault | undefined = undefined;
  /** Durable writes that did not wait for a step. */
  writesOnThread = 0;
  private names = new Map<string, Content>();
  private keptNames = new Map<string, Content>();
  private changes: NameChange[] = [];
  private waiting: (() => void)[] = [];
  private readonly random: Random;
  /** Calls of lives before the last crash come to nothing. */
  private life = 0;

  constructor(random: Random) {
    this.random = random;
  }

  get calls(): number {
    return this.waiting.length;
  }

  /** Lets one of the waiting calls happen. */
  step(): void {
    const index = this.random.below(this.waiting.length);
    const [call] = this.waiting.splice(index, 1);
    call?.();
  }

  /** The process ends; the machine goes on. */
  kill(): void {
    this.life++;
    this.waiting = [];
  }

  /** The machine stops. */
  crash(): void {
    this.kill();
    const applied = this.changes.slice(0, this.random.below(this.changes.length + 1));
    for (const change of applied) applyName(this.keptNames, change);
    this.changes = [];
    this.names = new Map(this.keptNames);
    for (const content of new Set(this.names.values())) this.settle(content);
  }

  /** Turns one bit around, in what is kept and in what waits to be as well: all are one page. @returns what turns it back */
  rot(): (() => void) | undefined {
    const contents = [...this.names.values()].filter(({ bytes }) => bytes.length > 0);
    if (contents.length === 0) return undefined;
    const content = this.random.pick(contents);
    const at = this.random.below(content.bytes.length);
    const bit = 1 << this.random.below(8);
    const turn = (): void => {
      content.bytes[at]! ^= bit;
      if (at < content.kept.length) content.kept[at]! ^= bit;
      for (const write of content.unsynced) {
        if ('bytes' in write && at >= write.offset && at < write.offset + write.bytes.length) {
          write.bytes[at - write.offset]! ^= bit;
        }
      }
    };
    turn();
    return turn;
  }

  async make(): Promise<void> {}

  list(): Promise<string[]> {
    return this.call(() => [...this.names.keys()]);
  }

  open(name: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    return this.call(() => {
      if (mode === 'create' && !this.names.has(name)) {
        const content: Content = { bytes: Buffer.alloc(0), kept: Buffer.alloc(0), unsynced: [] };
        this.change({ kind: 'set', name, content });
      }
      return this.openSync(name);
    });
  }

  openSync(name: string): DiskFile {
    const content = this.names.get(name);
    if (content === undefined) throw failure('ENOENT', name);
    return new SimulatedFile(this, content);
  }

  rename(from: string, to: string): Promise<void> {
    return this.call(() => {
      const content = this.names.get(from);
      if (content === undefined) throw failure('ENOENT', from);
      this.change({ kind: 'remove', name: from });
      this.change({ kind: 'set', name: to, content });
    });
  }

  remove(name: string): Promise<void> {
    return this.call(() => {
      if (!this.names.has(name)) throw failure('ENOENT', name);
      this.change({ kind: 'remove', name });
    });
  }

  syncDirectory(): Promise<void> {
    return this.call(() => {
      this.mayFail();
      for (const change of this.changes) applyName(this.keptNames, change);
      this.changes = [];
    });
  }

  /** Files are moved there; of the directory itself nothing is kept but that. */
  inside(name: string): Disk {
    const nothing = (): never => {
      throw new Error('files inside are not looked at');
    };
    return {
      directory: `${this.directory}/${name}`,
      make: async () => undefined,
      syncDirectory: () => this.syncDirectory(),
      list: nothing,
      open: nothing,
      openSync: nothing,
      rename: nothing,
      remove: nothing,
      inside: nothing,
      lock: nothing,
    };
  }

  async lock(): Promise<DiskLock> {
    return { release: async () => undefined };
  }

  /** @internal for its files */
  call<T>(happen: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.enqueue(() => {
        try {
          resolve(happen());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** @internal for its files */
  enqueue(happen: () => void): void {
    const { life } = this;
    this.waiting.push(() => {
      if (life === this.life) happen();
    });
  }

  /** @internal for its files: a part of the write may happen though it fails */
  write(content: Content, bytes: Buffer, offset: number): void {
    const growth = Math.max(0, offset + bytes.length - content.bytes.length);
    let used = 0;
    for (const { length } of [...this.names.values()].map((one) => one.bytes)) used += length;
    let code: string | undefined;
    let length = bytes.length;
    if (used + growth > this.capacity) {
      code = 'ENOSPC';
      length = Math.max(0, length - (used + growth - this.capacity));
    }
    if (this.random.chance(this.failing)) code = 'EIO';
    if (code === 'EIO' || (code !== undefined && this.random.chance(0.5))) length = this.random.below(length + 1);
    if (length > 0) {
      const part = Buffer.from(bytes.subarray(0, length));
      content.bytes = put(content.bytes, part, offset);
      content.unsynced.push({ offset, bytes: part });
    }
    if (code !== undefined) throw failure(code, 'write');
  }

  /** @internal for its files */
  sync(content: Content): void {
    this.mayFail();
    content.kept = Buffer.from(content.bytes);
    content.unsynced = [];
  }

  /** @internal for its files */
  dropsThis(): boolean {
    return this.plant === 'drop-batch' && this.random.chance(0.02);
  }

  private mayFail(): void {
    if (this.random.chance(this.failing)) throw failure('EIO', 'sync');
  }

  private change(change: NameChange): void {
    applyName(this.names, change);
    this.changes.push(change);
  }

  /** What is left of a file's unsynced writes. */
  private settle(content: Content): void {
    const mode = this.random.below(4);
    for (const write of content.unsynced) {
      if ('length' in write) {
        if (this.random.chance(0.5)) content.kept = Buffer.from(content.kept.subarray(0, write.length));
      } else if (mode === 1) content.kept = put(content.kept, write.bytes, write.offset);
      else if (mode > 1) this.tear(content, write);
    }
    content.unsynced = [];
    content.bytes = Buffer.from(content.kept);
  }

  private tear(content: Content, { bytes, offset }: Write): void {
    let at = 0;
    while (at < bytes.length) {
      const end = Math.min(bytes.length, at + SECTOR - ((offset + at) % SECTOR));
      if (this.random.chance(0.5)) content.kept = put(content.kept, bytes.subarray(at, end), offset + at);
      at = end;
    }
  }
}

class SimulatedFile implements DiskFile {
  private readonly disk: SimulatedDisk;
  private readonly content: Content;

  constructor(disk: SimulatedDisk, content: Content) {
    this.disk = disk;
    this.content = content;
  }

  writeDurably(buffers: readonly Uint8Array[], offset: number, done: (error: Error | undefined) => void): void {
    const { content, disk } = this;
    const attempt = (happen: () => void, then: () => void): void => {
      disk.enqueue(() => {
        try {
          happen();
        } catch (error) {
          done(error as Error);
          return;
        }
        then();
      });
    };
    attempt(
      () => {
        if (!disk.dropsThis()) disk.write(content, Buffer.concat(buffers), offset);
      },
      () => {
        attempt(
          () => {
            if (disk.plant !== 'skip-sync') disk.sync(content);
          },
          () => done(undefined),
        );
      },
    );
  }

  writeDurablySync(buffers: readonly Uint8Array[], offset: number): Error | undefined {
    const { content, disk } = this;
    disk.writesOnThread++;
    try {
      if (!disk.dropsThis()) disk.write(content, Buffer.concat(buffers), offset);
      if (disk.plant !== 'skip-sync') disk.sync(content);
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }

  write(bytes: Uint8Array, offset: number): Promise<void> {
    return this.disk.call(() => this.disk.write(this.content, Buffer.from(bytes), offset));
  }

  read(target: Uint8Array, offset: number): Promise<number> {
    return this.disk.call(() => this.readSync(target, offset));
  }

  readSync(target: Uint8Array, offset: number): number {
    return this.content.bytes.copy(target, 0, offset, offset + target.length);
  }

  truncate(length: number): Promise<void> {
    return this.disk.call(() => {
      this.content.bytes = Buffer.from(this.content.bytes.subarray(0, length));
      this.content.unsynced.push({ length });
    });
  }

  sync(): Promise<void> {
    return this.disk.call(() => this.disk.sync(this.content));
  }

  size(): Promise<number> {
    return this.disk.call(() => this.content.bytes.length);
  }

  async close(): Promise<void> {}
}

/** @returns the bytes with these in their place */
function put(into: Buffer, bytes: Uint8Array, offset: number): Buffer {
  let target = into;
  if (offset + bytes.length > into.length) {
    target = Buffer.alloc(offset + bytes.length);
    into.copy(target);
  }
  target.set(bytes, offset);
  return target;
}

function applyName(names: Map<string, Content>, change: NameChange): void {
  if (change.kind === 'set') names.set(change.name, change.content);
  else names.delete(change.name);
}

function failure(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
