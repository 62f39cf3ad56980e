/**
 * Listings: which fields they can be sorted and filtered by, and the page that is asked for. A cursor is the last item's
 * place in the order, so it stays good when things come and go between two pages. Only items of the page are made.
 */
import {
  type FilterCondition,
  type FilterValue,
  isNumeric,
  meets,
  type Page,
  parseFilter,
  problemError,
} from '@millrace/contract';
import { flag, integer, invalidParameter, type QueryParameter } from './route.js';

export const PAGE_LIMIT = { least: 1, most: 1000, otherwise: 100 } as const;
const FILTERS_MAX = 20;

export interface ListingField<T> {
  readonly type: 'text' | 'number' | 'boolean';
  readonly read: (item: T) => FilterValue;
}

export interface Listing<T> {
  /** Tells items apart; the order where nothing else is asked for. */
  readonly key: (item: T) => string;
  readonly fields: Readonly<Record<string, ListingField<T>>>;
  /** `labels.KEY` and the like: a field that holds texts by key. Default: none. */
  readonly keyed?: Readonly<Record<string, (item: T, key: string) => FilterValue>>;
}

/** A field that is a member of the item. */
export function text<T>(read: (item: T) => string | undefined): ListingField<T> {
  return { type: 'text', read };
}

export function number<T>(read: (item: T) => number | undefined): ListingField<T> {
  return { type: 'number', read };
}

export function listingParameters<T>({ fields, keyed = {} }: Listing<T>): readonly QueryParameter[] {
  const names = Object.keys(fields);
  const filters = [...names, ...Object.keys(keyed).map((name) => `${name}.KEY`)].join(', ');
  return [
    { name: 'limit', type: 'integer', summary: 'how many at most, 1 to 1000; 100 without it', range: PAGE_LIMIT },
    { name: 'cursor', type: 'string', summary: 'next of the page before' },
    {
      name: 'sort',
      type: 'string',
      summary: 'by this field, downwards with - before it; by name without it',
      allowed: names.flatMap((name) => [name, `-${name}`]),
    },
    {
      name: 'filter',
      type: 'string',
      summary: `FIELD=VALUE, also with != ~ !~ > >= < <=, or a part of the name; several: all must hold. Fields: ${filters}`,
      repeated: true,
    },
    { name: 'total', type: 'boolean', summary: 'also how many there are in all' },
  ];
}

/**
 * @param items in the order of their keys
 * @param show makes what is answered: called for those of the page alone
 * @throws ProblemError for parameters that are not valid
 */
export function listed<T, S>(
  query: URLSearchParams,
  listing: Listing<T>,
  { items, show }: { readonly items: readonly T[]; readonly show: (item: T) => S | undefined },
): Page<S> {
  const limit = integer(query, 'limit', PAGE_LIMIT);
  const wanted = conditionsOf(query, listing);
  const found = wanted.length === 0 ? items : items.filter((item) => wanted.every((holds) => holds(item)));
  const order = orderOf(query, listing);
  const start = readCursor(query, order.name);
  const sorted = order.sort(found);
  const first = start === undefined ? 0 : firstAfter(sorted, (place) => order.compare(place, start) > 0);
  const page = sorted.slice(first, first + limit);
  const shown = page.map(({ item }) => show(item)).filter((item) => item !== undefined);
  const last = page.at(-1);
  const more = last !== undefined && first + limit < sorted.length;
  return {
    items: shown,
    ...(flag(query, 'total') ? { total: found.length } : {}),
    ...(more ? { next: writeCursor(order.name, last) } : {}),
  };
}

