/**
 * The broker: addresses and what is done with them. Synchronous, on one thread; it has no sockets, timers or clock.
 *
 * A *turn* begins with the first message or administration after `commitPending()` and ends with the next one. The
 * clock is read once a turn. The broker asks for the end of the turn by `scheduleCommit()`; it tells senders of
 * outcomes (`Sender.settled`) and of capacity (`Sender.capacityChanged`) only in `commitPending()` or when the journal
 * reports, never from within `send`, `deliver` or `settle`.
 */
import type { Journal } from '@millrace/journal';
import type { AddressSettingsInput } from './address-settings.js';
import type { Message, MessageArena } from './message.js';
import type { AddressView, AdministrationRefusal, BrowsedMessage, SubscriptionView } from './observation.js';
import type { RefusalReason } from './outcome.js';
import type { Consumer, Producer, Sender, Subscription, SubscriptionOptions, Transaction } from './ports.js';

export interface BrokerOptions {
  readonly journal: Journal;
  /** The clock, ms since the epoch. Read at most once a turn; going back is hidden from messages. */
  readonly now: () => number;
  /** Asks the host to call `commitPending()` at the end of this turn. Called at most once between two of those calls. */
  readonly scheduleCommit: () => void;
  /** Content bytes stored in all, each message once. Default: 1 GiB. */
  readonly memoryBytes?: number;
  /** Topics in use that no document describes. Default: 100,000. */
  readonly implicitTopics?: number;
  /** Retained messages and their content bytes. Default: 100,000 and 64 MiB. */
  readonly retained?: { readonly messages: number; readonly bytes: number };
}

export interface ProducerOptions {
  /** What to do when no such address is declared. Default: refuse. */
  readonly undeclared?: 'refuse' | 'topic';
}

export class Broker {
  /** Where the broker's own messages lie; listeners pass it to `Message.own`. */
  readonly arena: MessageArena = undefined as never;

  constructor(options: BrokerOptions) {
    void options;
  }

  /** Time of this turn, ms since the epoch; never goes back. */
  get nowMs(): number {
    return building();
  }

  /** Ends the turn: hands what was appended to the journal, tells senders what they wait for. */
  commitPending(): void {
    building();
  }

  /** Expires, moves and frees, with bounded work each call. Call it about ten times a second. */
  tick(_nowMs: number): void {
    building();
  }

  /** Creates the address, or changes it and keeps what is stored. */
  declare(_name: string, _settings: AddressSettingsInput): AdministrationRefusal | undefined {
    return building();
  }

  /** Deletes the address; its links are told. Refused when messages would be lost, unless forced. */
  remove(_name: string, _options?: { readonly force?: boolean }): AdministrationRefusal | undefined {
    return building();
  }

  address(_name: string): AddressView | undefined {
    return building();
  }

  addresses(): AddressView[] {
    return building();
  }

  /** Durable subscriptions. */
  subscriptions(): SubscriptionView[] {
    return building();
  }

  /** Forgets a durable subscription and what it stores, with or without consumers. @returns false when there is none */
  forgetSubscription(_durableName: string): boolean {
    return building();
  }

  openProducer(_address: string, _sender: Sender, _options?: ProducerOptions): Producer | RefusalReason {
    return building();
  }

  /** @param source queue, anycast, multicast or topic name, or a topic filter. See SubscriptionOptions. */
  subscribe(_source: string, _consumer: Consumer, _options: SubscriptionOptions): Subscription | RefusalReason {
    return building();
  }

  /**
   * Consumed inputs, outputs and state, all or nothing. `done` comes with the end of the journal's batch, in the order
   * of commits; with a reason nothing of it happened and the deliveries are still open at their consumer.
   */
  commit(_transaction: Transaction, _done: (refusal: RefusalReason | undefined) => void): void {
    building();
  }

  /** State last committed under this name. */
  state(_name: string): Uint8Array | undefined {
    return building();
  }

  forgetState(_name: string): void {
    building();
  }

  /** Keeps the message as its topic's retained one, or, when its payload is empty, forgets that. */
  retain(_message: Message): RefusalReason | undefined {
    return building();
  }

  /** Retained messages of the topics that match; owned, with their `time` of acceptance. */
  retainedMatching(_filter: string): Message[] {
    return building();
  }

  /** A queue for as long as its owner lives: replies, dynamic sources. @returns its name */
  createTemporary(_owner: object): string | RefusalReason {
    return building();
  }

  removeTemporary(_name: string): void {
    building();
  }

  /** Removes the temporary queues of an owner that is gone. */
  removeTemporaries(_owner: object): void {
    building();
  }

  /** Deletes what is stored and not in delivery. @returns how many, or undefined when there is no such address */
  purge(_name: string): number | undefined {
    return building();
  }

  /** Looks into a queue or durable subscription without taking. `after`: the last id seen, 0 = from the start. */
  browse(_name: string, _options: { readonly limit: number; readonly after?: number }): BrowsedMessage[] | undefined {
    return building();
  }
}

function building(): never {
  throw new Error('the broker is being built');
}
