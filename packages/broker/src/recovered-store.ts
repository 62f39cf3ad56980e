/**
 * One store while the journal is read: what its records say so far, in blocks of sequences, whatever order they come in.
 *
 *     slot   undefined        never heard of
 *            RecoveredSlot    stored
 *            SETTLED          gone for good: a record of it that comes later says nothing
 */
import type { BrokerLog } from './broker-log.js';
import type { StoreRecord } from './log/store-record.js';
import type { Message } from './message.js';
import type { MessageStore } from './message-store.js';

const BLOCK_SLOTS = 512;
const SETTLED = Symbol('settled');
type Slot = Message | typeof SETTLED | undefined;

class RecoveredBlock {
  slots: Slot[] | undefined = new Array<Slot>(BLOCK_SLOTS);
  settled = 0;
}

export class RecoveredStore {
  /** Undefined until a record of the store itself came. */
  record: StoreRecord | undefined = undefined;
  /** Highest sequence that any record names. */
  last = 0;
  private readonly counts = new Map<number, number>();
  private readonly blocks = new Map<number, RecoveredBlock>();
  private block = new RecoveredBlock();
  private number = -1;

  /** A record says that it holds this message. @returns the message it held by an earlier record, or false: settled */
  store(sequence: number, message: Message): Message | false | undefined {
    const block = this.find(sequence);
    if (block.slots === undefined) return false;
    const before = block.slots[sequence % BLOCK_SLOTS];
    if (before === SETTLED) return false;
    block.slots[sequence % BLOCK_SLOTS] = message;
    return before;
  }

  /** A record says how often it was delivered without success: the highest number holds. */
  count(sequence: number, count: number): void {
    // The message may never have come to be; its sequence is not to be used again all the same.
    if (sequence > this.last) this.last = sequence;
    if (count > (this.counts.get(sequence) ?? 0)) this.counts.set(sequence, count);
  }

  /** @param gone hears of each message that goes by it */
  settle(first: number, last: number, gone: (message: Message) => void): void {
    for (let sequence = first; sequence <= last; sequence++) {
      const block = this.find(sequence);
      if (block.slots === undefined) continue;
      const at = sequence % BLOCK_SLOTS;
      const before = block.slots[at];
      if (before === SETTLED) continue;
      block.slots[at] = SETTLED;
      if (before !== undefined) gone(before);
      if (++block.settled === BLOCK_SLOTS) block.slots = undefined;
    }
  }

  /** What is stored, in order. */
  each(visit: (message: Message, sequence: number) => void): void {
    for (const number of [...this.blocks.keys()].sort((a, b) => a - b)) {
      const { slots } = this.blocks.get(number)!;
      if (slots === undefined) continue;
      for (let at = 0; at < BLOCK_SLOTS; at++) {
        const slot = slots[at];
        if (slot !== undefined && slot !== SETTLED) visit(slot, number * BLOCK_SLOTS + at);
      }
    }
  }

  /** Gives everything to the broker's store of the same name. */
  fill(store: MessageStore, log: BrokerLog): void {
    const record = this.record!;
    const now = store.record!;
    now.id = record.id;
    now.whenFull = record.whenFull;
    now.position = record.position;
    now.length = record.length;
    log.stores.set(record.id, store);
    this.each((message, sequence) => store.restore(message, sequence, this.counts.get(sequence) ?? 0));
    store.restoreLast(this.last);
  }

  private find(sequence: number): RecoveredBlock {
    if (sequence > this.last) this.last = sequence;
    const number = Math.floor(sequence / BLOCK_SLOTS);
    if (number === this.number) return this.block;
    let block = this.blocks.get(number);
    if (block === undefined) {
      block = new RecoveredBlock();
      this.blocks.set(number, block);
    }
    this.number = number;
    this.block = block;
    return block;
  }
}
