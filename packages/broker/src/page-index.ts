/**
 * Where the records of one block's messages lie in the journal. Packed, it takes about three bytes a message that was
 * stored in order, whatever else went to the journal in between:
 *
 *     each slot, from the first to the last one used ×
 *         0 nothing · 1 settled (while the journal is replayed)
 *         else 4 + 2 × distance + changed    distance from the end of the record before it
 *              record's length
 *              overhead                      bytes of the record that are not content; only where `changed`
 *         or   2 + changed · distance back · length · …, where a record stands before the one before it
 *
 * Numbers are LEB128, positions below 2^50. To be read or changed it is unpacked; a bounded number of them is so at a time.
 */
import { NOWHERE } from './log/record-type.js';
import type { Message } from './message.js';
import { BLOCK_SLOTS } from './store-block.js';

/** In place of a position: gone for good. */
export const SETTLED = -2;

/** A number takes at most so many bytes. */
const NUMBER_BYTES = 8;
const TWO_31 = 2 ** 31;
const NOTHING = new Uint8Array(0);
const scratch = new Uint8Array(BLOCK_SLOTS * 3 * NUMBER_BYTES);

export interface IndexedRecord {
  readonly position: number;
  readonly length: number;
  /** Content bytes. */
  readonly size: number;
}

/** An index that is unpacked. */
export class OpenPage {
  readonly positions = new Float64Array(BLOCK_SLOTS).fill(NOWHERE);
  readonly lengths = new Uint32Array(BLOCK_SLOTS);
  /** Content bytes. */
  readonly sizes = new Uint32Array(BLOCK_SLOTS);
  /** Slots from here on are not used. */
  used = 0;
}

/** The indexes that are unpacked, the one opened first gives way. */
export class OpenPages {
  private readonly owners: (PageIndex | undefined)[];
  private readonly spares: OpenPage[] = [];
  private next = 0;

  /** @param count at most so many at a time */
  constructor(count = 512) {
    this.owners = new Array<PageIndex | undefined>(count).fill(undefined);
  }

  take(owner: PageIndex): OpenPage {
    const first = this.owners[this.next];
    const page = (first === undefined ? undefined : first.close()) ?? this.spares.pop() ?? new OpenPage();
    this.owners[this.next] = owner;
    this.next = (this.next + 1) % this.owners.length;
    return page;
  }

  giveBack(page: OpenPage): void {
    page.positions.fill(NOWHERE, 0, page.used);
    page.used = 0;
    if (this.spares.length < this.owners.length) this.spares.push(page);
  }
}

export class PageIndex {
  /** Time of the first message that was put in. */
  firstTime = 0;
  /** Messages of the block that are not in the journal, and stay in memory. */
  kept: Map<number, Message> | undefined = undefined;
  private readonly pages: OpenPages;
  private packed: Uint8Array = NOTHING;
  private page: OpenPage | undefined = undefined;
  private changed = false;

  constructor(pages: OpenPages) {
    this.pages = pages;
  }

  /** Unpacked, to be read until the next call for another index. Slots without a record are at NOWHERE or SETTLED. */
  open(): OpenPage {
    if (this.page !== undefined) return this.page;
    const page = this.pages.take(this);
    unpack(this.packed, page);
    this.page = page;
    this.changed = false;
    return page;
  }

  positionAt(slot: number): number {
    return this.open().positions[slot]!;
  }

  set(slot: number, record: IndexedRecord): void {
    const page = this.page ?? this.open();
    page.positions[slot] = record.position;
    page.lengths[slot] = record.length;
    page.sizes[slot] = record.size;
    if (slot >= page.used) page.used = slot + 1;
    this.changed = true;
  }

  /** Its record lies elsewhere now. */
  move(slot: number, position: number, length: number): void {
    const page = this.open();
    page.positions[slot] = position;
    page.lengths[slot] = length;
    this.changed = true;
  }

  clear(slot: number, to: typeof NOWHERE | typeof SETTLED = NOWHERE): void {
    const page = this.page ?? this.open();
    page.positions[slot] = to;
    if (slot >= page.used) page.used = slot + 1;
    this.changed = true;
  }

  /** Each slot that has a record, in order. */
  each(visit: (slot: number, record: IndexedRecord) => void): void {
    const { lengths, positions, sizes, used } = this.open();
    for (let slot = 0; slot < used; slot++) {
      const position = positions[slot]!;
      if (position >= 0) visit(slot, { position, length: lengths[slot]!, size: sizes[slot]! });
    }
  }

  /** For the pool: another index takes the memory. */
  close(): OpenPage | undefined {
    const { page } = this;
    if (page === undefined) return undefined;
    if (this.changed) this.packed = pack(page);
    this.page = undefined;
    page.positions.fill(NOWHERE, 0, page.used);
    page.used = 0;
    return page;
  }

  /** It is not needed any more. */
  drop(): void {
    if (this.page !== undefined) this.pages.giveBack(this.page);
    this.page = undefined;
    this.packed = NOTHING;
  }
}

function pack(page: OpenPage): Uint8Array {
  const { lengths, positions, sizes, used } = page;
  let at = 0;
  let end = 0;
  let overhead = 0;
  for (let slot = 0; slot < used; slot++) {
    const position = positions[slot]!;
    if (position < 0) {
      scratch[at++] = position === SETTLED ? 1 : 0;
      continue;
    }
    const length = lengths[slot]!;
    const distance = position - end;
    const same = length - sizes[slot]! === overhead;
    if (distance >= 0) at = writeNumber((same ? 4 : 5) + 2 * distance, at);
    else {
      at = writeNumber(same ? 2 : 3, at);
      at = writeNumber(-distance, at);
    }
    at = writeNumber(length, at);
    if (!same) {
      overhead = length - sizes[slot]!;
      at = writeNumber(overhead, at);
    }
    end = position + length;
  }
  return scratch.slice(0, at);
}

function unpack(bytes: Uint8Array, page: OpenPage): void {
  const { lengths, positions, sizes } = page;
  let slot = 0;
  let end = 0;
  let overhead = 0;
  let at = 0;
  const next = () => {
    let value = bytes[at++]!;
    if (value < 128) return value;
    value -= 128;
    for (let unit = 128; ; unit *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * unit;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const token = next();
    if (token < 2) {
      positions[slot++] = token === 1 ? SETTLED : NOWHERE;
      continue;
    }
    const changed = token % 2;
    const position = end + (token < 4 ? -next() : (token - 4 - changed) / 2);
    const length = next();
    if (changed === 1) overhead = next();
    positions[slot] = position;
    lengths[slot] = length;
    sizes[slot++] = length - overhead;
    end = position + length;
  }
  page.used = slot;
}

function writeNumber(value: number, start: number): number {
  let at = start;
  let left = value;
  while (left >= TWO_31) {
    scratch[at++] = (left % 128) | 128;
    left = Math.floor(left / 128);
  }
  while (left >= 128) {
    scratch[at++] = (left & 127) | 128;
    left >>>= 7;
  }
  scratch[at++] = left;
  return at;
}
