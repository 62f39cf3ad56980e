/**
 * The stored messages of one queue or one subscription, in order, with their bounds.
 *
 *     head block … cursor block … tail block        (see store-block.ts)
 *     ◀─ delivered, some came back ─▶│◀─ never delivered ─▶
 *
 * Of what was never delivered, blocks may be paged out (pager.ts). Then `peek` finds nothing although something waits:
 * the owner hears when it is there.
 *
 * Messages that came back stand in a heap by sequence and go first, so order is kept. Order is that of arrival:
 * `priority` is a fact that travels with a message and does not change its place.
 *
 * It does NOT choose consumers, follow outcomes or write the journal (consumer-group.ts), nor route (dead-letters.ts).
 */
import type { Limits } from './address-settings.js';
import { BlockChain } from './block-chain.js';
import type { Core } from './core.js';
import type { GroupMember } from './group-member.js';
import { NOWHERE } from './log/record-type.js';
import type { StoreRecord } from './log/store-record.js';
import type { Message } from './message.js';
import { isAhead, isToBeRead, pagedAhead } from './read-ahead.js';
import { RecoveredCounts } from './recovered-counts.js';
import { makeBlock, type RestoredBlock } from './restored-block.js';
import { SequenceHeap } from './sequence-heap.js';
import { BLOCK_SLOTS, type Slot, type StoreBlock } from './store-block.js';
import { StoreBound } from './store-bound.js';
import type { MessageStoreOwner } from './store-owner.js';
import { DeliveryState, StoredDelivery } from './stored-delivery.js';

