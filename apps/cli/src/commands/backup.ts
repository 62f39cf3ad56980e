import type { BackupSummary } from '@millrace/journal';
import { CommandError } from '../command-error.js';
import { openControlClient } from '../control/open-control-client.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { type BackupTarget, backupFile, standardOutput } from '../store/backup-file.js';
import { Progress } from '../store/progress.js';
import { onStore } from '../store/store-directory.js';
import type { Terminal } from '../terminal.js';
import { byteSize } from '../text/byte-size.js';
import { counted } from '../text/counted.js';

export interface BackupOptions {
  /** `-`: standard output. */
  readonly file: string;
  readonly server: string;
  readonly token?: string;
  readonly force?: true;
}

export async function backup(terminal: Terminal, options: BackupOptions): Promise<ExitCode> {
  const { file, force = false } = options;
  const signal = terminal.interruption();
  const client = await openControlClient(terminal, options);
  return await onStore(file, async () => {
    const target = file === '-' ? standardOutput(terminal) : await backupFile(file, { force });
    try {
      const summary = await copy(terminal, await client.backup({ signal }), { target, signal });
      await target.complete();
      const where = file === '-' ? '' : ` to ${file}`;
      terminal.note(
        `saved ${counted(summary.records, 'record')}, ${byteSize(summary.bytes)}${where}, as of ${summary.createdAt.toISOString()}`,
      );
      return EXIT_CODE.done;
    } catch (error) {
      await target.discard();
      if (!signal.aborted) throw explain(error);
      terminal.note('the backup was not finished, and is of no use');
      return signal.reason === 'output closed' ? EXIT_CODE.failed : EXIT_CODE.interrupted;
    }
  });
}

/** Checks what comes while it is written: what is saved can be restored. */
async function copy(
  terminal: Terminal,
  chunks: AsyncIterable<Uint8Array>,
  { signal, target }: { readonly target: BackupTarget; readonly signal: AbortSignal },
): Promise<BackupSummary> {
  const { BackupReader } = await import('@millrace/journal');
  const reader = new BackupReader();
  const progress = new Progress(terminal, 'saved');
  try {
    for await (const chunk of chunks) {
      reader.take(chunk);
      await target.write(chunk);
      signal.throwIfAborted();
      progress.add(chunk.length, reader.header?.bytes);
    }
    return reader.finish();
  } finally {
    progress.end();
  }
}

function explain(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  switch (error.name) {
    case 'BackupDamage':
      return new CommandError(`what the server sent is not whole: ${error.message}`, { cause: error });
    case 'JournalError':
      return new CommandError(error.message, { hint: 'the same again, at a quieter time', cause: error });
    default:
      return error;
  }
}
