/**
 * Keeps the memory that stored messages take within a budget: what is on disk and will not be handed out soon is *paged
 * out*, block by block, and read back ahead of the consumer.
 *
 *     head ── cursor ── read ahead ──────── paged out ──────── not yet ── tail
 *             in memory, delivered          in the journal,    in memory,
 *             or about to be                3 bytes each       to be paged out
 *
 * Blocks queue up here as they are filled or read back; the one that has waited longest goes first. A block stays while
 * a consumer holds something of it, while it is not on disk, and while it lies right ahead of a consumer. Messages that
 * are not in the journal stay in memory beside the index of their block, and count against `MemoryBound` alone.
 *
 * A block that cannot be read stays as it is: its store hands out nothing more until a later try succeeds.
 */
import type { Arena } from './arena.js';
import type { BrokerLog } from './broker-log.js';
import { isReadable, type Journal, type ReadableJournal } from './journal-port.js';
import { Holders, readMessage } from './log/message-record.js';
import { RecordReader } from './log/record-reader.js';
import { NOWHERE, RecordError } from './log/record-type.js';
import type { MemoryBound } from './memory-bound.js';
import type { Message } from './message.js';
import type { MessageStore } from './message-store.js';
import { OpenPages, PageIndex } from './page-index.js';
import { RecordRuns } from './record-runs.js';
import { COUNTED_APART } from './shared-records.js';
import { BLOCK_SLOTS, type Slot, type StoreBlock } from './store-block.js';
import { StoredDelivery } from './stored-delivery.js';

export interface PagingOptions {
  /**
   * Stored durable messages that are kept in memory: content, and 320 bytes for each. What is older than that, and not
   * about to be delivered, lies in the journal alone. Default: 128 MiB.
   */
  readonly residentBytes?: number;
  /** Content bytes that are paged out and read back together; a message is never divided. Default: 1 MiB. */
  readonly blockBytes?: number;
  /** Content bytes that are read ahead of the consumers of one queue or subscription. Default: 1 MiB. */
  readonly aheadBytes?: number;
}

export const RESIDENT_BYTES = 128 * 1024 ** 2;
export const BLOCK_BYTES = 1024 ** 2;
const AHEAD_BYTES = 1024 ** 2;
/** What a message takes beside its content, roughly. */
export const MESSAGE_BYTES = 320;
/** With less in it, the last block of a store stays in memory. */
const WORTH_BYTES = 8192;
/** Reads at a time: the threads that read also write the journal. */
const READS_MAX = 2;
/** Blocks looked at each time. */
const TRIES = 64;
/** Ticks between two tries to read what could not be read, at most: about six seconds. */
const WAIT_MAX = 64;
const NO_SLOTS: Slot[] = [];

/** What is to be read back for one store. */
interface Load {
  readonly store: MessageStore;
  readonly blocks: readonly StoreBlock[];
}

interface Resident {
  readonly store: MessageStore;
  readonly cost: number;
}

export class Pager {
  readonly pages: OpenPages;
  readonly blockBytes: number;
  readonly aheadBytes: number;
  /** Undefined: nothing is ever paged out. */
  private readonly journal: ReadableJournal | undefined;
  private readonly log: BrokerLog;
  private readonly arena: Arena;
  private readonly memory: MemoryBound;
  private readonly residentMax: number;
  private residentBytes = 0;
  /** Full blocks in memory, in the order in which they are to go. */
  private readonly resident = new Map<StoreBlock, Resident>();
  private readonly loads: Load[] = [];
  private reading = 0;
  private readonly unreadable = new Map<MessageStore, { wait: number; next: number }>();
  private readonly reader = new RecordReader();
  private readonly holders = new Holders();

  constructor(
    parts: { readonly journal: Journal; readonly log: BrokerLog; readonly arena: Arena; readonly memory: MemoryBound },
    { residentBytes = RESIDENT_BYTES, blockBytes = BLOCK_BYTES, aheadBytes = AHEAD_BYTES }: PagingOptions,
    pages = new OpenPages(),
  ) {
    this.pages = pages;
    this.journal = isReadable(parts.journal) ? parts.journal : undefined;
    this.log = parts.log;
    this.arena = parts.arena;
    this.memory = parts.memory;
    this.residentMax = residentBytes;
    this.blockBytes = blockBytes;
    this.aheadBytes = aheadBytes;
  }

