/** The blocks of one store, linked in order. New messages go into the last one, which is always in memory. */
import type { GroupMember } from './group-member.js';
import type { Message } from './message.js';
import { BLOCK_SLOTS, type Slot, StoreBlock } from './store-block.js';
import { DeliveryState, StoredDelivery } from './stored-delivery.js';

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

  /** What stands at this sequence, and is in memory. */
  slotAt(sequence: number): Slot {
    const block = this.at(sequence);
    if (block === undefined) return undefined;
    const slot = sequence - block.base;
    return block.index === undefined ? block.slots[slot] : block.index.kept?.get(slot);
  }

  /** The stored message of this sequence, with a consumer or not, if it is in memory. */
  messageAt(sequence: number): Message | undefined {
    const slot = this.slotAt(sequence);
    return slot instanceof StoredDelivery ? slot.message : slot;
  }

  /** Where the record of this stored message lies, in memory or not; undefined when there is no such message. */
  recordAt(sequence: number): number | undefined {
    const block = this.at(sequence);
    if (block?.index === undefined) return this.messageAt(sequence)?.recordPosition;
    const position = block.index.positionAt(sequence - block.base);
    return position < 0 ? undefined : position;
  }

  /** Its record was written again. */
  recordMoved(sequence: number, position: number, length: number): void {
    const block = this.at(sequence);
    if (block?.index !== undefined) block.index.move(sequence - block.base, position, length);
    else {
      const message = this.messageAt(sequence)!;
      message.recordPosition = position;
      message.recordLength = length;
    }
  }

  firstPaged(): StoreBlock | undefined {
    let block: StoreBlock | undefined = this.head;
    while (block !== undefined && block.index === undefined) block = block.next;
    return block;
  }

  /** Stored messages after this sequence, in memory or not. */
  countAfter(sequence: number): number {
    let count = 0;
    for (let block: StoreBlock | undefined = this.tail; block !== undefined; block = block.previous) {
      const { base, length } = block;
      if (base > sequence) count += block.live;
      else {
        for (let at = sequence + 1; at < base + length; at++) if (isStoredIn(block, at - base)) count++;
        break;
      }
    }
    return count;
  }

  /**
   * Calls `visit` for what is in memory after `after`, in order, until it returns false; it may change the store.
   * @param paged what to do with a block that is paged out, before it is looked at: false ends it
   */
  browse(
    after: number,
    visit: (sequence: number, slot: Message | StoredDelivery) => boolean,
    paged: (block: StoreBlock) => boolean,
  ): void {
    let seen = after;
    let block: StoreBlock | undefined = this.head;
    while (block !== undefined) {
      const { unlinked } = this;
      const { base, length } = block;
      if (block.index !== undefined && seen < base + length - 1 && !paged(block)) return;
      const { slots } = block;
      for (let i = Math.max(0, seen + 1 - base); i < slots.length && unlinked === this.unlinked; i++) {
        const slot = slots[i];
        if (slot === undefined) continue;
        seen = base + i;
        if (!visit(seen, slot)) return;
      }
      // When blocks went away meanwhile, their links are no way on: begin at the head again, behind what was seen.
      block = unlinked === this.unlinked ? block.next : this.head;
    }
  }

  /** Deliveries up to `last` that `member` holds, in order. */
  heldBy(member: GroupMember, last: number): StoredDelivery[] {
    const held: StoredDelivery[] = [];
    this.walk(this.head.base, last, (block, sequence) => {
      const slot = block.slots[sequence - block.base];
      if (!(slot instanceof StoredDelivery) || slot.member !== member) return;
      if (slot.state === DeliveryState.open || slot.state === DeliveryState.committing) held.push(slot);
    });
    return held;
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

function isStoredIn({ index, slots }: StoreBlock, slot: number): boolean {
  if (index === undefined) return slots[slot] !== undefined;
  return index.positionAt(slot) >= 0 || index.kept?.has(slot) === true;
}
