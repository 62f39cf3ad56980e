/** Subscriptions on topics and filters: finding, making, sharing, taking over and forgetting them. */
import type { WhenFull } from './address-settings.js';
import type { CapacitySource } from './capacity-watch.js';
import { ConsumerGroup } from './consumer-group.js';
import type { Core } from './core.js';
import { GroupMember } from './group-member.js';
import { type StoreFacts, StoreRecord } from './log/store-record.js';
import { Counters, type SubscriptionView } from './observation.js';
import type { RefusalReason } from './outcome.js';
import type { Consumer, Subscription, SubscriptionOptions } from './ports.js';
import type { Topic } from './topic.js';
import { hasWildcard } from './topic-filter.js';
import { type SubscriptionKeeper, settingsFor, TopicSubscription } from './topic-subscription.js';
import type { TopicTree } from './topic-tree.js';

/** UTF-16 units of a durable name: what a record of the journal holds. */
const DURABLE_NAME_MAX = 16_384;

export class Subscriptions implements SubscriptionKeeper {
  private readonly core: Core;
  private readonly tree: TopicTree;
  /** All producers to topics: whose capacity a full subscription may change. */
  private readonly topicProducers: CapacitySource;
  private readonly durable = new Map<string, TopicSubscription>();
  private readonly shared = new Map<string, TopicSubscription>();

  constructor(core: Core, tree: TopicTree, topicProducers: CapacitySource) {
    this.core = core;
    this.tree = tree;
    this.topicProducers = topicProducers;
  }

  /** @param topic the topic that `source` names, unless it has wildcards */
  subscribe(
    source: string,
    topic: Topic | undefined,
    consumer: Consumer,
    options: SubscriptionOptions,
  ): Subscription | RefusalReason {
    if (options.browse) return 'not-allowed';
    const found = this.find(source, options);
    if (found === 'not-allowed') return found;
    const { durableName } = options;
    if (durableName !== undefined && durableName.length > DURABLE_NAME_MAX) return 'not-allowed';
    const subscription = found ?? this.create(source, topic, { ...options, whenFull: wishOf(options) });
    if (found !== undefined && !sharing(options)) this.takeOver(found);
    const { group } = subscription;
    group.accepts = sharing(options) ? undefined : options.accepts;
    const explicit = options.settles === 'explicit';
    const member = new GroupMember(group, consumer, { keeper: subscription, explicit, existed: found !== undefined });
    this.apply(subscription, options);
    group.join(member);
    return member;
  }

  byName(durableName: string): TopicSubscription | undefined {
    return this.durable.get(durableName);
  }

  forget(durableName: string): boolean {
    const subscription = this.durable.get(durableName);
    if (subscription === undefined) return false;
    this.remove(subscription);
    return true;
  }

  /** The last consumer has left a subscription that is not to stay. */
  unused(subscription: TopicSubscription): void {
    this.remove(subscription);
  }

  /** Takes it away, with what it stores; its consumers are told. */
  remove(subscription: TopicSubscription): void {
    const { durableName, sharedKey, topic, group } = subscription;
    this.tree.remove(subscription);
    if (durableName !== undefined) this.durable.delete(durableName);
    if (sharedKey !== undefined) this.shared.delete(sharedKey);
    group.close('deleted');
    if (topic === undefined) return;
    topic.subscriptions.delete(subscription);
    topic.leaveIfUnused();
  }

  views(): SubscriptionView[] {
    return [...this.durable.values()].map((subscription) => subscription.view());
  }

  private find(source: string, options: SubscriptionOptions): TopicSubscription | 'not-allowed' | undefined {
    const { durableName } = options;
    if (durableName === undefined) {
      return options.group === undefined ? undefined : this.shared.get(sharedKey(options.group, source));
    }
    const found = this.durable.get(durableName);
    if (found === undefined || found.source === source) return found;
    // The name now stands for another source, as in JMS: the old one is forgotten, unless somebody shares it.
    if (found.group.members.length > 0 && options.shared === true) return 'not-allowed';
    this.remove(found);
    return undefined;
  }

  /** A durable subscription as it was before the restart, without consumers. */
  restore({ name, source, whenFull }: StoreFacts, topic: Topic | undefined): TopicSubscription {
    return this.create(source, topic, { durableName: name, whenFull });
  }

  private create(
    source: string,
    topic: Topic | undefined,
    options: { durableName?: string; group?: string; whenFull: WhenFull | undefined },
  ): TopicSubscription {
    const { durableName, whenFull } = options;
    const key = durableName === undefined && options.group !== undefined ? sharedKey(options.group, source) : undefined;
    const settings = settingsFor({ topic, durableName, whenFull });
    const group = new ConsumerGroup(this.core, {
      source,
      record:
        durableName === undefined
          ? undefined
          : new StoreRecord({ kind: 'subscription', name: durableName, source, whenFull }),
      settings,
      whenFull: whenFull ?? settings.whenFull,
      counters: topic?.counters ?? new Counters(),
      countsByTopic: hasWildcard(source),
    });
    const subscription = new TopicSubscription(this, group, { durableName, sharedKey: key });
    subscription.whenFull = whenFull;
    group.store.bound.changed = () => this.noteCapacity(group);
    if (topic !== undefined) {
      subscription.topic = topic;
      topic.subscriptions.add(subscription);
    }
    if (durableName !== undefined) this.durable.set(durableName, subscription);
    if (key !== undefined) this.shared.set(key, subscription);
    this.tree.add(subscription);
    return subscription;
  }

  /** The consumer's wish counts from now on, or else its address'. */
  private apply(subscription: TopicSubscription, options: SubscriptionOptions): void {
    const { whenFull, store } = subscription.group;
    subscription.whenFull = wishOf(options);
    const { record } = store;
    if (record !== undefined && (record.id === 0 || record.whenFull !== subscription.whenFull)) {
      record.whenFull = subscription.whenFull;
      this.core.log.storeOpened(store);
    }
    subscription.configure();
    if (subscription.group.whenFull === whenFull) return;
    this.tree.generation++;
    this.noteCapacity(subscription.group);
  }

  private takeOver(subscription: TopicSubscription): void {
    for (const member of [...subscription.group.members]) {
      subscription.group.leave(member);
      member.consumer.closed('taken-over');
    }
  }

  private noteCapacity(group: ConsumerGroup): void {
    this.core.turn.begin();
    if (group.blocking || group.store.bound.blocked) this.core.capacity.note(this.topicProducers);
  }
}

/** A slow receiver that settles on delivery loses its oldest. */
function wishOf(options: SubscriptionOptions): WhenFull | undefined {
  return options.whenFull ?? (options.settles === 'on-delivery' ? 'dropOldest' : undefined);
}

function sharing(options: SubscriptionOptions): boolean {
  return options.shared === true || options.group !== undefined;
}

function sharedKey(group: string, source: string): string {
  return `${group}\0${source}`;
}
