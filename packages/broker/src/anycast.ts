/**
 * Direct anycast: nothing is stored; each message goes to one receiver with credit, and that receiver's outcome is the
 * sender's. Outcomes come in the order in which receivers settle, not in that of sending.
 */
import { Address, AddressProducer } from './address.js';
import type { Answer } from './answers.js';
import type { Core } from './core.js';
import { DirectDelivery } from './direct-delivery.js';
import { DirectReceiver } from './direct-receiver.js';
import type { Message } from './message.js';
import type { RefusalReason } from './outcome.js';
import type { Consumer, Sender, SendResult, Subscription, SubscriptionOptions } from './ports.js';
import { stamp } from './stamp.js';
import { CAPACITY_MAX } from './store-bound.js';

export class Anycast extends Address {
  readonly stores = false;
  private readonly members: DirectReceiver[] = [];
  private turnOf = 0;

  get stored(): number {
    return 0;
  }

  get bytes(): number {
    return 0;
  }

  get pagedOut(): number {
    return 0;
  }

  get unreadable(): undefined {
    return undefined;
  }

  get receivers(): number {
    return this.members.length;
  }

  get inUse(): boolean {
    return this.members.length > 0;
  }

  openProducer(sender: Sender): AddressProducer {
    return new AnycastProducer(this, this.core, sender);
  }

  subscribe(consumer: Consumer, options: SubscriptionOptions): Subscription {
    const receiver = new DirectReceiver(this, consumer, { explicit: options.settles === 'explicit' });
    this.members.push(receiver);
    this.capacityMoved();
    return receiver;
  }

  receiverLeft(receiver: DirectReceiver): void {
    const at = this.members.indexOf(receiver);
    if (at >= 0) this.members.splice(at, 1);
    this.capacityMoved();
  }

  /** A receiver's credit changed: senders hear of it at the end of the turn, when it makes a difference to them. */
  capacityMoved(): void {
    if (this.producers.size === 0) return;
    this.core.turn.begin();
    this.core.capacity.note(this);
  }

  /** What the receivers offer, shared among the senders. */
  capacity(): number {
    let offered = 0;
    for (const { consumer } of this.members) offered += Math.max(0, consumer.capacity());
    return Math.min(CAPACITY_MAX, Math.ceil(offered / Math.max(1, this.producers.size)));
  }

  waitsForJournal(): boolean {
    return false;
  }

  refusalFor(messages: number): RefusalReason | undefined {
    let offered = 0;
    for (const { consumer } of this.members) offered += Math.max(0, consumer.capacity());
    return offered >= messages ? undefined : 'no-receiver';
  }

  put(message: Message): boolean {
    this.offer(message, undefined, -1);
    return false;
  }

  purge(): number {
    return 0;
  }

  /** The receiver whose turn it is among those with credit. */
  offer(message: Message, sender: Sender | undefined, tag: number): SendResult {
    for (let tries = this.members.length; tries > 0; tries--) {
      if (this.turnOf >= this.members.length) this.turnOf = 0;
      const receiver = this.members[this.turnOf++]!;
      if (receiver.consumer.capacity() <= 0) continue;
      this.counters.in++;
      this.counters.out++;
      // What was the last of the credit closes the way for the other senders too.
      const result = this.give(message, receiver, { sender, tag });
      if (receiver.consumer.capacity() <= 0) this.capacityMoved();
      return result;
    }
    return 'released';
  }

  /** Notes an outcome for its sender. */
  answer(answer: Answer): void {
    this.core.turn.begin();
    this.core.answers.add(answer);
  }

  override close(): void {
    for (const receiver of this.members.splice(0)) receiver.end();
    super.close();
  }

  private give(
    message: Message,
    receiver: DirectReceiver,
    from: { readonly sender: Sender | undefined; readonly tag: number },
  ): SendResult {
    if (!receiver.explicit) {
      receiver.consumer.deliver(message, undefined);
      return 'accepted';
    }
    const owned = message.own(this.core.arena);
    const delivery = new DirectDelivery(owned, receiver, from);
    receiver.open.add(delivery);
    receiver.consumer.deliver(owned, delivery);
    return from.sender !== undefined && from.tag >= 0 ? 'pending' : 'accepted';
  }
}

class AnycastProducer extends AddressProducer {
  private readonly anycast: Anycast;
  private readonly core: Core;

  constructor(anycast: Anycast, core: Core, sender: Sender) {
    super(anycast, sender);
    this.anycast = anycast;
    this.core = core;
  }

  send(message: Message, tag: number): SendResult {
    if (this.closed) return this.refuse('deleted');
    const { anycast } = this;
    stamp(message, anycast.settings, this.core.turn.begin());
    const tooLarge = anycast.sizeRefusal(message.end - message.start);
    if (tooLarge !== undefined) return this.refuse(tooLarge);
    const result = anycast.offer(message, this.sender, tag);
    if (result === 'released') this.refuse('no-receiver');
    return result;
  }
}
