/** `millrace dead-letters list|redrive|discard`: what could not be delivered, and what becomes of it. */
import type { BrowsedMessage, Client, Operation, Page } from '@millrace/contract';
import { CommandError } from '../command-error.js';
import { getItem } from '../control/get-item.js';
import { kindOf } from '../control/kinds.js';
import { type ControlOptions, openControlClient } from '../control/open-control-client.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { type Listing, type ListingOptions, showListing } from '../listing/listing.js';
import type { Terminal } from '../terminal.js';
import { confirm } from '../text/confirm.js';
import { counted } from '../text/counted.js';

export interface DeadLettersOptions extends ControlOptions {
  /** Where the dead letters are. */
  readonly address: string;
}

const PAGE_SIZE = 500;

const LISTING: Listing<BrowsedMessage> = {
  kind: 'message',
  plural: 'dead letters',
  nameOf: ({ id }) => String(id),
  columns: [
    { title: 'ID', field: 'id', value: ({ id }) => id, align: 'right' },
    { title: 'TIME', field: 'time', value: ({ time }) => time },
    { title: 'FROM', field: 'address', value: ({ address }) => address },
    {
      title: 'DELIVERIES',
      field: 'deliveryCount',
      value: ({ deliveryCount }) => deliveryCount,
      align: 'right',
      wideOnly: true,
    },
    { title: 'MESSAGE ID', field: 'messageId', value: ({ messageId }) => messageId, wideOnly: true },
    { title: 'SUBJECT', field: 'subject', value: ({ subject }) => subject, wideOnly: true },
    {
      title: 'BODY',
      field: 'body',
      value: ({ body, bodyEncoding }) => (bodyEncoding === 'utf8' ? body : `base64:${body}`),
    },
  ],
};

export async function deadLettersList(
  terminal: Terminal,
  options: DeadLettersOptions & ListingOptions,
): Promise<ExitCode> {
  const client = await openControlClient(terminal, options);
  const { filter, limit = 100, ...others } = options;
  const messages: BrowsedMessage[] = [];
  for await (const message of matching(client, options.address, filter ?? [])) {
    messages.push(message);
    // Another order needs all of them first.
    if (others.sort === undefined && messages.length >= limit) break;
  }
  await showListing(terminal, messages, LISTING, { ...others, limit });
  return EXIT_CODE.done;
}

export interface ChoiceOptions extends DeadLettersOptions {
  readonly filter?: readonly string[];
  readonly limit?: number;
  readonly yes?: true;
  readonly dryRun?: true;
}

export interface RedriveOptions extends ChoiceOptions {
  /** Messages a second. */
  readonly rate?: number;
  /** Default: where each came from. */
  readonly target?: string;
}

export async function deadLettersRedrive(terminal: Terminal, options: RedriveOptions): Promise<ExitCode> {
  const { address, filter, limit, rate, target } = options;
  const signal = terminal.interruption();
  const client = await openControlClient(terminal, options);
  const count = await countOf(client, options);
  const to = target === undefined ? 'to where they came from' : `to ${target}`;
  if (options.dryRun === true) {
    terminal.data(`would send ${counted(count, 'message')} of ${address} ${to}\n`);
    return EXIT_CODE.done;
  }
  if (!(await confirm(terminal, `Send ${counted(count, 'message')} of ${address} ${to}?`, { yes: options.yes }))) {
    terminal.note('Nothing was done.');
    return EXIT_CODE.failed;
  }
  const input = {
    ...(filter === undefined ? {} : { filter }),
    ...(limit === undefined ? {} : { limit }),
    ...(rate === undefined ? {} : { rate }),
    ...(target === undefined ? {} : { target }),
  };
  const path = `/v1/addresses/${encodeURIComponent(address)}/messages:${target === undefined ? 'redrive' : 'move'}`;
  const begun = await client.request<Operation>('POST', `${path}?wait=1`, input);
  return endOf(terminal, await follow(terminal, client, { operation: begun, signal }), signal);
}

/** Waits for the end; Ctrl-C stops it where it is. */
async function follow(
  terminal: Terminal,
  client: Client,
  work: { readonly operation: Operation; readonly signal: AbortSignal },
): Promise<Operation> {
  let { operation } = work;
  const path = `/v1/operations/${encodeURIComponent(operation.id)}`;
  while (operation.state === 'running') {
    if (work.signal.aborted) await client.request('DELETE', path);
    terminal.progress(`${operation.done} of ${counted(operation.total, 'message')}`);
    operation = await client.request<Operation>('GET', `${path}?wait=1`);
  }
  terminal.progress('');
  return operation;
}

