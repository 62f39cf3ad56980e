/**
 * One subscription of a client: a consumer of the broker. With QoS 0 what is handed over is done with, and what does not
 * fit into the connection's output is dropped by the broker; with QoS 1 and 2 the broker waits for the client's
 * acknowledgement, and keeps messages while the client is away.
 */
import {
  type Consumer,
  type Delivery,
  type Message,
  Outcome,
  type RefusalReason,
  type Subscription,
} from '@millrace/broker';
import type { QoS, SubscriptionRequest } from '@millrace/mqtt';
import type { ClientSession } from './client-session.js';

/** How many messages are asked for at once; the broker asks again. */
const BATCH = 1_000;

/** Name of the broker's subscription that stays while the client is away. */
export function durableNameOf(clientId: string, { filter, shared }: SubscriptionRequest): string {
  if (shared !== undefined) return `mqtt-share/${shared.group}/${shared.filter}`;
  // So that client `a/b` with filter `c` and client `a` with filter `b/c` are two.
  return `mqtt/${clientId.replaceAll('%', '%25').replaceAll('/', '%2F')}/${filter}`;
}

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
  /** Sequence of the last of those. */
  lastSent = 0;
  /** The highest that may have been sent before a restart: those that are there again get DUP. Infinity: any. */
  sentBefore = 0;
  private readonly session: ClientSession;
  private subscription: Subscription | undefined;
  private retrieval: Retrieval | undefined;

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
    const durable = this.mayStayAway;
    const { shared } = request;
    const result = broker.subscribe(this.source, this, {
      settles: reliable ? 'explicit' : 'on-delivery',
      undeclared: settings.undeclared,
      ...(durable ? { durableName: durableNameOf(session.clientId, request), shared: shared !== undefined } : {}),
      ...(!durable && shared !== undefined ? { group: shared.group } : {}),
      // Left out where it can be: the broker hands over without storing only what needs no such question.
      ...(request.noLocal || reliable ? { accepts: (message: Message) => this.accepts(message) } : {}),
    });
    if (typeof result === 'string') return result;
    this.subscription = result;
    return undefined;
  }

  /** Whether it is one that stays with the broker while its client is away, once it is open. */
  get mayStayAway(): boolean {
    return this.request.qos > 0 && this.session.durable && !this.onQueue;
  }

  /** The highest sequence that may have been sent and is not acknowledged; 0: none. */
  get sentMark(): number {
    return this.unsettled > 0 ? Math.max(this.lastSent, this.sentBefore) : this.sentBefore;
  }

  /** After a restart: joins the broker, and takes from its store what was on its way to the client with QoS 2. */
  retrieve(sequences: readonly number[]): ReadonlyMap<number, Delivery> {
    const retrieval = new Retrieval(sequences);
    this.retrieval = retrieval;
    this.open();
    this.retrieval = undefined;
    retrieval.giveBackOthers();
    return retrieval.found;
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
    if (this.retrieval !== undefined) return this.retrieval.isDone ? 0 : BATCH;
    const room = this.room();
    if (room === 0 && !this.starved) this.session.starve(this);
    return room;
  }

  deliver(message: Message, delivery: Delivery | undefined): void {
    if (this.retrieval !== undefined) {
      this.retrieval.take(delivery);
      return;
    }
    this.deliveries++;
    this.session.deliver(this, message, delivery);
  }

  closed(): void {
    this.subscription = undefined;
    this.session.subscriptionClosed(this);
  }
}

/** Picks messages out of a store, which gives them in order. */
class Retrieval {
  readonly found = new Map<number, Delivery>();
  private readonly others: Delivery[] = [];
  private readonly wanted: ReadonlySet<number>;
  private readonly last: number;
  private seen = 0;

  constructor(sequences: readonly number[]) {
    this.wanted = new Set(sequences);
    this.last = sequences.reduce((highest, sequence) => Math.max(highest, sequence), 0);
  }

  get isDone(): boolean {
    return this.seen >= this.last;
  }

  take(delivery: Delivery | undefined): void {
    if (delivery === undefined) return;
    this.seen = delivery.sequence;
    if (this.wanted.has(delivery.sequence)) this.found.set(delivery.sequence, delivery);
    else this.others.push(delivery);
  }

  giveBackOthers(): void {
    for (const delivery of this.others) delivery.settle(Outcome.released);
  }
}
