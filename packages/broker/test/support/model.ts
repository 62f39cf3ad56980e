/**
 * The naive model of one store: a list of messages and who holds them. It does not choose consumers: it is told of each
 * delivery and says whether that one was allowed; and it says, when the broker has come to rest, what should be where.
 */
import { expect } from 'vitest';
import { type Delivery, Outcome } from '../../src/index.js';

export interface ModelMessage {
  readonly text: string;
  readonly durable: boolean;
  readonly expiresAt: number;
  state: 'waiting' | 'held' | 'committing' | 'gone';
  holder: ModelConsumer | undefined;
  deliveryCount: number;
  /** Its commit failed while it was held. */
  withdrawn: boolean;
  excluded: ModelConsumer[];
}

export interface ModelConsumer {
  readonly explicit: boolean;
  credit: number;
  closed: boolean;
  held: { readonly message: ModelMessage; readonly delivery: Delivery }[];
}

export interface ModelLimits {
  readonly messages: number;
  readonly dropsOldest: boolean;
  readonly maxDeliveries: number;
}

export class ModelStore {
  messages: ModelMessage[] = [];
  consumers: ModelConsumer[] = [];
  /** What went to the dead letters, in order. */
  readonly dead: string[] = [];
  dropped = 0;
  private readonly limits: ModelLimits;

  constructor(limits: ModelLimits) {
    this.limits = limits;
  }

  get stored(): ModelMessage[] {
    return this.messages.filter((one) => one.state !== 'gone');
  }

  get full(): boolean {
    return this.stored.length >= this.limits.messages;
  }

  refuses(count: number): boolean {
    return !this.limits.dropsOldest && this.stored.length + count > this.limits.messages;
  }

  /** @returns the stored message, or undefined when it was dropped at once */
  send(text: string, facts: { durable: boolean; expiresAt: number }): ModelMessage | undefined {
    // What waits for another consumer than those it was refused by is never the oldest to drop.
    const oldest = this.messages.find((one) => one.state === 'waiting' && one.excluded.length === 0);
    if (this.full) {
      this.dropped++;
      if (oldest === undefined) return undefined;
      oldest.state = 'gone';
    }
    const made: ModelMessage = {
      text,
      ...facts,
      state: 'waiting',
      holder: undefined,
      deliveryCount: 0,
      withdrawn: false,
      excluded: [],
    };
    this.messages.push(made);
    return made;
  }

  /** The broker hands this text to that consumer: it must be the first that may go there, and wait. */
  delivered(consumer: ModelConsumer, text: string, delivery: Delivery | undefined, nowMs: number): void {
    expect(consumer.closed).toBe(false);
    expect(consumer.credit).toBeGreaterThan(0);
    consumer.credit--;
    const message = this.messages.find(
      (one) => one.state === 'waiting' && !expired(one, nowMs) && !one.excluded.includes(consumer),
    );
    expect(text).toBe(message?.text);
    if (message === undefined) return;
    if (delivery === undefined) {
      expect(consumer.explicit).toBe(false);
      message.state = 'gone';
      return;
    }
    expect(delivery.deliveryCount).toBe(message.deliveryCount);
    message.state = 'held';
    message.holder = consumer;
    consumer.held.push({ message, delivery });
  }

  settled(message: ModelMessage, outcome: Outcome): void {
    const { holder } = message;
    message.holder = undefined;
    switch (outcome) {
      case Outcome.accepted:
        message.state = 'gone';
        return;
      case Outcome.rejected:
        this.bury(message);
        return;
      case Outcome.released:
        this.giveBack(message);
        return;
      case Outcome.modifiedFailed:
        if (++message.deliveryCount >= this.limits.maxDeliveries) this.bury(message);
        else this.giveBack(message);
        return;
      default:
        message.excluded.push(holder!);
        if (this.nobodyFor(message)) this.bury(message);
        else this.giveBack(message);
    }
  }

  closed(consumer: ModelConsumer): void {
    consumer.closed = true;
    this.consumers = this.consumers.filter((one) => one !== consumer);
    for (const { message } of consumer.held) if (message.state === 'held') this.giveBack(message);
    consumer.held = [];
    for (const message of this.messages) {
      if (message.state !== 'waiting' || message.excluded.length === 0) continue;
      message.excluded = message.excluded.filter((one) => !one.closed);
      if (message.excluded.length > 0 && this.nobodyFor(message)) this.bury(message);
    }
  }

  /** A commit failed that was to make this message durable. */
  failed(message: ModelMessage): void {
    if (message.state === 'waiting') message.state = 'gone';
    else if (message.state !== 'gone') message.withdrawn = true;
  }

  expire(nowMs: number): void {
    for (const one of this.messages) if (one.state === 'waiting' && expired(one, nowMs)) one.state = 'gone';
  }

  purge(): number {
    const gone = this.messages.filter((one) => one.state === 'waiting');
    for (const one of gone) one.state = 'gone';
    return gone.length;
  }

  /** At rest nothing waits that somebody could take. */
  checkAtRest(): void {
    for (const message of this.messages) {
      if (message.state !== 'waiting') continue;
      const taker = this.consumers.find((one) => one.credit > 0 && !message.excluded.includes(one));
      expect(taker === undefined, `${message.text} waits though a consumer could take it`).toBe(true);
    }
    this.messages = this.stored;
  }

  private nobodyFor(message: ModelMessage): boolean {
    return this.consumers.every((one) => message.excluded.includes(one));
  }

  private giveBack(message: ModelMessage): void {
    message.state = message.withdrawn ? 'gone' : 'waiting';
    message.holder = undefined;
  }

  private bury(message: ModelMessage): void {
    message.state = 'gone';
    if (!message.withdrawn) this.dead.push(message.text);
  }
}

function expired(message: ModelMessage, nowMs: number): boolean {
  return message.expiresAt !== 0 && message.expiresAt <= nowMs;
}
