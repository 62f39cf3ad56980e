import type { Client, ServerStatus } from '@millrace/contract';
import { kindOf, reasonOf } from '../control/kinds.js';
import { openControlClient } from '../control/open-control-client.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { showData } from '../listing/show-data.js';
import type { Terminal } from '../terminal.js';
import { printable } from '../text/table.js';
import { endpointUrl } from './describe-endpoints.js';

export interface StatusOptions {
  readonly output: 'table' | 'json' | 'yaml';
  readonly server: string;
  readonly token?: string;
}

export async function status(terminal: Terminal, options: StatusOptions): Promise<ExitCode> {
  const client = await openControlClient(terminal, options);
  const shown = await client.status();
  if (options.output === 'table') terminal.data(statusText(shown) + (await attentionText(client, shown)));
  else await showData(terminal, shown, options.output);
  return shown.ready ? EXIT_CODE.done : EXIT_CODE.failed;
}

function statusText(shown: ServerStatus): string {
  const lines = [
    ['Server', `Millrace ${shown.version}, ${shown.ready ? 'ready' : 'not ready'}, since ${shown.startedAt}`],
    ['Planes', `messaging ${shown.planes.messaging}, processing ${shown.planes.processing}`],
    ['Addresses', `${shown.addresses.ready} of ${shown.addresses.total} ready`],
    ['Jobs', `${shown.jobs.running} of ${shown.jobs.total} running`],
    ['Connections', String(shown.connections)],
    ['Store', storeText(shown.store)],
    ...shown.endpoints.map((endpoint) => ['Endpoint', endpointUrl(endpoint)]),
  ];
  return lines.map(([title, value]) => `${`${title}:`.padEnd(13)}${value}\n`).join('');
}

/** More than this are counted, not shown. */
const ATTENTION_SHOWN = 10;

/** Each address and job that is not as wished, and why: nobody has to go and look for it. */
async function attentionText(client: Client, shown: ServerStatus): Promise<string> {
  const words: string[] = [];
  if (shown.addresses.ready < shown.addresses.total) words.push('address');
  if (shown.jobs.running < shown.jobs.total) words.push('job');
  const lines: string[] = [];
  for (const word of words) {
    const kind = await kindOf(word);
    for (const item of await kind.list(client)) {
      const reason = reasonOf(item);
      if (reason !== undefined) lines.push(`  ${word} ${printable(`${kind.nameOf(item)}: ${reason}`)}`);
    }
  }
  if (lines.length === 0) return '';
  const more = lines.length > ATTENTION_SHOWN ? [`  and ${lines.length - ATTENTION_SHOWN} more`] : [];
  return `Attention:\n${[...lines.slice(0, ATTENTION_SHOWN), ...more].join('\n')}\n`;
}

function storeText({ kind, state, message, directory = '', bytesOnDisk = 0 }: ServerStatus['store']): string {
  if (kind === 'memory') return 'memory: gone when the server ends';
  if (state !== 'open') return printable(message ?? state);
  return printable(`${directory}, ${(bytesOnDisk / 1024 ** 2).toFixed(0)} MiB on disk`);
}