  /** More is in memory than is to be, and it is not in full blocks. */
  get isShort(): boolean {
    return this.journal !== undefined && this.arena.storedBytes > this.residentMax;
  }

  /** Whether a block that is not full is worth paging out. */
  isWorthIt({ bytes, live }: StoreBlock): boolean {
    return live > 0 && bytes + MESSAGE_BYTES * live >= Math.min(WORTH_BYTES, this.blockBytes);
  }

  /** A block got all that it takes, or was read back. */
  filled(store: MessageStore, block: StoreBlock): void {
    if (this.journal === undefined || !store.journaled || block.live === 0) return;
    this.forget(block);
    const last = block.slots[block.length - 1];
    // What several stores share lies in memory once.
    const sharedBy = last === undefined || last instanceof StoredDelivery ? 1 : Math.max(1, last.references);
    const cost = (block.bytes + MESSAGE_BYTES * block.live) / sharedBy;
    this.resident.set(block, { store, cost });
    this.residentBytes += cost;
  }

  /** A block went away. */
  forget(block: StoreBlock): void {
    const known = this.resident.get(block);
    if (known === undefined) return;
    this.resident.delete(block);
    this.residentBytes -= known.cost;
  }

  /** Pages out what the budget does not allow. Not while somebody goes through blocks. */
  trim(): void {
    if (this.residentBytes <= this.residentMax) return;
    let tries = Math.min(this.resident.size, TRIES);
    for (const [block, known] of this.resident) {
      if (this.residentBytes <= this.residentMax || tries-- === 0) break;
      this.resident.delete(block);
      if (!known.store.reads(block) && this.pageOut(known.store, block)) this.residentBytes -= known.cost;
      else this.resident.set(block, known);
    }
    this.memory.shrunk();
  }

  /** Reads blocks back; the store hears of it by `pagedIn`. */
  load(store: MessageStore, blocks: readonly StoreBlock[]): void {
    const wanted = blocks.filter((block) => block.index !== undefined && !block.loading);
    if (wanted.length === 0) return;
    for (const block of wanted) block.loading = true;
    this.loads.push({ store, blocks: wanted });
    this.readNext();
  }

  /** The same at once, for what is rare and small. @returns whether the block is in memory now */
  loadNow(store: MessageStore, block: StoreBlock): boolean {
    if (block.index === undefined) return true;
    try {
      const runs = this.plan([block]);
      runs.readSync();
      this.pageIn(store, block, runs);
      this.readable(store);
    } catch (error) {
      this.failed(store, error as Error);
    }
    return block.index === undefined;
  }

  /** Tries again where reading failed. */
  tick(): void {
    this.trim();
    for (const [store, one] of this.unreadable) {
      if (one.wait-- > 0) continue;
      one.next = Math.min(WAIT_MAX, one.next * 2);
      one.wait = one.next;
      store.readAgain();
    }
  }

  /** The store is deleted. */
  left(store: MessageStore): void {
    this.unreadable.delete(store);
  }

  private readNext(): void {
    while (this.reading < READS_MAX && this.loads.length > 0) {
      this.reading++;
      void this.read(this.loads.shift()!).then(() => {
        this.reading--;
        this.readNext();
      });
    }
  }

  private async read({ store, blocks }: Load): Promise<void> {
    const runs = this.plan(blocks);
    try {
      await runs.read();
      // Before and not after: what was read is to be looked at first.
      this.trim();
      for (const block of blocks) this.pageIn(store, block, runs);
      this.readable(store);
    } catch (error) {
      // A record that was written again meanwhile is not where it was.
      if (this.areThere(blocks, runs)) this.failed(store, error as Error);
    }
    for (const block of blocks) block.loading = false;
    store.pagedIn();
  }

  private plan(blocks: readonly StoreBlock[]): RecordRuns {
    const runs = new RecordRuns(this.journal!, this.log.durablePosition);
    for (const { index, length } of blocks) {
      if (index === undefined) continue;
      const { positions, lengths } = index.open();
      for (let slot = 0; slot < length; slot++) {
        const position = positions[slot]!;
        if (position >= 0) runs.add(position, lengths[slot]!);
      }
    }
    return runs;
  }

