import { getItem } from '../control/get-item.js';
import { at, kindOf } from '../control/kinds.js';
import { openControlClient } from '../control/open-control-client.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import type { Terminal } from '../terminal.js';
import { confirm } from '../text/confirm.js';
import { counted } from '../text/counted.js';

export interface PurgeOptions {
  readonly address: string;
  readonly yes?: true;
  readonly dryRun?: true;
  readonly server: string;
  readonly token?: string;
}

export async function purge(terminal: Terminal, options: PurgeOptions): Promise<ExitCode> {
  const { address } = options;
  const client = await openControlClient(terminal, options);
  const item = await getItem(client, await kindOf('address'), address);
  const stored = counted(Number(at(item, 'status', 'statistics', 'stored') ?? 0), 'stored message');
  if (options.dryRun === true) {
    terminal.data(`would delete ${stored} of ${address}\n`);
    return EXIT_CODE.done;
  }
  if (!(await confirm(terminal, `Delete ${stored} of ${address}?`, { yes: options.yes }))) {
    terminal.note('Nothing was deleted.');
    return EXIT_CODE.failed;
  }
  terminal.data(`deleted ${counted(await client.purge(address), 'message')} of ${address}\n`);
  return EXIT_CODE.done;
}
