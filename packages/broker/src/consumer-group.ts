/**
 * The consumers that compete for one store, and what becomes of what they get: a queue's receivers, or those of one
 * topic subscription.
 *
 * Consumers with capacity take turns, one message each. What comes back waits for the end of the turn, so that a
 * consumer which gives back at once does not get it again within the same call.
 */
import type { AddressSettings, WhenFull } from './address-settings.js';
import type { BrowseCursor } from './browse-cursor.js';
import type { Core } from './core.js';
import { DetachedDelivery } from './detached-delivery.js';
import type { GroupMember } from './group-member.js';
import type { StoreRecord } from './log/store-record.js';
import type { Message } from './message.js';
import { MessageStore } from './message-store.js';
import type { Counters } from './observation.js';
import { Outcome } from './outcome.js';
import type { Consumer } from './ports.js';
import { RestrictedDeliveries } from './restricted-deliveries.js';
import { DeliveryState, type StoredDelivery } from './stored-delivery.js';

export interface GroupOptions {
  /** Queue name, topic or filter. */
  readonly source: string;
  /** What the journal is to know it by; undefined: nothing. */
  readonly record: StoreRecord | undefined;
  readonly settings: AddressSettings;
  readonly whenFull: WhenFull;
  readonly counters: Counters;
  /** True for a filter with wildcards: what it hands out is counted on each message's topic. */
  readonly countsByTopic: boolean;
}

export class ConsumerGroup {
  readonly source: string;
  readonly store: MessageStore;
  readonly browsers: BrowseCursor[] = [];
  settings: AddressSettings;
  whenFull: WhenFull;
  counters: Counters;
  /** Messages that this lets pass by unheard. */
  accepts: ((message: Message) => boolean) | undefined = undefined;
  /**
   * The one consumer that takes a message as it comes, without storing it: it settles on delivery, stands alone,
   * nothing waits before it, and it had capacity when last asked.
   */
  direct: Consumer | undefined = undefined;
  closed = false;
  /** For the DispatchList. */
  listed = false;
  readonly members: GroupMember[] = [];
  private readonly ready: GroupMember[] = [];
  private nextReady = 0;
  private readonly restricted: RestrictedDeliveries;
  private readonly core: Core;
  private readonly countsByTopic: boolean;
  private dispatching = false;
  /** Deliveries that the running dispatch may still make. */
  private budget = 0;
  private countedTopic = '';
  private countedIn: Counters | undefined = undefined;

  constructor(core: Core, options: GroupOptions) {
    this.core = core;
    this.source = options.source;
    this.settings = options.settings;
    this.whenFull = options.whenFull;
    this.counters = options.counters;
    this.countsByTopic = options.countsByTopic;
    this.store = new MessageStore(core, this, {
      record: options.record,
      limits: options.settings.limits,
    });
    this.restricted = new RestrictedDeliveries(this.store);
  }

  configure(settings: AddressSettings, whenFull: WhenFull): void {
    this.settings = settings;
    this.whenFull = whenFull;
    this.store.bound.configure(settings.limits, this.store);
  }

  /** Messages that wait for a consumer. */
  get backlog(): number {
    return this.store.waiting + this.restricted.size;
  }

  get hasConsumers(): boolean {
    return this.members.length > 0;
  }

  get blocking(): boolean {
    return this.whenFull === 'block';
  }

  /** Capacity for senders: 0 only where a full store holds them back. */
  capacity(): number {
    return this.whenFull === 'block' ? this.store.bound.capacity(this.store) : 65_535;
  }

  /** Whether so much more cannot be stored, even after dropping what may be dropped. */
  refuses(messages: number, bytes: number): boolean {
    const { store } = this;
    if (!store.bound.exceeds(store, messages, bytes)) return false;
    return this.whenFull !== 'dropOldest' || !this.couldMakeRoom(bytes);
  }

  /** Whether so much more would break the broker's own limit. */
  exceedsMemory(bytes: number): boolean {
    return this.core.memory.exceeds(bytes);
  }

  /** Stores a message that `refuses` did not refuse; `dispatch` follows. @returns whether it waits for the journal */
  put(message: Message): boolean {
    const { store } = this;
    if (this.closed) return false;
    this.direct = undefined;
    if (store.bound.exceeds(store, 1, message.end - message.start)) {
      while (this.makesRoom(message.end - message.start) && store.dropOldest());
      if (store.bound.exceeds(store, 1, message.end - message.start)) {
        this.countersFor(message).dropped++;
        return false;
      }
    }
    let owned = message.own(this.core.arena);
    const written = owned.durable && store.journaled;
    if (written && this.core.log.holds(owned)) owned = owned.renewed();
    const sequence = store.push(owned);
    if (this.dispatching) this.budget++;
    if (written) {
      this.core.log.stored(store, sequence, owned);
      return true;
    }
    this.core.log.storedUnwritten(store, sequence);
    return false;
  }

