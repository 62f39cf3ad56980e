import { BackupReader, type DiskJournal, dump } from '../../src/index.js';
import { textOf } from './store.js';

/** Begins a backup where there is none. */
export function begin(journal: DiskJournal): AsyncIterableIterator<Uint8Array> {
  const backup = journal.backup();
  if (backup === 'under-way') throw new Error('there is a backup under way');
  return backup;
}

export async function all(backup: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of backup) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A backup as it comes from a file or a socket. */
export async function* inPieces(bytes: Buffer, length = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/** What is wrong with it; undefined: nothing. */
export function faultOf(bytes: Buffer, length = bytes.length): Error | undefined {
  const reader = new BackupReader();
  try {
    for (let at = 0; at < bytes.length; at += length) reader.take(bytes.subarray(at, at + length));
    reader.finish();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

export async function dumped(directory: string): Promise<string[]> {
  const texts: string[] = [];
  for await (const record of dump(directory)) texts.push(textOf(record));
  return texts;
}
