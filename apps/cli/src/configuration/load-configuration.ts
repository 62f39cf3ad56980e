/** File, environment and flags → the server's configuration, or what is wrong with it, each fault with its place. */
import { readFile } from 'node:fs/promises';
import type { Resolved } from '@millrace/server';
import { CommandError } from '../command-error.js';
import { EXIT_CODE } from '../exit-code.js';
import type { Terminal } from '../terminal.js';
import { counted } from '../text/counted.js';
import type { ServerFlags } from './server-flags.js';

export interface ConfigurationOptions {
  /** Default: no file. */
  readonly config?: string;
  readonly flags: ServerFlags;
}

const FAULTS_SHOWN = 20;

/** @throws CommandError */
export async function loadConfiguration(
  terminal: Terminal,
  { config, flags }: ConfigurationOptions,
): Promise<Extract<Resolved, { ok: true }>> {
  const { describeConfigurationFault, resolveConfiguration } = await import('@millrace/server');
  const { environment } = terminal;
  const file = config === undefined ? {} : { file: { name: config, text: await readConfig(config) } };
  const resolved = await resolveConfiguration({ ...file, environment, flags });
  if (resolved.ok) return resolved;
  const { faults } = resolved;
  const more = faults.length > FAULTS_SHOWN ? [`and ${faults.length - FAULTS_SHOWN} more`] : [];
  throw new CommandError(`the configuration has ${counted(faults.length, 'fault')}`, {
    where: [...faults.slice(0, FAULTS_SHOWN).map(describeConfigurationFault), ...more],
  });
}

async function readConfig(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT') {
      throw new CommandError(`there is no configuration file "${file}"`, {
        exitCode: EXIT_CODE.notFound,
        cause: error,
      });
    }
    throw new CommandError(`the configuration file "${file}" cannot be read: ${code ?? error}`, { cause: error });
  }
}
