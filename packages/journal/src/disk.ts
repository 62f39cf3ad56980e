/**
 * What the journal asks of a disk: one directory of files. Injected, so that tests can crash it at any moment. Failures
 * are errors with the system's `code` (ENOSPC, EIO, …).
 *
 * Promised: what `writeDurably` and `sync` report is there after a crash; the same of names after `syncDirectory`. What
 * is not reported yet may be there, wholly, in part by sectors in any order, or not at all.
 */
export interface DiskFile {
  /**
   * Writes the buffers one after another at this offset, and reports when they are durable. The buffers must stay as
   * they are until then. One such call at a time on a file.
   */
  writeDurably(buffers: readonly Uint8Array[], offset: number, done: (error: Error | undefined) => void): void;
  /** The same on the caller's thread. @returns why it failed */
  writeDurablySync(buffers: readonly Uint8Array[], offset: number): Error | undefined;
  write(bytes: Uint8Array, offset: number): Promise<void>;
  /** Fills `target` from this offset. @returns bytes read: fewer at the end of the file */
  read(target: Uint8Array, offset: number): Promise<number>;
  readSync(target: Uint8Array, offset: number): number;
  truncate(length: number): Promise<void>;
  sync(): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

export interface Disk {
  /** For messages: where it is. */
  readonly directory: string;
  /** Makes the directory when it is not there. */
  make(): Promise<void>;
  list(): Promise<string[]>;
  /** `create` makes the file when it is not there; the others want one that is. */
  open(name: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile>;
  openSync(name: string): DiskFile;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  syncDirectory(): Promise<void>;
  /** A directory inside this one. */
  inside(name: string): Disk;
  /** Keeps other processes out until it is released or this process ends. @throws JournalLocked */
  lock(): Promise<DiskLock>;
}

export interface DiskLock {
  release(): Promise<void>;
}

/** Whether a failure means that there is no room, so that it may pass. */
export function isNoSpace(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'ENOSPC' || code === 'EDQUOT';
}
