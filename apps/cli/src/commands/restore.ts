import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { CommandError } from '../command-error.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { Progress } from '../store/progress.js';
import { onStore } from '../store/store-directory.js';
import type { Terminal } from '../terminal.js';
import { counted } from '../text/counted.js';

export interface RestoreOptions {
  /** `-`: standard input. */
  readonly file: string;
  readonly data: string;
  readonly force?: true;
}

export async function restore(terminal: Terminal, options: RestoreOptions): Promise<ExitCode> {
  const { data, file, force = false } = options;
  const journal = await import('@millrace/journal');
  return await onStore(data, async () => {
    try {
      // What comes through a pipe is checked as it is written, and takes its place when all was there.
      if (file !== '-') await journal.verifyBackup(await read(terminal, file, 'checked'));
      const { createdAt, movedTo, records } = await journal.restore(data, await read(terminal, file, 'restored'), {
        force,
      });
      terminal.data(`restored ${counted(records, 'record')} to ${data}, as of ${createdAt.toISOString()}\n`);
      if (movedTo !== undefined) terminal.note(`The store that was there is in ${movedTo}.`);
      return EXIT_CODE.done;
    } catch (error) {
      throw explain(error, file);
    }
  });
}

/** @throws the error of the file system */
async function read(terminal: Terminal, file: string, verb: string): Promise<AsyncIterable<Uint8Array>> {
  const total = file === '-' ? undefined : (await stat(file)).size;
  const source: AsyncIterable<Uint8Array> =
    file === '-' ? terminal.input : createReadStream(file, { highWaterMark: 1024 ** 2 });
  return (async function* () {
    const progress = new Progress(terminal, verb);
    try {
      for await (const chunk of source) {
        progress.add(chunk.length, total);
        yield chunk;
      }
    } finally {
      progress.end();
    }
  })();
}

/** What is wrong with the backup; what is wrong with the store is told by others. */
function explain(error: unknown, file: string): unknown {
  if (!(error instanceof Error)) return error;
  const name = file === '-' ? 'standard input' : file;
  switch (error.name) {
    case 'BackupDamage':
      return new CommandError(`${name}: ${error.message}`, {
        where: ['nothing was changed'],
        hint: 'another copy of the backup, or an older one',
        cause: error,
      });
    case 'JournalVersion':
    case 'JournalError':
      return new CommandError(`${name}: ${error.message}`, { where: ['nothing was changed'], cause: error });
    default:
      return error;
  }
}
