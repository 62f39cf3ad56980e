/** Content bytes that the whole broker stores, each message once, and their limit. See store-bound.ts for the shape. */
import type { Arena } from './arena.js';

const HEADROOM_BYTES = 16 * 1024 ** 2;
const RESUME = 0.75;

export class MemoryBound {
  readonly limit: number;
  /** Bytes that may exceed the limit, as they take the place of what the same transaction consumes. */
  allowance = 0;
  blocked = false;
  /** Called when `blocked` changed. */
  changed: (() => void) | undefined = undefined;
  private readonly soft: number;
  private readonly arena: Arena;

  constructor(arena: Arena, limit: number) {
    this.arena = arena;
    this.limit = limit;
    this.soft = limit - Math.min(Math.floor(limit / 8), HEADROOM_BYTES);
  }

  exceeds(bytes: number): boolean {
    return this.arena.storedBytes + bytes > this.limit + this.allowance;
  }

  grown(): void {
    if (this.blocked || this.arena.storedBytes < this.soft) return;
    this.blocked = true;
    this.changed?.();
  }

  shrunk(): void {
    if (!this.blocked || this.arena.storedBytes > this.soft * RESUME) return;
    this.blocked = false;
    this.changed?.();
  }
}
