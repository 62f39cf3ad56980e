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
import type { PageIndex } from './page-index.js';
import { SequenceHeap } from './sequence-heap.js';
import { BLOCK_SLOTS, type Slot, StoreBlock } from './store-block.js';
import { StoreBound } from './store-bound.js';
import { DeliveryState, StoredDelivery } from './stored-delivery.js';

export interface MessageStoreOwner {
  /** A message left otherwise than through a consumer: the owner counts it and writes it down. */
  left(message: Message, sequence: number, why: 'expired' | 'dropped' | 'purged'): void;
  /** What was paged out is there again, or could not be read. */
  pagedIn(): void;
  /** Whether somebody is about to take from it. */
  readonly hasConsumers: boolean;
}

/** A block as it was before a restart: what it holds in memory, or where that lies. */
export interface RestoredBlock {
  readonly base: number;
  readonly length: number;
  readonly live: number;
  readonly bytes: number;
  readonly earliestExpiry: number;
  readonly content: { readonly slots: Slot[] } | { readonly index: PageIndex };
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
  private readonly blocks = new BlockChain(1);
  private nextSequence = 1;
  private cursorBlock: StoreBlock;
  /** No message at or after it was ever delivered. */
  private cursor = 1;
  private readonly returned = new SequenceHeap();
  private earliestExpiry = Number.POSITIVE_INFINITY;
  /** Recovered messages before this one may have been with a consumer when the process ended. */
  private recoveredUpTo = 0;
  /** Failed deliveries of recovered messages that were not handed out since. */
  private recoveredCounts: Map<number, number> | undefined = undefined;
  /** Recovered, and not declared yet: what is to become of messages that expire is not known. */
  waitsForDeclaration = false;
  /** Why what is paged out cannot be read back: nothing behind it is handed out. */
  unreadable: string | undefined = undefined;
  /** Tries to read back that failed. */
  readFailures = 0;

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
  restore({ base, length, live, bytes, earliestExpiry, content }: RestoredBlock): void {
    const block = new StoreBlock(base);
    block.length = length;
    block.live = live;
    block.bytes = bytes;
    if ('index' in content) {
      block.index = content.index;
      block.slots = [];
    } else {
      block.slots = content.slots;
      for (const slot of content.slots) if (slot !== undefined) this.core.arena.hold(slot as Message);
    }
    this.stored += live;
    this.waiting += live;
    this.bytes += bytes;
    if (earliestExpiry !== Number.POSITIVE_INFINITY) this.noteExpiry(block, earliestExpiry);
    const last = this.blocks.tail;
    this.blocks.link(block);
    if (last.live === 0) this.unlink(last);
    if (block.index === undefined) this.core.pager.filled(this, block);
  }

