/** `millrace context add|use|list|delete`. */
import { readFile } from 'node:fs/promises';
import { CommandError, usageError } from '../command-error.js';
import { isContextName, readContexts, writeContexts } from '../contexts/context-file.js';
import { contextOf } from '../contexts/resolve-target.js';
import { checkServer } from '../control/open-control-client.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { type Listing, type ListingOptions, showListing } from '../listing/listing.js';
import type { Terminal } from '../terminal.js';

const TOKEN_LENGTH_MAX = 16_384;

export async function contextAdd(
  terminal: Terminal,
  { name, server, tokenFile }: { readonly name: string; readonly server: string; readonly tokenFile?: string },
): Promise<ExitCode> {
  if (!isContextName(name)) {
    throw usageError(`"${name}" is no name of a context: letters, digits, ".", "_" and "-", at most 64`);
  }
  checkServer(server);
  const token = tokenFile === undefined ? undefined : await readToken(terminal, tokenFile);
  const before = await readContexts(terminal);
  const known = Object.hasOwn(before.contexts, name);
  await writeContexts(terminal, {
    // The first one is used at once.
    current: before.current ?? name,
    contexts: { ...before.contexts, [name]: { server, ...(token === undefined ? {} : { token }) } },
  });
  terminal.data(`context/${name} ${known ? 'changed' : 'created'}\n`);
  return EXIT_CODE.done;
}

export async function contextUse(terminal: Terminal, name: string): Promise<ExitCode> {
  const before = await readContexts(terminal);
  const { server } = await contextOf(before, name);
  await writeContexts(terminal, { ...before, current: name });
  terminal.data(`context/${name} in use: ${server}\n`);
  return EXIT_CODE.done;
}

export async function contextDelete(terminal: Terminal, name: string): Promise<ExitCode> {
  const { contexts, current } = await readContexts(terminal);
  await contextOf({ contexts }, name);
  const { [name]: _gone, ...others } = contexts;
  await writeContexts(
    terminal,
    current === undefined || current === name ? { contexts: others } : { current, contexts: others },
  );
  terminal.data(`context/${name} deleted\n`);
  return EXIT_CODE.done;
}

interface ContextRow {
  readonly name: string;
  readonly server: string;
  readonly token: boolean;
  readonly current: boolean;
}

const LISTING: Listing<ContextRow> = {
  kind: 'context',
  plural: 'contexts',
  nameOf: ({ name }) => name,
  columns: [
    { title: 'CURRENT', field: 'current', value: ({ current }) => (current ? '*' : '') },
    { title: 'NAME', field: 'name', value: ({ name }) => name },
    { title: 'SERVER', field: 'server', value: ({ server }) => server },
    { title: 'TOKEN', field: 'token', value: ({ token }) => (token ? 'yes' : 'no') },
  ],
};

export async function contextList(terminal: Terminal, options: ListingOptions): Promise<ExitCode> {
  const { contexts, current } = await readContexts(terminal);
  // A token is never shown: whether there is one says enough.
  const rows = Object.entries(contexts).map(([name, { server, token }]) => ({
    name,
    server,
    token: token !== undefined,
    current: name === current,
  }));
  await showListing(terminal, rows, LISTING, options);
  return EXIT_CODE.done;
}

async function readToken(terminal: Terminal, file: string): Promise<string> {
  let text = '';
  if (file === '-') for await (const chunk of terminal.input) text += String(chunk);
  else {
    text = await readFile(file, 'utf8').catch((error: Error) => {
      throw new CommandError(`the token in "${file}" cannot be read: ${error.message}`, { cause: error });
    });
  }
  const token = text.trim();
  if (token === '' || token.length > TOKEN_LENGTH_MAX || /\s/.test(token)) {
    throw new CommandError(`${file === '-' ? 'standard input' : `"${file}"`} holds no token: one word is wanted`);
  }
  return token;
}
