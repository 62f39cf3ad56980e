/**
 * What the broker and those who use it say to each other. All calls are synchronous and made on the broker's thread.
 * "Consumer" and "Sender" are implemented outside (an AMQP link, an MQTT session, a job); "Producer", "Subscription" and
 * "Delivery" by the broker.
 */
import type { Message } from './message.js';
import type { Outcome, RefusalReason } from './outcome.js';

/** Answer of `Producer.send`. `pending`: `Sender.settled` follows, later, in the order of sending for one address. */
export type SendResult = 'accepted' | 'pending' | 'rejected' | 'released';

export interface Sender {
  /** Outcome of a send that was `pending`. `tag` is what was passed to `send`. */
  settled(tag: number, outcome: Outcome, reason: RefusalReason | undefined): void;
  /** `Producer.capacity()` rose from 0, or fell to 0. */
  capacityChanged(): void;
  /** The address was deleted: the producer is closed and must not be used again. */
  addressDeleted(): void;
}

export interface Producer {
  readonly address: string;
  /**
   * Takes one message, borrowed or owned. `tag` comes back in `settled` when the result is `pending`; -1 = the sender
   * does not want to hear (pre-settled, QoS 0): the answer is then `accepted`, or `rejected`/`released` when it was dropped.
   */
  send(message: Message, tag: number): SendResult;
  /** Whether the address looks for duplicates: messages with an id then go by `sendOnce`. */
  readonly detectsDuplicates: boolean;
  /**
   * As `send`, for a message that may have an id: one that the address took already is answered as accepted, when the first one
   * is, and dropped.
   *
   * @param id at most 255 characters of one byte each (U+0000 to U+00FF)
   */
  sendOnce(message: Message, tag: number, id: string | undefined): SendResult;
  /** Whether the last `sendOnce` met a duplicate: then nothing more is to be done with the message. */
  readonly duplicate: boolean;
  /** Why the last send was `rejected` or `released`. */
  readonly refusal: RefusalReason | undefined;
  /**
   * How many messages may be sent now before the address' bound holds them back: 0 when it is full and `whenFull` is
   * block, or when it is direct anycast without credit from a consumer. The same while the disk is full, for a producer
   * by which durable messages come, to an address that blocks. Never more than 65,535.
   */
  capacity(): number;
  /**
   * Whether this message may be sent now, by the same measure. It differs from `capacity() > 0` where durable messages
   * alone are held back, since there is no room for them on disk. After false wait for `capacityChanged`.
   */
  takes(message: Message): boolean;
  close(): void;
}

export interface Consumer {
  /** How many messages it takes now. The broker asks before it delivers; after 0 it waits for `Subscription.wake()`. */
  capacity(): number;
  /**
   * Takes one message. What has to be read from the journal first comes later, of itself. With `settles: 'on-delivery'` the delivery is undefined and the message may be borrowed. With
   * `explicit` the message is owned and the consumer settles the delivery, now or later.
   */
  deliver(message: Message, delivery: Delivery | undefined): void;
  /** The address or subscription is gone. The subscription is closed and its open deliveries are void. */
  closed(reason: 'deleted' | 'taken-over'): void;
}

export interface Delivery {
  readonly message: Message;
  /** How many times it was delivered before, without success: AMQP's delivery-count (AMQP 1.0 §3.2.1). */
  readonly deliveryCount: number;
  /** Whether it may have been seen before: MQTT's DUP does not follow this, AMQP's first-acquirer does. */
  readonly redelivered: boolean;
  /** Place in its queue or subscription: rises, is never used twice, and stays over a restart. 0: it is not stored. */
  readonly sequence: number;
  /**
   * Settles. A second call does nothing. Accepting a stored durable message appends to the journal; who must know when
   * that is on disk (exactly-once protocols, jobs) passes it through `Broker.commit` instead.
   */
  settle(outcome: Outcome): void;
  /** Free for the consumer's own bookkeeping (a packet id, a delivery-id). */
  context: number;
}