function endOf(terminal: Terminal, operation: Operation, signal: AbortSignal): ExitCode {
  const { address, done, message, skipped, state } = operation;
  terminal.data(
    `${address}: ${counted(done, 'message')} sent${skipped === 0 ? '' : `, ${skipped} left where they are`}\n`,
  );
  if (message !== '') terminal.note(message);
  if (signal.aborted) return EXIT_CODE.interrupted;
  if (state !== 'done') return done > 0 ? EXIT_CODE.partly : EXIT_CODE.failed;
  return skipped === 0 ? EXIT_CODE.done : done > 0 ? EXIT_CODE.partly : EXIT_CODE.failed;
}

export async function deadLettersDiscard(terminal: Terminal, options: ChoiceOptions): Promise<ExitCode> {
  const { address, filter = [], limit } = options;
  const client = await openControlClient(terminal, options);
  const count = await countOf(client, options);
  if (options.dryRun === true) {
    terminal.data(`would delete ${counted(count, 'message')} of ${address}\n`);
    return EXIT_CODE.done;
  }
  if (!(await confirm(terminal, `Delete ${counted(count, 'message')} of ${address}?`, { yes: options.yes }))) {
    terminal.note('Nothing was deleted.');
    return EXIT_CODE.failed;
  }
  if (filter.length === 0 && limit === undefined) {
    terminal.data(`deleted ${counted(await client.purge(address), 'message')} of ${address}\n`);
    return EXIT_CODE.done;
  }
  const ids: number[] = [];
  for await (const { id } of matching(client, address, filter)) {
    if (ids.length < (limit ?? Number.POSITIVE_INFINITY)) ids.push(id);
  }
  let deleted = 0;
  for (const id of ids) if (await deleteOne(client, address, id)) deleted += 1;
  terminal.data(`deleted ${counted(deleted, 'message')} of ${address}\n`);
  if (deleted === ids.length) return EXIT_CODE.done;
  terminal.note(`${counted(ids.length - deleted, 'message')} went away, or a receiver has them.`);
  return EXIT_CODE.partly;
}

async function deleteOne(client: Client, address: string, id: number): Promise<boolean> {
  const { ProblemError } = await import('@millrace/contract');
  try {
    await client.request('DELETE', `/v1/addresses/${encodeURIComponent(address)}/messages/${id}`);
    return true;
  } catch (error) {
    if (error instanceof ProblemError && (error.problem.status === 404 || error.problem.status === 409)) return false;
    throw error;
  }
}

/** How many it is about. @throws CommandError not found */
async function countOf(client: Client, { address, filter, limit }: ChoiceOptions): Promise<number> {
  const declared = filter === undefined ? await storedOn(client, address) : undefined;
  let count = declared ?? 0;
  if (declared === undefined) for await (const _message of matching(client, address, filter ?? [])) count += 1;
  if (count > 0) return Math.min(count, limit ?? count);
  throw new CommandError(
    filter === undefined ? `there are no messages on ${address}` : `no message on ${address} is such`,
    { exitCode: EXIT_CODE.notFound },
  );
}

/** Undefined without a document: the broker makes the queue of dead letters by itself. */
async function storedOn(client: Client, address: string): Promise<number | undefined> {
  const { ProblemError } = await import('@millrace/contract');
  try {
    return (await client.addresses.get(address)).status.statistics?.stored ?? 0;
  } catch (error) {
    if (error instanceof ProblemError && error.problem.status === 404) return undefined;
    throw error;
  }
}

async function* matching(
  client: Client,
  address: string,
  filter: readonly string[],
): AsyncGenerator<BrowsedMessage, void> {
  const conditions = filter.map((condition) => `&filter=${encodeURIComponent(condition)}`).join('');
  let cursor = '';
  for (;;) {
    const path = `/v1/addresses/${encodeURIComponent(address)}/messages?limit=${PAGE_SIZE}${conditions}${cursor}`;
    const page = await client
      .request<Page<BrowsedMessage>>('GET', path)
      .catch((error) => explainMissing(client, address, error));
    yield* page.items;
    if (page.next === undefined) return;
    cursor = `&cursor=${encodeURIComponent(page.next)}`;
  }
}

/** @throws the error; for an address that is not there with the nearest name */
async function explainMissing(client: Client, address: string, error: unknown): Promise<never> {
  const { ProblemError } = await import('@millrace/contract');
  if (error instanceof ProblemError && error.problem.status === 404) {
    await getItem(client, await kindOf('address'), address);
  }
  throw error;
}
