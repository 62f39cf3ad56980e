/**
 * A client as the server knows it, connected or away: its subscriptions, and what is on its way to it. The connection's
 * own part of the session (packet identifiers) is `MqttSession`.
 */
import { type Delivery, type Message, Outcome } from '@millrace/broker';
import {
  FAILURE,
  type MqttConnection,
  MqttError,
  MqttSession,
  OutgoingPublication,
  type QoS,
  ReasonCode,
  type SubscriptionRequest,
} from '@millrace/mqtt';
import type { Principal } from '@millrace/security';
import type { SocketOutput } from '../socket-output.js';
import type { KeptSubscription } from './kept-formats.js';
import type { MqttContext } from './mqtt-context.js';
import { MqttSubscription } from './mqtt-subscription.js';
import { fill } from './publication-message.js';
import { subscribeCode } from './refusal-codes.js';
import { RetainedDelivery } from './retained-delivery.js';
import { SessionRecords } from './session-records.js';
import type { Shares } from './shares.js';

/** Retained messages that may wait for a client: as many as the broker keeps. */
const BEHIND_MAX = 100_000;

/** The connection that a session is served by. */
export interface SessionLink {
  readonly connection: MqttConnection;
  readonly output: SocketOutput;
  readonly principal: Principal;
  /** Ends the connection because another one has taken the session, or because of what happened to an address. */
  end(reasonCode: number, reason: string): void;
}

export interface ClientFacts {
  readonly clientId: string;
  /** User name. */
  readonly owner: string;
  readonly expirySeconds: number;
}

export class ClientSession {
  readonly clientId: string;
  /** User name. */
  readonly owner: string;
  readonly context: MqttContext;
  readonly shares: Shares;
  readonly mqtt = new MqttSession();
  readonly subscriptions = new Map<string, MqttSubscription>();
  /** Undefined: the client is away. */
  link: SessionLink | undefined;
  /** Kept so long without a connection, s; 0: ends with it. */
  expirySeconds: number;
  /** While away: when it ends, ms since the epoch. */
  expiresAt = 0;
  /** What is kept of it over a restart; undefined: nothing is. */
  readonly records: SessionRecords | undefined;
  private readonly byNumber = new Map<number, MqttSubscription>();
  private lastNumber = 0;
  private readonly outgoing = new OutgoingPublication();
  private starving: MqttSubscription[] = [];
  /** Retained messages for new subscriptions, and what found no packet identifier: goes before all else. */
  private behind: Delivery[] = [];
  private behindFrom = 0;

  constructor(client: ClientFacts, context: MqttContext, shares: Shares) {
    this.clientId = client.clientId;
    this.owner = client.owner;
    this.expirySeconds = client.expirySeconds;
    this.context = context;
    this.shares = shares;
    const isKept = client.expirySeconds > 0 && context.broker.durable;
    this.records = isKept ? new SessionRecords(context.broker, client.clientId, this) : undefined;
    this.mqtt.keeper = this.records;
  }

  get durable(): boolean {
    return this.expirySeconds > 0;
  }

  get isBehind(): boolean {
    return this.behind.length > 0;
  }

  /** Has it kept as it now is, with or without a connection. */
  keep(): void {
    const connected = this.link !== undefined;
    const sent = new Map<number, number>();
    for (const { number, sentMark } of this.subscriptions.values()) if (sentMark > 0) sent.set(number, sentMark);
    const { owner, expirySeconds, expiresAt } = this;
    this.records?.keepSession({ connected, owner, expirySeconds, expiresAt: connected ? 0 : expiresAt, sent });
  }

  // ---- the connection comes and goes ----

  /**
   * After CONNACK: what ended with the last connection is opened again, and everything is asked to deliver. What is
   * refused now is not a part of the session any longer.
   */
  resume(): void {
    for (const subscription of [...this.subscriptions.values()]) {
      if (subscription.open() === undefined) {
        subscription.wake();
      } else {
        this.remove(subscription);
        subscription.end();
      }
    }
    this.sendBehind();
  }

