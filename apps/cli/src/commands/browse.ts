import type { BrowsedMessage, Client } from '@millrace/contract';
import { getItem } from '../control/get-item.js';
import { kindOf } from '../control/kinds.js';
import { openControlClient } from '../control/open-control-client.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { showData } from '../listing/show-data.js';
import type { OutputFormat } from '../program/declaration.js';
import type { Terminal } from '../terminal.js';
import { type Column, formatTable } from '../text/table.js';

export interface BrowseOptions {
  readonly address: string;
  readonly limit: number;
  readonly output: Exclude<OutputFormat, 'name'>;
  readonly server: string;
  readonly token?: string;
}

const PAGE_SIZE = 500;

const COLUMNS: readonly Column<BrowsedMessage>[] = [
  { title: 'ID', value: ({ id }) => id, align: 'right' },
  { title: 'TIME', value: ({ time }) => time },
  { title: 'DELIVERIES', value: ({ deliveryCount }) => deliveryCount, align: 'right', wideOnly: true },
  { title: 'DURABLE', value: ({ durable }) => (durable ? 'yes' : 'no'), wideOnly: true },
  { title: 'SUBJECT', value: ({ subject }) => subject, wideOnly: true },
  { title: 'BODY', value: ({ body, bodyEncoding }) => (bodyEncoding === 'utf8' ? body : `base64:${body}`) },
  { title: 'PROPERTIES', value: ({ properties }) => propertiesText(properties) },
];

export async function browse(terminal: Terminal, options: BrowseOptions): Promise<ExitCode> {
  const client = await openControlClient(terminal, options);
  const messages: BrowsedMessage[] = [];
  while (messages.length < options.limit) {
    const limit = Math.min(PAGE_SIZE, options.limit - messages.length);
    const last = messages.at(-1);
    const page = await browsePage(client, options.address, last === undefined ? { limit } : { limit, after: last.id });
    messages.push(...page);
    if (page.length < limit) break;
  }
  if (options.output !== 'table' && options.output !== 'wide') {
    await showData(terminal, messages, options.output);
  } else if (messages.length === 0) {
    terminal.note(`No messages are stored on ${options.address}.`);
  } else {
    const columns = COLUMNS.filter((column) => options.output === 'wide' || column.wideOnly !== true);
    terminal.data(formatTable(columns, messages, { maxWidth: terminal.columns }));
  }
  return EXIT_CODE.done;
}

/** An address that is not there is told of as `get` and `purge` do, with the nearest name. */
async function browsePage(
  client: Client,
  address: string,
  page: NonNullable<Parameters<Client['browse']>[1]>,
): Promise<readonly BrowsedMessage[]> {
  try {
    return await client.browse(address, page);
  } catch (error) {
    const { ProblemError } = await import('@millrace/contract');
    if (error instanceof ProblemError && error.problem.status === 404) {
      await getItem(client, await kindOf('address'), address);
    }
    throw error;
  }
}

function propertiesText(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}