  /** Whether there are messages in these blocks still, and their records where they were. */
  private areThere(blocks: readonly StoreBlock[], runs: RecordRuns): boolean {
    const left = blocks.filter((block) => block.index !== undefined && block.live > 0);
    return (
      left.length > 0 &&
      left.every(({ index, length }) => {
        const { positions, lengths } = index!.open();
        for (let slot = 0; slot < length; slot++) {
          if (positions[slot]! >= 0 && !runs.covers(positions[slot]!, lengths[slot]!)) return false;
        }
        return true;
      })
    );
  }

  /** Puts the messages back into the block. One of whose records was moved meanwhile is left to the next try. */
  private pageIn(store: MessageStore, block: StoreBlock, runs: RecordRuns): void {
    const { index } = block;
    if (index === undefined || block.live === 0) return;
    const { positions, lengths, sizes } = index.open();
    const slots = new Array<Slot>(BLOCK_SLOTS);
    for (let slot = 0; slot < block.length; slot++) {
      const position = positions[slot]!;
      if (position < 0) continue;
      const length = lengths[slot]!;
      const found = runs.find(position, length);
      if (found === undefined) return;
      this.reader.open(found.bytes, found.at, found.at + length);
      const message = readMessage(this.reader, this.holders, this.arena);
      if (message.end - message.start !== sizes[slot] || !this.isHeld(store, block.base + slot)) {
        throw new RecordError(`another record than message ${block.base + slot} stands at position ${position}`);
      }
      message.recordPosition = position;
      message.recordLength = length;
      message.recordHolders = this.log.shared.holders(position) > 0 ? COUNTED_APART : 1;
      slots[slot] = message;
    }
    for (const slot of slots) if (slot !== undefined) this.arena.hold(slot as Message);
    for (const [slot, message] of index.kept ?? []) slots[slot] = message;
    index.drop();
    block.index = undefined;
    block.slots = slots;
    store.pagedOut -= block.live;
    this.filled(store, block);
    this.memory.grown();
  }

  private isHeld(store: MessageStore, sequence: number): boolean {
    const { holders } = this;
    for (let i = 0; i < holders.length; i++) {
      if (holders.sequences[i] === sequence && holders.stores[i] === store.record!.id) return true;
    }
    return false;
  }

  private pageOut(store: MessageStore, block: StoreBlock): boolean {
    if (block.loading || block.next === undefined || !this.isPageable(block)) return false;
    const { length, slots } = block;
    const index = new PageIndex(this.pages);
    for (let slot = 0; slot < length; slot++) {
      const message = slots[slot] as Message | undefined;
      if (message === undefined) continue;
      if (index.firstTime === 0) index.firstTime = message.time;
      if (!this.isOnDisk(message)) {
        index.kept ??= new Map();
        index.kept.set(slot, message);
        continue;
      }
      const position = message.recordPosition;
      index.set(slot, { position, length: message.recordLength, size: message.end - message.start });
      if (message.recordHolders > 1 && message.recordHolders !== COUNTED_APART) {
        this.log.shared.add(position, message.recordHolders);
        message.recordHolders = COUNTED_APART;
      }
      this.arena.release(message);
    }
    block.index = index;
    block.slots = NO_SLOTS;
    store.pagedOut += block.live;
    return true;
  }

  /** No consumer has anything of it, and most of it is on disk. */
  private isPageable({ length, live, slots }: StoreBlock): boolean {
    let onDisk = 0;
    for (let slot = length - 1; slot >= 0; slot--) {
      const message = slots[slot];
      if (message === undefined) continue;
      if (message instanceof StoredDelivery) return false;
      if (this.isOnDisk(message)) onDisk++;
      else if (message.durable) return false;
    }
    return onDisk * 2 >= live;
  }

  private isOnDisk({ durable, recordPosition }: Message): boolean {
    return durable && recordPosition !== NOWHERE && recordPosition <= this.log.durablePosition;
  }

  private readable(store: MessageStore): void {
    store.unreadable = undefined;
    this.unreadable.delete(store);
  }

  private failed(store: MessageStore, error: Error): void {
    store.readFailed(error.message);
    if (!this.unreadable.has(store)) this.unreadable.set(store, { wait: 1, next: 1 });
  }
}
