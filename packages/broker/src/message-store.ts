/**
 * The stored messages of one queue or one subscription, in order, with their bounds.
 *
 *     head block … cursor block … tail block        (see store-block.ts)
 *     ◀─ delivered, some came back ─▶│◀─ never delivered ─▶
 *
 * Messages that came back stand in a heap by sequence and go first, so order is kept. Order is that of arrival:
 * `priority` is a fact that travels with a message and does not change its place.
 *
 * It does NOT choose consumers, follow outcomes or write the journal (consumer-group.ts), nor route (dead-letters.ts).
 */
import type { Limits } from './address-settings.js';
import type { Core } from './core.js';
import type { GroupMember } from './group-member.js';
import { NOWHERE } from './log/record-type.js';
import type { StoreRecord } from './log/store-record.js';
import type { Message } from './message.js';
import { SequenceHeap } from './sequence-heap.js';
import { BLOCK_SLOTS, type Slot, StoreBlock } from './store-block.js';
import { StoreBound } from './store-bound.js';
import { DeliveryState, StoredDelivery } from './stored-delivery.js';

export interface MessageStoreOwner {
  /** A message left otherwise than through a consumer: the owner counts it and writes it down. */
  left(message: Message, sequence: number, why: 'expired' | 'dropped' | 'purged'): void;
}

export class MessageStore {
  /** What the journal knows it by; undefined for what is gone with its connection. */
  readonly record: StoreRecord | undefined;
  /** Whether durable messages in it are journaled. */
  readonly journaled: boolean;
  readonly bound: StoreBound;
  /** Messages and content bytes, those in delivery included. */
  stored = 0;
  bytes = 0;
  /** Messages that no consumer holds: never delivered, and come back. */
  waiting = 0;
  private readonly core: Core;
  private readonly owner: MessageStoreOwner;
  private head: StoreBlock;
  private tail: StoreBlock;
  private nextSequence = 1;
  private cursorBlock: StoreBlock;
  /** No message at or after it was ever delivered. */
  private cursor = 1;
  private readonly returned = new SequenceHeap();
  /** An empty block kept for the next one needed. */
  private spare: StoreBlock | undefined = undefined;
  /** Blocks that went away so far. */
  private unlinked = 0;
  /** Where `slotAt` last found something, valid while no block went away. */
  private found: StoreBlock;
  private foundWhen = 0;
  private earliestExpiry = Number.POSITIVE_INFINITY;
  /** Recovered messages before this one may have been with a consumer when the process ended. */
  private recoveredUpTo = 0;
  /** Failed deliveries of recovered messages that were not handed out since. */
  private recoveredCounts: Map<number, number> | undefined = undefined;
  /** Recovered, and not declared yet: what is to become of messages that expire is not known. */
  waitsForDeclaration = false;

  constructor(core: Core, owner: MessageStoreOwner, options: { record: StoreRecord | undefined; limits: Limits }) {
    this.core = core;
    this.owner = owner;
    this.record = options.record;
    this.journaled = options.record !== undefined;
    this.bound = new StoreBound(options.limits, core.memory);
    this.head = new StoreBlock(1);
    this.tail = this.head;
    this.cursorBlock = this.head;
    this.found = this.head;
    core.maintenance.add(this);
  }

  /** Stores an owned message behind all others. The caller has asked the bound. @returns its sequence */
  push(message: Message): number {
    const sequence = this.nextSequence++;
    let slot = sequence - this.tail.base;
    // More than a block's length only after a gap that recovery left.
    if (slot >= BLOCK_SLOTS) {
      this.extend(sequence);
      slot = 0;
    }
    const block = this.tail;
    block.slots[slot] = message;
    block.live++;
    if (message.expiresAt !== 0) this.noteExpiry(block, message.expiresAt);
    this.stored++;
    this.waiting++;
    this.bytes += message.end - message.start;
    this.core.arena.hold(message);
    this.bound.grown(this);
    return sequence;
  }

  /** Puts a recovered message to the place that it had; they come in order, and before all others. */
  restore(message: Message, sequence: number, count: number): void {
    this.nextSequence = sequence;
    this.push(message);
    this.recoveredUpTo = sequence;
    if (count === 0) return;
    this.recoveredCounts ??= new Map();
    this.recoveredCounts.set(sequence, count);
  }

  /** New messages come behind this sequence, which is not used again. */
  restoreLast(sequence: number): void {
    this.nextSequence = Math.max(this.nextSequence, sequence + 1);
  }

