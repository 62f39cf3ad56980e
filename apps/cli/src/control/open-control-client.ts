import type { Client } from '@millrace/contract';
import { usageError } from '../command-error.js';
import type { Terminal } from '../terminal.js';

/** A client of the control API; its failures are ProblemErrors, which `main` explains. @throws CommandError wrong usage */
export async function openControlClient(terminal: Terminal, server: string): Promise<Client> {
  const protocol = URL.canParse(server) ? new URL(server).protocol : undefined;
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw usageError(`"${server}" is no URL of a control API`, '--server http://127.0.0.1:8080');
  }
  const { createClient } = await import('@millrace/contract');
  const { MILLRACE_TOKEN: token, MILLRACE_USERNAME: username, MILLRACE_PASSWORD: password } = terminal.environment;
  const login = username === undefined || password === undefined ? undefined : { username, password };
  return createClient({ server, token, login });
}
