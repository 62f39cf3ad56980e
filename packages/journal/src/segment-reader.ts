/**
 * Reads back what is on disk, by segment and offset. Keeps some files open; closes one when it was not used for long, or
 * when its segment is to hold something else.
 */
import type { Disk, DiskFile } from './disk.js';
import { JournalError } from './errors.js';
import { segmentFileName } from './segment.js';

const OPEN_MAX = 128;

class OpenSegment {
  readonly file: DiskFile;
  private readers = 0;
  private closing = false;

  constructor(file: DiskFile) {
    this.file = file;
  }

  async read(target: Buffer, offset: number): Promise<number> {
    this.readers++;
    try {
      return await this.file.read(target, offset);
    } finally {
      this.readers--;
      if (this.closing && this.readers === 0) await this.file.close();
    }
  }

  async close(): Promise<void> {
    this.closing = true;
    if (this.readers === 0) await this.file.close();
  }
}

export class SegmentReader {
  private readonly disk: Disk;
  /** In the order of use. */
  private readonly open = new Map<number, OpenSegment>();

  constructor(disk: Disk) {
    this.disk = disk;
  }

  async read(segment: number, offset: number, length: number): Promise<Buffer> {
    const target = Buffer.allocUnsafe(length);
    const file = this.fileOf(segment);
    const filled = await file.read(target, offset);
    if (this.open.get(segment) !== file && !this.open.has(segment)) throw gone(segment);
    if (filled < length) throw short(segment, offset + filled);
    return target;
  }

  readSync(segment: number, offset: number, length: number): Buffer {
    const target = Buffer.allocUnsafe(length);
    const filled = this.fileOf(segment).file.readSync(target, offset);
    if (filled < length) throw short(segment, offset + filled);
    return target;
  }

  /** The file will hold something else: what is being read of it fails. */
  forget(segment: number): void {
    const file = this.open.get(segment);
    if (file === undefined) return;
    this.open.delete(segment);
    file.close().catch(() => undefined);
  }

  async close(): Promise<void> {
    const files = [...this.open.values()];
    this.open.clear();
    for (const file of files) await file.close();
  }

  private fileOf(segment: number): OpenSegment {
    let file = this.open.get(segment);
    if (file !== undefined) this.open.delete(segment);
    else file = new OpenSegment(this.disk.openSync(segmentFileName(segment)));
    this.open.set(segment, file);
    if (this.open.size > OPEN_MAX) {
      const [oldest, unused] = this.open.entries().next().value!;
      this.open.delete(oldest);
      unused.close().catch(() => undefined);
    }
    return file;
  }
}

function gone(segment: number): JournalError {
  return new JournalError(`segment ${segment} went while it was read`);
}

function short(segment: number, offset: number): JournalError {
  return new JournalError(`${segmentFileName(segment)} ends at ${offset}, before what was to be read`);
}