  /** Subscriptions that this client has no right to are no part of the session any more. @returns how many they were */
  dropForbidden(principal: Principal): number {
    let dropped = 0;
    for (const subscription of [...this.subscriptions.values()]) {
      if (this.context.authorizer.authorize(principal, 'recv', subscription.source)) continue;
      this.remove(subscription);
      subscription.end();
      dropped++;
    }
    return dropped;
  }

  /** The connection is gone: what does not stay leaves the broker, and other receivers of a queue get its messages. */
  detach(nowMs: number): void {
    this.link = undefined;
    this.starving = [];
    for (const subscription of this.subscriptions.values()) {
      subscription.starved = false;
      if (subscription.staysAway) continue;
      subscription.leave();
      this.forgetDeliveries(subscription);
    }
    this.expiresAt = nowMs + this.expirySeconds * 1000;
    if (this.durable) this.keep();
  }

  private forgetDeliveries(subscription: MqttSubscription): void {
    const { number } = subscription;
    subscription.unsettled = 0;
    this.mqtt.forget((context) => (context as Delivery).context === number);
    this.behind = this.behind.slice(this.behindFrom).filter((delivery) => delivery.context !== number);
    this.behindFrom = 0;
  }

  /** For ever: the broker forgets what it kept for it. */
  end(): void {
    this.records?.forgetAll();
    for (const subscription of this.subscriptions.values()) subscription.end();
    this.subscriptions.clear();
    this.byNumber.clear();
    this.behind = [];
    this.behindFrom = 0;
  }

  // ---- subscriptions ----

  /** @returns the granted QoS or a failure, and whether the subscription is new */
  subscribe(request: SubscriptionRequest, identifier: number): { readonly code: number; readonly isNew: boolean } {
    const before = this.subscriptions.get(request.filter);
    if (before !== undefined) return { code: this.change(before, request, identifier), isNew: false };
    if (this.isFullFor(request.filter)) return { code: ReasonCode.quotaExceeded, isNew: true };
    const subscription = new MqttSubscription(this, request, ++this.lastNumber);
    subscription.subscriptionIdentifier = identifier;
    this.add(subscription);
    const refusal = subscription.open();
    if (refusal !== undefined) {
      this.remove(subscription);
      return { code: subscribeCode(refusal), isNew: true };
    }
    subscription.joinShare();
    this.keepSubscription(subscription);
    return { code: request.qos, isNew: true };
  }

  private isFullFor(filter: string): boolean {
    const { subscriptionsPerSession, sessionBytes } = this.context.settings;
    const { records } = this;
    if (this.subscriptions.size >= subscriptionsPerSession) return true;
    return records !== undefined && records.bytes + records.sizeOf(filter) > sessionBytes;
  }

  private add(subscription: MqttSubscription): void {
    this.subscriptions.set(subscription.filter, subscription);
    this.byNumber.set(subscription.number, subscription);
    this.lastNumber = Math.max(this.lastNumber, subscription.number);
  }

  private keepSubscription({ request, number, subscriptionIdentifier }: MqttSubscription): void {
    this.records?.keepSubscription({ request, number, identifier: subscriptionIdentifier });
  }

  /** After a restart: a subscription as it is kept; `open` or `retrieve` follows. */
  restore({ request, number, identifier }: KeptSubscription, sentBefore: number): MqttSubscription {
    const subscription = new MqttSubscription(this, request, number);
    subscription.subscriptionIdentifier = identifier;
    subscription.sentBefore = sentBefore;
    this.add(subscription);
    this.records?.restoreSubscription(request.filter);
    return subscription;
  }

  /** After a restart: the message is on its way to the client still. */
  restoreDelivery(subscription: MqttSubscription, delivery: Delivery): void {
    delivery.context = subscription.number;
    subscription.unsettled++;
    subscription.lastSent = Math.max(subscription.lastSent, delivery.sequence);
  }

  /** [MQTT-3.8.4-3]: a subscription of the same filter is replaced; no message is lost in between. */
  private change(subscription: MqttSubscription, request: SubscriptionRequest, identifier: number): number {
    const { request: before } = subscription;
    subscription.subscriptionIdentifier = identifier;
    subscription.request = request;
    const reliable = request.qos > 0;
    const sameKind = before.qos > 0 === reliable && (reliable || before.noLocal === request.noLocal);
    if (sameKind) {
      this.keepSubscription(subscription);
      return request.qos;
    }
    subscription.request = before;
    subscription.end();
    this.forgetDeliveries(subscription);
    subscription.request = request;
    subscription.sentBefore = 0;
    const refusal = subscription.open();
    if (refusal === undefined) {
      subscription.joinShare();
      this.keepSubscription(subscription);
      return request.qos;
    }
    this.remove(subscription);
    return subscribeCode(refusal);
  }

