import type { ServerStatus } from '@millrace/contract';
import { openControlClient } from '../control/open-control-client.js';
import { showData } from '../control/show-documents.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import type { Terminal } from '../terminal.js';
import { endpointUrl } from './describe-endpoints.js';

export interface StatusOptions {
  readonly output: 'table' | 'json' | 'yaml';
  readonly server: string;
}

export async function status(terminal: Terminal, options: StatusOptions): Promise<ExitCode> {
  const client = await openControlClient(terminal, options.server);
  const shown = await client.status();
  if (options.output === 'table') terminal.data(statusText(shown));
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
    ...shown.endpoints.map((endpoint) => ['Endpoint', endpointUrl(endpoint)]),
  ];
  return lines.map(([title, value]) => `${`${title}:`.padEnd(13)}${value}\n`).join('');
}
