/**
 * A run of sequences of a message store.
 *
 *     in memory   slots[i] holds sequence base + i:
 *                     Message          waits, was never delivered
 *                     StoredDelivery   is with a consumer, or came back
 *                     undefined        settled, expired, dropped, or not used yet
 *     paged out   index says where the record of each lies in the journal; there are no slots (pager.ts)
 *
 * The store links its blocks in order and lets go of a block in which nothing lives.
 */
import type { Message } from './message.js';
import type { PageIndex } from './page-index.js';
import type { StoredDelivery } from './stored-delivery.js';

export const BLOCK_SLOTS = 512;

export type Slot = Message | StoredDelivery | undefined;

export class StoreBlock {
  base: number;
  slots: Slot[] = new Array<Slot>(BLOCK_SLOTS);
  /** Sequences that are its own: fewer than there are slots when it was closed early. */
  length = BLOCK_SLOTS;
  live = 0;
  /** Content bytes that were put into it. */
  bytes = 0;
  /** Not after the first expiry in it; Infinity: nothing in it expires. */
  earliestExpiry = Number.POSITIVE_INFINITY;
  /** Defined while its messages lie in the journal alone. */
  index: PageIndex | undefined = undefined;
  /** It is being read back. */
  loading = false;
  previous: StoreBlock | undefined = undefined;
  next: StoreBlock | undefined = undefined;

  constructor(base: number) {
    this.base = base;
  }
}