  /** Hands out what waits to those who take it. */
  dispatch(): void {
    if (this.dispatching) return;
    if (this.browsers.length > 0) for (const browser of this.browsers) browser.advance();
    if (this.ready.length === 0) return;
    this.dispatching = true;
    this.budget = this.backlog;
    try {
      this.handOut();
    } finally {
      this.dispatching = false;
    }
    this.refreshDirect();
  }

  /** Gives one message to a consumer that takes it now, without ever storing it. @returns whether one took it */
  offerUnstored(message: Message): boolean {
    for (let tries = this.ready.length; tries > 0; tries--) {
      if (this.nextReady >= this.ready.length) this.nextReady = 0;
      const member = this.ready[this.nextReady]!;
      if (member.consumer.capacity() <= 0) {
        this.dropReady(this.nextReady);
        this.direct = undefined;
        continue;
      }
      this.nextReady++;
      if (member.explicit) {
        const owned = message.own(this.core.arena);
        member.consumer.deliver(owned, new DetachedDelivery(owned, 0));
      } else member.consumer.deliver(message, undefined);
      return true;
    }
    return false;
  }

  join(member: GroupMember): void {
    this.members.push(member);
    this.direct = undefined;
    this.wake(member);
  }

  /** Takes the member out; what it holds goes back in order. */
  leave(member: GroupMember): void {
    member.closed = true;
    this.direct = undefined;
    const at = this.members.indexOf(member);
    if (at >= 0) this.members.splice(at, 1);
    if (member.ready) this.dropReady(this.ready.indexOf(member));
    for (const delivery of this.store.heldBy(member)) {
      // What is being committed comes back, or goes, when the journal has reported.
      if (delivery.state === DeliveryState.open) this.giveBack(delivery);
    }
    for (const orphan of this.restricted.memberLeft(this.members)) this.bury(orphan);
    this.later();
    this.refreshDirect();
  }

  wake(member: GroupMember): void {
    if (!member.ready) {
      member.ready = true;
      this.ready.push(member);
    }
    if (this.backlog > 0) this.dispatch();
    else this.refreshDirect();
  }

  settle(delivery: StoredDelivery, outcome: Outcome): void {
    switch (outcome) {
      case Outcome.accepted:
        this.finish(delivery);
        return;
      case Outcome.rejected:
        this.bury(delivery);
        return;
      case Outcome.released:
        this.giveBack(delivery);
        break;
      case Outcome.modifiedFailed:
        this.fail(delivery);
        break;
      default:
        this.exclude(delivery);
    }
    this.later();
  }

  /** The journal has reported on a transaction that consumed this delivery. */
  committed(delivery: StoredDelivery, failed: boolean): void {
    if (delivery.state !== DeliveryState.committing) return;
    if (!failed) {
      const { message } = delivery;
      this.store.remove(delivery);
      if (message.durable && this.store.journaled) this.core.log.consumedForGood(message);
      return;
    }
    this.core.log.notConsumed(delivery);
    delivery.state = DeliveryState.open;
    if (!delivery.member.closed) return;
    this.giveBack(delivery);
    this.later();
  }

  purge(gone: ((message: Message) => boolean) | undefined): number {
    return this.store.purge(gone);
  }

  /** A message left the store otherwise than through a consumer. */
  left(message: Message, sequence: number, why: 'expired' | 'dropped' | 'purged'): void {
    this.writeSettled(message, sequence);
    if (why === 'dropped') this.countersFor(message).dropped++;
    if (why !== 'expired') return;
    this.countersFor(message).expired++;
    const { expiry } = this.settings;
    if (expiry !== '' && expiry !== this.source) this.core.forward(message, expiry);
  }

  /** Of the store: there is something to hand out again. */
  pagedIn(): void {
    if (!this.closed && (this.backlog > 0 || this.browsers.length > 0)) this.dispatchLater();
  }

  readFailed(): void {
    this.counters.readFailures++;
  }

  /** The address or subscription is gone: all void. */
  close(reason: 'deleted' | 'taken-over'): void {
    this.closed = true;
    const members = this.members.splice(0);
    this.ready.length = 0;
    this.direct = undefined;
    this.restricted.clear();
    this.store.close();
    for (const member of members) member.closed = true;
    for (const browser of this.browsers.splice(0)) browser.end(reason);
    for (const member of members) member.consumer.closed(reason);
  }

  private handOut(): void {
    let passedBy = 0;
    while (this.budget > 0 && this.ready.length > passedBy && this.backlog > 0) {
      if (this.nextReady >= this.ready.length) this.nextReady = 0;
      const member = this.ready[this.nextReady]!;
      if (member.consumer.capacity() <= 0) {
        // The list is in another order now: ask the others again.
        this.dropReady(this.nextReady);
        passedBy = 0;
        continue;
      }
      this.nextReady++;
      if (this.deliverNext(member)) {
        this.budget--;
        passedBy = 0;
      } else passedBy++;
    }
  }

