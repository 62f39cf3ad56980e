/**
 * Moves many stored messages, a batch at a time: to one address, or each back to where it came from. What comes after the
 * beginning is left alone, so a message that fails again at once is not sent round and round. Each batch is one transaction of
 * the plane: when this ends in the middle, each message is at one of the two places.
 */

import type { Progress } from './operations.js';
import { type MessageMove, type MessagingPlane, PlaneRefusal, type ReadableMessage } from './ports/messaging-plane.js';
import type { Timers } from './timers.js';

const BATCH = 200;
const REASONS_MAX = 3;

export interface TransferOptions {
  /** Where all go. Undefined: each to the address that it was sent to once, as dead letters say. */
  readonly target: string | undefined;
  readonly chosen: (message: ReadableMessage) => boolean;
  /** Messages at most. */
  readonly limit: number;
  /** Messages a second at most; infinity: as fast as it goes. */
  readonly ratePerSecond: number;
  /** Whether a message may go there; else it is skipped. */
  readonly allowed: (target: string) => boolean;
}

export class MessageTransfer {
  readonly #messaging: MessagingPlane;
  readonly #timers: Timers;
  readonly #name: string;
  readonly #options: TransferOptions;
  readonly #reasons = new Set<string>();
  #moved = 0;

  constructor(messaging: MessagingPlane, timers: Timers, name: string, options: TransferOptions) {
    this.#messaging = messaging;
    this.#timers = timers;
    this.#name = name;
    this.#options = options;
  }

  async run(progress: Progress): Promise<void> {
    const last = this.#messaging.lastMessageId(this.#name) ?? 0;
    const { limit, ratePerSecond } = this.#options;
    const batch = Math.max(1, Math.min(BATCH, Math.floor(ratePerSecond / 4)));
    let after = 0;
    while (!progress.cancelled && this.#moved < limit && after < last) {
      const page = await this.#messaging.browse(this.#name, { after, limit: batch });
      const seen = page.filter(({ id }) => id <= last);
      if (seen.length === 0) return;
      after = seen.at(-1)!.id;
      const chosen = seen.filter((message) => this.#options.chosen(message)).slice(0, limit - this.#moved);
      const before = this.#moved;
      await this.#moveAll(chosen, progress);
      progress.add({ seen: seen.length });
      if (this.#reasons.size > 0) progress.note([...this.#reasons].join('; '));
      await this.#pause((this.#moved - before) / ratePerSecond);
    }
  }

  async #moveAll(messages: readonly ReadableMessage[], progress: Progress): Promise<void> {
    const groups = new Map<string, MessageMove[]>();
    for (const { id, address, inDelivery } of messages) {
      const target = this.#options.target ?? address;
      const obstacle = this.#obstacle(target, inDelivery);
      if (obstacle !== undefined) {
        progress.add({ skipped: 1 });
        this.#reason(obstacle);
        continue;
      }
      const group = groups.get(target);
      if (group === undefined) groups.set(target, [{ id, target }]);
      else group.push({ id, target });
    }
    for (const group of groups.values()) await this.#move(group, progress);
  }

  #obstacle(target: string, inDelivery: boolean): string | undefined {
    if (inDelivery) return 'a receiver holds some of them';
    if (target === this.#name) return `some were sent to ${target} itself: they did not come from elsewhere`;
    return this.#options.allowed(target) ? undefined : `you may not send to ${target}`;
  }

  /** What does not fit as a whole is tried in halves, so that a target is filled as far as it goes. */
  async #move(group: readonly MessageMove[], progress: Progress): Promise<boolean> {
    try {
      const moved = await this.#messaging.moveMessages(this.#name, group);
      this.#moved += moved;
      progress.add({ done: moved });
      return true;
    } catch (error) {
      if (!(error instanceof PlaneRefusal)) throw error;
      if (error.reason === 'Full' && group.length > 1) {
        const half = Math.ceil(group.length / 2);
        if (await this.#move(group.slice(0, half), progress)) return this.#move(group.slice(half), progress);
        progress.add({ skipped: group.length - half });
        return false;
      }
      progress.add({ skipped: group.length });
      this.#reason(error.message);
      return false;
    }
  }

  #reason(text: string): void {
    if (this.#reasons.size < REASONS_MAX) this.#reasons.add(text);
  }

  /** At least until others had their turn. */
  #pause(seconds: number): Promise<void> {
    return new Promise((resolve) => this.#timers.after(Math.ceil(seconds * 1000), resolve));
  }
}
