/** A queue: messages are stored once and go to one of the competing consumers each. */
import { Address, AddressProducer } from './address.js';
import type { AddressSettings } from './address-settings.js';
import { BrowseCursor } from './browse-cursor.js';
import type { CommitRoom, CommitSize } from './commit-room.js';
import { ConsumerGroup } from './consumer-group.js';
import type { Core } from './core.js';
import { GroupMember } from './group-member.js';
import { StoreRecord } from './log/store-record.js';
import type { Message } from './message.js';
import type { RefusalReason } from './outcome.js';
import type { Consumer, Sender, SendResult, Subscription, SubscriptionOptions } from './ports.js';
import { stamp } from './stamp.js';

export class Queue extends Address {
  readonly stores = true;
  readonly durableName = undefined;
  readonly group: ConsumerGroup;

  constructor(core: Core, name: string, settings: AddressSettings, options?: { readonly temporary: boolean }) {
    super(core, name, settings);
    this.group = new ConsumerGroup(core, {
      source: name,
      record: options?.temporary
        ? undefined
        : new StoreRecord({ kind: 'queue', name, source: '', whenFull: undefined }),
      settings,
      whenFull: settings.whenFull,
      counters: this.counters,
      countsByTopic: false,
    });
    this.group.store.bound.changed = () => {
      core.turn.begin();
      core.capacity.note(this);
    };
  }

  get stored(): number {
    return this.group.store.stored;
  }

  get bytes(): number {
    return this.group.store.bytes;
  }

  get pagedOut(): number {
    return this.group.store.pagedOut;
  }

  get unreadable(): string | undefined {
    return this.group.store.unreadable;
  }

  get receivers(): number {
    return this.group.members.length + this.group.browsers.length;
  }

  get inUse(): boolean {
    return this.receivers > 0;
  }

  openProducer(sender: Sender): AddressProducer {
    return new QueueProducer(this, this.core, sender);
  }

  subscribe(consumer: Consumer, options: SubscriptionOptions): Subscription {
    const explicit = options.settles === 'explicit';
    if (options.browse) {
      const cursor = new BrowseCursor(this.group, consumer, { explicit, after: options.after ?? 0 });
      this.group.direct = undefined;
      this.group.browsers.push(cursor);
      cursor.advance();
      return cursor;
    }
    const member = new GroupMember(this.group, consumer, { keeper: this, explicit, existed: false });
    this.group.join(member);
    return member;
  }

  memberLeft(): void {}

  capacity(): number {
    return this.group.capacity();
  }

  waitsForJournal(): boolean {
    return this.group.blocking && this.group.store.journaled;
  }

  refusalFor(messages: number, bytes: number): RefusalReason | undefined {
    return this.group.refuses(messages, bytes) ? 'resource-limit-exceeded' : undefined;
  }

  override commitRefusal(size: CommitSize, room: CommitRoom): RefusalReason | undefined {
    return room.admits(this.group, size) ? undefined : 'resource-limit-exceeded';
  }

  put(message: Message): boolean {
    const waits = this.group.put(message);
    this.group.dispatchLater();
    return waits;
  }

  purge(): number {
    return this.group.purge(undefined);
  }

  override configure(settings: AddressSettings): void {
    super.configure(settings);
    this.group.store.waitsForDeclaration = this.waitsForDeclaration;
    this.group.configure(settings, settings.whenFull);
    this.core.turn.begin();
    this.core.capacity.note(this);
  }

  override close(): void {
    this.group.close('deleted');
    super.close();
  }
}

class QueueProducer extends AddressProducer {
  private readonly queue: Queue;
  private readonly group: ConsumerGroup;
  private readonly core: Core;

  constructor(queue: Queue, core: Core, sender: Sender) {
    super(queue, sender);
    this.queue = queue;
    this.group = queue.group;
    this.core = core;
  }

  send(message: Message, tag: number): SendResult {
    if (this.closed) return this.refuse('deleted');
    const { queue, group, core } = this;
    const { turn } = core;
    const timeMs = turn.open ? turn.timeMs : turn.begin();
    if (queue.stampsTimeOnly && message.ttlMs === 0) message.time = timeMs;
    else stamp(message, queue.settings, timeMs);
    const size = message.end - message.start;
    if (size > queue.settings.limits.messageBytes) return this.refuse('message-too-large');
    const { direct } = group;
    // What is done with on delivery leaves nothing for the journal, durable or not.
    if (direct !== undefined && direct.capacity() > 0) {
      queue.counters.in++;
      queue.counters.out++;
      direct.deliver(message, undefined);
      return 'accepted';
    }
    if (group.refuses(1, size)) return this.refuse('resource-limit-exceeded');
    const unwritable = message.durable && group.store.journaled ? core.log.refusal : undefined;
    if (unwritable !== undefined) return this.refuseForJournal(unwritable);
    queue.counters.in++;
    const waits = group.put(message) && tag >= 0;
    if (waits) {
      this.sendsDurable = true;
      core.log.open.addSender(this.sender, tag);
    }
    group.dispatch();
    return waits ? 'pending' : 'accepted';
  }
}
