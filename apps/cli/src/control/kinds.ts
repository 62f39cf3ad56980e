import type { Client } from '@millrace/contract';
import { CommandError, usageError } from '../command-error.js';
import { EXIT_CODE } from '../exit-code.js';
import type { ListedColumn, Listing } from '../listing/listing.js';
import { listPages } from './list-pages.js';

/** An address, a job, a user, a subscription or a connection, as the server gives it. */
export type Item = object;

export interface ResourceKind {
  readonly name: 'address' | 'job' | 'user' | 'subscription' | 'connection';
  readonly aliases: readonly string[];
  readonly columns: readonly ListedColumn<Item>[];
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

/** The field is called as the end of its path. */
function text(title: string, ...path: readonly string[]): ListedColumn<Item> {
  return { title, field: path.at(-1)!, value: (item) => at(item, ...path) };
}

function count(title: string, name: string): ListedColumn<Item> {
  return { title, field: name, value: (item) => at(item, 'status', 'statistics', name), align: 'right' };
}

function plainCount(title: string, name: string): ListedColumn<Item> {
  return { title, field: name, value: (item) => at(item, name), align: 'right' };
}

function wide(column: ListedColumn<Item>): ListedColumn<Item> {
  return { ...column, wideOnly: true };
}

const REASON: ListedColumn<Item> = {
  title: 'REASON',
  field: 'reason',
  value: (item) => reasonOf(item),
  wideOnly: true,
};
const CREATED = wide(text('CREATED', 'metadata', 'createdAt'));

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
    wide(count('EXPIRED', 'expired')),
    wide(count('REJECTED', 'rejected')),
    wide(count('DEAD', 'deadLettered')),
    wide(count('DUPLICATES', 'duplicates')),
    CREATED,
    REASON,
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
    CREATED,
    REASON,
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
    { title: 'MAY', field: 'permissions', value: permissionsIn },
    CREATED,
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
      field: 'links',
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

const SUBSCRIPTION: ResourceKind = {
  name: 'subscription',
  aliases: ['subscriptions', 'sub'],
  columns: [
    text('NAME', 'name'),
    text('SOURCE', 'source'),
    text('OWNER', 'owner'),
    text('CONTAINER', 'container'),
    plainCount('STORED', 'stored'),
    plainCount('RECEIVERS', 'receivers'),
    wide(plainCount('BYTES', 'storedBytes')),
  ],
  nameOf: (item) => String(at(item, 'name')),
  list: (client) => listPages(client, '/v1/subscriptions'),
  get: (client, name) => client.request('GET', `/v1/subscriptions/${encodeURIComponent(name)}`),
};

export const KINDS: readonly ResourceKind[] = [ADDRESS, JOB, USER, SUBSCRIPTION, CONNECTION];

/** The kind as a listing: `-o name`, fields, columns. */
export function listingOf({ name, aliases, columns, nameOf }: ResourceKind): Listing<Item> {
  return { kind: name, plural: aliases[0] ?? name, columns, nameOf };
}

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
