import type { Client } from '@millrace/contract';
import { CommandError, usageError } from '../command-error.js';
import { EXIT_CODE } from '../exit-code.js';
import type { Column } from '../text/table.js';

/** An address, a job, a user or a connection, as the server gives it. */
export type Item = object;

export interface ResourceKind {
  readonly name: 'address' | 'job' | 'user' | 'connection';
  readonly aliases: readonly string[];
  readonly columns: readonly Column<Item>[];
  readonly nameOf: (item: Item) => string;
  readonly list: (client: Client) => Promise<readonly Item[]>;
  /** @throws ProblemError, or CommandError not found */
  readonly get: (client: Client, name: string) => Promise<Item>;
}

/** The value at a path below the item, where it is one that a table can show. */
export function at(item: Item, ...path: readonly string[]): string | number | undefined {
  let value: unknown = item;
  for (const step of path) value = (value as Readonly<Record<string, unknown>> | undefined)?.[step];
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return undefined;
}

function text(title: string, ...path: readonly string[]): Column<Item> {
  return { title, value: (item) => at(item, ...path) };
}

function count(title: string, name: string): Column<Item> {
  return { title, value: (item) => at(item, 'status', 'statistics', name), align: 'right' };
}

function wide(column: Column<Item>): Column<Item> {
  return { ...column, wideOnly: true };
}

/** Why it is not as wished: the first condition that is not true. */
export function reasonOf(item: Item): string | undefined {
  const { conditions } = (item as { status?: { conditions?: readonly Record<string, unknown>[] } }).status ?? {};
  const fault = conditions?.find((condition) => condition.status !== 'True');
  return fault === undefined ? undefined : `${fault.reason}: ${fault.message}`;
}

const documentName = (item: Item) => String(at(item, 'metadata', 'name'));

const ADDRESS: ResourceKind = {
  name: 'address',
  aliases: ['addresses', 'addr'],
  columns: [
    text('NAME', 'metadata', 'name'),
    text('TYPE', 'spec', 'type'),
    text('PHASE', 'status', 'phase'),
    count('STORED', 'stored'),
    count('IN', 'messagesIn'),
    count('OUT', 'messagesOut'),
    count('SENDERS', 'senders'),
    count('RECEIVERS', 'receivers'),
    wide(count('BYTES', 'storedBytes')),
    wide(count('DROPPED', 'dropped')),
    wide(count('REJECTED', 'rejected')),
    wide(count('DEAD', 'deadLettered')),
    wide(count('DUPLICATES', 'duplicates')),
    wide({ title: 'REASON', value: reasonOf }),
  ],
  nameOf: documentName,
  list: (client) => client.addresses.list(),
  get: (client, name) => client.addresses.get(name),
};

const JOB: ResourceKind = {
  name: 'job',
  aliases: ['jobs'],
  columns: [
    text('NAME', 'metadata', 'name'),
    text('PHASE', 'status', 'phase'),
    text('FROM', 'status', 'source'),
    text('TO', 'status', 'target'),
    count('ROWS IN', 'rowsIn'),
    count('ROWS OUT', 'rowsOut'),
    count('BACKLOG', 'backlog'),
    wide(count('LATE', 'rowsLate')),
    wide(count('FAILED', 'rowsFailed')),
    wide(text('WATERMARK', 'status', 'statistics', 'watermark')),
    wide({ title: 'REASON', value: reasonOf }),
  ],
  nameOf: documentName,
  list: (client) => client.jobs.list(),
  get: (client, name) => client.jobs.get(name),
};

const USER: ResourceKind = {
  name: 'user',
  aliases: ['users'],
  columns: [
    text('NAME', 'metadata', 'name'),
    text('PHASE', 'status', 'phase'),
    text('LOGS IN BY', 'spec', 'authentication', 'type'),
    { title: 'MAY', value: permissionsIn },
    wide(text('CREATED', 'metadata', 'createdAt')),
  ],
  nameOf: documentName,
  list: (client) => client.users.list(),
  get: (client, name) => client.users.get(name),
};

/** "send,recv devices/a/#; view #", as far as it fits a line. */
function permissionsIn(item: Item): string {
  const { permissions = [] } = (item as { spec?: { permissions?: readonly PermissionShown[] } }).spec ?? {};
  const all = permissions.map(({ verbs, addresses }) => `${verbs.join(',')} ${addresses.join(' ')}`).join('; ');
  return all.length > PERMISSIONS_SHOWN ? `${all.slice(0, PERMISSIONS_SHOWN - 1)}…` : all;
}

const PERMISSIONS_SHOWN = 60;

interface PermissionShown {
  readonly verbs: readonly string[];
  readonly addresses: readonly string[];
}

const CONNECTION: ResourceKind = {
  name: 'connection',
  aliases: ['connections', 'conn'],
  columns: [
    text('ID', 'id'),
    text('PROTOCOL', 'protocol'),
    text('CONTAINER', 'container'),
    text('HOST', 'host'),
    text('USER', 'user'),
    {
      title: 'LINKS',
      value: (item) => (item as { links?: readonly unknown[] }).links?.length,
      align: 'right',
    },
    wide(text('OPENED', 'openedAt')),
    wide(text('ENCRYPTED', 'encrypted')),
  ],
  nameOf: (item) => String(at(item, 'id')),
  list: (client) => client.connections(),
  get: async (client, name) => {
    const found = (await client.connections()).find(({ id }) => id === name);
    if (found !== undefined) return found;
    throw new CommandError(`there is no connection "${name}"`, {
      exitCode: EXIT_CODE.notFound,
      hint: 'millrace get connections',
    });
  },
};

export const KINDS: readonly ResourceKind[] = [ADDRESS, JOB, USER, CONNECTION];

/** The kind that a word names. @throws CommandError wrong usage, with the nearest kind */
export async function kindOf(word: string): Promise<ResourceKind> {
  const lower = word.toLowerCase();
  const kind = KINDS.find((candidate) => candidate.name === lower || candidate.aliases.includes(lower));
  if (kind !== undefined) return kind;
  const { closest } = await import('@millrace/contract');
  const words = KINDS.flatMap((candidate) => [candidate.name, ...candidate.aliases]);
  throw usageError(
    `there is no kind "${word}", only ${KINDS.map(({ name }) => name).join(', ')}`,
    closest(word, words),
  );
}
