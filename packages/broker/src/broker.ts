/**
 * The broker: addresses and what is done with them. Synchronous, on one thread; it has no sockets, timers or clock.
 *
 * A *turn* begins with the first message or administration after `commitPending()` and ends with the next one. The
 * clock is read once a turn. The broker asks for the end of the turn by `scheduleCommit()`; it tells senders of
 * outcomes (`Sender.settled`) and of capacity (`Sender.capacityChanged`) only in `commitPending()` or when the journal
 * reports, never from within `send`, `deliver` or `settle`.
 */
import { AddressBook } from './address-book.js';
import { type AddressSettingsInput, UNDECLARED_SETTINGS } from './address-settings.js';
import { Answers } from './answers.js';
import { Anycast } from './anycast.js';
import { Arena } from './arena.js';
import { BrokerLog } from './broker-log.js';
import { browseStore } from './browse-cursor.js';
import { type CapacitySource, CapacityWatch } from './capacity-watch.js';
import type { ConsumerGroup } from './consumer-group.js';
import { type Core, DispatchList } from './core.js';
import { IdWindows } from './id-windows.js';
import type { Journal } from './journal-port.js';
import { JournalWatch } from './journal-watch.js';
import { KeyedRecords } from './keyed-records.js';
import { LiveRecords } from './live-records.js';
import { Maintenance } from './maintenance.js';
import { MemoryBound } from './memory-bound.js';
import type { Message, MessageArena } from './message.js';
import type {
  AddressFigures,
  AddressView,
  AdministrationRefusal,
  BrowsedMessage,
  SubscriptionView,
} from './observation.js';
import type { RefusalReason } from './outcome.js';
import { Pager, type PagingOptions } from './pager.js';
import { pickMessages } from './pick.js';
import type { Consumer, Delivery, Producer, Sender, Subscription, SubscriptionOptions, Transaction } from './ports.js';
import { Queue } from './queue.js';
import type { Recovery } from './recovery.js';
import { RETAINED_LIMITS, Retained } from './retained.js';
import { stamp } from './stamp.js';
import { Topic } from './topic.js';
import { hasWildcard, isValidFilter } from './topic-filter.js';
import { Transactions } from './transactions.js';
import { Turn } from './turn.js';

export interface BrokerOptions {
  readonly journal: Journal;
  /** What a durable journal had when it was opened. Default: nothing. */
  readonly recovery?: Recovery;
  /** The clock, ms since the epoch. Read at most once a turn; going back is hidden from messages. */
  readonly now: () => number;
  /** Asks the host to call `commitPending()` at the end of this turn. Called at most once between two of those calls. */
  readonly scheduleCommit: () => void;
  /**
   * Asks the host to call `commitPutOff()` a few ms from now, at most once between two of those calls: what was settled may
   * wait that long for something to be written with. Default: nothing is put off.
   */
  readonly schedulePutOff?: () => void;
  /** Content bytes stored in memory in all, each message once; what is paged out does not count. Default: 1 GiB. */
  readonly memoryBytes?: number;
  /** How much of what is durable stays in memory. Only where the journal can read back what was written. */
  readonly paging?: PagingOptions;
  /** Topics in use that no document describes. Default: 100,000. */
  readonly implicitTopics?: number;
  /** Retained messages and their content bytes. Default: 100,000 and 64 MiB. */
  readonly retained?: { readonly messages: number; readonly bytes: number };
}

export interface ProducerOptions {
  /** What to do when no such address is declared. Default: refuse. */
  readonly undeclared?: 'refuse' | 'topic';
}

const MEMORY_BYTES = 1024 ** 3;
const IMPLICIT_TOPICS = 100_000;

export class Broker {
  /** Where the broker's own messages lie; listeners pass it to `Message.own`. */
  readonly arena: MessageArena;
  /** Whether what is stored and kept is there after a restart. */
  readonly durable: boolean;
  private readonly core: Core;
  private readonly schedulePutOff: (() => void) | undefined;
  private isPutOff = false;
  private readonly book: AddressBook;
  private readonly retained: Retained;
  private readonly keyed: KeyedRecords;
  private readonly transactions: Transactions;

