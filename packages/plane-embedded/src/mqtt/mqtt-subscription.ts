/**
 * One subscription of a client: a consumer of the broker. With QoS 0 what is handed over is done with, and what does not
 * fit into the connection's output is dropped by the broker; with QoS 1 and 2 the broker waits for the client's
 * acknowledgement, and keeps messages while the client is away.
 */
import type { Consumer, Delivery, Message, RefusalReason, Subscription } from '@millrace/broker';
import type { QoS, SubscriptionRequest } from '@millrace/mqtt';
import type { ClientSession } from './client-session.js';

/** How many messages are asked for at once; the broker asks again. */
const BATCH = 1_000;

export class MqttSubscription implements Consumer {
  /** As the client wrote it. */
  readonly filter: string;
  /** Number within the session: stands in `Delivery.context`. */
  readonly number: number;
  request: SubscriptionRequest;
  subscriptionIdentifier = 0;
  /** True while it stands in the session's list of those that found no room. */
  starved = false;
  /** Handed to the client since the subscription was made. */
  deliveries = 0;
  /** Of those, sent with QoS 1 or 2 and not acknowledged. */
  unsettled = 0;
  private readonly session: ClientSession;
  private subscription: Subscription | undefined;

  constructor(session: ClientSession, request: SubscriptionRequest, number: number) {
    this.session = session;
    this.filter = request.filter;
    this.request = request;
    this.number = number;
  }

  get qos(): QoS {
    return this.request.qos;
  }

  /** What the broker knows as source: without `$share/group/`. */
  get source(): string {
    return this.request.shared?.filter ?? this.filter;
  }

  /** Joins the broker, if it has not. @returns why not */
  open(): RefusalReason | undefined {
    if (this.subscription !== undefined) return undefined;
    const { session, request } = this;
    const { broker, settings } = session.context;
    const reliable = request.qos > 0;
    const durable = reliable && session.durable && !this.onQueue;
    const { shared } = request;
    const result = broker.subscribe(this.source, this, {
      settles: reliable ? 'explicit' : 'on-delivery',
      undeclared: settings.undeclared,
      ...(durable && shared === undefined ? { durableName: `mqtt/${session.clientId}/${this.filter}` } : {}),
      ...(durable && shared !== undefined
        ? { durableName: `mqtt-share/${shared.group}/${shared.filter}`, shared: true }
        : {}),
      ...(!durable && shared !== undefined ? { group: shared.group } : {}),
      // Left out where it can be: the broker hands over without storing only what needs no such question.
      ...(request.noLocal || reliable ? { accepts: (message: Message) => this.accepts(message) } : {}),
    });
    if (typeof result === 'string') return result;
    this.subscription = result;
    return undefined;
  }

  /** A queue is drained by whoever is there, so nothing is kept on it for a client that is away. */
  get onQueue(): boolean {
    const type = this.session.context.broker.address(this.source)?.settings.type;
    return type === 'queue' || type === 'anycast';
  }

  /** Whether it stays with the broker while its client is away. */
  get staysAway(): boolean {
    return this.subscription?.durableName !== undefined;
  }

  /** [MQTT-3.8.3-3] no local; and what a client that is away need not be kept: QoS 0 (MQTT 5 §4.1). */
  private accepts(message: Message): boolean {
    if (message.qos === 0 && this.session.link === undefined) return false;
    return !this.request.noLocal || this.session.context.publishing !== this.session;
  }

  /** Leaves the broker; on a topic what waits there for a durable session stays. */
  leave(): void {
    const { subscription } = this;
    this.subscription = undefined;
    subscription?.close();
  }

  /** Leaves the broker for good. A shared subscription goes with its last member only. */
  end(): void {
    const { subscription } = this;
    this.subscription = undefined;
    if (subscription === undefined) return;
    const isLast = this.request.shared === undefined || this.session.shares.leave(subscription.durableName);
    if (isLast) subscription.unsubscribe();
    else subscription.close();
  }

  /** Counts it among the members of its shared subscription. */
  joinShare(): void {
    if (this.request.shared !== undefined) this.session.shares.join(this.subscription?.durableName);
  }

  wake(): void {
    this.subscription?.wake();
  }

  backlog(): number {
    return this.subscription?.backlog() ?? 0;
  }

  /** For those who look on: how many messages it would take now. */
  get creditSeen(): number {
    return this.room();
  }

  get hasRoom(): boolean {
    return this.room() > 0;
  }

  private room(): number {
    const { link } = this.session;
    if (link === undefined || link.output.pending >= this.session.context.settings.outputBytes) return 0;
    if (this.request.qos === 0) return BATCH;
    return this.session.isBehind ? 0 : link.connection.sendQuota;
  }

  capacity(): number {
    const room = this.room();
    if (room === 0 && !this.starved) this.session.starve(this);
    return room;
  }

  deliver(message: Message, delivery: Delivery | undefined): void {
    this.deliveries++;
    this.session.deliver(this, message, delivery);
  }

  closed(): void {
    this.subscription = undefined;
    this.session.subscriptionClosed(this);
  }
}
