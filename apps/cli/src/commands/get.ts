import { getItem } from '../control/get-item.js';
import { kindOf } from '../control/kinds.js';
import { openControlClient } from '../control/open-control-client.js';
import { showItems } from '../control/show-documents.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import type { OutputFormat } from '../program/declaration.js';
import type { Terminal } from '../terminal.js';

export interface GetOptions {
  readonly kind: string;
  readonly name: string | undefined;
  readonly output: OutputFormat;
  readonly server: string;
}

export async function get(terminal: Terminal, options: GetOptions): Promise<ExitCode> {
  const kind = await kindOf(options.kind);
  const client = await openControlClient(terminal, options.server);
  const { name, output } = options;
  const items = name === undefined ? await kind.list(client) : [await getItem(client, kind, name)];
  await showItems(terminal, items, { kind, output, byName: name });
  return EXIT_CODE.done;
}
