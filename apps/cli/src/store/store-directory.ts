/** Which directory a command on a store means, and what stands against using it. */
import { stat } from 'node:fs/promises';
import { CommandError, usageError } from '../command-error.js';
import { EXIT_CODE } from '../exit-code.js';

export interface DirectoryOptions {
  /** The argument. */
  readonly directory?: string | undefined;
  /** `--data`, as the server takes it. */
  readonly data?: string | undefined;
}

/** @throws CommandError wrong usage */
export function directoryOf({ data, directory }: DirectoryOptions): string {
  const named = directory ?? data;
  if (named === undefined) throw usageError('no store is named', '--data <directory>, as millrace serve has it');
  if (directory !== undefined && data !== undefined && directory !== data) {
    throw usageError(`two stores are named, "${directory}" and "${data}"`, 'one of them');
  }
  return named;
}

/** @throws CommandError not found */
export async function requireDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch((error: unknown) => {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  });
  if (found?.isDirectory() === true) return;
  throw new CommandError(`${directory} is ${found === undefined ? 'not there' : 'no directory'}`, {
    exitCode: EXIT_CODE.notFound,
    hint: 'the directory that millrace serve --data names',
  });
}

export function noStoreIn(directory: string): CommandError {
  return new CommandError(`${directory} holds no store: it has no files such as 0000000001.log`, {
    exitCode: EXIT_CODE.notFound,
    hint: 'the directory that millrace serve --data names',
  });
}

/** Runs a command's work on a store; what stands against it comes as an error for people. @throws CommandError */
export async function onStore<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explainStoreError(error, directory) ?? error;
  }
}

function explainStoreError(error: unknown, directory: string): CommandError | undefined {
  // By name: the class itself would load the journal for errors that are none of its.
  if (!(error instanceof Error)) return undefined;
  const { message, name } = error;
  switch (name) {
    case 'JournalLocked':
      return new CommandError(message, { exitCode: EXIT_CODE.conflict, cause: error });
    case 'JournalExists':
      return new CommandError(message, {
        exitCode: EXIT_CODE.conflict,
        hint: 'another directory, or the same with --force: what is there is then moved aside',
        cause: error,
      });
    case 'JournalDamage':
      return new CommandError(`the store in ${directory} is damaged: ${message}`, {
        hint: `millrace store repair --data ${directory} --dry-run, which says what a repair would cost`,
        cause: error,
      });
    case 'JournalVersion':
    case 'JournalFull':
    case 'JournalError':
      return new CommandError(message, { cause: error });
    default:
      return explainSystemError(error);
  }
}

/** A failure that the operating system names, at a file. */
export function explainSystemError(error: Error): CommandError | undefined {
  const { code, path } = error as { code?: unknown; path?: unknown };
  if (typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) return undefined;
  const at = typeof path === 'string' ? `${path}: ` : '';
  const exitCode = code === 'ENOENT' ? EXIT_CODE.notFound : EXIT_CODE.failed;
  return new CommandError(`${at}${reasonOf(code) ?? error.message}`, { exitCode, cause: error });
}

function reasonOf(code: string): string | undefined {
  switch (code) {
    case 'ENOENT':
      return 'not there';
    case 'EACCES':
    case 'EPERM':
      return 'this user may not use it';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'there is no room on the disk';
    case 'EISDIR':
      return 'it is a directory, where a file is needed';
    case 'EROFS':
      return 'the file system is read-only';
    default:
      return undefined;
  }
}
