import type { Client } from '@millrace/contract';
import { getItem } from '../control/get-item.js';
import { at, type Item, kindOf, type ResourceKind } from '../control/kinds.js';
import { openControlClient } from '../control/open-control-client.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import type { Terminal } from '../terminal.js';
import { confirm } from '../text/confirm.js';
import { counted } from '../text/counted.js';
import { printable } from '../text/table.js';

export interface DeleteOptions {
  readonly kind: string;
  readonly names: readonly string[];
  readonly yes?: true;
  readonly dryRun?: true;
  readonly server: string;
}

export async function deleteDocuments(terminal: Terminal, options: DeleteOptions): Promise<ExitCode> {
  const kind = await kindOf(options.kind);
  const client = await openControlClient(terminal, options.server);
  // All are looked up before any is deleted: a mistyped name stops the whole.
  const items: Item[] = [];
  for (const name of options.names) items.push(await getItem(client, kind, name));
  const verb = kind.name === 'connection' ? 'close' : 'delete';
  const losses = items.map((item) => lossOf(kind, item));
  if (options.dryRun === true) {
    for (const item of items) await deleteOne(client, kind, { item, dryRun: true });
    for (const loss of losses) terminal.data(`would ${verb} ${loss}\n`);
    return EXIT_CODE.done;
  }
  const question = `${verb === 'close' ? 'Close' : 'Delete'} ${losses.join(', ')}?`;
  if (!(await confirm(terminal, question, { yes: options.yes }))) {
    terminal.note('Nothing was done.');
    return EXIT_CODE.failed;
  }
  for (const item of items) {
    await deleteOne(client, kind, { item, dryRun: false });
    terminal.data(`${kind.name}/${kind.nameOf(item)} ${verb}d\n`);
  }
  return EXIT_CODE.done;
}

/** What goes with it, in words: "address max with 12 stored messages". */
function lossOf(kind: ResourceKind, item: Item): string {
  const name = `${kind.name} ${kind.nameOf(item)}`;
  switch (kind.name) {
    case 'address':
      return `${name} with ${counted(Number(at(item, 'status', 'statistics', 'stored') ?? 0), 'stored message')}`;
    case 'job':
      return `${name} with its state of ${counted(Number(at(item, 'status', 'statistics', 'stateRows') ?? 0), 'row')}`;
    case 'user':
      return `${name}, and its connections`;
    case 'connection':
      return `${name} of ${printable(String(at(item, 'container')))}`;
  }
}

async function deleteOne(
  client: Client,
  kind: ResourceKind,
  work: { readonly item: Item; readonly dryRun: boolean },
): Promise<void> {
  const name = kind.nameOf(work.item);
  // The user has seen what is lost, or only asks.
  const options = { force: true, dryRun: work.dryRun };
  switch (kind.name) {
    case 'address':
      return client.addresses.delete(name, options);
    case 'job':
      return client.jobs.delete(name, options);
    case 'user':
      // Who would lock everybody out is stopped by the server.
      return client.users.delete(name, { dryRun: work.dryRun });
    case 'connection':
      return work.dryRun ? undefined : client.closeConnection(name);
  }
}