  /** The stored message of this sequence, with a consumer or not. */
  messageAt(sequence: number): Message | undefined {
    const slot = this.slotAt(sequence);
    return slot instanceof StoredDelivery ? slot.message : slot;
  }

  /** How often it was delivered without success. */
  deliveryCountAt(sequence: number): number {
    return this.countIn(this.slotAt(sequence), sequence);
  }

  /** The same, of what stands in its slot. */
  countIn(slot: Slot, sequence: number): number {
    if (slot instanceof StoredDelivery) return slot.deliveryCount;
    return this.recoveredCounts?.get(sequence) ?? 0;
  }

  /** What stands at this sequence. Searches on from where it last found something: most ask in order. */
  slotAt(sequence: number): Slot {
    const valid = this.foundWhen === this.unlinked && this.found.base <= sequence;
    for (let block: StoreBlock | undefined = valid ? this.found : this.head; block !== undefined; block = block.next) {
      if (sequence < block.base) return undefined;
      if (sequence >= block.base + BLOCK_SLOTS) continue;
      this.found = block;
      this.foundWhen = this.unlinked;
      return block.slots[sequence - block.base];
    }
    return undefined;
  }

  /** The message that is to go next; undefined: none waits. It stays until `take` or `takeSettled`. */
  peek(): Message | undefined {
    if (this.waiting === 0) return undefined;
    return this.firstReturned()?.message ?? this.atCursor();
  }

  /** Hands the next message to a consumer that will settle it. Only after `peek` found one. */
  take(member: GroupMember): StoredDelivery {
    this.waiting--;
    const back = this.firstReturned();
    if (back === undefined) {
      const block = this.cursorBlock;
      const slot = this.cursor - block.base;
      const delivery = new StoredDelivery(block.slots[slot] as Message, this.cursor, block, member);
      if (this.cursor <= this.recoveredUpTo) this.recovered(delivery);
      this.cursor++;
      block.slots[slot] = delivery;
      return delivery;
    }
    this.returned.shift();
    return this.retake(back, member);
  }

  /** Hands out a message that came back, other than by `take`. */
  retake(back: StoredDelivery, member: GroupMember): StoredDelivery {
    back.state = DeliveryState.closed;
    const delivery = new StoredDelivery(back.message, back.sequence, back.block, member);
    delivery.deliveryCount = back.deliveryCount;
    delivery.redelivered = true;
    delivery.excluded = back.excluded;
    back.block.slots[back.sequence - back.block.base] = delivery;
    return delivery;
  }

  /** Removes the next message, for good. Only after `peek` found one. @returns its sequence */
  takeSettled(): number {
    this.waiting--;
    const back = this.firstReturned();
    if (back === undefined) {
      const block = this.cursorBlock;
      const sequence = this.cursor++;
      this.clear(block, sequence, block.slots[sequence - block.base] as Message);
      return sequence;
    }
    this.returned.shift();
    back.state = DeliveryState.closed;
    this.clear(back.block, back.sequence, back.message);
    return back.sequence;
  }

  /** Removes a message that a consumer holds. */
  remove(delivery: StoredDelivery): void {
    delivery.state = DeliveryState.closed;
    this.clear(delivery.block, delivery.sequence, delivery.message);
  }

  /** Puts a message that a consumer held back to its place. `restricted`: the caller hands it out by `retake`. */
  putBack(delivery: StoredDelivery, options?: { readonly restricted: true }): void {
    delivery.state = DeliveryState.returned;
    const { expiresAt } = delivery.message;
    if (expiresAt !== 0) this.noteExpiry(delivery.block, expiresAt);
    if (options?.restricted) return;
    this.waiting++;
    this.returned.push(delivery);
  }

  /** Removes the oldest message that no consumer holds. @returns false when there is none */
  dropOldest(): boolean {
    const message = this.peek();
    if (message === undefined) return false;
    const sequence = this.takeSettled();
    this.owner.left(message, sequence, 'dropped');
    return true;
  }

  /** The commit of these failed: what no consumer holds was never there; what one holds will not come back. */
  withdraw(first: number, last: number): void {
    this.walk(first, last, (block, sequence) => {
      const slot = block.slots[sequence - block.base];
      if (slot === undefined) return;
      const message = slot instanceof StoredDelivery ? slot.message : slot;
      message.recordPosition = NOWHERE;
      message.recordHolders = 0;
      if (slot instanceof StoredDelivery && slot.state !== DeliveryState.returned) slot.withdrawn = true;
      else this.discard(block, sequence);
    });
  }

