/** What queues, topics and direct addresses have in common, and their producers. */
import type { AddressSettings } from './address-settings.js';
import type { CapacitySource, WatchedProducer } from './capacity-watch.js';
import type { Core } from './core.js';
import type { Message } from './message.js';
import { type AddressView, Counters } from './observation.js';
import type { RefusalReason } from './outcome.js';
import type { Producer, Sender, SendResult } from './ports.js';
import { stampsTimeOnly } from './stamp.js';

export abstract class Address implements CapacitySource {
  readonly name: string;
  readonly counters = new Counters();
  readonly producers = new Set<AddressProducer>();
  settings: AddressSettings;
  /** A message without a time to live needs nothing but its time. */
  stampsTimeOnly: boolean;
  implicit = false;
  /** Recovered from the journal, and not declared since. */
  waitsForDeclaration = false;
  /** Whose temporary queue it is. */
  owner: object | undefined = undefined;
  protected readonly core: Core;

  constructor(core: Core, name: string, settings: AddressSettings) {
    this.core = core;
    this.name = name;
    this.settings = settings;
    this.stampsTimeOnly = stampsTimeOnly(settings);
  }

  abstract get stored(): number;
  abstract get bytes(): number;
  abstract get pagedOut(): number;
  abstract get unreadable(): string | undefined;
  abstract get receivers(): number;
  /** Whether consumers or durable subscriptions hold on to it. */
  abstract get inUse(): boolean;
  abstract openProducer(sender: Sender): AddressProducer;
  /** Messages that a sender may send now; see Producer.capacity. */
  abstract capacity(): number;
  /** Whether so much more would be refused. */
  abstract refusalFor(messages: number, bytes: number): RefusalReason | undefined;
  /**
   * Takes a stamped message that `refusalFor` did not refuse; consumers get it no later than at the end of the turn.
   * @returns whether it waits for the journal
   */
  abstract put(message: Message): boolean;
  abstract purge(): number;
  /** Whether it keeps messages: what goes through a transaction then waits for no consumer. */
  abstract readonly stores: boolean;

  /** Checks one stamped message and takes it. @returns why not, or undefined */
  accept(message: Message): RefusalReason | undefined {
    const size = message.end - message.start;
    const refusal = this.sizeRefusal(size) ?? this.refusalFor(1, size);
    if (refusal !== undefined) {
      this.counters.rejected++;
      return refusal;
    }
    this.counters.in++;
    this.put(message);
    return undefined;
  }

  sizeRefusal(size: number): RefusalReason | undefined {
    return size > this.settings.limits.messageBytes ? 'message-too-large' : undefined;
  }

  configure(settings: AddressSettings): void {
    this.settings = settings;
    this.stampsTimeOnly = stampsTimeOnly(settings);
  }

  /** Tells senders and consumers that it is gone. */
  close(): void {
    const producers = [...this.producers];
    this.producers.clear();
    for (const producer of producers) producer.closed = true;
    for (const producer of producers) producer.sender.addressDeleted();
  }

  eachProducer(visit: (producer: WatchedProducer) => void): void {
    for (const producer of this.producers) visit(producer);
  }

  /** Somebody has left: what is only there while it is used may go. */
  leaveIfUnused(): void {}

  view(): AddressView {
    return {
      name: this.name,
      settings: this.settings,
      implicit: this.implicit,
      temporary: this.owner !== undefined,
      waitsForDeclaration: this.waitsForDeclaration,
      stored: this.stored,
      bytes: this.bytes,
      pagedOut: this.pagedOut,
      unreadable: this.unreadable,
      senders: this.producers.size,
      receivers: this.receivers,
      counters: this.counters,
    };
  }
}

export abstract class AddressProducer implements Producer, WatchedProducer {
  readonly address: string;
  readonly sender: Sender;
  refusal: RefusalReason | undefined = undefined;
  closed = false;
  announced = true;
  sawNone = false;
  private readonly target: Address;

  constructor(target: Address, sender: Sender) {
    this.address = target.name;
    this.target = target;
    this.sender = sender;
  }

  abstract send(message: Message, tag: number): SendResult;

  capacity(): number {
    const capacity = this.closed ? 0 : this.target.capacity();
    if (capacity === 0) this.sawNone = true;
    return capacity;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.target.producers.delete(this);
    this.target.leaveIfUnused();
  }

  protected refuse(reason: RefusalReason): 'rejected' {
    this.refusal = reason;
    if (!this.closed) this.target.counters.rejected++;
    return 'rejected';
  }
}
