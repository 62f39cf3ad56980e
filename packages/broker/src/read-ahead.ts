/** Which blocks come next: as many as `bytes` of content take, and always two. Reads nothing. */
import type { StoreBlock } from './store-block.js';

const BLOCKS_MIN = 2;

/** Calls `visit` for the blocks that come next, until it returns true. @returns that block */
function among(
  from: StoreBlock | undefined,
  bytes: number,
  visit: (block: StoreBlock) => boolean,
): StoreBlock | undefined {
  let left = bytes;
  let block = from;
  for (let count = 0; block !== undefined && (left > 0 || count < BLOCKS_MIN); count++) {
    if (visit(block)) return block;
    left -= block.bytes;
    block = block.next;
  }
  return undefined;
}

export function isAhead(from: StoreBlock, bytes: number, wanted: StoreBlock): boolean {
  return among(from, bytes, (block) => block === wanted) !== undefined;
}

/** Whether some of them have to be read back, and are not being read. */
export function isToBeRead(from: StoreBlock, bytes: number): boolean {
  return among(from, bytes, isUnread) !== undefined;
}

/** Those that are paged out. */
export function pagedAhead(from: StoreBlock | undefined, bytes: number): StoreBlock[] {
  const found: StoreBlock[] = [];
  among(from, bytes, (block) => {
    if (block.index !== undefined) found.push(block);
    return false;
  });
  return found;
}

function isUnread({ index, loading }: StoreBlock): boolean {
  return index !== undefined && !loading;
}
