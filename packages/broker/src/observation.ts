/** What can be seen of addresses and subscriptions from outside: plain integers, read when asked for. */
import type { AddressSettings } from './address-settings.js';
import type { Message } from './message.js';

/** Counted since the address was created in this process. */
export class Counters {
  /** Messages that the address took. */
  in = 0;
  /** Messages handed to consumers; a redelivery counts again. */
  out = 0;
  /** Lost on purpose: a full subscription with dropOldest, a slow receiver of a multicast, a failure without dead letters. */
  dropped = 0;
  /** Sends that were refused. */
  rejected = 0;
  expired = 0;
  deadLettered = 0;
  /** Tries to read stored messages back from the journal that failed; see `AddressView.unreadable`. */
  readFailures = 0;
  /** Not stored, since their id was in the window. */
  duplicates = 0;
}

export interface AddressView {
  readonly name: string;
  readonly settings: AddressSettings;
  /** True for a topic that no document describes; it is gone when nobody uses it. */
  readonly implicit: boolean;
  readonly temporary: boolean;
  /**
   * True for a queue that was there before a restart and is not declared yet: it keeps what it stores, takes and gives
   * nothing, and can be removed.
   */
  readonly waitsForDeclaration: boolean;
  /** Messages and content bytes stored, those in delivery included; on a topic the sum over matching subscriptions. */
  readonly stored: number;
  readonly bytes: number;
  /** Of those, messages that lie in the journal alone. */
  readonly pagedOut: number;
  /**
   * Why stored messages could not be read back from the journal, as it says; undefined: nothing of that kind. They stay,
   * and are not handed out, nor what comes behind them, until one of the tries that are made every few seconds succeeds.
   */
  readonly unreadable: string | undefined;
  readonly senders: number;
  readonly receivers: number;
  /** By its limits, or a limit of the broker: senders are held back, or refused. */
  readonly full: boolean;
  /** Why nothing durable can be stored now, whatever room the limits leave. */
  readonly unwritable: 'journal-full' | 'journal-failed' | undefined;
  readonly counters: Readonly<Counters>;
}

/** What is counted of an address: see AddressView and Counters. */
export interface AddressFigures {
  readonly stored: number;
  readonly storedBytes: number;
  readonly senders: number;
  readonly receivers: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly dropped: number;
  readonly rejected: number;
  readonly expired: number;
  readonly deadLettered: number;
  readonly duplicates: number;
}

export interface SubscriptionView {
  readonly durableName: string;
  readonly source: string;
  readonly stored: number;
  readonly bytes: number;
  /** As in AddressView. */
  readonly pagedOut: number;
  readonly unreadable: string | undefined;
  readonly receivers: number;
}

export interface BrowsedMessage {
  /** Position in the queue; rises, never used twice. */
  readonly id: number;
  readonly message: Message;
  readonly deliveryCount: number;
  /** True while a consumer holds it unsettled. */
  readonly inDelivery: boolean;
}

/** Why a declaration or removal was refused. `message` is one sentence for people. */
export interface AdministrationRefusal {
  readonly reason: 'invalid' | 'not-found' | 'in-use' | 'would-lose-messages' | 'limit';
  readonly message: string;
}
