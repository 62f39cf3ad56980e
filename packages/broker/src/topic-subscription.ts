/**
 * A subscription on a topic or filter: what it has not yet handed out, and its consumers. Durable ones have a name and
 * stay when nobody consumes; the others are gone with their last consumer.
 */
import { type AddressSettings, LOSSLESS_SETTINGS, UNDECLARED_SETTINGS, type WhenFull } from './address-settings.js';
import type { ConsumerGroup } from './consumer-group.js';
import type { GroupKeeper } from './group-member.js';
import type { SubscriptionView } from './observation.js';
import type { Topic } from './topic.js';

export interface SubscriptionKeeper {
  /** The last consumer has left a subscription that is not to stay. */
  unused(subscription: TopicSubscription): void;
}

export class TopicSubscription implements GroupKeeper {
  readonly source: string;
  readonly durableName: string | undefined;
  /** Under what shared consumers find it: `GROUP` and source. */
  readonly sharedKey: string | undefined;
  readonly group: ConsumerGroup;
  /** What its consumer asked for; undefined: as its address. */
  whenFull: WhenFull | undefined = undefined;
  /** The topic that it takes from when its source has no wildcards. */
  topic: Topic | undefined = undefined;
  private readonly keeper: SubscriptionKeeper;

  constructor(
    keeper: SubscriptionKeeper,
    group: ConsumerGroup,
    names: { readonly durableName: string | undefined; readonly sharedKey: string | undefined },
  ) {
    this.keeper = keeper;
    this.source = group.source;
    this.durableName = names.durableName;
    this.sharedKey = names.sharedKey;
    this.group = group;
  }

  memberLeft(forget: boolean): void {
    if (this.group.members.length > 0) return;
    this.group.accepts = undefined;
    if (forget || this.durableName === undefined) this.keeper.unused(this);
  }

  /** Takes the settings that now hold for it. */
  configure(): void {
    const settings = settingsFor(this);
    this.group.configure(settings, this.whenFull ?? settings.whenFull);
  }

  view(): SubscriptionView {
    const { store } = this.group;
    return {
      durableName: this.durableName ?? '',
      source: this.source,
      stored: store.stored,
      bytes: store.bytes,
      pagedOut: store.pagedOut,
      unreadable: store.unreadable,
      receivers: this.group.members.length,
    };
  }
}

/** Its topic's settings where a document declares that; else what holds without one. */
export function settingsFor({
  topic,
  durableName,
  whenFull,
}: Pick<TopicSubscription, 'topic' | 'durableName' | 'whenFull'>): AddressSettings {
  if (topic !== undefined && !topic.implicit) return topic.settings;
  const drops = durableName === undefined || (whenFull ?? UNDECLARED_SETTINGS.whenFull) === 'dropOldest';
  return drops ? UNDECLARED_SETTINGS : LOSSLESS_SETTINGS;
}