  constructor(options: BrokerOptions) {
    this.schedulePutOff = options.schedulePutOff;
    const turn = new Turn(options.now, options.scheduleCommit);
    const { journal, recovery } = options;
    const arena = recovery?.arena ?? new Arena();
    const log = new BrokerLog(journal, turn, recovery?.shared);
    const memory = new MemoryBound(arena, options.memoryBytes ?? MEMORY_BYTES);
    const pager = new Pager({ journal, log, arena, memory }, options.paging ?? {}, recovery?.pages);
    log.written = () => pager.trim();
    const core: Core = {
      turn,
      log,
      ids: new IdWindows(log),
      journal: new JournalWatch(log),
      arena,
      memory,
      pager,
      maintenance: new Maintenance(arena, pager),
      capacity: new CapacityWatch(),
      dispatches: new DispatchList(),
      answers: new Answers(),
      forward: (message, target) => this.book.forward(message, target),
      countersOf: (topic) => this.book.get(topic)?.counters,
    };
    this.arena = arena;
    this.durable = options.journal.durable;
    this.core = core;
    this.book = new AddressBook(core, {
      implicitTopics: options.implicitTopics ?? IMPLICIT_TOPICS,
      startMs: options.now(),
    });
    this.retained = new Retained(arena, core.log, options.retained ?? RETAINED_LIMITS);
    this.keyed = new KeyedRecords(core.log);
    this.transactions = new Transactions(core, this.book, this.keyed);
    const everyProducer: CapacitySource = {
      eachProducer: (visit) => {
        for (const address of this.book.all()) address.eachProducer(visit);
      },
    };
    const everyoneMayKnow = () => {
      turn.begin();
      core.capacity.note(everyProducer);
    };
    core.memory.changed = everyoneMayKnow;
    core.journal.changed = everyoneMayKnow;
    if (recovery !== undefined) this.recover(recovery);
  }

  /** Time of this turn, ms since the epoch; never goes back. */
  get nowMs(): number {
    return this.core.turn.begin();
  }

  /** The time is at least this from now on. */
  advanceClock(timeMs: number): void {
    this.core.turn.advance(timeMs);
  }

  /** Ends the turn: hands what was appended to the journal, tells senders what they wait for. */
  commitPending(): void {
    const { core } = this;
    core.dispatches.run();
    core.pager.trim();
    core.turn.open = false;
    if (this.schedulePutOff !== undefined && core.log.onlySettled) this.putOff(this.schedulePutOff);
    else core.log.commit();
    core.answers.tell();
    core.capacity.announce();
  }

  /** Writes what was put off. Call it when that was asked for, and before the journal is closed. */
  commitPutOff(): void {
    this.isPutOff = false;
    this.core.log.commit();
  }

  private putOff(schedule: () => void): void {
    if (this.isPutOff) return;
    this.isPutOff = true;
    schedule();
  }

  /** Expires, moves and frees, with bounded work each call. Call it about ten times a second. */
  tick(nowMs: number): void {
    this.core.turn.advance(nowMs);
    this.core.maintenance.tick(this.core.turn.timeMs);
    this.retained.expire(this.core.turn.timeMs);
    this.core.ids.tick(this.core.turn.timeMs);
    this.core.log.retry();
    this.core.pager.tick();
    this.core.journal.look();
    if (!this.core.dispatches.empty) this.core.turn.begin();
  }

  /** Creates the address, or changes it and keeps what is stored. */
  declare(name: string, settings: AddressSettingsInput): AdministrationRefusal | undefined {
    const refusal = this.book.declare(name, settings);
    // Not where the broker itself makes a queue for dead letters, whose document may follow.
    if (refusal === undefined && settings.deduplication === undefined) this.core.ids.forgetRecovered(name);
    return refusal;
  }

  /** Deletes the address; its links are told. Refused when messages would be lost, unless forced. */
  remove(name: string, options?: { readonly force?: boolean }): AdministrationRefusal | undefined {
    return this.book.remove(name, options?.force === true);
  }

  address(name: string): AddressView | undefined {
    return this.book.get(name)?.view();
  }

