/**
 * The window in which one address knows the ids of the messages that it took, and takes none of them twice.
 *
 *     oldest ├── block ──┼── block ──┼── block ──┤ newest      one block a turn: ids in order, one time
 *            ▲ leaves by count or time           ▲ joins, pending until the journal has reported; counts from then
 *
 * The blocks are what the journal keeps (log/id-block.ts); beside them a map from id to block answers.
 *
 * A duplicate is answered as accepted when the first one is, and not before; when the first one's commit fails, so is
 * the duplicate refused. An id that is kept in memory alone does not stand for a durable message, which it could not
 * replace after a crash: that one is taken.
 */
import type { AddressProducer } from './address.js';
import type { Core } from './core.js';
import type { IdWindows } from './id-windows.js';
import { BLOCK_IDS_MAX, ID_LENGTH_MAX, type IdBlock, type IdKeeping } from './log/id-block.js';
import type { Message } from './message.js';
import { Outcome, type RefusalReason } from './outcome.js';
import type { Sender, SendResult } from './ports.js';

/** How far back an address looks for duplicates: whichever is reached first. */
export interface Deduplication {
  /** Ids at most. */
  readonly ids: number;
  /** ms. */
  readonly windowMs: number;
}

/** Ids cleared by one send beside what it pushes out; the rest is left to the tick. */
const IDS_A_SEND = 64;
/** Blocks that were cleared are cut off in pieces of this many at least. */
const CLEARED_BLOCKS = 256;

export class IdWindow {
  readonly address: string;
  private settings: Deduplication;
  private readonly core: Core;
  private readonly windows: IdWindows;
  private readonly known = new Map<string, IdBlock>();
  private blocks: IdBlock[] = [];
  /** Blocks before it are cleared. */
  private first = 0;
  /** Ids in all blocks that are decided: what is under way pushes nothing out, since it may come to nothing. */
  private size = 0;
  /** Those that are filled in this turn, by how they keep. */
  private readonly filling: Partial<Record<IdKeeping, IdBlock>> = {};

  constructor(core: Core, address: string, settings: Deduplication) {
    this.core = core;
    this.windows = core.ids;
    this.address = address;
    this.settings = settings;
    this.windows.add(this);
    for (const block of this.windows.takeRecovered(address)) this.restore(block);
    this.trim();
  }

  configure(settings: Deduplication): void {
    this.settings = settings;
    this.trim();
  }

  /** Ids that it knows. */
  get ids(): number {
    return this.known.size;
  }

  /** The block that makes a message with this id a duplicate. */
  find(id: string, options: { readonly durable: boolean; readonly nowMs: number }): IdBlock | undefined {
    const { nowMs, durable } = options;
    const block = this.known.get(id);
    if (block === undefined || block.timeMs + this.settings.windowMs <= nowMs) return undefined;
    return durable && block.keeping !== 'durable' ? undefined : block;
  }

  /** The message with this id was taken, in the batch that is open. */
  add(id: string, keeping: IdKeeping): void {
    const nowMs = this.core.turn.begin();
    const block = this.blockFor(keeping, nowMs);
    block.ids.push(id);
    this.known.set(id, block);
    this.expire(nowMs, IDS_A_SEND);
    if (block.state === 'pending') return;
    this.size++;
    this.trim();
  }

  /** Sends through `producer` what is no duplicate, and answers what is. */
  send(
    producer: AddressProducer,
    { message, tag, id }: { readonly message: Message; readonly tag: number; readonly id: string },
    always: boolean,
  ): SendResult {
    const { log, turn } = this.core;
    const durable = message.durable || always;
    const block = this.find(id, { durable, nowMs: turn.begin() });
    if (block !== undefined) return this.answer(block, producer, tag);
    // Without its id it could be taken twice: so it is refused as one that is to be stored, even if it only passes.
    const unwritable = durable ? log.refusal : undefined;
    if (unwritable !== undefined) return producer.refuseForJournal(unwritable);
    const result = producer.send(message, tag);
    if (result !== 'accepted' && result !== 'pending') return result;
    this.add(id, durable ? 'durable' : 'memory');
    if (!durable || result === 'pending' || tag < 0) return result;
    log.open.addSender(producer.sender, tag);
    return 'pending';
  }

