import type { Client } from '@millrace/contract';
import { usageError } from '../command-error.js';
import { getItem } from '../control/get-item.js';
import { at, type Item, kindOf, type ResourceKind } from '../control/kinds.js';
import { openControlClient } from '../control/open-control-client.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import type { Terminal } from '../terminal.js';
import { confirm } from '../text/confirm.js';
import { counted } from '../text/counted.js';

export interface DeleteOptions {
  readonly kind: string;
  readonly names: readonly string[];
  readonly yes?: true;
  readonly dryRun?: true;
  readonly server: string;
}

export async function deleteDocuments(terminal: Terminal, options: DeleteOptions): Promise<ExitCode> {
  const kind = await kindOf(options.kind);
  if (kind.name === 'connection') {
    throw usageError('this version cannot close connections', 'end the client, or delete the address it uses');
  }
  const client = await openControlClient(terminal, options.server);
  // All are looked up before any is deleted: a mistyped name stops the whole.
  const items: Item[] = [];
  for (const name of options.names) items.push(await getItem(client, kind, name));
  const losses = items.map((item) => lossOf(kind, item));
  if (options.dryRun === true) {
    for (const item of items) await deleteOne(client, kind, { item, dryRun: true });
    for (const loss of losses) terminal.data(`would delete ${loss}\n`);
    return EXIT_CODE.done;
  }
  if (!(await confirm(terminal, `Delete ${losses.join(', ')}?`, { yes: options.yes }))) {
    terminal.note('Nothing was deleted.');
    return EXIT_CODE.failed;
  }
  for (const item of items) {
    await deleteOne(client, kind, { item, dryRun: false });
    terminal.data(`${kind.name}/${kind.nameOf(item)} deleted\n`);
  }
  return EXIT_CODE.done;
}

/** What goes with it, in words: "address max with 12 stored messages". */
function lossOf(kind: ResourceKind, item: Item): string {
  const name = `${kind.name} ${kind.nameOf(item)}`;
  if (kind.name === 'address') {
    return `${name} with ${counted(Number(at(item, 'status', 'statistics', 'stored') ?? 0), 'stored message')}`;
  }
  return `${name} with its state of ${counted(Number(at(item, 'status', 'statistics', 'stateRows') ?? 0), 'row')}`;
}

async function deleteOne(
  client: Client,
  kind: ResourceKind,
  work: { readonly item: Item; readonly dryRun: boolean },
): Promise<void> {
  const documents = kind.name === 'address' ? client.addresses : client.jobs;
  // The user has seen what is lost, or only asks.
  await documents.delete(kind.nameOf(work.item), { force: true, dryRun: work.dryRun });
}
