/**
 * What is done now and then, a bounded amount each time: expiring messages, moving bytes out of sparse blocks, and
 * closing the last blocks of many stores early, that they can be paged out.
 */
import type { Arena } from './arena.js';
import type { MessageStore } from './message-store.js';
import type { Pager } from './pager.js';
import { DeliveryState, StoredDelivery } from './stored-delivery.js';

/** Slots looked at in one tick, for each of the two tasks. */
const SLOTS_A_TICK = 16_384;
/** Stores looked at in one tick whose last block may be closed. */
const STORES_A_TICK = 1024;

export class Maintenance {
  private readonly arena: Arena;
  private readonly stores: MessageStore[] = [];
  private readonly places = new Map<MessageStore, number>();
  private expiring = 0;
  private compacting = 0;
  private compactFrom = 1;
  private closing = 0;
  private readonly pager: Pager;

  constructor(arena: Arena, pager: Pager) {
    this.arena = arena;
    this.pager = pager;
  }

  add(store: MessageStore): void {
    this.places.set(store, this.stores.length);
    this.stores.push(store);
  }

  delete(store: MessageStore): void {
    const at = this.places.get(store);
    if (at === undefined) return;
    this.places.delete(store);
    const last = this.stores.pop()!;
    if (last === store) return;
    this.stores[at] = last;
    this.places.set(last, at);
  }

  tick(nowMs: number): void {
    this.expire(nowMs);
    if (this.arena.fragmented) this.compact();
    if (this.pager.isShort) this.closeTails();
  }

  private expire(nowMs: number): void {
    let left = SLOTS_A_TICK;
    for (let seen = this.stores.length; seen > 0 && left > 0; seen--) {
      if (this.expiring >= this.stores.length) this.expiring = 0;
      const store = this.stores[this.expiring];
      if (store === undefined) return;
      left = store.expire(nowMs, left);
      if (left > 0) this.expiring++;
    }
  }

  private closeTails(): void {
    for (let left = Math.min(this.stores.length, STORES_A_TICK); left > 0; left--) {
      if (this.closing >= this.stores.length) this.closing = 0;
      this.stores[this.closing++]!.closeTail();
    }
    this.pager.trim();
  }

  private compact(): void {
    let left = SLOTS_A_TICK;
    for (let seen = this.stores.length; seen > 0 && left > 0; seen--) {
      if (this.compacting >= this.stores.length) this.compacting = 0;
      const store = this.stores[this.compacting];
      if (store === undefined) return;
      const next = this.compactStore(store, this.compactFrom, left);
      left -= Math.min(left, store.stored);
      this.compactFrom = next === 0 ? 1 : next;
      if (next === 0) this.compacting++;
    }
  }

  /**
   * Moves bytes of waiting messages out of nearly empty blocks of the arena. A message that others hold too, or that is
   * with a consumer, stays: somebody may be reading it.
   * @returns the sequence to go on from, or 0 at the end
   */
  private compactStore(store: MessageStore, from: number, budget: number): number {
    let left = budget;
    let next = 0;
    store.browse(from - 1, 'skip', (sequence, slot) => {
      if (left-- === 0) {
        next = sequence;
        return false;
      }
      const held = slot instanceof StoredDelivery && slot.state !== DeliveryState.returned;
      const message = slot instanceof StoredDelivery ? slot.message : slot;
      if (!held && message.references === 1) this.arena.relocate(message);
      return true;
    });
    return next;
  }
}