  /** Removes what no consumer holds and `gone` picks. @returns how many */
  purge(gone: (message: Message) => boolean): number {
    let count = 0;
    this.walk(this.head.base, this.nextSequence - 1, (block, sequence) => {
      const slot = block.slots[sequence - block.base];
      if (slot === undefined) return;
      const message = slot instanceof StoredDelivery ? slot.message : slot;
      if (slot instanceof StoredDelivery && slot.state !== DeliveryState.returned) return;
      if (!gone(message)) return;
      this.discard(block, sequence);
      this.owner.left(message, sequence, 'purged');
      count++;
    });
    return count;
  }

  /** Calls `visit` for each stored message after `after`, in order, until it returns false. It may change the store. */
  browse(after: number, visit: (sequence: number, slot: Message | StoredDelivery) => boolean): void {
    let seen = after;
    let block: StoreBlock | undefined = this.head;
    while (block !== undefined) {
      const { unlinked } = this;
      const { base } = block;
      for (let i = Math.max(0, seen + 1 - base); i < BLOCK_SLOTS && unlinked === this.unlinked; i++) {
        const slot = block.slots[i];
        if (slot === undefined) continue;
        seen = base + i;
        if (!visit(seen, slot)) return;
      }
      // When blocks went away meanwhile, their links are no way on: begin at the head again, behind what was seen.
      block = unlinked === this.unlinked ? block.next : this.head;
    }
  }

  /** Sequence of the message that `peek` finds; Infinity: none waits. */
  nextWaiting(): number {
    if (this.waiting === 0) return Number.POSITIVE_INFINITY;
    const back = this.firstReturned();
    if (back !== undefined) return back.sequence;
    this.atCursor();
    return this.cursor;
  }

  /** Deliveries that `member` holds, in order. */
  heldBy(member: GroupMember): StoredDelivery[] {
    const held: StoredDelivery[] = [];
    this.walk(this.head.base, this.cursor - 1, (block, sequence) => {
      const slot = block.slots[sequence - block.base];
      if (!(slot instanceof StoredDelivery) || slot.member !== member) return;
      if (slot.state === DeliveryState.open || slot.state === DeliveryState.committing) held.push(slot);
    });
    return held;
  }

  /** Removes what has expired and no consumer holds. @returns what is left of `budget`, which counts slots looked at */
  expire(nowMs: number, budget: number): number {
    if (this.earliestExpiry > nowMs || this.waitsForDeclaration) return budget - 1;
    let left = budget;
    let earliest = Number.POSITIVE_INFINITY;
    for (let block: StoreBlock | undefined = this.head; block !== undefined; ) {
      const next: StoreBlock | undefined = block.next;
      if (block.earliestExpiry <= nowMs) {
        if (left <= 0) return left;
        this.expireBlock(block, nowMs);
        left -= BLOCK_SLOTS;
      }
      if (block.earliestExpiry < earliest) earliest = block.earliestExpiry;
      block = next;
    }
    this.earliestExpiry = earliest;
    return left - 1;
  }

  /**
   * Moves bytes of waiting messages out of nearly empty blocks of the arena. A message that others hold too, or that is
   * with a consumer, stays: somebody may be reading it.
   * @returns the sequence to go on from, or 0 at the end
   */
  compact(from: number, budget: number): number {
    let left = budget;
    let next = 0;
    this.browse(from - 1, (sequence, slot) => {
      if (left-- === 0) {
        next = sequence;
        return false;
      }
      const held = slot instanceof StoredDelivery && slot.state !== DeliveryState.returned;
      const message = slot instanceof StoredDelivery ? slot.message : slot;
      if (!held && message.references === 1) this.core.arena.relocate(message);
      return true;
    });
    return next;
  }

  /** Everything is void: the store is deleted. */
  close(): void {
    this.core.maintenance.delete(this);
    for (let block: StoreBlock | undefined = this.head; block !== undefined; block = block.next) {
      for (let i = 0; i < BLOCK_SLOTS; i++) {
        const slot = block.slots[i];
        if (slot === undefined) continue;
        const message = slot instanceof StoredDelivery ? slot.message : slot;
        if (slot instanceof StoredDelivery) slot.state = DeliveryState.closed;
        block.slots[i] = undefined;
        if (this.journaled && message.durable) this.core.log.gaveUp(message);
        this.core.arena.release(message);
      }
    }
    if (this.record !== undefined) this.core.log.storeGone(this.record);
    this.stored = 0;
    this.bytes = 0;
    this.waiting = 0;
    this.bound.shrunk(this);
  }

