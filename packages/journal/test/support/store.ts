import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import {
  DiskJournal,
  type DiskJournalOptions,
  type JournalError,
  type JournalOwner,
  type JournalRecord,
} from '../../src/index.js';

const directories: string[] = [];

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-journal-'));
  directories.push(directory);
  return directory;
}

/** Takes records of text, and writes again what it is told lives. */
export class TextOwner implements JournalOwner {
  readonly replayed: string[] = [];
  readonly positions: number[] = [];
  /** Asked for, in order. */
  readonly asked: string[] = [];
  onRewrite: (text: string, record: JournalRecord) => void = () => undefined;

  replay(record: JournalRecord): void {
    this.replayed.push(textOf(record));
    this.positions.push(record.position);
  }

  rewrite(record: JournalRecord): void {
    this.asked.push(textOf(record));
    this.onRewrite(textOf(record), record);
  }
}

export function textOf({ bytes, end, start }: { bytes: Uint8Array; start: number; end: number }): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

export interface Opened {
  readonly journal: DiskJournal;
  readonly owner: TextOwner;
}

export async function open(options: Partial<DiskJournalOptions> & { directory: string }): Promise<Opened> {
  const owner = new TextOwner();
  const journal = await DiskJournal.open({ owner, segmentBytes: 4096, ...options });
  return { journal, owner };
}

/** @returns the record's position */
export function append(journal: DiskJournal, text: string, type = 1): number {
  const bytes = Buffer.from(text, 'latin1');
  return journal.append(type, bytes, 0, bytes.length);
}

/** @returns what the commit was told */
export function commit(journal: DiskJournal): Promise<JournalError | undefined> {
  return new Promise((resolve) => journal.commit(resolve));
}

/** Opens, takes what is there, and closes. */
export async function contents(directory: string): Promise<string[]> {
  const { journal, owner } = await open({ directory });
  await journal.close();
  return owner.replayed;
}

export async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    if (turns > 5000) throw new Error('it does not come to hold');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
