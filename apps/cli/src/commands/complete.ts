/** `millrace complete -- WORDS`: what a shell asks while its user types. Hidden; `completion` prints who asks. */
import type { Command } from 'commander';
import { candidatesFor, type LiveKind, type TypedLine } from '../completion/candidates.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { DEFAULT_SERVER } from '../program/declaration.js';
import type { Terminal } from '../terminal.js';

/** Who types does not wait for a server that is slow. */
const TIMEOUT_MS = 1_000;
const PAGE_SIZE = 1000;

export async function complete(
  terminal: Terminal,
  program: Command,
  options: { readonly words: readonly string[]; readonly descriptions?: true },
): Promise<ExitCode> {
  const words = options.words.length === 0 ? [''] : options.words;
  const found = await candidatesFor(program, words, async (what, line) => {
    try {
      return await namesOf(terminal, what, line);
    } catch {
      // No server, no rights, no such context: nothing is offered, and nothing is said into the line that is typed.
      return [];
    }
  });
  for (const { value, description } of found) {
    // A name with a line break could not be told from two.
    if (/[\n\t]/.test(value)) continue;
    terminal.data(options.descriptions === true && description !== '' ? `${value}\t${description}\n` : `${value}\n`);
  }
  return EXIT_CODE.done;
}

async function namesOf(terminal: Terminal, what: LiveKind, line: TypedLine): Promise<readonly string[]> {
  const { readContexts } = await import('../contexts/context-file.js');
  if (what === 'context') return Object.keys((await readContexts(terminal)).contexts);
  const { KINDS } = await import('../control/kinds.js');
  if (typeof what === 'object') {
    if (what.kindWord === '') return KINDS.flatMap(({ name, aliases }) => [name, aliases[0] ?? name]);
    if (line.command.parent?.name() === 'context') return Object.keys((await readContexts(terminal)).contexts);
    if (!line.command.registeredArguments.some((argument) => argument.name() === 'kind')) return [];
  }
  const word = typeof what === 'string' ? what : what.kindWord.toLowerCase();
  const kind = KINDS.find(({ name, aliases }) => name === word || aliases.includes(word));
  if (kind === undefined) return [];
  const { createClient } = await import('@millrace/contract');
  const client = createClient({ ...(await targetOf(terminal, line)), timeoutMs: TIMEOUT_MS });
  if (kind.name === 'address' || kind.name === 'job') {
    // The first page alone: with more names than that, somebody types more first.
    const path = kind.name === 'address' ? '/v1/addresses' : '/v1/jobs';
    const page = await client.request<{ readonly items: readonly object[] }>('GET', `${path}?limit=${PAGE_SIZE}`);
    return page.items.map(kind.nameOf);
  }
  return (await kind.list(client)).map(kind.nameOf);
}

/** As `resolve-target.ts` finds it, for a line that is not whole yet. */
async function targetOf(
  terminal: Terminal,
  { options }: TypedLine,
): Promise<{ readonly server: string; readonly token: string | undefined }> {
  const { environment } = terminal;
  const own = environment.MILLRACE_TOKEN;
  if (options.server !== undefined) return { server: options.server, token: own };
  const asked =
    options.context ?? (environment.MILLRACE_SERVER === undefined ? environment.MILLRACE_CONTEXT : undefined);
  if (options.context === undefined && environment.MILLRACE_SERVER !== undefined) {
    return { server: environment.MILLRACE_SERVER, token: own };
  }
  const { readContexts } = await import('../contexts/context-file.js');
  const { contexts, current } = await readContexts(terminal);
  const context = contexts[asked ?? current ?? ''];
  return { server: context?.server ?? DEFAULT_SERVER, token: own ?? context?.token };
}