export interface SubscriptionOptions {
  /** `on-delivery`: what is handed over is done with (pre-settled, QoS 0). `explicit`: waits for `Delivery.settle`. */
  readonly settles: 'on-delivery' | 'explicit';
  /** MQTT "no local" and the like: return false to pass a message by. Topics only. Default: every message. */
  readonly accepts?: (message: Message) => boolean;
  /**
   * On a topic: name of the durable subscription, which keeps messages while nobody consumes and outlives the process
   * (with a journal). Undefined: transient, gone on close. Ignored on queues.
   */
  readonly durableName?: string;
  /** Several consumers may share the durable or named subscription and then compete (MQTT 5 `$share`, AMQP `shared`). Default: false, the newest takes over. */
  readonly shared?: boolean;
  /**
   * Name of a shared subscription on a topic that is gone with its last consumer; those of one group and source
   * compete (MQTT 5 `$share/GROUP/…` of sessions that end with their connection). Default: none.
   */
  readonly group?: string;
  /** What to do when the source is a plain name that no document declares. Default: refuse. */
  readonly undeclared?: 'refuse' | 'topic';
  /** Looks without taking: queue contents in order, then the end. Default: false. */
  readonly browse?: boolean;
  /** Browsing: begins behind the message with this id. Default: 0, with the first. */
  readonly after?: number;
  /** What to do when this subscription's bound is reached. Default: the address' whenFull; for `on-delivery` always dropOldest. */
  readonly whenFull?: 'block' | 'reject' | 'dropOldest';
}

export interface Subscription {
  /** Queue name, topic, or topic filter. */
  readonly source: string;
  readonly durableName: string | undefined;
  /** True when a durable subscription of that name was there already: MQTT's session present. */
  readonly existed: boolean;
  /** The consumer's capacity rose: deliver again. Cheap when nothing waits. */
  wake(): void;
  /** Messages that wait for this consumer: stored in its queue or subscription. */
  backlog(): number;
  /**
   * Time of the message that this consumer is to get next, or an earlier time where that has to be read from the journal
   * first; undefined: none waits.
   */
  oldestTime(): number | undefined;
  /**
   * Whether more comes to a consumer that has capacity, once it has been read from the journal. What cannot be read does
   * not count.
   */
  isReading(): boolean;
  /** Drops the consumer. Open deliveries go back in order (released); a transient topic subscription is gone. */
  close(): void;
  /** Close, and forget the durable subscription and what it stores. */
  unsubscribe(): void;
}

export interface TransactionOutput {
  readonly address: string;
  readonly message: Message;
  /** Where the address looks for duplicates: what is a duplicate is left out. See `Producer.sendOnce`. */
  readonly id?: string | undefined;
}

export interface DeadLetter {
  /** One of those that the transaction consumes. */
  readonly delivery: Delivery;
  /** What is sent on in its place: an owned message, with the facts that it had. */
  readonly message: Message;
}

/** Consumed inputs and outputs that become durable together: all or nothing. */
export interface Transaction {
  readonly consumed: readonly Delivery[];
  readonly outputs: readonly TransactionOutput[];
  /**
   * More that is kept, or forgotten, with it, as by `Broker.keep` and `forget`: state in pieces. A kind that begins with
   * `$state` is taken by a journal that is full, if the transaction consumes what was durable. Default: none.
   */
  readonly kept?: readonly { readonly kind: string; readonly key: string; readonly bytes: Uint8Array | undefined }[];
  /**
   * Of what is consumed, what failed for good: it goes to the dead-letter address of where it came from, with the rest or
   * not at all. As with `Outcome.rejected`, what does not fit there is dropped and counted. Default: none.
   */
  readonly deadLetters?: readonly DeadLetter[];
  /** What to do with an output to an address that is not declared. Default: refuse the whole transaction. */
  readonly undeclared?: 'refuse' | 'topic';
}