  /** Content bytes of all stored messages, each message once, and their limit. */
  get memory(): { readonly storedBytes: number; readonly storedBytesLimit: number } {
    const { arena, memory } = this.core;
    return { storedBytes: arena.storedBytes, storedBytesLimit: memory.limit };
  }

  /** Of an address, what is counted alone: for looking at many. */
  figures(name: string): AddressFigures | undefined {
    return this.book.get(name)?.figures();
  }

  addresses(): AddressView[] {
    return [...this.book.all()].map((address) => address.view());
  }

  /** Durable subscriptions. */
  subscriptions(): SubscriptionView[] {
    return this.book.subscriptions.views();
  }

  /** Forgets a durable subscription and what it stores, with or without consumers. @returns false when there is none */
  forgetSubscription(durableName: string): boolean {
    return this.book.subscriptions.forget(durableName);
  }

  openProducer(address: string, sender: Sender, options?: ProducerOptions): Producer | RefusalReason {
    const target = this.book.resolve(address, options?.undeclared ?? 'refuse');
    if (typeof target === 'string') return target;
    const producer = target.openProducer(sender);
    target.producers.add(producer);
    producer.announced = producer.capacity() > 0;
    return producer;
  }

  /** @param source queue, anycast, multicast or topic name, or a topic filter. See SubscriptionOptions. */
  subscribe(source: string, consumer: Consumer, options: SubscriptionOptions): Subscription | RefusalReason {
    if (hasWildcard(source)) {
      if (!isValidFilter(source)) return 'not-allowed';
      return this.book.subscriptions.subscribe(source, undefined, consumer, options);
    }
    const address = this.book.resolve(source, options.undeclared ?? 'refuse');
    if (typeof address === 'string') return address;
    if (address instanceof Queue) return address.subscribe(consumer, options);
    if (address instanceof Anycast) return options.browse ? 'not-allowed' : address.subscribe(consumer, options);
    if (!(address instanceof Topic)) return 'not-allowed';
    const subscription = this.book.subscriptions.subscribe(source, address, consumer, options);
    if (typeof subscription === 'string') address.leaveIfUnused();
    return subscription;
  }

  /**
   * Consumed inputs, outputs and state, all or nothing. `done` comes with the end of the journal's batch, in the order
   * of commits; with a reason nothing of it happened and the deliveries are still open at their consumer.
   */
  commit(transaction: Transaction, done: (refusal: RefusalReason | undefined) => void): void {
    this.transactions.commit(transaction, done);
  }

  /** Keeps a copy of the bytes under a kind and a key, across restarts, in place of those before. */
  keep(kind: string, key: string, bytes: Uint8Array): void {
    this.keyed.keep(kind, key, Buffer.from(bytes));
  }

  /** Forgets what is kept under a kind and a key. @returns false when nothing was */
  forget(kind: string, key: string): boolean {
    return this.keyed.forget(kind, key);
  }

  /** All that is kept of one kind, by key. The bytes stay the broker's. */
  kept(kind: string): Map<string, Uint8Array> {
    return this.keyed.all(kind);
  }

  /** Why nothing new can be made durable now; undefined: it can. What takes something back may still be. */
  get unwritable(): RefusalReason | undefined {
    return this.core.log.refusal;
  }

  /** Calls back when all that was done so far is on disk, or, with a reason, when some of this turn never will be. */
  whenDurable(done: (refusal: RefusalReason | undefined) => void): void {
    this.core.turn.begin();
    this.core.log.open.addListener({ committed: done });
  }

  /**
   * The same of what was settled and forgotten alone: a journal that is full takes that still, and new things that wait
   * for room do not hold it up.
   */
  whenTakenBack(done: (refusal: RefusalReason | undefined) => void): void {
    this.core.turn.begin();
    this.core.log.open.addPatient({ committed: done });
  }

  /**
   * Keeps the message as its topic's retained one, or, when its payload is empty, forgets that. Durable or not, it is
   * there after a restart; of one topic the last of a turn.
   */
  retain(message: Message): RefusalReason | undefined {
    const timeMs = this.core.turn.begin();
    if (message.end === message.split) {
      this.retained.forget(message.address);
      return undefined;
    }
    stamp(message, this.book.get(message.address)?.settings ?? UNDECLARED_SETTINGS, timeMs);
    const unwritable = message.durable ? this.core.log.refusal : undefined;
    return unwritable ?? this.retained.keep(message);
  }