  /** @returns false when nothing that waits may go to this member */
  private deliverNext(member: GroupMember): boolean {
    const { store } = this;
    const message = store.peek();
    if (this.restricted.size > 0) {
      const back = this.restricted.takeFor(member, store.nextWaiting());
      if (back !== undefined) {
        if (this.expired(back.message)) {
          store.remove(back);
          this.left(back.message, back.sequence, 'expired');
        } else this.handOver(store.retake(back, member), member);
        return true;
      }
    }
    if (message === undefined) return false;
    if (this.expired(message)) {
      this.left(message, store.takeSettled(), 'expired');
      return true;
    }
    if (member.explicit) {
      this.handOver(store.take(member), member);
      return true;
    }
    const sequence = store.takeSettled();
    this.writeSettled(message, sequence);
    this.countersFor(message).out++;
    member.consumer.deliver(message, undefined);
    return true;
  }

  private expired(message: Message): boolean {
    return message.expiresAt !== 0 && message.expiresAt <= this.core.turn.begin();
  }

  private handOver(delivery: StoredDelivery, member: GroupMember): void {
    const { message } = delivery;
    this.countersFor(message).out++;
    if (member.explicit) {
      member.consumer.deliver(message, delivery);
      return;
    }
    this.finish(delivery);
    member.consumer.deliver(message, undefined);
  }

  private finish(delivery: StoredDelivery): void {
    this.store.remove(delivery);
    this.writeSettled(delivery.message, delivery.sequence);
  }

  private fail(delivery: StoredDelivery): void {
    delivery.deliveryCount++;
    if (delivery.deliveryCount >= this.settings.maxDeliveries && !this.isDeadLetterQueue) {
      this.bury(delivery);
      return;
    }
    const { message, sequence, deliveryCount: count } = delivery;
    if (message.durable && this.store.journaled) {
      this.core.log.deliveryCount(this.store, sequence, { message, count });
    }
    this.giveBack(delivery);
  }

  private exclude(delivery: StoredDelivery): void {
    delivery.excluded = [...(delivery.excluded ?? []), delivery.member];
    const other = this.members.some((member) => !delivery.excluded!.includes(member));
    if ((!other || this.restricted.full) && !this.isDeadLetterQueue) this.bury(delivery);
    else this.giveBack(delivery);
  }

  private giveBack(delivery: StoredDelivery): void {
    if (delivery.withdrawn) {
      this.finish(delivery);
      return;
    }
    if (delivery.excluded !== undefined) this.restricted.add(delivery);
    else this.store.putBack(delivery);
  }

  /** Takes a message out as failed for good: to the dead letters, or, from among them or without them, away. */
  private bury(delivery: StoredDelivery): void {
    const { message } = delivery;
    this.finish(delivery);
    if (delivery.withdrawn) return;
    const { deadLetterAddress } = this;
    this.countDeadLetter(message, deadLetterAddress !== '' && this.core.forward(message, deadLetterAddress));
  }

  /** Where what fails for good goes; empty: nowhere. */
  get deadLetterAddress(): string {
    return this.isDeadLetterQueue ? '' : this.settings.deadLetter;
  }

  /** @param kept whether it is at the dead-letter address now */
  countDeadLetter(message: Message, kept: boolean): void {
    const counters = this.countersFor(message);
    if (kept) counters.deadLettered++;
    else counters.dropped++;
  }

  private get isDeadLetterQueue(): boolean {
    return this.settings.deadLetter === this.source;
  }

  private couldMakeRoom(bytes: number): boolean {
    const { memory } = this.core;
    const { bound, pagedOut, bytes: stored } = this.store;
    if (bytes > bound.limits.bytes) return false;
    return !memory.exceeds(pagedOut === 0 ? bytes - stored : bytes);
  }

  /** Whether there is no room, and dropping a message would help: what is paged out gives no memory back. */
  private makesRoom(bytes: number): boolean {
    const { store } = this;
    return store.bound.exceeds(store, 1, bytes) && (store.pagedOut === 0 || !this.core.memory.exceeds(bytes));
  }

  private writeSettled(message: Message, sequence: number): void {
    if (message.durable && this.store.journaled) this.core.log.settled(this.store, sequence, message);
  }

  private countersFor(message: Message): Counters {
    if (!this.countsByTopic) return this.counters;
    if (message.address !== this.countedTopic) {
      this.countedTopic = message.address;
      this.countedIn = this.core.countersOf(message.address);
    }
    return this.countedIn ?? this.counters;
  }

  private dropReady(at: number): void {
    const member = this.ready[at]!;
    member.ready = false;
    const last = this.ready.pop()!;
    if (last !== member) this.ready[at] = last;
  }

  /** Dispatches at the end of the turn. */
  dispatchLater(): void {
    this.core.dispatches.add(this);
    this.core.turn.begin();
  }

  /** Dispatches at the end of the turn; what came back during a dispatch waits for a later one. */
  private later(): void {
    if (this.listed || this.ready.length === 0 || this.backlog === 0) return;
    this.core.dispatches.add(this);
    if (!this.dispatching) this.core.turn.begin();
  }

  private refreshDirect(): void {
    const only = this.members.length === 1 ? this.members[0]! : undefined;
    const takes = only !== undefined && !only.explicit && only.ready && this.accepts === undefined;
    this.direct = takes && this.browsers.length === 0 && this.store.stored === 0 ? only.consumer : undefined;
  }
}
