import { getItem } from '../control/get-item.js';
import { kindOf } from '../control/kinds.js';
import { openControlClient } from '../control/open-control-client.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import type { Terminal } from '../terminal.js';

export interface ControlJobOptions {
  readonly job: string;
  readonly action: 'pause' | 'resume';
  readonly server: string;
  readonly token?: string;
}

export async function controlJob(terminal: Terminal, options: ControlJobOptions): Promise<ExitCode> {
  const client = await openControlClient(terminal, options);
  await getItem(client, await kindOf('job'), options.job);
  await client.jobs[options.action](options.job);
  terminal.data(`job/${options.job} ${options.action}d\n`);
  return EXIT_CODE.done;
}