  unsubscribe(filter: string): number {
    const subscription = this.subscriptions.get(filter);
    if (subscription === undefined) return ReasonCode.noSubscriptionExisted;
    this.remove(subscription);
    subscription.end();
    return ReasonCode.success;
  }

  private remove(subscription: MqttSubscription): void {
    this.subscriptions.delete(subscription.filter);
    this.byNumber.delete(subscription.number);
    this.records?.forgetSubscription(subscription.filter);
  }

  /** The address is gone, or the subscription was taken away: MQTT has no word for it but the end of the connection. */
  subscriptionClosed(subscription: MqttSubscription): void {
    this.remove(subscription);
    this.link?.end(ReasonCode.administrativeAction, `the address of ${subscription.filter} was deleted`);
  }

  // ---- messages out ----

  starve(subscription: MqttSubscription): void {
    subscription.starved = true;
    this.starving.push(subscription);
  }

  /** There may be room again: acknowledgements came, or the socket took what was written. */
  wakeStarving(): void {
    if (this.behind.length > 0) this.sendBehind();
    if (this.starving.length === 0) return;
    const starving = this.starving;
    this.starving = [];
    for (const subscription of starving) {
      if (subscription.hasRoom) {
        subscription.starved = false;
        subscription.wake();
      } else {
        this.starving.push(subscription);
      }
    }
  }

  deliver(subscription: MqttSubscription, message: Message, delivery: Delivery | undefined): void {
    if (delivery === undefined) {
      this.writeOnce(subscription, message, message.retain && subscription.request.retainAsPublished);
      return;
    }
    delivery.context = subscription.number;
    if (this.behind.length > 0 || !this.send(subscription, delivery)) this.behind.push(delivery);
  }

  /** Retained messages of a new subscription, after its SUBACK. */
  sendRetained(subscription: MqttSubscription, messages: readonly Message[]): void {
    for (const message of messages) {
      if (this.behind.length >= BEHIND_MAX) {
        this.context.counters.undeliverable++;
        continue;
      }
      subscription.deliveries++;
      const delivery = new RetainedDelivery(message);
      delivery.context = subscription.number;
      this.behind.push(delivery);
    }
    this.sendBehind();
  }

  private sendBehind(): void {
    while (this.behindFrom < this.behind.length) {
      const { link } = this;
      if (link === undefined || link.output.pending >= this.context.settings.outputBytes) return;
      const delivery = this.behind[this.behindFrom]!;
      const subscription = this.byNumber.get(delivery.context);
      if (subscription !== undefined && !this.send(subscription, delivery)) return;
      this.behindFrom++;
    }
    this.behind = [];
    this.behindFrom = 0;
  }

  /** @returns false when it has to wait for a packet identifier or a connection */
  private send(subscription: MqttSubscription, delivery: Delivery): boolean {
    const { message } = delivery;
    const qos = Math.min(subscription.qos, message.qos) as QoS;
    const isRetained = delivery instanceof RetainedDelivery;
    const retain = isRetained || (message.retain && subscription.request.retainAsPublished);
    if (qos === 0) {
      if (this.link === undefined) return false;
      this.writeOnce(subscription, message, retain);
      delivery.settle(Outcome.accepted);
      return true;
    }
    const { link, outgoing } = this;
    if (link === undefined) return false;
    if (qos === 2 && this.records !== undefined) return this.sendKept(subscription, delivery);
    outgoing.qos = qos;
    outgoing.retain = retain;
    outgoing.duplicate = delivery.sequence <= subscription.sentBefore && delivery.redelivered;
    outgoing.context = delivery;
    try {
      fill(outgoing, message, this.context.broker.nowMs);
      outgoing.subscriptionIdentifier = subscription.subscriptionIdentifier;
      const result = link.connection.publish(outgoing);
      if (result === 'sent') {
        subscription.unsettled++;
        subscription.lastSent = delivery.sequence;
        return true;
      }
      if (result !== 'too-large') return false;
      this.context.counters.undeliverable++;
      delivery.settle(Outcome.accepted); // [MQTT-3.1.2-25]
    } catch (error) {
      this.undeliverable(error, delivery);
    }
    return true;
  }

