/**
 * Messages that came back with "not to this consumer again" and wait for another one. They keep their place in the
 * order of what that other consumer gets. Few by nature: more than the bound become dead letters.
 */
import type { GroupMember } from './group-member.js';
import type { MessageStore } from './message-store.js';
import { DeliveryState, type StoredDelivery } from './stored-delivery.js';

const RESTRICTED_MAX = 1000;

export class RestrictedDeliveries {
  /** By sequence. */
  private deliveries: StoredDelivery[] = [];
  private readonly store: MessageStore;

  constructor(store: MessageStore) {
    this.store = store;
  }

  get size(): number {
    return this.deliveries.length;
  }

  get full(): boolean {
    this.sweep();
    return this.deliveries.length >= RESTRICTED_MAX;
  }

  add(delivery: StoredDelivery): void {
    this.store.putBack(delivery, { restricted: true });
    let at = this.deliveries.length;
    while (at > 0 && this.deliveries[at - 1]!.sequence > delivery.sequence) at--;
    this.deliveries.splice(at, 0, delivery);
  }

  /** The first that may go to `member` and stands before sequence `before`. */
  takeFor(member: GroupMember, before: number): StoredDelivery | undefined {
    this.sweep();
    for (let i = 0; i < this.deliveries.length; i++) {
      const delivery = this.deliveries[i]!;
      if (delivery.sequence > before) return undefined;
      if (delivery.excluded!.includes(member)) continue;
      this.deliveries.splice(i, 1);
      return delivery;
    }
    return undefined;
  }

  /**
   * Forgets what was said of consumers that are gone.
   * @returns those that nobody of the remaining may take: open again, for the caller to bury
   */
  memberLeft(remaining: readonly GroupMember[]): StoredDelivery[] {
    this.sweep();
    const kept: StoredDelivery[] = [];
    const orphans: StoredDelivery[] = [];
    for (const delivery of this.deliveries) {
      const excluded = delivery.excluded!.filter((one) => remaining.includes(one));
      delivery.excluded = excluded.length === 0 ? undefined : excluded;
      if (delivery.excluded === undefined) this.store.putBack(delivery);
      else if (remaining.every((one) => excluded.includes(one))) orphans.push(delivery);
      else kept.push(delivery);
    }
    this.deliveries = kept;
    return orphans;
  }

  clear(): void {
    this.deliveries = [];
  }

  /** Lets go of those that were expired or purged meanwhile. */
  private sweep(): void {
    if (this.deliveries.every((delivery) => delivery.state === DeliveryState.returned)) return;
    this.deliveries = this.deliveries.filter((delivery) => delivery.state === DeliveryState.returned);
  }
}
