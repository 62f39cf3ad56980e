/** The blocks of one store, linked in order. New messages go into the last one, which is always in memory. */
import { BLOCK_SLOTS, StoreBlock } from './store-block.js';

export class BlockChain {
  head: StoreBlock;
  tail: StoreBlock;
  /** Blocks that went away so far. */
  unlinked = 0;
  /** An empty block kept for the next one needed. */
  private spare: StoreBlock | undefined = undefined;
  /** Where `at` last found something. */
  private found: StoreBlock;

  constructor(base: number) {
    this.head = new StoreBlock(base);
    this.tail = this.head;
    this.found = this.head;
  }

  /** The block that this sequence belongs to. Searches on from the last one found: most ask in order. */
  at(sequence: number): StoreBlock | undefined {
    let block: StoreBlock | undefined = this.found.base <= sequence ? this.found : this.head;
    while (block !== undefined && sequence >= block.base + block.length) block = block.next;
    if (block === undefined || sequence < block.base) return undefined;
    this.found = block;
    return block;
  }

  /** A new last block. The caller looks whether the one before is empty. */
  extend(base: number): StoreBlock {
    const block = this.spare ?? new StoreBlock(base);
    this.spare = undefined;
    block.base = base;
    block.length = BLOCK_SLOTS;
    block.bytes = 0;
    block.earliestExpiry = Number.POSITIVE_INFINITY;
    this.link(block);
    return block;
  }

  /** Puts a block behind the last one, which it replaces as that. */
  link(block: StoreBlock): void {
    const last = this.tail;
    last.length = Math.min(last.length, block.base - last.base);
    block.previous = last;
    last.next = block;
    this.tail = block;
  }

  /** Never the last one. */
  unlink(block: StoreBlock): void {
    const next = block.next!;
    if (block.previous === undefined) this.head = next;
    else block.previous.next = next;
    next.previous = block.previous;
    block.previous = undefined;
    block.next = undefined;
    this.unlinked++;
    if (this.found === block) this.found = next;
    if (block.index === undefined) this.spare = block;
  }

  /** Calls `visit` for sequences that are in memory; it may empty the block, and more. */
  walk(first: number, last: number, visit: (block: StoreBlock, sequence: number) => void): void {
    let block: StoreBlock | undefined = this.tail;
    while (block.base > first && block.previous !== undefined) block = block.previous;
    while (block !== undefined && block.base <= last) {
      // `visit` may empty the block, and the store then lets go of it.
      const next: StoreBlock | undefined = block.next;
      const { base } = block;
      const end = Math.min(last, base + block.length - 1);
      for (let sequence = Math.max(first, base); sequence <= end && block.index === undefined; sequence++) {
        if (block.live === 0) break;
        visit(block, sequence);
      }
      block = next;
    }
  }
}