/** Slots looked at for expired messages when some were read back. */
const EXPIRE_SLOTS = 32 * BLOCK_SLOTS;

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
  readonly blocks = new BlockChain(1);
  nextSequence = 1;
  private cursorBlock: StoreBlock;
  /** No message at or after it was ever delivered. */
  private cursor = 1;
  private readonly returned = new SequenceHeap();
  private earliestExpiry = Number.POSITIVE_INFINITY;
  /** Undefined: nothing was recovered. */
  private recovered: RecoveredCounts | undefined = undefined;
  /** Recovered, and not declared yet: what is to become of messages that expire is not known. */
  waitsForDeclaration = false;
  /** Why what is paged out cannot be read back: nothing behind it is handed out. */
  unreadable: string | undefined = undefined;
  /** Messages that lie in the journal alone. */
  pagedOut = 0;
  /** At the cursor or after it, up to here, messages may be with somebody who picked them out of turn (pick.ts). */
  pickedUpTo = 0;

  constructor(core: Core, owner: MessageStoreOwner, options: { record: StoreRecord | undefined; limits: Limits }) {
    this.core = core;
    this.owner = owner;
    this.record = options.record;
    this.journaled = options.record !== undefined;
    this.bound = new StoreBound(options.limits, core.memory);
    this.cursorBlock = this.blocks.head;
    core.maintenance.add(this);
  }

  /** Stores an owned message behind all others. The caller has asked the bound. @returns its sequence */
  push(message: Message): number {
    const sequence = this.nextSequence++;
    let block = this.blocks.tail;
    let slot = sequence - block.base;
    if (slot >= block.length || block.bytes >= this.core.pager.blockBytes) {
      block = this.extend(sequence);
      slot = 0;
    }
    const size = message.end - message.start;
    block.slots[slot] = message;
    block.live++;
    block.bytes += size;
    if (message.expiresAt !== 0) this.noteExpiry(block, message.expiresAt);
    this.stored++;
    this.waiting++;
    this.bytes += size;
    this.core.arena.hold(message);
    this.bound.grown(this);
    return sequence;
  }

  /** Puts a recovered block to the place that it had; they come in order, and before all others. */
  restore(restored: RestoredBlock): void {
    const block = makeBlock(restored, this.core.arena);
    const { bytes, earliestExpiry, live } = restored;
    this.stored += live;
    this.waiting += live;
    this.bytes += bytes;
    if (earliestExpiry !== Number.POSITIVE_INFINITY) this.noteExpiry(block, earliestExpiry);
    const last = this.blocks.tail;
    this.blocks.link(block);
    if (last.live === 0) this.unlink(last);
    if (block.index === undefined) this.core.pager.filled(this, block);
    else this.pagedOut += live;
  }

  /** New messages come behind this sequence, which is not used again. @param counts failed deliveries */
  restoreLast(sequence: number, counts: Map<number, number>): void {
    this.nextSequence = Math.max(this.nextSequence, sequence + 1);
    this.recovered = new RecoveredCounts(sequence, counts);
    this.extend(this.nextSequence);
    this.bound.grown(this);
  }

  /** How often the message in this slot was delivered without success. */
  countIn(slot: Slot, sequence: number): number {
    if (slot instanceof StoredDelivery) return slot.deliveryCount;
    return this.recovered?.of(sequence) ?? 0;
  }

  /** The message that is to go next; undefined: none waits, or it has to be read first. It stays until `take` or `takeSettled`. */
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
      this.recovered?.hand(delivery);
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
    const { block, message, sequence } = delivery;
    if (message.expiresAt !== 0) this.noteExpiry(block, message.expiresAt);
    if (sequence >= this.cursor) {
      // Picked out of turn: it waits for its turn as before.
      delivery.state = DeliveryState.closed;
      block.slots[sequence - block.base] = message;
      this.waiting++;
      return;
    }
    delivery.state = DeliveryState.returned;
    if (options?.restricted) return;
    this.waiting++;
    this.returned.push(delivery);
  }

  /** Removes the oldest message that no consumer holds. @returns false when there is none, or it cannot be read */
  dropOldest(): boolean {
    const isRead = this.peek() !== undefined || (this.waiting > 0 && this.core.pager.loadNow(this, this.cursorBlock));
    const message = isRead ? this.peek() : undefined;
    if (message === undefined) return false;
    const sequence = this.takeSettled();
    this.owner.left(message, sequence, 'dropped');
    return true;
  }

  /** The commit of these failed: what no consumer holds was never there; what one holds will not come back. */
  withdraw(first: number, last: number): void {
    for (let block: StoreBlock | undefined = this.blocks.tail; block !== undefined; block = block.previous) {
      if (block.base + block.length <= first) break;
      // Of what fails only messages that were never to be written can stand in a block that is paged out.
      if (block.base <= last && block.index?.kept !== undefined) this.core.pager.loadNow(this, block);
    }
    this.blocks.walk(first, last, (block, sequence) => {
      const slot = block.slots[sequence - block.base];
      if (slot === undefined) return;
      const message = slot instanceof StoredDelivery ? slot.message : slot;
      message.recordPosition = NOWHERE;
      message.recordHolders = 0;
      if (slot instanceof StoredDelivery && slot.state !== DeliveryState.returned) slot.withdrawn = true;
      else this.discard(block, sequence);
    });
  }

  /** Removes what no consumer holds and `gone` picks; undefined picks all. @returns how many */
  purge(gone: ((message: Message) => boolean) | undefined): number {
    let count = 0;
    for (let block: StoreBlock | undefined = this.blocks.head; block !== undefined; ) {
      const { next }: StoreBlock = block;
      if (block.index !== undefined && gone === undefined) count += this.purgePaged(block);
      else if (this.core.pager.loadNow(this, block)) {
        count += this.purgeBlock(block, gone);
        this.core.pager.trim();
      }
      block = next;
    }
    return count;
  }

  /**
   * Calls `visit` for each stored message after `after`, in order, until it returns false. It may change the store.
   * What is paged out is read at once, or asked for, and that is the end; or passed over.
   */
  browse(
    after: number,
    paged: 'now' | 'later' | 'skip',
    visit: (sequence: number, slot: Message | StoredDelivery) => boolean,
  ): void {
    this.blocks.browse(after, visit, (block) => {
      const { pager } = this.core;
      if (paged === 'now') pager.loadNow(this, block);
      if (paged !== 'later') return true;
      if (this.unreadable === undefined) pager.load(this, pagedAhead(block, pager.aheadBytes));
      return false;
    });
  }

  /** Time of the message that is to go next, or an earlier one; undefined: none waits. */
  oldestTime(): number | undefined {
    if (this.waiting === 0) return undefined;
    return this.peek()?.time ?? this.cursorBlock.index?.firstTime;
  }

  /** Whether a message waits that has to be read from the journal first, and can be. */
  get isReading(): boolean {
    return this.waiting > 0 && this.unreadable === undefined && this.peek() === undefined;
  }

  /** Whether a consumer is about to come to this block. */
  reads(block: StoreBlock): boolean {
    return this.owner.hasConsumers && isAhead(this.cursorBlock, this.core.pager.aheadBytes, block);
  }

  /** What was paged out is there again, or could not be read. */
  pagedIn(): void {
    const { timeMs } = this.core.turn;
    if (this.earliestExpiry <= timeMs) this.expire(timeMs, EXPIRE_SLOTS);
    this.owner.pagedIn();
  }

  /** Nothing is handed out until it can be read. */
  readFailed(message: string): void {
    this.unreadable = message;
    this.owner.readFailed();
  }

  /** Memory is short: the last block is to be one that can be paged out. */
  closeTail(): void {
    if (!this.journaled || this.owner.hasConsumers || !this.core.pager.isWorthIt(this.blocks.tail)) return;
    this.extend(this.nextSequence);
  }

  /** It may be that what could not be read can be now. */
  readAgain(): void {
    this.unreadable = undefined;
    this.core.pager.load(this, pagedAhead(this.blocks.firstPaged(), this.core.pager.aheadBytes));
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
    return this.blocks.heldBy(member, this.cursor - 1);
  }

  /** Removes what has expired and no consumer holds. @returns what is left of `budget`, which counts slots looked at */
  expire(nowMs: number, budget: number): number {
    if (this.earliestExpiry > nowMs || this.waitsForDeclaration) return budget - 1;
    let left = budget;
    let earliest = Number.POSITIVE_INFINITY;
    const expired: StoreBlock[] = [];
    for (let block: StoreBlock | undefined = this.blocks.head; block !== undefined; ) {
      const next: StoreBlock | undefined = block.next;
      if (block.earliestExpiry <= nowMs) {
        if (left <= 0) break;
        if (block.index === undefined) this.expireBlock(block, nowMs);
        else expired.push(block);
        left -= BLOCK_SLOTS;
      }
      if (block.earliestExpiry < earliest) earliest = block.earliestExpiry;
      block = next;
    }
    if (this.unreadable === undefined) this.core.pager.load(this, expired);
    if (left <= 0) return left;
    this.earliestExpiry = earliest;
    return left - 1;
  }

  /** Everything is void: the store is deleted. */
  close(): void {
    const { arena, log, maintenance, pager } = this.core;
    maintenance.delete(this);
    for (let block: StoreBlock | undefined = this.blocks.head; block !== undefined; block = block.next) {
      for (const slot of block.slots) {
        if (slot === undefined) continue;
        const message = slot instanceof StoredDelivery ? slot.message : slot;
        if (slot instanceof StoredDelivery) slot.state = DeliveryState.closed;
        if (this.journaled && message.durable) log.gaveUp(message);
        arena.release(message);
      }
      for (const message of block.index?.kept?.values() ?? []) arena.release(message);
      block.index?.each((_slot, { position, length }) => log.gaveUpRecord(position, length));
      block.index?.drop();
      block.slots = [];
      block.live = 0;
      pager.forget(block);
    }
    pager.left(this);
    if (this.record !== undefined) this.core.log.storeGone(this.record);
    this.stored = 0;
    this.pagedOut = 0;
    this.bytes = 0;
    this.waiting = 0;
    this.bound.shrunk(this);
  }

  private firstReturned(): StoredDelivery | undefined {
    let first = this.returned.first;
    while (first !== undefined && first.state !== DeliveryState.returned) {
      this.returned.shift();
      first = this.returned.first;
    }
    return first;
  }

  /** Moves the cursor over what was removed to the first message that waits. There is one; is it paged out, it is asked for. */
  private atCursor(): Message | undefined {
    for (;;) {
      const block = this.cursorBlock;
      const slot = this.cursor - block.base;
      if (slot >= block.length) {
        this.cursorBlock = block.next!;
        this.cursor = this.cursorBlock.base;
        continue;
      }
      if (slot === 0) this.readAhead();
      const message = block.slots[slot];
      if (message !== undefined && (this.cursor > this.pickedUpTo || !(message instanceof StoredDelivery))) {
        return message as Message;
      }
      if (block.index !== undefined) {
        this.readAhead();
        return undefined;
      }
      this.cursor++;
    }
  }

  /** Has what comes next read back before it is asked for: when half of it is gone, all of it together. */
  private readAhead(): void {
    const { pager } = this.core;
    if (this.unreadable !== undefined || !isToBeRead(this.cursorBlock, pager.aheadBytes / 2)) return;
    pager.load(this, pagedAhead(this.cursorBlock, pager.aheadBytes));
  }

  private purgeBlock(block: StoreBlock, gone: ((message: Message) => boolean) | undefined): number {
    let count = 0;
    for (let at = 0; at < block.length && block.live > 0; at++) {
      const slot = block.slots[at];
      if (slot === undefined) continue;
      const message = slot instanceof StoredDelivery ? slot.message : slot;
      if (slot instanceof StoredDelivery && slot.state !== DeliveryState.returned) continue;
      if (gone !== undefined && !gone(message)) continue;
      this.discard(block, block.base + at);
      this.owner.left(message, block.base + at, 'purged');
      count++;
    }
    return count;
  }

  /** What is to be known of a message that is purged stands in the index. */
  private purgePaged(block: StoreBlock): number {
    const { base, live } = block;
    const { arena, log } = this.core;
    for (const [slot, message] of block.index?.kept ?? []) {
      this.bytes -= message.end - message.start;
      arena.release(message);
      this.owner.left(message, base + slot, 'purged');
    }
    block.index?.each((slot, record) => {
      log.settledRecord(this, base + slot, record);
      this.recovered?.forget(base + slot);
      this.bytes -= record.size;
    });
    block.index?.drop();
    this.stored -= live;
    this.waiting -= live;
    this.pagedOut -= live;
    block.live = 0;
    this.unlink(block);
    this.bound.shrunk(this);
    return live;
  }

  private clear(block: StoreBlock, sequence: number, message: Message): void {
    block.slots[sequence - block.base] = undefined;
    this.stored--;
    this.bytes -= message.end - message.start;
    this.core.arena.release(message);
    if (--block.live === 0 && block !== this.blocks.tail) this.unlink(block);
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
    for (let i = 0; i < block.length; i++) {
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

  private extend(base: number): StoreBlock {
    const last = this.blocks.tail;
    const block = this.blocks.extend(base);
    if (last.live === 0) this.unlink(last);
    else if (last.index === undefined) this.core.pager.filled(this, last);
    return block;
  }

  private unlink(block: StoreBlock): void {
    if (this.cursorBlock === block) {
      this.cursorBlock = block.next!;
      this.cursor = this.cursorBlock.base;
    }
    this.core.pager.forget(block);
    this.blocks.unlink(block);
  }
}
