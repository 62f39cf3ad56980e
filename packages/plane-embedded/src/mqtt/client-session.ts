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
import type { MqttContext } from './mqtt-context.js';
import { MqttSubscription } from './mqtt-subscription.js';
import { fill } from './publication-message.js';
import { subscribeCode } from './refusal-codes.js';
import { RetainedDelivery } from './retained-delivery.js';
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
  expirySeconds = 0;
  /** While away: when it ends, ms since the epoch. */
  expiresAt = 0;
  private readonly byNumber = new Map<number, MqttSubscription>();
  private lastNumber = 0;
  private readonly outgoing = new OutgoingPublication();
  private starving: MqttSubscription[] = [];
  /** Retained messages for new subscriptions, and what found no packet identifier: goes before all else. */
  private behind: Delivery[] = [];
  private behindFrom = 0;

  constructor(client: { readonly clientId: string; readonly owner: string }, context: MqttContext, shares: Shares) {
    this.clientId = client.clientId;
    this.owner = client.owner;
    this.context = context;
    this.shares = shares;
  }

  get durable(): boolean {
    return this.expirySeconds > 0;
  }

  get isBehind(): boolean {
    return this.behind.length > 0;
  }

  // ---- the connection comes and goes ----

  /**
   * After CONNACK: what ended with the last connection is opened again, and everything is asked to deliver. What the
   * client has no right to any more, or what is refused now, is not a part of the session any longer.
   */
  resume(): void {
    const principal = this.link?.principal;
    for (const subscription of [...this.subscriptions.values()]) {
      const allowed =
        principal !== undefined && this.context.authorizer.authorize(principal, 'recv', subscription.source);
      if (allowed && subscription.open() === undefined) {
        subscription.wake();
      } else {
        this.remove(subscription);
        subscription.end();
      }
    }
    this.sendBehind();
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
    if (this.subscriptions.size >= this.context.settings.subscriptionsPerSession) {
      return { code: ReasonCode.quotaExceeded, isNew: true };
    }
    const subscription = new MqttSubscription(this, request, ++this.lastNumber);
    subscription.subscriptionIdentifier = identifier;
    this.subscriptions.set(request.filter, subscription);
    this.byNumber.set(subscription.number, subscription);
    const refusal = subscription.open();
    if (refusal !== undefined) {
      this.remove(subscription);
      return { code: subscribeCode(refusal), isNew: true };
    }
    subscription.joinShare();
    return { code: request.qos, isNew: true };
  }

  /** [MQTT-3.8.4-3]: a subscription of the same filter is replaced; no message is lost in between. */
  private change(subscription: MqttSubscription, request: SubscriptionRequest, identifier: number): number {
    const { request: before } = subscription;
    subscription.subscriptionIdentifier = identifier;
    subscription.request = request;
    const reliable = request.qos > 0;
    const sameKind = before.qos > 0 === reliable && (reliable || before.noLocal === request.noLocal);
    if (sameKind) return request.qos;
    subscription.request = before;
    subscription.end();
    this.forgetDeliveries(subscription);
    subscription.request = request;
    const refusal = subscription.open();
    if (refusal === undefined) {
      subscription.joinShare();
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
    outgoing.qos = qos;
    outgoing.retain = retain;
    outgoing.context = delivery;
    try {
      fill(outgoing, message, this.context.broker.nowMs);
      outgoing.subscriptionIdentifier = subscription.subscriptionIdentifier;
      const result = link.connection.publish(outgoing);
      if (result === 'sent') {
        subscription.unsettled++;
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

  private writeOnce(subscription: MqttSubscription, message: Message, retain: boolean): void {
    const { link, outgoing } = this;
    if (link === undefined) return;
    outgoing.qos = 0;
    outgoing.retain = retain;
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
    const { message } = delivery;
    fill(outgoing, message, this.context.broker.nowMs);
    outgoing.retain =
      delivery instanceof RetainedDelivery || (message.retain && subscription.request.retainAsPublished);
    outgoing.subscriptionIdentifier = subscription.subscriptionIdentifier;
    outgoing.context = delivery;
    return link.connection.resend(outgoing, packetId);
  }
}