  /** Clears ids whose time is over, about `most` of them. @returns how many */
  expire(nowMs: number, most: number): number {
    const limit = nowMs - this.settings.windowMs;
    let cleared = 0;
    while (cleared < most) {
      const block = this.blocks[this.first];
      if (block === undefined || block.state === 'pending' || block.timeMs > limit) break;
      this.clearOldest();
      cleared++;
    }
    return cleared;
  }

  /** Forgets all, also across restarts. */
  close(): void {
    this.windows.forget(this, this.blocks.slice(this.first));
    this.blocks = [];
    this.first = 0;
    this.size = 0;
    this.known.clear();
  }

  private answer(block: IdBlock, producer: AddressProducer, tag: number): SendResult {
    const { log } = this.core;
    producer.countDuplicate();
    if (tag < 0) return 'accepted';
    if (block.state === 'pending') log.open.addSender(new WaitingDuplicate(block, producer.sender), tag);
    // A batch that waits for nothing else would carry what a full journal does not take.
    else if (log.refusal !== undefined) return 'accepted';
    else log.open.addSender(producer.sender, tag);
    return 'pending';
  }

  private blockFor(keeping: IdKeeping, timeMs: number): IdBlock {
    const { core } = this;
    const filling = this.filling[keeping];
    const isOpen = keeping === 'memory' ? filling?.timeMs === timeMs : filling?.batch === core.log.open;
    if (filling !== undefined && isOpen && !filling.gone && filling.ids.length < BLOCK_IDS_MAX) return filling;
    // A list grows by more than it needs, and most turns bring one id.
    if (filling !== undefined) filling.ids = filling.ids.slice();
    const block = this.windows.open(this.address, this.settings, { timeMs, keeping });
    this.filling[keeping] = block;
    this.blocks.push(block);
    if (block.state === 'pending') block.whenDecided(() => this.decided(block));
    return block;
  }

  private decided(block: IdBlock): void {
    const { ids } = block;
    if (block.gone) return;
    this.size += ids.length;
    if (block.state === 'held') {
      this.trim();
      return;
    }
    for (const id of ids) this.unlist(block, id);
    block.from = ids.length;
    this.windows.drop(block);
  }

  private clearOldest(): void {
    const block = this.blocks[this.first]!;
    // One whose commit failed is empty already.
    if (block.from < block.ids.length) {
      this.unlist(block, block.ids[block.from]!);
      block.from++;
    }
    if (block.from < block.ids.length) return;
    if (!block.gone) this.windows.drop(block);
    this.first++;
    if (this.first < CLEARED_BLOCKS || this.first * 2 < this.blocks.length) return;
    this.blocks = this.blocks.slice(this.first);
    this.first = 0;
  }

  private unlist(block: IdBlock, id: string): void {
    this.size--;
    if (this.known.get(id) === block) this.known.delete(id);
  }

  private restore(block: IdBlock): void {
    this.blocks.push(block);
    this.size += block.ids.length;
    for (const id of block.ids) this.known.set(id, block);
  }

  private trim(): void {
    while (this.size > this.settings.ids && this.blocks[this.first]?.state !== 'pending') this.clearOldest();
  }
}

/** Whoever sent a copy while the first one's commit was under way: hears the worse of the two commits. */
class WaitingDuplicate implements Sender {
  private readonly block: IdBlock;
  private readonly sender: Sender;

  constructor(block: IdBlock, sender: Sender) {
    this.block = block;
    this.sender = sender;
  }

  settled(tag: number, outcome: Outcome, reason: RefusalReason | undefined): void {
    if (this.block.state === 'failed') this.sender.settled(tag, Outcome.rejected, reason ?? 'journal-failed');
    else this.sender.settled(tag, outcome, reason);
  }

  capacityChanged(): void {}

  addressDeleted(): void {}
}

/** Whether these settings can be kept to. @returns what is wrong */
export function deduplicationFault({ ids, windowMs }: Deduplication): string | undefined {
  for (const [name, value] of Object.entries({ ids, windowMs })) {
    if (!Number.isSafeInteger(value) || value < 1) return `deduplication.${name} must be a whole number of at least 1.`;
  }
  return undefined;
}

/** Ids are opaque to the broker: characters of one byte, few enough. */
export function isUsableId(id: string): boolean {
  return id.length <= ID_LENGTH_MAX;
}
