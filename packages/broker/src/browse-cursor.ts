/**
 * A consumer that looks without taking. It sees what is stored in order, messages in delivery too, and then what comes;
 * `backlog()` 0 is the end. It goes by sequence, so that what others settle meanwhile neither moves nor repeats anything.
 */

import type { ConsumerGroup } from './consumer-group.js';
import { DetachedDelivery } from './detached-delivery.js';
import type { MessageStore } from './message-store.js';
import type { BrowsedMessage } from './observation.js';
import type { Consumer, Subscription } from './ports.js';
import { DeliveryState, StoredDelivery } from './stored-delivery.js';

export class BrowseCursor implements Subscription {
  readonly durableName = undefined;
  readonly existed = false;
  private readonly group: ConsumerGroup;
  private readonly consumer: Consumer;
  private readonly explicit: boolean;
  private seen: number;
  private closed = false;
  private advancing = false;

  constructor(
    group: ConsumerGroup,
    consumer: Consumer,
    options: { readonly explicit: boolean; readonly after: number },
  ) {
    this.group = group;
    this.consumer = consumer;
    this.explicit = options.explicit;
    this.seen = options.after;
  }

  get source(): string {
    return this.group.source;
  }

  wake(): void {
    this.advance();
  }

  backlog(): number {
    return this.closed ? 0 : this.group.store.blocks.countAfter(this.seen);
  }

  /** What is behind it counts too: it takes nothing. */
  oldestTime(): number | undefined {
    return this.closed ? undefined : this.group.store.oldestTime();
  }

  isReading(): boolean {
    return this.backlog() > 0 && this.group.store.unreadable === undefined;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.group.browsers.splice(this.group.browsers.indexOf(this), 1);
  }

  unsubscribe(): void {
    this.close();
  }

  end(reason: 'deleted' | 'taken-over'): void {
    this.closed = true;
    this.consumer.closed(reason);
  }

  advance(): void {
    if (this.closed || this.advancing) return;
    this.advancing = true;
    this.group.store.browse(this.seen, 'later', (sequence, slot) => {
      if (this.closed || this.consumer.capacity() <= 0) return false;
      this.seen = sequence;
      const stored = slot instanceof StoredDelivery;
      const message = stored ? slot.message : slot;
      const count = this.group.store.countIn(slot, sequence);
      const delivery = this.explicit ? new DetachedDelivery(message, count) : undefined;
      this.consumer.deliver(message, delivery);
      return true;
    });
    this.advancing = false;
  }
}

/** The next messages after an id, for those who look page by page. */
export function browseStore(
  store: MessageStore,
  options: { readonly limit: number; readonly after?: number },
): BrowsedMessage[] {
  const found: BrowsedMessage[] = [];
  if (options.limit <= 0) return found;
  store.browse(options.after ?? 0, 'now', (id, slot) => {
    const delivery = slot instanceof StoredDelivery ? slot : undefined;
    const message = slot instanceof StoredDelivery ? slot.message : slot;
    const inDelivery = delivery !== undefined && delivery.state !== DeliveryState.returned;
    found.push({ id, message, deliveryCount: store.countIn(slot, id), inDelivery });
    return found.length < options.limit;
  });
  return found;
}
