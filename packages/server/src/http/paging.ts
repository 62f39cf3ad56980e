/** Pages of a listing that is in order of its keys. A cursor is the last key seen, so it stays good when things change. */
import { type Page, problemError } from '@millrace/contract';
import { integer, type QueryParameter } from './route.js';

export const PAGE_LIMIT = { least: 1, most: 1000, otherwise: 100 } as const;

export const PAGING_PARAMETERS: readonly QueryParameter[] = [
  { name: 'limit', type: 'integer', summary: 'how many at most, 1 to 1000; 100 without it' },
  { name: 'cursor', type: 'string', summary: 'next of the page before' },
];

/** @param keys in order. @param show makes the item: called for those of the page alone */
export function pageOf<T>(
  query: URLSearchParams,
  keys: readonly string[],
  show: (key: string) => T | undefined,
): Page<T> {
  const limit = integer(query, 'limit', PAGE_LIMIT);
  const cursor = query.get('cursor');
  const start = cursor === null ? 0 : firstAfter(keys, readCursor(cursor));
  const shown = keys.slice(start, start + limit);
  const items = shown.map(show).filter((item) => item !== undefined);
  const last = shown.at(-1);
  if (last === undefined || start + limit >= keys.length) return { items };
  return { items, next: Buffer.from(last).toString('base64url') };
}

function firstAfter(keys: readonly string[], last: string): number {
  const index = keys.findIndex((key) => key > last);
  return index === -1 ? keys.length : index;
}

function readCursor(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (text !== '' && Buffer.from(text).toString('base64url') === cursor) return text;
  throw problemError('invalid-parameter', 'the parameter cursor is not one that this server gave');
}
