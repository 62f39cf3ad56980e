/**
 * A topic: each message goes to every subscription that matches, and each subscription stores for itself. A topic that
 * no document describes is one too, `implicit`, for as long as somebody uses it.
 */
import { Address, AddressProducer } from './address.js';
import type { AddressSettings } from './address-settings.js';
import type { CommitRoom, CommitSize } from './commit-room.js';
import type { ConsumerGroup } from './consumer-group.js';
import type { Core } from './core.js';
import type { Message } from './message.js';
import type { RefusalReason } from './outcome.js';
import type { Sender, SendResult } from './ports.js';
import { stamp } from './stamp.js';
import { CAPACITY_MAX } from './store-bound.js';
import { TopicRoute } from './topic-route.js';
import type { TopicSubscription } from './topic-subscription.js';
import type { TopicTree } from './topic-tree.js';

export interface TopicKeeper {
  readonly tree: TopicTree;
  /** Nobody uses this implicit topic any more. */
  topicUnused(topic: Topic): void;
}

export class Topic extends Address {
  readonly stores: boolean = true;
  readonly route: TopicRoute;
  /** Subscriptions on exactly this topic. */
  readonly subscriptions = new Set<TopicSubscription>();
  private readonly keeper: TopicKeeper;

  constructor(core: Core, keeper: TopicKeeper, name: string, settings: AddressSettings) {
    super(core, name, settings);
    this.keeper = keeper;
    this.route = new TopicRoute(keeper.tree, name);
  }

  get stored(): number {
    return this.route.current().reduce((sum, group) => sum + group.store.stored, 0);
  }

  get bytes(): number {
    return this.route.current().reduce((sum, group) => sum + group.store.bytes, 0);
  }

  get pagedOut(): number {
    return this.route.current().reduce((sum, group) => sum + group.store.pagedOut, 0);
  }

  get unreadable(): string | undefined {
    return this.route.current().find((group) => group.store.unreadable !== undefined)?.store.unreadable;
  }

  get receivers(): number {
    return this.route.current().reduce((sum, group) => sum + group.members.length, 0);
  }

  get inUse(): boolean {
    return this.subscriptions.size > 0;
  }

  openProducer(sender: Sender): AddressProducer {
    return new TopicProducer(this, this.core, sender);
  }

  capacity(): number {
    this.route.current();
    let capacity = CAPACITY_MAX;
    for (const group of this.route.bounded) {
      if (group.blocking) capacity = Math.min(capacity, group.capacity());
    }
    return capacity;
  }

  waitsForJournal({ retain }: { readonly retain: boolean }): boolean {
    const groups = this.route.current();
    if (!retain && this.deduplication === undefined && !groups.some(({ store }) => store.journaled)) return false;
    return this.settings.whenFull === 'block' || this.route.bounded.some((group) => group.blocking);
  }

  /** A subscription that drops its oldest never refuses: it harms itself alone. */
  refusalFor(messages: number, bytes: number): RefusalReason | undefined {
    this.route.current();
    for (const group of this.route.bounded) {
      if (group.refuses(messages, bytes)) return 'resource-limit-exceeded';
    }
    return undefined;
  }

  override commitRefusal(size: CommitSize, room: CommitRoom): RefusalReason | undefined {
    this.route.current();
    return this.route.bounded.every((group) => room.admits(group, size)) ? undefined : 'resource-limit-exceeded';
  }

  put(message: Message): boolean {
    const waits = this.distribute(message);
    for (const group of this.route.groups) if (group.backlog > 0) group.dispatchLater();
    return waits;
  }

  /** Gives the message to every subscription; what is stored is to be dispatched. @returns whether it waits for the journal */
  distribute(message: Message): boolean {
    let waits = false;
    for (const group of this.route.current()) {
      if (group.accepts !== undefined && !group.accepts(message)) continue;
      const { direct } = group;
      if (direct !== undefined && direct.capacity() > 0) {
        this.counters.out++;
        direct.deliver(message, undefined);
      } else if (this.store(message, group)) waits = true;
    }
    return waits;
  }

  purge(): number {
    const name = this.name;
    return this.route
      .current()
      .reduce(
        (sum, group) => sum + group.purge(group.source === name ? undefined : (message) => message.address === name),
        0,
      );
  }

  override configure(settings: AddressSettings): void {
    super.configure(settings);
    for (const subscription of this.subscriptions) subscription.configure();
    this.route.tree.generation++;
    this.core.turn.begin();
    this.core.capacity.note(this);
  }

  override leaveIfUnused(): void {
    if (this.implicit && this.producers.size === 0 && this.subscriptions.size === 0) this.keeper.topicUnused(this);
  }

  private store(message: Message, group: ConsumerGroup): boolean {
    if (group.whenFull === 'dropOldest' && group.refuses(1, message.end - message.start)) {
      this.counters.dropped++;
      return false;
    }
    return group.put(message);
  }
}

class TopicProducer extends AddressProducer {
  private readonly topic: Topic;
  private readonly route: TopicRoute;
  private readonly core: Core;

  constructor(topic: Topic, core: Core, sender: Sender) {
    super(topic, sender);
    this.topic = topic;
    this.route = topic.route;
    this.core = core;
  }

  send(message: Message, tag: number): SendResult {
    if (this.closed) return this.refuse('deleted');
    const { topic, route } = this;
    const { turn } = this.core;
    if (route.generation !== route.tree.generation) route.refresh();
    const timeMs = turn.open ? turn.timeMs : turn.begin();
    if (topic.stampsTimeOnly && message.ttlMs === 0) message.time = timeMs;
    else stamp(message, topic.settings, timeMs);
    const size = message.end - message.start;
    if (size > topic.settings.limits.messageBytes) return this.refuse('message-too-large');
    // The way of most messages: one subscriber that keeps up.
    const direct = route.only?.direct;
    if (direct !== undefined && direct.capacity() > 0 && !message.retain) {
      topic.counters.in++;
      topic.counters.out++;
      direct.deliver(message, undefined);
      return 'accepted';
    }
    return this.sendToAll(message, size, tag);
  }

  private sendToAll(message: Message, size: number, tag: number): SendResult {
    const { topic, route, core } = this;
    if (route.bounded.length > 0) {
      const refusal = topic.refusalFor(1, size);
      if (refusal !== undefined) return this.refuse(refusal);
    }
    if (message.durable && (message.retain || route.groups.some((group) => group.store.journaled))) {
      const unwritable = core.log.refusal;
      if (unwritable !== undefined) return this.refuseForJournal(unwritable);
    }
    topic.counters.in++;
    const { groups } = route;
    // One that is to be retained waits for that: the listener calls `retain` within the same turn.
    const durable = topic.distribute(message) || (message.retain && message.durable);
    const waits = durable && tag >= 0;
    if (waits) {
      this.sendsDurable = true;
      core.log.open.addSender(this.sender, tag);
    }
    for (const group of groups) if (group.backlog > 0) group.dispatch();
    return waits ? 'pending' : 'accepted';
  }
}
