/**
 * Where messages of more than 1 MiB lie while they arrive: a file each, without a name, so that nothing is left of it
 * when the process ends. They are not synced: until the last byte is here nothing was accepted. What has arrived whole is
 * read back at once and takes the way of all messages.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import type { Spool } from '@millrace/amqp';

const NAME = /^incoming-\d+$/;

export class SpoolDirectory {
  /** Open at present, for figures. */
  open = 0;
  private readonly directory: string;
  private sequence = 0;

  /** Makes the directory when it is not there; what an earlier process left in it goes. */
  constructor(directory: string) {
    this.directory = directory;
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const name of fs.readdirSync(directory)) if (NAME.test(name)) fs.rmSync(join(directory, name));
  }

  readonly create = (): Spool => {
    const path = join(this.directory, `incoming-${++this.sequence}`);
    const descriptor = fs.openSync(path, 'wx+', 0o600);
    this.open++;
    return new FileSpool(descriptor, nameless(path), () => this.open--);
  };
}

/** Takes the name away at once where the system allows it. @returns what to remove in the end */
function nameless(path: string): string | undefined {
  try {
    fs.unlinkSync(path);
    return undefined;
  } catch {
    return path;
  }
}

class FileSpool implements Spool {
  private readonly descriptor: number;
  private readonly path: string | undefined;
  private readonly closed: () => void;
  private length = 0;
  private isOpen = true;

  constructor(descriptor: number, path: string | undefined, closed: () => void) {
    this.descriptor = descriptor;
    this.path = path;
    this.closed = closed;
  }

  append(source: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) at += fs.writeSync(this.descriptor, source, at, end - at, this.length + at - start);
    this.length += end - start;
  }

  take(): Buffer {
    const bytes = Buffer.allocUnsafeSlow(this.length);
    let at = 0;
    while (at < bytes.length) {
      const count = fs.readSync(this.descriptor, bytes, at, bytes.length - at, at);
      if (count === 0) throw new Error(`the file has ${at} bytes of ${bytes.length}`);
      at += count;
    }
    return bytes;
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.closed();
    fs.closeSync(this.descriptor);
    if (this.path !== undefined) fs.rmSync(this.path, { force: true });
  }
}
