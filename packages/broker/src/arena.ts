/**
 * The bytes of the broker's own messages.
 *
 *     block 64 KiB   | message | message | message | … | free |      filled from left to right, never used again
 *     message > 16 KiB: a buffer of its own
 *
 * A block is freed by the garbage collector when no message refers to it. One small message that stays would so pin
 * 64 KiB: therefore each block counts the bytes of *stored* messages in it, the arena sums up what sealed blocks hold
 * and how much of that is live, and `relocate` moves a message out of a block that is less than a quarter live.
 * `Maintenance` walks the stores and calls it, a bounded number of messages a tick, and only while `fragmented`.
 *
 * Blocks are never recycled: a consumer may still read from a message that it has settled, or that has been moved.
 */
import { ArenaBlock } from './arena-block.js';
import type { Message, MessageArena } from './message.js';

const BLOCK_BYTES = 64 * 1024;
const LARGE_BYTES = 16 * 1024;
/** Below this waste nothing is moved. */
const TOLERATED_BYTES = 1024 * 1024;

export class Arena implements MessageArena {
  block: Buffer;
  home: ArenaBlock | undefined;
  /** Content bytes of all stored messages, each message once. */
  storedBytes = 0;
  private current: ArenaBlock;
  private at = 0;
  /** Bytes of sealed blocks with a live message, and what of it is live. */
  private heldBytes = 0;
  private liveBytes = 0;

  constructor() {
    this.current = new ArenaBlock(Buffer.allocUnsafeSlow(BLOCK_BYTES));
    this.block = this.current.buffer;
    this.home = this.current;
  }

  take(size: number): number {
    if (size > LARGE_BYTES) {
      this.block = Buffer.allocUnsafeSlow(size);
      this.home = undefined;
      return 0;
    }
    if (this.at + size > BLOCK_BYTES) this.replaceCurrent();
    this.block = this.current.buffer;
    this.home = this.current;
    const offset = this.at;
    this.at += size;
    return offset;
  }

  /** A store, or whoever holds a message for longer, refers to it. Paired with `release`. */
  hold(message: Message): void {
    if (message.references++ === 0) this.count(message, message.end - message.start);
  }

  release(message: Message): void {
    if (--message.references === 0) this.count(message, message.start - message.end);
  }

  /** More than half of what sealed blocks hold is dead, and it is worth the work. */
  get fragmented(): boolean {
    return this.heldBytes - 2 * this.liveBytes > TOLERATED_BYTES;
  }

  /** Moves a stored message out of a nearly empty block. @returns whether it was moved */
  relocate(message: Message): boolean {
    const home = message.home;
    if (home === undefined || !home.sealed || home.liveBytes * 4 > BLOCK_BYTES) return false;
    const size = message.end - message.start;
    this.count(message, -size);
    const offset = this.take(size);
    message.bytes.copy(this.block, offset, message.start, message.end);
    message.split = offset + (message.split - message.start);
    message.start = offset;
    message.end = offset + size;
    message.bytes = this.block;
    message.home = this.home;
    message.translation = undefined;
    this.count(message, size);
    return true;
  }

  private count(message: Message, size: number): void {
    this.storedBytes += size;
    const home = message.home;
    if (home === undefined) return;
    const before = home.liveBytes;
    home.liveBytes = before + size;
    if (!home.sealed) return;
    this.liveBytes += size;
    if (before === 0) this.heldBytes += BLOCK_BYTES;
    if (home.liveBytes === 0) this.heldBytes -= BLOCK_BYTES;
  }

  private replaceCurrent(): void {
    const full = this.current;
    full.sealed = true;
    if (full.liveBytes > 0) {
      this.heldBytes += BLOCK_BYTES;
      this.liveBytes += full.liveBytes;
    }
    this.current = new ArenaBlock(Buffer.allocUnsafeSlow(BLOCK_BYTES));
    this.at = 0;
  }
}
