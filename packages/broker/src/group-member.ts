/** One consumer of a queue or topic subscription: its place in the group. */
import type { ConsumerGroup } from './consumer-group.js';
import type { Consumer, Subscription } from './ports.js';

/** What stands behind the group: a queue, or a topic subscription. */
export interface GroupKeeper {
  readonly durableName: string | undefined;
  /** The member is out; `forget`: and the subscription is not wanted any more. */
  memberLeft(forget: boolean): void;
}

export class GroupMember implements Subscription {
  readonly group: ConsumerGroup;
  readonly consumer: Consumer;
  readonly explicit: boolean;
  readonly existed: boolean;
  /** True while it stands in the group's list of those that may have capacity. */
  ready = false;
  closed = false;
  private readonly keeper: GroupKeeper;

  constructor(
    group: ConsumerGroup,
    consumer: Consumer,
    options: { keeper: GroupKeeper; explicit: boolean; existed: boolean },
  ) {
    this.group = group;
    this.consumer = consumer;
    this.keeper = options.keeper;
    this.explicit = options.explicit;
    this.existed = options.existed;
  }

  get source(): string {
    return this.group.source;
  }

  get durableName(): string | undefined {
    return this.keeper.durableName;
  }

  wake(): void {
    if (!this.closed) this.group.wake(this);
  }

  backlog(): number {
    return this.closed ? 0 : this.group.backlog;
  }

  oldestTime(): number | undefined {
    return this.closed ? undefined : this.group.store.oldestTime();
  }

  isReading(): boolean {
    return !this.closed && this.group.store.isReading;
  }

  close(): void {
    this.leave(false);
  }

  unsubscribe(): void {
    this.leave(true);
  }

  private leave(forget: boolean): void {
    if (this.closed) return;
    this.group.leave(this);
    this.keeper.memberLeft(forget);
  }
}
