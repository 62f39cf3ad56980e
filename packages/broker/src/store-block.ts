/**
 * A run of sequences of a message store.
 *
 *     slots[i] holds sequence base + i:
 *         Message          waits, was never delivered
 *         StoredDelivery   is with a consumer, or came back
 *         undefined        settled, expired, dropped, or not used yet
 *
 * The store links its blocks in order and lets go of a block in which nothing lives. A store that keeps bodies on disk
 * can do so block by block.
 */
import type { Message } from './message.js';
import type { StoredDelivery } from './stored-delivery.js';

export const BLOCK_SLOTS = 512;

export type Slot = Message | StoredDelivery | undefined;

export class StoreBlock {
  base: number;
  readonly slots: Slot[] = new Array<Slot>(BLOCK_SLOTS);
  live = 0;
  /** Not after the first expiry in it; Infinity: nothing in it expires. */
  earliestExpiry = Number.POSITIVE_INFINITY;
  previous: StoreBlock | undefined = undefined;
  next: StoreBlock | undefined = undefined;

  constructor(base: number) {
    this.base = base;
  }
}
