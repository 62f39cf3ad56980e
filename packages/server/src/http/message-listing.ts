/** Messages of an address: chosen by the conditions of listings, in pages by the id of the last one looked at. */
import { problemError } from '@millrace/contract';
import type { AddressMessages, ReadableMessage } from '@millrace/controller';
import { conditionsOf, type Listing, number, PAGE_LIMIT, text } from './listing.js';
import { integer, type QueryParameter } from './route.js';

/** Messages looked at for one page, however few of them are chosen. */
const LOOKED_AT_MAX = 10_000;
const ID_MAX = Number.MAX_SAFE_INTEGER;

export const MESSAGE_LISTING: Listing<ReadableMessage> = {
  key: ({ body }) => body,
  fields: {
    id: number(({ id }) => id),
    address: text(({ address }) => address),
    time: text(({ time }) => time),
    body: text(({ body }) => body),
    contentType: text(({ contentType }) => contentType),
    subject: text(({ subject }) => subject),
    messageId: text(({ messageId }) => messageId),
    correlationId: text(({ correlationId }) => correlationId),
    durable: { type: 'boolean', read: ({ durable }) => durable },
    priority: number(({ priority }) => priority),
    deliveryCount: number(({ deliveryCount }) => deliveryCount),
    inDelivery: { type: 'boolean', read: ({ inDelivery }) => inDelivery },
  },
  keyed: { properties: ({ properties }, key) => (Object.hasOwn(properties, key) ? properties[key] : undefined) },
};

const FIELDS = [...Object.keys(MESSAGE_LISTING.fields), 'properties.KEY'].join(', ');

export const MESSAGE_PARAMETERS: readonly QueryParameter[] = [
  { name: 'limit', type: 'integer', summary: 'how many at most, 1 to 1000; 100 without it', range: PAGE_LIMIT },
  { name: 'cursor', type: 'string', summary: 'next of the page before' },
  {
    name: 'after',
    type: 'integer',
    summary: 'id of the last message seen, in place of cursor',
    range: { least: 0, most: ID_MAX },
  },
  {
    name: 'filter',
    type: 'string',
    summary: `FIELD=VALUE, also with != ~ !~ > >= < <=, or a part of the body; several: all must hold. Fields: ${FIELDS}`,
    repeated: true,
  },
];

export interface MessagePage {
  readonly items: readonly ReadableMessage[];
  readonly next?: string;
}

/** @throws ProblemError */
export async function messagePage(
  messages: AddressMessages,
  name: string,
  query: URLSearchParams,
): Promise<MessagePage> {
  const limit = integer(query, 'limit', PAGE_LIMIT);
  const conditions = conditionsOf(query, MESSAGE_LISTING);
  const items: ReadableMessage[] = [];
  let after = startOf(query);
  for (let looked = 0; looked < LOOKED_AT_MAX && items.length < limit; ) {
    const found = await messages.browse(name, { limit: conditions.length === 0 ? limit - items.length : limit, after });
    if (found.length === 0) return { items };
    for (const message of found) {
      if (items.length === limit) break;
      after = message.id;
      looked += 1;
      if (conditions.every((holds) => holds(message))) items.push(message);
    }
  }
  const more = after < (messages.lastId(name) ?? 0);
  return more ? { items, next: Buffer.from(String(after)).toString('base64url') } : { items };
}

function startOf(query: URLSearchParams): number {
  const cursor = query.get('cursor');
  if (cursor === null || cursor === '') return integer(query, 'after', { least: 0, most: ID_MAX, otherwise: 0 });
  const read = Buffer.from(cursor, 'base64url').toString();
  if (/^\d{1,15}$/.test(read)) return Number(read);
  throw problemError('invalid-parameter', 'the parameter cursor is not one that this server gave');
}
