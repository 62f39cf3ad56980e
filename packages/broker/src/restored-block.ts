/** A block as it was before a restart: what it holds in memory, or where that lies in the journal. */
import type { Arena } from './arena.js';
import type { Message } from './message.js';
import type { PageIndex } from './page-index.js';
import { type Slot, StoreBlock } from './store-block.js';

export interface RestoredBlock {
  readonly base: number;
  readonly length: number;
  readonly live: number;
  readonly bytes: number;
  readonly earliestExpiry: number;
  readonly content: { readonly slots: Slot[] } | { readonly index: PageIndex };
}

export function makeBlock({ base, length, live, bytes, content }: RestoredBlock, arena: Arena): StoreBlock {
  const block = new StoreBlock(base);
  block.length = length;
  block.live = live;
  block.bytes = bytes;
  if ('index' in content) {
    block.index = content.index;
    block.slots = [];
  } else {
    block.slots = content.slots;
    for (const slot of content.slots) if (slot !== undefined) arena.hold(slot as Message);
  }
  return block;
}
