/**
 * One store while the journal is read: what its records say so far, in blocks of sequences, whatever order they come in.
 * A block knows where each message's record lies; the messages themselves only as far as memory is given to them.
 */
import type { BrokerLog } from './broker-log.js';
import type { MessageFacts } from './log/message-record.js';
import type { StoreRecord } from './log/store-record.js';
import type { Message } from './message.js';
import type { MessageStore } from './message-store.js';
import { type OpenPages, PageIndex, SETTLED } from './page-index.js';
import type { RestoredBlock } from './restored-block.js';
import { BLOCK_SLOTS, type Slot } from './store-block.js';

/** A record, as far as the journal is to know of it. */
export interface RecordPlace {
  readonly position: number;
  readonly length: number;
}

class RecoveredBlock {
  /** Undefined when all of it is settled. */
  index: PageIndex | undefined;
  /** Messages in memory, by slot. */
  readonly messages: (Message | undefined)[] = [];
  inMemory = 0;
  live = 0;
  bytes = 0;
  settled = 0;
  earliestExpiry = Number.POSITIVE_INFINITY;

  constructor(pages: OpenPages) {
    this.index = new PageIndex(pages);
  }

  /** @returns the message that was kept in the slot before */
  keep(slot: number, message: Message | undefined): Message | undefined {
    const before = this.messages[slot];
    // Where nothing is kept, there is to be no list either.
    if (message === undefined && before === undefined) return undefined;
    this.inMemory += (message === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
    this.messages[slot] = message;
    return before;
  }
}

export class RecoveredStore {
  /** Undefined until a record of the store itself came. */
  record: StoreRecord | undefined = undefined;
  /** Highest sequence that any record names. */
  last = 0;
  private readonly pages: OpenPages;
  private readonly counts = new Map<number, number>();
  private readonly blocks = new Map<number, RecoveredBlock>();
  private block: RecoveredBlock;
  private number = -1;

  constructor(pages: OpenPages) {
    this.pages = pages;
    this.block = new RecoveredBlock(pages);
  }

  /** Whether a record said that this message is gone for good. */
  isSettled(sequence: number): boolean {
    const { index } = this.find(sequence);
    return index === undefined || index.positionAt(sequence % BLOCK_SLOTS) === SETTLED;
  }

  /**
   * A record says that it holds this message, which is not settled.
   * @param message when it is to be kept in memory
   * @returns the record that held it before
   */
  store(sequence: number, place: RecordPlace, facts: MessageFacts, message?: Message): RecordPlace | undefined {
    const block = this.find(sequence);
    const slot = sequence % BLOCK_SLOTS;
    const index = block.index!;
    const before = this.placeIn(index, slot);
    if (before === undefined) {
      block.live++;
      block.bytes += facts.size;
      if (index.firstTime === 0 || facts.time < index.firstTime) index.firstTime = facts.time;
      if (facts.expiresAt !== 0 && facts.expiresAt < block.earliestExpiry) block.earliestExpiry = facts.expiresAt;
    }
    index.set(slot, { position: place.position, length: place.length, size: facts.size });
    block.keep(slot, message);
    return before;
  }

  /** A record says how often it was delivered without success: the highest number holds. */
  count(sequence: number, count: number): void {
    // The message may never have come to be; its sequence is not to be used again all the same.
    if (sequence > this.last) this.last = sequence;
    if (count > (this.counts.get(sequence) ?? 0)) this.counts.set(sequence, count);
  }

  /** @param gone hears of each record that does not hold its message any more, and of the message where it is in memory */
  settle(first: number, last: number, gone: (place: RecordPlace, message: Message | undefined) => void): void {
    for (let sequence = first; sequence <= last; sequence++) {
      const block = this.find(sequence);
      const { index } = block;
      if (index === undefined) continue;
      const slot = sequence % BLOCK_SLOTS;
      const { positions, sizes } = index.open();
      if (positions[slot] === SETTLED) continue;
      const before = this.placeIn(index, slot);
      if (before !== undefined) {
        block.live--;
        block.bytes -= sizes[slot]!;
        gone(before, block.keep(slot, undefined));
      }
      index.clear(slot, SETTLED);
      if (++block.settled < BLOCK_SLOTS) continue;
      index.drop();
      block.index = undefined;
    }
  }

