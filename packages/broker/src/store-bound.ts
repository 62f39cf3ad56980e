/**
 * How much a store may hold, and whether senders are held back.
 *
 *     0 ───────── resume (75 %) ───────── soft ──────── limit
 *                 ▲ room is back          ▲ capacity 0  ▲ refused
 *
 * Between soft and limit lies room for what was under way when capacity fell to 0: credit already given, the rest of a
 * read buffer. It is an eighth of the limit, at most 4,096 messages and 4 MiB. The way back is longer than the way in,
 * so that capacity does not flap.
 */
import type { Limits } from './address-settings.js';
import type { MemoryBound } from './memory-bound.js';

const HEADROOM_MESSAGES = 4096;
const HEADROOM_BYTES = 4 * 1024 ** 2;
const RESUME = 0.75;
export const CAPACITY_MAX = 65_535;

export interface Filled {
  readonly stored: number;
  readonly bytes: number;
}

export class StoreBound {
  limits: Limits;
  /** True from the soft limit until enough has gone. */
  blocked = false;
  /** What one commit may store beyond the limits; see commit-room.ts. */
  allowedMessages = 0;
  allowedBytes = 0;
  /** Called when `blocked` changed. */
  changed: (() => void) | undefined = undefined;
  private readonly memory: MemoryBound;
  private softMessages = 0;
  private softBytes = 0;

  constructor(limits: Limits, memory: MemoryBound) {
    this.memory = memory;
    this.limits = limits;
    this.computeSoft();
  }

  configure(limits: Limits, store: Filled): void {
    this.limits = limits;
    this.computeSoft();
    this.grown(store);
    this.shrunk(store);
  }

  /** Whether so much more would break a limit. */
  exceeds(store: Filled, messages: number, bytes: number): boolean {
    return (
      store.stored + messages > this.limits.messages + this.allowedMessages ||
      store.bytes + bytes > this.limits.bytes + this.allowedBytes ||
      this.memory.exceeds(bytes)
    );
  }

  /** Messages that may come before senders are held back; 0 while blocked. */
  capacity(store: Filled): number {
    if (this.blocked || this.memory.blocked) return 0;
    const size = store.stored === 0 ? 100 : Math.max(1, store.bytes / store.stored);
    const byBytes = Math.ceil((this.softBytes - store.bytes) / size);
    return Math.max(1, Math.min(CAPACITY_MAX, this.softMessages - store.stored, byBytes));
  }

  grown(store: Filled): void {
    if (!this.blocked && (store.stored >= this.softMessages || store.bytes >= this.softBytes)) {
      this.blocked = true;
      this.changed?.();
    }
    this.memory.grown();
  }

  shrunk(store: Filled): void {
    if (
      this.blocked &&
      store.stored <= Math.floor(this.softMessages * RESUME) &&
      store.bytes <= this.softBytes * RESUME
    ) {
      this.blocked = false;
      this.changed?.();
    }
    this.memory.shrunk();
  }

  private computeSoft(): void {
    const { messages, bytes } = this.limits;
    this.softMessages = messages - Math.min(messages >> 3, HEADROOM_MESSAGES);
    this.softBytes = bytes - Math.min(Math.floor(bytes / 8), HEADROOM_BYTES);
  }
}
