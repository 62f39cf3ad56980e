/**
 * Which control API a command asks: `--server`, `--context`, MILLRACE_SERVER, MILLRACE_CONTEXT, the context in use, this
 * machine; the first that is there. A context's token goes to its own server alone.
 */
import type { Command } from 'commander';
import { usageError } from '../command-error.js';
import type { Terminal } from '../terminal.js';
import { type Context, type Contexts, readContexts } from './context-file.js';

/** @throws CommandError */
export async function resolveTarget(command: Command, terminal: Terminal): Promise<void> {
  const { environment } = terminal;
  const typed = (option: string) => command.getOptionValueSource(option) === 'cli';
  if (typed('server')) {
    if (typed('context')) throw usageError('a server and a context were named', 'one of --server and --context');
    return;
  }
  const server = environment.MILLRACE_SERVER;
  if (!typed('context') && server !== undefined && server !== '') {
    command.setOptionValueWithSource('server', server, 'env');
    return;
  }
  const asked: unknown = typed('context') ? command.getOptionValue('context') : environment.MILLRACE_CONTEXT;
  const contexts = await readContexts(terminal);
  const name = typeof asked === 'string' && asked !== '' ? asked : contexts.current;
  if (name === undefined) return;
  const context = await contextOf(contexts, name);
  command.setOptionValueWithSource('server', context.server, 'context');
  const own = environment.MILLRACE_TOKEN;
  const token = own !== undefined && own !== '' ? own : context.token;
  if (token !== undefined) command.setOptionValueWithSource('token', token, 'context');
}

/** @throws CommandError wrong usage, with the nearest name */
export async function contextOf({ contexts }: Contexts, name: string): Promise<Context> {
  const context = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (context !== undefined) return context;
  const { closest } = await import('@millrace/contract');
  const near = closest(name, Object.keys(contexts));
  throw usageError(
    `there is no context "${name}"`,
    near === undefined ? `millrace context add ${name} --server http://…` : `did you mean "${near}"?`,
  );
}