  private recovered(delivery: StoredDelivery): void {
    delivery.redelivered = true;
    const counts = this.recoveredCounts;
    if (counts === undefined) return;
    delivery.deliveryCount = counts.get(delivery.sequence) ?? 0;
    counts.delete(delivery.sequence);
    if (counts.size === 0) this.recoveredCounts = undefined;
  }

  private firstReturned(): StoredDelivery | undefined {
    let first = this.returned.first;
    while (first !== undefined && first.state !== DeliveryState.returned) {
      this.returned.shift();
      first = this.returned.first;
    }
    return first;
  }

  /** Moves the cursor over what was removed to the first message that waits. There is one. */
  private atCursor(): Message {
    for (;;) {
      const slot = this.cursor - this.cursorBlock.base;
      if (slot === BLOCK_SLOTS) {
        this.cursorBlock = this.cursorBlock.next!;
        this.cursor = this.cursorBlock.base;
        continue;
      }
      const message = this.cursorBlock.slots[slot];
      if (message !== undefined) return message as Message;
      this.cursor++;
    }
  }

  private clear(block: StoreBlock, sequence: number, message: Message): void {
    block.slots[sequence - block.base] = undefined;
    this.stored--;
    this.bytes -= message.end - message.start;
    this.core.arena.release(message);
    if (--block.live === 0 && block !== this.tail) this.unlink(block);
    this.bound.shrunk(this);
  }

  /** Removes a message that no consumer holds, wherever it stands. */
  private discard(block: StoreBlock, sequence: number): void {
    const slot = block.slots[sequence - block.base];
    if (slot === undefined) return;
    if (!(slot instanceof StoredDelivery)) {
      this.waiting--;
      this.clear(block, sequence, slot);
      return;
    }
    if (!slot.excluded) this.waiting--;
    slot.state = DeliveryState.closed;
    this.clear(block, sequence, slot.message);
  }

  private expireBlock(block: StoreBlock, nowMs: number): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < BLOCK_SLOTS; i++) {
      const slot = block.slots[i];
      if (slot === undefined) continue;
      const message = slot instanceof StoredDelivery ? slot.message : slot;
      if (message.expiresAt === 0) continue;
      const held = slot instanceof StoredDelivery && slot.state !== DeliveryState.returned;
      if (!held && message.expiresAt <= nowMs) {
        this.discard(block, block.base + i);
        this.owner.left(message, block.base + i, 'expired');
      } else if (!held && message.expiresAt < earliest) earliest = message.expiresAt;
    }
    block.earliestExpiry = earliest;
  }

  /** A message with an end to its life came, or came back. */
  private noteExpiry(block: StoreBlock, expiresAt: number): void {
    if (expiresAt < block.earliestExpiry) block.earliestExpiry = expiresAt;
    if (expiresAt < this.earliestExpiry) this.earliestExpiry = expiresAt;
  }

  private extend(base: number): void {
    const block = this.spare ?? new StoreBlock(base);
    this.spare = undefined;
    block.base = base;
    block.earliestExpiry = Number.POSITIVE_INFINITY;
    const last = this.tail;
    block.previous = last;
    last.next = block;
    this.tail = block;
    if (last.live === 0) this.unlink(last);
  }

  private unlink(block: StoreBlock): void {
    if (this.cursorBlock === block) {
      this.cursorBlock = block.next!;
      this.cursor = this.cursorBlock.base;
    }
    if (block.previous === undefined) this.head = block.next!;
    else block.previous.next = block.next;
    block.next!.previous = block.previous;
    block.previous = undefined;
    block.next = undefined;
    this.unlinked++;
    this.spare = block;
  }

  private walk(first: number, last: number, visit: (block: StoreBlock, sequence: number) => void): void {
    let block: StoreBlock | undefined = this.tail;
    while (block.base > first && block.previous !== undefined) block = block.previous;
    while (block !== undefined && block.base <= last) {
      // `visit` may empty the block, and the store then lets go of it.
      const next: StoreBlock | undefined = block.next;
      const { base } = block;
      const end = Math.min(last, base + BLOCK_SLOTS - 1);
      for (let sequence = Math.max(first, base); sequence <= end; sequence++) {
        if (block.live === 0) break;
        visit(block, sequence);
      }
      block = next;
    }
  }
}