  /** The records of what is stored, in order of the messages. */
  each(visit: (place: RecordPlace, message: Message | undefined) => void): void {
    for (const [, block] of this.inOrder()) {
      if (block.index === undefined) continue;
      const { positions, lengths, used } = block.index.open();
      for (let slot = 0; slot < used; slot++) {
        if (positions[slot]! < 0) continue;
        visit({ position: positions[slot]!, length: lengths[slot]! }, block.messages[slot]);
      }
    }
  }

  /** Gives everything to the broker's store of the same name. @param blockBytes a block of more content is divided */
  fill(store: MessageStore, log: BrokerLog, blockBytes: number): void {
    const record = this.record!;
    const now = store.record!;
    now.id = record.id;
    now.whenFull = record.whenFull;
    now.position = record.position;
    now.length = record.length;
    log.stores.set(record.id, store);
    for (const [number, block] of this.inOrder()) {
      if (block.live > 0) this.hand(block, number * BLOCK_SLOTS, { store, blockBytes });
    }
    const counts = new Map([...this.counts].filter(([sequence]) => store.blocks.recordAt(sequence) !== undefined));
    store.restoreLast(this.last, counts);
    this.blocks.clear();
  }

  private hand(block: RecoveredBlock, base: number, to: { store: MessageStore; blockBytes: number }): void {
    const index = block.index!;
    const { used } = index.open();
    if (block.bytes <= to.blockBytes) {
      to.store.restore(this.restored(block, { base, from: 0, to: used }));
      index.drop();
      return;
    }
    let from = 0;
    let bytes = 0;
    for (let slot = 0; slot < used; slot++) {
      if (index.positionAt(slot) < 0) continue;
      bytes += index.open().sizes[slot]!;
      if (bytes < to.blockBytes && slot < used - 1) continue;
      to.store.restore(this.restored(block, { base, from, to: slot + 1 }));
      from = slot + 1;
      bytes = 0;
    }
    if (from < used && bytes > 0) to.store.restore(this.restored(block, { base, from, to: used }));
    index.drop();
  }

  /** The part of a block from one slot to another. */
  private restored(
    block: RecoveredBlock,
    { base, from, to }: { readonly base: number; readonly from: number; readonly to: number },
  ): RestoredBlock {
    const { firstTime } = block.index!;
    const index = new PageIndex(this.pages);
    index.firstTime = firstTime;
    const slots = new Array<Slot>(BLOCK_SLOTS);
    let live = 0;
    let bytes = 0;
    const inMemory = block.inMemory === block.live;
    for (let slot = from; slot < to; slot++) {
      // Opened anew for each: the other index may have taken its memory.
      const { lengths, positions, sizes } = block.index!.open();
      const position = positions[slot]!;
      const length = lengths[slot]!;
      const size = sizes[slot]!;
      if (position < 0) continue;
      live++;
      bytes += size;
      if (inMemory) slots[slot - from] = block.messages[slot];
      else index.set(slot - from, { position, length, size });
    }
    const content = inMemory ? { slots } : { index };
    const { earliestExpiry } = block;
    return { base: base + from, length: to - from, live, bytes, earliestExpiry, content };
  }

  private placeIn(index: PageIndex, slot: number): RecordPlace | undefined {
    const { lengths, positions } = index.open();
    const position = positions[slot]!;
    return position < 0 ? undefined : { position, length: lengths[slot]! };
  }

  private inOrder(): [number, RecoveredBlock][] {
    return [...this.blocks].sort(([a], [b]) => a - b);
  }

  private find(sequence: number): RecoveredBlock {
    if (sequence > this.last) this.last = sequence;
    const number = Math.floor(sequence / BLOCK_SLOTS);
    if (number === this.number) return this.block;
    let block = this.blocks.get(number);
    if (block === undefined) {
      block = new RecoveredBlock(this.pages);
      this.blocks.set(number, block);
    }
    this.number = number;
    this.block = block;
    return block;
  }
}
