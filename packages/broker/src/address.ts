/** What queues, topics and direct addresses have in common, and their producers. */
import type { AddressSettings } from './address-settings.js';
import type { CapacitySource, WatchedProducer } from './capacity-watch.js';
import type { CommitRoom, CommitSize } from './commit-room.js';
import type { Core } from './core.js';
import { IdWindow, isUsableId } from './id-window.js';
import type { JournalWatch } from './journal-watch.js';
import type { Message } from './message.js';
import { type AddressFigures, type AddressView, Counters } from './observation.js';
import type { RefusalReason } from './outcome.js';
import type { Producer, Sender, SendResult } from './ports.js';
import { stampsTimeOnly } from './stamp.js';

/** Asked for capacity, and not for one message. */
const NO_MESSAGE = { durable: false, retain: false };

export abstract class Address implements CapacitySource {
  readonly name: string;
  readonly counters = new Counters();
  readonly producers = new Set<AddressProducer>();
  settings: AddressSettings;
  /** A message without a time to live needs nothing but its time. */
  stampsTimeOnly: boolean;
  /** Set where it looks for duplicates. */
  deduplication: IdWindow | undefined = undefined;
  implicit = false;
  /** Recovered from the journal, and not declared since. */
  waitsForDeclaration = false;
  /** Whose temporary queue it is. */
  owner: object | undefined = undefined;
  readonly journal: JournalWatch;
  protected readonly core: Core;

  constructor(core: Core, name: string, settings: AddressSettings) {
    this.core = core;
    this.journal = core.journal;
    this.name = name;
    this.settings = settings;
    this.stampsTimeOnly = stampsTimeOnly(settings);
    this.configureDeduplication();
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
  /** Whether durable messages are to wait while the journal is full; where not, they are refused. */
  abstract waitsForJournal(message: { readonly retain: boolean }): boolean;
  /** Whether so much more would be refused. */
  abstract refusalFor(messages: number, bytes: number): RefusalReason | undefined;
  /** The same for the outputs of one transaction, which are stored together. */
  commitRefusal({ messages, bytes }: CommitSize, _room: CommitRoom): RefusalReason | undefined {
    return this.refusalFor(messages, bytes);
  }
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
    this.configureDeduplication();
  }

  private configureDeduplication(): void {
    const { deduplication } = this.settings;
    if (deduplication === undefined) {
      this.deduplication?.close();
      this.deduplication = undefined;
    } else if (this.deduplication === undefined) {
      this.deduplication = new IdWindow(this.core, this.name, deduplication);
    } else this.deduplication.configure(deduplication);
  }

  /** Tells senders and consumers that it is gone. */
  close(): void {
    this.deduplication?.close();
    const producers = [...this.producers];
    this.producers.clear();
    for (const producer of producers) producer.closed = true;
    for (const producer of producers) producer.sender.addressDeleted();
  }

  eachProducer(visit: (producer: WatchedProducer) => void): void {
    for (const producer of this.producers) visit(producer);
  }

  /** Producers are told at the end of the turn whose capacity has changed. */
  noteCapacity(): void {
    this.core.turn.begin();
    this.core.capacity.note(this);
  }

  /** Somebody has left: what is only there while it is used may go. */
  leaveIfUnused(): void {}

  figures(): AddressFigures {
    const { counters } = this;
    return {
      stored: this.stored,
      storedBytes: this.bytes,
      senders: this.producers.size,
      receivers: this.receivers,
      messagesIn: counters.in,
      messagesOut: counters.out,
      dropped: counters.dropped,
      rejected: counters.rejected,
      expired: counters.expired,
      deadLettered: counters.deadLettered,
      duplicates: counters.duplicates,
    };
  }

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
      full: this.stores && (this.capacity() === 0 || this.refusalFor(1, 1) !== undefined),
      unwritable: this.stores ? this.core.log.refusal : undefined,
      counters: this.counters,
    };
  }
}

export abstract class AddressProducer implements Producer, WatchedProducer {
  readonly address: string;
  readonly sender: Sender;
  refusal: RefusalReason | undefined = undefined;
  duplicate = false;
  closed = false;
  announced = true;
  sawNone = false;
  /** Durable messages come by it. */
  protected sendsDurable = false;
  private readonly target: Address;

  constructor(target: Address, sender: Sender) {
    this.address = target.name;
    this.target = target;
    this.sender = sender;
  }

  abstract send(message: Message, tag: number): SendResult;

  get detectsDuplicates(): boolean {
    return this.target.deduplication !== undefined;
  }

  sendOnce(message: Message, tag: number, id: string | undefined): SendResult {
    this.duplicate = false;
    const { deduplication, settings } = this.target;
    if (this.closed || deduplication === undefined || id === undefined) return this.send(message, tag);
    if (!isUsableId(id)) throw new RangeError('the id of a message has at most 255 characters');
    return deduplication.send(this, { message, tag, id }, settings.durability === 'always');
  }

  /** For the window of ids. */
  countDuplicate(): void {
    this.duplicate = true;
    this.target.counters.duplicates++;
  }

  /** The message would have to be written, and cannot be. */
  refuseForJournal(reason: 'journal-full' | 'journal-failed'): 'rejected' {
    this.target.journal.look();
    if (!this.sendsDurable) {
      this.sendsDurable = true;
      // Its capacity may be 0 from now on.
      this.target.noteCapacity();
    }
    return this.refuse(reason);
  }

  capacity(): number {
    const capacity = this.closed || this.isHeldByJournal(NO_MESSAGE) ? 0 : this.target.capacity();
    if (capacity === 0) this.sawNone = true;
    return capacity;
  }

  takes(message: Message): boolean {
    if (this.closed || !this.target.journal.full) return this.capacity() > 0;
    if (message.durable) this.sendsDurable = true;
    const takes = !this.isHeldByJournal(message) && this.target.capacity() > 0;
    if (!takes) this.sawNone = true;
    return takes;
  }

  private isHeldByJournal(message: { readonly durable: boolean; readonly retain: boolean }): boolean {
    const { target } = this;
    if (!target.journal.full) return false;
    const durable = message === NO_MESSAGE ? this.sendsDurable : message.durable;
    return (durable || target.settings.durability === 'always') && target.waitsForJournal(message);
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