  /** New messages come behind this sequence, which is not used again. @param counts failed deliveries, where there are any */
  restoreLast(sequence: number, counts: Map<number, number>): void {
    this.nextSequence = Math.max(this.nextSequence, sequence + 1);
    this.recoveredUpTo = sequence;
    if (counts.size > 0) this.recoveredCounts = counts;
    this.extend(this.nextSequence);
    this.bound.grown(this);
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

  /** What stands at this sequence, and is in memory. */
  slotAt(sequence: number): Slot {
    const block = this.blocks.at(sequence);
    if (block === undefined) return undefined;
    return block.index === undefined ? block.slots[sequence - block.base] : block.index.kept?.get(sequence - block.base);
  }

  /** Where the record of this stored message lies; undefined when there is no such message. */
  recordAt(sequence: number): number | undefined {
    const block = this.blocks.at(sequence);
    if (block?.index === undefined) return this.messageAt(sequence)?.recordPosition;
    const position = block.index.positionAt(sequence - block.base);
    return position < 0 ? undefined : position;
  }

  /** Its record was written again. */
  recordMoved(sequence: number, position: number, length: number): void {
    const block = this.blocks.at(sequence);
    if (block?.index !== undefined) block.index.move(sequence - block.base, position, length);
    else {
      const message = this.messageAt(sequence)!;
      message.recordPosition = position;
      message.recordLength = length;
    }
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

  /** Removes the oldest message that no consumer holds. @returns false when there is none, or it cannot be read */
  dropOldest(): boolean {
    const message = this.peek() ?? this.peekNow();
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
      else if (this.core.pager.loadNow(this, block)) count += this.purgeBlock(block, gone);
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
    let seen = after;
    let block: StoreBlock | undefined = this.blocks.head;
    while (block !== undefined) {
      const { unlinked } = this.blocks;
      const { base, length } = block;
      const isAhead = seen < base + length - 1 && block.index !== undefined;
      if (isAhead && paged === 'later') {
        if (this.unreadable === undefined) this.core.pager.load(this, this.ahead(block));
        return;
      }
      if (isAhead && paged === 'now') this.core.pager.loadNow(this, block);
      const { slots } = block;
      for (let i = Math.max(0, seen + 1 - base); i < slots.length && unlinked === this.blocks.unlinked; i++) {
        const slot = slots[i];
        if (slot === undefined) continue;
        seen = base + i;
        if (!visit(seen, slot)) return;
      }
      // When blocks went away meanwhile, their links are no way on: begin at the head again, behind what was seen.
      block = unlinked === this.blocks.unlinked ? block.next : this.blocks.head;
    }
  }

  /** Stored messages after this sequence. */
  countAfter(sequence: number): number {
    let count = 0;
    for (let block: StoreBlock | undefined = this.blocks.tail; block !== undefined; block = block.previous) {
      const { base, length } = block;
      if (base > sequence) count += block.live;
      else {
        for (let at = sequence + 1; at < base + length; at++) if (isStoredIn(block, at - base)) count++;
        break;
      }
    }
    return count;
  }

  /** Time of the message that is to go next, or an earlier one; undefined: none waits. */
  oldestTime(): number | undefined {
    if (this.waiting === 0) return undefined;
    return this.peek()?.time ?? this.cursorBlock.index?.firstTime;
  }

  /** Whether a consumer is about to come to this block. */
  reads(block: StoreBlock): boolean {
    return this.owner.hasConsumers && this.following(this.cursorBlock, block) === block;
  }

  /** What was paged out is there again, or could not be read. */
  pagedIn(): void {
    const { timeMs } = this.core.turn;
    if (this.earliestExpiry <= timeMs) this.expire(timeMs, BLOCK_SLOTS);
    this.owner.pagedIn();
  }

  /** It may be that what could not be read can be now. */
  readAgain(): void {
    this.unreadable = undefined;
    this.core.pager.load(this, this.ahead(this.firstPaged()));
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
    this.blocks.walk(this.blocks.head.base, this.cursor - 1, (block, sequence) => {
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
    for (let block: StoreBlock | undefined = this.blocks.head; block !== undefined; ) {
      const next: StoreBlock | undefined = block.next;
      if (block.earliestExpiry <= nowMs) {
        if (left <= 0) return left;
        if (block.index === undefined) this.expireBlock(block, nowMs);
        else if (this.unreadable === undefined) this.core.pager.load(this, [block]);
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
    this.browse(from - 1, 'skip', (sequence, slot) => {
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
      this.leaveIndex(block, (_sequence, { position, length }) => log.gaveUpRecord(position, length));
      block.slots = [];
      block.live = 0;
      pager.forget(block);
    }
    pager.left(this);
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
      if (message !== undefined) return message as Message;
      if (block.index !== undefined) {
        this.readAhead();
        return undefined;
      }
      this.cursor++;
    }
  }

  /** The same, read on the spot. */
  private peekNow(): Message | undefined {
    if (this.waiting === 0 || !this.core.pager.loadNow(this, this.cursorBlock)) return undefined;
    return this.peek();
  }

  /** Has what comes next read back before it is asked for: half of what may be, and then all of it together. */
  private readAhead(): void {
    if (this.unreadable !== undefined) return;
    const first = this.following(this.cursorBlock, undefined);
    if (first !== undefined) this.core.pager.load(this, this.ahead(this.cursorBlock));
  }

  /**
   * Looks at the blocks that come next. @returns `wanted` when it is one of them; without one, the first that is to be
   * read back, among the nearer half
   */
  private following(from: StoreBlock, wanted: StoreBlock | undefined): StoreBlock | undefined {
    const { aheadBytes } = this.core.pager;
    const limit = wanted === undefined ? aheadBytes / 2 : aheadBytes;
    let bytes = 0;
    let block: StoreBlock | undefined = from;
    for (let count = 0; block !== undefined && (bytes < limit || count < 2); count++) {
      if (wanted === undefined ? block.index !== undefined && !block.loading : block === wanted) return block;
      bytes += block.bytes;
      block = block.next;
    }
    return undefined;
  }

  /** Blocks that are read back together, from this one on. */
  private ahead(from: StoreBlock | undefined): StoreBlock[] {
    const found: StoreBlock[] = [];
    let bytes = 0;
    let block = from;
    for (let count = 0; block !== undefined && (bytes < this.core.pager.aheadBytes || count < 2); count++) {
      if (block.index !== undefined) found.push(block);
      bytes += block.bytes;
      block = block.next;
    }
    return found;
  }

  private firstPaged(): StoreBlock | undefined {
    let block: StoreBlock | undefined = this.blocks.head;
    while (block !== undefined && block.index === undefined) block = block.next;
    return block;
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
    const { live } = block;
    for (const [slot, message] of block.index?.kept ?? []) this.owner.left(message, block.base + slot, 'purged');
    this.leaveIndex(block, (sequence, record) => {
      this.core.log.settledRecord(this, sequence, record);
      this.recoveredCounts?.delete(sequence);
      this.bytes -= record.size;
    });
    this.stored -= live;
    this.waiting -= live;
    block.live = 0;
    this.unlink(block);
    this.bound.shrunk(this);
    return live;
  }

  /** All that a paged block holds goes. */
  private leaveIndex(
    block: StoreBlock,
    visit: (sequence: number, record: { position: number; length: number; size: number }) => void,
  ): void {
    const { base, index } = block;
    if (index === undefined) return;
    for (const message of index.kept?.values() ?? []) {
      this.bytes -= message.end - message.start;
      this.core.arena.release(message);
    }
    const { lengths, positions, sizes, used } = index.open();
    for (let slot = 0; slot < used; slot++) {
      const position = positions[slot]!;
      if (position >= 0) visit(base + slot, { position, length: lengths[slot]!, size: sizes[slot]! });
    }
    index.drop();
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

function isStoredIn({ index, slots }: StoreBlock, slot: number): boolean {
  if (index === undefined) return slots[slot] !== undefined;
  return index.positionAt(slot) >= 0 || index.kept?.has(slot) === true;
}
