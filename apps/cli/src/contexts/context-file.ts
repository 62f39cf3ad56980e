/**
 * The servers that a user works with, by name: $XDG_CONFIG_HOME/millrace/contexts.json, or ~/.config/millrace/…, readable
 * by its owner alone, since tokens stand in it.
 */
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CommandError } from '../command-error.js';
import type { Terminal } from '../terminal.js';

export interface Context {
  readonly server: string;
  readonly token?: string;
}

export interface Contexts {
  readonly current?: string;
  readonly contexts: Readonly<Record<string, Context>>;
}

const NONE: Contexts = { contexts: {} };
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export function isContextName(name: string): boolean {
  return NAME.test(name) && !Object.hasOwn(Object.prototype, name);
}

/** Undefined where there is no home. */
export function contextPath({ environment }: Terminal): string | undefined {
  const { XDG_CONFIG_HOME: config, HOME: home } = environment;
  if (config !== undefined && config !== '') return join(config, 'millrace', 'contexts.json');
  return home === undefined || home === '' ? undefined : join(home, '.config', 'millrace', 'contexts.json');
}

/** @throws CommandError when it is there and cannot be read */
export async function readContexts(terminal: Terminal): Promise<Contexts> {
  const path = contextPath(terminal);
  if (path === undefined) return NONE;
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT' || code === 'ENOTDIR') return NONE;
    throw new CommandError(`the contexts in ${path} cannot be read: ${code ?? error}`, { cause: error });
  }
  await warnOfReaders(terminal, path);
  const read = parse(text);
  if (read === undefined)
    throw new CommandError(`${path} is not what "millrace context" wrote`, { hint: `rm ${path}` });
  return read;
}

/** Whole or not at all. @throws CommandError */
export async function writeContexts(terminal: Terminal, contexts: Contexts): Promise<void> {
  const path = contextPath(terminal);
  if (path === undefined) {
    throw new CommandError('there is no place for contexts: neither XDG_CONFIG_HOME nor HOME is set');
  }
  const next = `${path}.${process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(next, `${JSON.stringify(contexts, null, 2)}\n`, { mode: 0o600 });
    // What was there before, by the same name, kept its own mode.
    await chmod(next, 0o600);
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true });
    throw new CommandError(`the contexts in ${path} cannot be written: ${(error as Error).message}`, { cause: error });
  }
}

async function warnOfReaders(terminal: Terminal, path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0)
    terminal.note(`millrace: others can read ${path}, and tokens stand in it; chmod 600 ${path}`);
}

function parse(text: string): Contexts | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { current, contexts } = value as { current?: unknown; contexts?: unknown };
  if (typeof contexts !== 'object' || contexts === null) return undefined;
  for (const [name, context] of Object.entries(contexts)) {
    const { server, token } = context as { server?: unknown; token?: unknown };
    if (!isContextName(name) || typeof server !== 'string') return undefined;
    if (token !== undefined && typeof token !== 'string') return undefined;
  }
  const named = contexts as Contexts['contexts'];
  return typeof current === 'string' ? { current, contexts: named } : { contexts: named };
}