/** What a filter says, ready to be asked of items. @throws ProblemError */
export function conditionsOf<T>(
  query: URLSearchParams,
  { key, fields, keyed = {} }: Listing<T>,
): readonly ((item: T) => boolean)[] {
  const texts = query.getAll('filter');
  if (texts.length > FILTERS_MAX) throw invalidParameter('filter', `${texts.length} of them`, `at most ${FILTERS_MAX}`);
  return texts.map((filter) => {
    const condition = parseFilter(filter);
    if (condition.field === undefined) return (item: T) => meets(key(item), condition);
    const [name = '', ...rest] = condition.field.split('.');
    const byKey = Object.hasOwn(keyed, name) ? keyed[name] : undefined;
    if (byKey !== undefined && rest.length > 0) return (item: T) => meets(byKey(item, rest.join('.')), condition);
    const field = Object.hasOwn(fields, condition.field) ? fields[condition.field] : undefined;
    if (field === undefined) {
      const known = [...Object.keys(fields), ...Object.keys(keyed).map((one) => `${one}.KEY`)];
      throw invalidParameter('filter', filter, `FIELD=VALUE with one of the fields ${known.join(', ')}`, known);
    }
    checkValue(filter, condition, field.type);
    return (item: T) => meets(field.read(item), condition);
  });
}

function checkValue(filter: string, { operator, value }: FilterCondition, type: ListingField<never>['type']): void {
  if (type !== 'number' || operator === '~' || operator === '!~' || isNumeric(value)) return;
  throw invalidParameter('filter', filter, 'a number after the operator');
}

/** An item with what decides its place. */
interface Place {
  readonly value: FilterValue;
  readonly key: string;
}

interface Placed<T> extends Place {
  readonly item: T;
}

interface Order<T> {
  readonly name: string;
  readonly sort: (items: readonly T[]) => readonly Placed<T>[];
  readonly compare: (left: Place, right: Place) => number;
}

function orderOf<T>(query: URLSearchParams, { key, fields }: Listing<T>): Order<T> {
  const sort = query.get('sort');
  const name = sort ?? '';
  const byKey = (left: Place, right: Place) => (left.key === right.key ? 0 : left.key < right.key ? -1 : 1);
  if (sort === null) {
    const keep = (items: readonly T[]) => items.map((item) => ({ item, value: undefined, key: key(item) }));
    return { name, sort: keep, compare: byKey };
  }
  const down = name.startsWith('-');
  const field = Object.hasOwn(fields, down ? name.slice(1) : name) ? fields[down ? name.slice(1) : name] : undefined;
  if (field === undefined) {
    const allowed = Object.keys(fields);
    throw invalidParameter('sort', name, `one of ${allowed.join(', ')}, or the same with - before it`, allowed);
  }
  const compare = (left: Place, right: Place) => {
    const order = compareValues(left.value, right.value);
    return (down ? -order : order) || byKey(left, right);
  };
  const inOrder = (items: readonly T[]) =>
    items.map((item) => ({ item, value: field.read(item), key: key(item) })).sort(compare);
  return { name, sort: inOrder, compare };
}

/** What has no value stands before all others. */
function compareValues(left: FilterValue, right: FilterValue): number {
  if (left === right) return 0;
  if (left === undefined) return -1;
  if (right === undefined) return 1;
  return left < right ? -1 : 1;
}

function firstAfter<T>(sorted: readonly Placed<T>[], isAfter: (place: Place) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isAfter(sorted[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function writeCursor(order: string, { value, key }: Place): string {
  return Buffer.from(JSON.stringify(value === undefined ? [order, key] : [order, key, value])).toString('base64url');
}

function readCursor(query: URLSearchParams, order: string): Place | undefined {
  const cursor = query.get('cursor');
  if (cursor === null || cursor === '') return undefined;
  const [name, key, value] = parsed(cursor);
  if (name === order && typeof key === 'string' && isValue(value)) return { key, value };
  const other = typeof name === 'string' && typeof key === 'string' && name !== order;
  throw problemError(
    'invalid-parameter',
    other
      ? 'the parameter cursor is of a listing in another order: ask with the same sort, or without cursor'
      : 'the parameter cursor is not one that this server gave',
  );
}

function parsed(cursor: string): readonly unknown[] {
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(read) ? read : [];
  } catch {
    return [];
  }
}

function isValue(value: unknown): value is FilterValue {
  return value === undefined || ['string', 'number', 'boolean'].includes(typeof value);
}
