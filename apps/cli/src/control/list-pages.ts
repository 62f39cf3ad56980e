import type { Client, Page } from '@millrace/contract';

const PAGE_SIZE = 500;
/** A listing is read to its end, but not for ever. */
const PAGES_MAX = 10_000;

/** All items of a listing that the typed client has no method for. */
export async function listPages<T extends object>(client: Client, path: string): Promise<readonly T[]> {
  const items: T[] = [];
  let cursor = '';
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await client.request<Page<T>>('GET', `${path}?limit=${PAGE_SIZE}${cursor}`);
    for (const item of found.items) items.push(item);
    if (found.next === undefined) break;
    cursor = `&cursor=${encodeURIComponent(found.next)}`;
  }
  return items;
}