  /** Why `retain` would refuse this message now: asked before it is sent, so that it is taken as a whole or not. */
  retainRefusal(message: Message): RefusalReason | undefined {
    if (message.end === message.split) return undefined;
    const { settings } = this.book.get(message.address) ?? { settings: UNDECLARED_SETTINGS };
    const durable = message.durable || settings.durability === 'always';
    const unwritable = durable ? this.core.log.refusal : undefined;
    return unwritable ?? this.retained.refusalFor(message);
  }

  /** Retained messages of the topics that match; owned, with their `time` of acceptance. */
  retainedMatching(filter: string): Message[] {
    return isValidFilter(filter) ? this.retained.matching(filter, this.core.turn.begin()) : [];
  }

  /** A queue for as long as its owner lives: replies, dynamic sources. @returns its name */
  createTemporary(owner: object): string | RefusalReason {
    return this.book.createTemporary(owner);
  }

  removeTemporary(name: string): void {
    this.book.removeTemporary(name);
  }

  /** Removes the temporary queues of an owner that is gone. */
  removeTemporaries(owner: object): void {
    this.book.removeTemporaries(owner);
  }

  /** Deletes what is stored and not in delivery. @returns how many, or undefined when there is no such address */
  purge(name: string): number | undefined {
    return this.book.get(name)?.purge();
  }

  /** Looks into a queue or durable subscription without taking. `after`: the last id seen, 0 = from the start. */
  browse(name: string, options: { readonly limit: number; readonly after?: number }): BrowsedMessage[] | undefined {
    const group = this.groupOf(name);
    return group === undefined ? undefined : browseStore(group.store, options);
  }

  /**
   * Takes messages of a queue or durable subscription by their ids, out of turn. Those that a consumer holds are left out.
   * Within the same turn each is to be settled, or consumed by a transaction; one that fails gives them back to their place.
   */
  pick(name: string, ids: readonly number[]): Delivery[] | undefined {
    const group = this.groupOf(name);
    this.core.turn.begin();
    return group === undefined ? undefined : pickMessages(group, this.core.pager, ids);
  }

  /** Whether what is sent to this topic now reaches a subscription. */
  isHeard(topic: string): boolean {
    const address = this.book.get(topic);
    return address instanceof Topic && address.route.current().length > 0;
  }

  /** Id of the message that a queue or durable subscription stored last; 0: none yet. */
  lastId(name: string): number | undefined {
    const group = this.groupOf(name);
    return group === undefined ? undefined : group.store.nextSequence - 1;
  }

  private groupOf(name: string): ConsumerGroup | undefined {
    const address = this.book.get(name);
    return address instanceof Queue ? address.group : this.book.subscriptions.byName(name)?.group;
  }

  /** Takes over what the journal had. */
  private recover(recovery: Recovery): void {
    const { core } = this;
    const { log } = core;
    core.turn.advance(recovery.timeMs);
    log.lastStore = recovery.lastStore;
    log.version = recovery.version;
    log.durablePosition = recovery.lastPosition;
    const stores = recovery.stores();
    for (const kind of ['dead-letters', 'queue', 'subscription'] as const) {
      for (const recovered of stores)
        if (recovered.record?.kind === kind)
          recovered.fill(this.book.restore(recovered.record), log, core.pager.blockBytes);
    }
    for (const { store, sequence } of recovery.settledBefore) log.settledAgain(store, sequence);
    for (const record of recovery.forgottenBefore) log.later(record);
    for (const message of recovery.retained.values()) this.retained.restore(message);
    for (const record of recovery.kept()) this.keyed.restore(record);
    core.ids.restore(recovery.ids.blocks(), recovery.ids.lastNumber);
    const live = new LiveRecords({ log, retained: this.retained, keyed: this.keyed, ids: core.ids });
    recovery.attach(live, (position, length) => log.release(position, length));
  }
}
