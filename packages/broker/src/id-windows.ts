/**
 * The windows of duplicates of all addresses: what they share of the journal, what recovery found for addresses that
 * are not declared yet, and clearing in bounded pieces.
 */
import type { BrokerLog } from './broker-log.js';
import type { Deduplication, IdWindow } from './id-window.js';
import { IdBlock, type IdKeeping, IdsGone } from './log/id-block.js';
import { NOWHERE } from './log/record-type.js';

/** Ids that leave in one tick because their time is over; more wait for the next. */
const IDS_A_TICK = 16_384;

export class IdWindows {
  private readonly log: BrokerLog;
  private readonly windows = new Set<IdWindow>();
  /** Blocks with a record in the journal, or soon. */
  private readonly blocks = new Map<number, IdBlock>();
  /** What was recovered for addresses that are not declared, in order. */
  private readonly recovered = new Map<string, IdBlock[]>();
  private lastNumber = 0;

  constructor(log: BrokerLog) {
    this.log = log;
  }

  /** Takes over what the journal had. */
  restore(blocks: Iterable<IdBlock>, lastNumber: number): void {
    this.lastNumber = lastNumber;
    for (const block of blocks) {
      this.blocks.set(block.number, block);
      const known = this.recovered.get(block.address);
      if (known === undefined) this.recovered.set(block.address, [block]);
      else known.push(block);
    }
  }

  add(window: IdWindow): void {
    this.windows.add(window);
  }

  /** What the journal had for this address; given once. */
  takeRecovered(address: string): readonly IdBlock[] {
    const blocks = this.recovered.get(address) ?? [];
    this.recovered.delete(address);
    return blocks;
  }

  /** The block of that number, for moving its record. */
  block(number: number): IdBlock | undefined {
    return this.blocks.get(number);
  }

  /** A block that shares the fate of the batch that is open now; one of durable ids is written with it. */
  open(address: string, { windowMs }: Deduplication, at: { timeMs: number; keeping: IdKeeping }): IdBlock {
    const { timeMs, keeping } = at;
    const { log } = this;
    const number = ++this.lastNumber;
    const block = new IdBlock({ number, address, timeMs, untilMs: timeMs + windowMs, keeping });
    if (keeping === 'memory') return block;
    block.state = 'pending';
    block.batch = log.open;
    log.open.addListener({ committed: (refusal) => block.decide(refusal === undefined ? 'held' : 'failed') });
    if (keeping === 'durable') {
      this.blocks.set(number, block);
      log.later(block);
    }
    return block;
  }

  /** All its ids have left the window, or were never to be there. */
  drop(block: IdBlock): void {
    const { log } = this;
    block.gone = true;
    this.blocks.delete(block.number);
    const { position, length } = block;
    if (position === NOWHERE) return;
    block.position = NOWHERE;
    // A record that is not on disk yet is useless when it is.
    if (position <= log.durablePosition) log.release(position, length);
    else log.open.release(position, length);
  }

  /** The address looks for duplicates no longer, or is gone: a crash must not bring its ids back for another one. */
  forget(window: IdWindow | string, blocks: Iterable<IdBlock>): void {
    const { log } = this;
    if (typeof window !== 'string') this.windows.delete(window);
    let written = false;
    for (const block of blocks) {
      if (block.keeping !== 'durable' || block.gone) continue;
      written = true;
      block.gone = true;
      this.blocks.delete(block.number);
      if (block.position !== NOWHERE) log.open.release(block.position, block.length);
      block.position = NOWHERE;
    }
    if (written) log.later(new IdsGone(typeof window === 'string' ? window : window.address, this.lastNumber));
  }

  /** What was recovered for an address that is there, and does not look for duplicates. */
  forgetRecovered(address: string): void {
    if (this.recovered.size === 0) return;
    const blocks = this.takeRecovered(address);
    if (blocks.length > 0) this.forget(address, blocks);
  }

  tick(nowMs: number): void {
    let left = IDS_A_TICK;
    for (const window of this.windows) {
      if (left <= 0) return;
      left -= window.expire(nowMs, left);
    }
    if (this.recovered.size > 0) this.expireRecovered(nowMs);
  }

  private expireRecovered(nowMs: number): void {
    for (const [address, blocks] of this.recovered) {
      while (blocks[0] !== undefined && blocks[0].untilMs <= nowMs) this.drop(blocks.shift()!);
      if (blocks.length === 0) this.recovered.delete(address);
    }
  }
}