  /**
   * QoS 2 of a session that is kept: what the packet identifier stands for is on disk before the client sees it, so that
   * a restart goes on with it. Where the disk is full it is sent all the same: else a full store could not be emptied.
   */
  private sendKept(subscription: MqttSubscription, delivery: Delivery): boolean {
    const { context, mqtt } = this;
    const link = this.link!;
    const packetId = link.connection.steps.reserve(delivery);
    if (packetId === 0) return false;
    subscription.unsettled++;
    subscription.lastSent = delivery.sequence;
    const transmit = (): void => {
      // Another connection sends again what it finds reserved.
      if (this.link === link) this.sendReserved(subscription, delivery, packetId);
    };
    if (context.broker.unwritable !== undefined) {
      transmit();
      return true;
    }
    const { number } = subscription;
    const { sequence } = delivery;
    this.records!.keepOutgoing(packetId, { place: mqtt.outgoing.lastSequence, number, sequence });
    context.broker.whenDurable(transmit);
    return true;
  }

  private sendReserved(subscription: MqttSubscription, delivery: Delivery, packetId: number): void {
    const { link, outgoing } = this;
    if (link === undefined) return;
    try {
      this.fillAgain(subscription, delivery);
      outgoing.qos = 2;
      if (link.connection.steps.publish(outgoing, packetId) !== 'too-large') return;
      this.context.counters.undeliverable++;
      delivery.settle(Outcome.accepted); // [MQTT-3.1.2-25]
    } catch (error) {
      this.undeliverable(error, delivery);
    }
    subscription.unsettled--;
  }

  private fillAgain(subscription: MqttSubscription, delivery: Delivery): void {
    const { outgoing } = this;
    const { message } = delivery;
    fill(outgoing, message, this.context.broker.nowMs);
    outgoing.retain =
      delivery instanceof RetainedDelivery || (message.retain && subscription.request.retainAsPublished);
    outgoing.subscriptionIdentifier = subscription.subscriptionIdentifier;
    outgoing.duplicate = false;
    outgoing.context = delivery;
  }

  private writeOnce(subscription: MqttSubscription, message: Message, retain: boolean): void {
    const { link, outgoing } = this;
    if (link === undefined) return;
    outgoing.qos = 0;
    outgoing.retain = retain;
    outgoing.duplicate = false;
    try {
      fill(outgoing, message, message.expiresAt === 0 ? 0 : this.context.broker.nowMs);
      outgoing.subscriptionIdentifier = subscription.subscriptionIdentifier;
      if (link.connection.publish(outgoing) === 'too-large') this.context.counters.undeliverable++;
    } catch (error) {
      this.undeliverable(error, undefined);
    }
  }

  /** An address that is no topic name, or an AMQP message that cannot be read: this message only. */
  private undeliverable(error: unknown, delivery: Delivery | undefined): void {
    if (!(error instanceof MqttError) && !(error instanceof Error && error.name === 'AmqpError')) throw error;
    this.context.counters.undeliverable++;
    delivery?.settle(Outcome.rejected);
  }

  /** From the connection: the client has taken a message, or refused it. */
  acknowledged(delivery: Delivery, reasonCode: number): void {
    const subscription = this.byNumber.get(delivery.context);
    if (subscription !== undefined) subscription.unsettled--;
    delivery.settle(reasonCode < FAILURE ? Outcome.accepted : Outcome.rejected);
  }

  /** From the connection, after CONNACK: a message that was not acknowledged. @returns false when it is gone */
  resend(delivery: Delivery, packetId: number): boolean {
    const { link, outgoing } = this;
    const subscription = this.byNumber.get(delivery.context);
    if (subscription === undefined || link === undefined) return false;
    this.fillAgain(subscription, delivery);
    return link.connection.resend(outgoing, packetId);
  }
}
