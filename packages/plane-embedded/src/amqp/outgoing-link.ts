/**
 * A client's receiving link: a consumer of the broker that takes as many messages as credit, the session's window and
 * the socket's pace allow, and turns the client's dispositions into outcomes.
 */
import { AmqpError, Condition, type DeliveryState, type Fields, type SenderLink } from '@millrace/amqp';
import {
  type Consumer,
  type Delivery,
  type Message,
  Outcome,
  type RefusalReason,
  type Subscription,
} from '@millrace/broker';
import { MqttError } from '@millrace/mqtt';
import { outcomeOf, refusalError } from './conditions.js';
import { DeliveryStamps } from './delivery-stamps.js';
import type { BrokerLink, LinkHost } from './link-host.js';
import type { SourceTerms } from './source-terms.js';

export interface OutgoingTerms extends SourceTerms {
  /** The address is a temporary one, made for this link. */
  readonly temporary: boolean;
}

export class OutgoingLink implements BrokerLink, Consumer {
  readonly link: SenderLink;
  readonly address: string;
  touched = false;
  deliveries = 0;
  readonly needs = 'recv';
  /** Held back by the session's window or by the socket, not by credit. */
  isHeld = false;
  private readonly host: LinkHost;
  private readonly terms: OutgoingTerms;
  private readonly fallback: Outcome;
  /** What it is told with each message. */
  readonly stamps: DeliveryStamps | undefined;
  private subscription: Subscription | undefined = undefined;

  constructor(host: LinkHost, link: SenderLink, terms: OutgoingTerms) {
    this.host = host;
    this.link = link;
    this.address = terms.address;
    this.terms = terms;
    // §3.4: what is settled without an outcome has the source's default one; without that it was not dealt with.
    this.fallback = outcomeOf(link.remote?.source?.defaultOutcome, Outcome.released);
    this.stamps = DeliveryStamps.wishedBy(link);
  }

  /** @returns why the address cannot be received from */
  open(): RefusalReason | undefined {
    const { broker, settings } = this.host.context;
    const undeclared = settings.undeclared === 'topic' ? 'topic' : 'refuse';
    const subscription = broker.subscribe(this.address, this, { ...this.terms.options, undeclared });
    if (typeof subscription === 'string') return subscription;
    this.subscription = subscription;
    return undefined;
  }

  /** Whether there is something now that was not there before, and is to be there after a restart. */
  get isNewAndDurable(): boolean {
    const { subscription } = this;
    return subscription?.durableName !== undefined && !subscription.existed && this.host.context.broker.durable;
  }

  /** Takes back what `open` has made. */
  withdraw(): void {
    this.subscription?.unsubscribe();
    this.subscription = undefined;
  }

  capacity(): number {
    const sendable = this.link.sendable();
    if (sendable > 0 && !this.host.isFull()) return sendable;
    if (this.link.credit > 0) this.isHeld = true;
    return 0;
  }

  deliver(message: Message, delivery: Delivery | undefined): void {
    const { host } = this;
    host.wake();
    if (this.link.drain && !this.touched) host.touch(this);
    this.deliveries++;
    const { outgoing } = host;
    try {
      outgoing.fill(message, delivery, message.expiresAt === 0 ? 0 : host.context.broker.nowMs);
      this.stamps?.addTo(outgoing.delivery, message, delivery);
      outgoing.delivery.settled = delivery === undefined;
      outgoing.delivery.context = delivery;
      if (this.link.send(outgoing.delivery) < 0) delivery?.settle(Outcome.released);
    } catch (error) {
      this.undeliverable(delivery, error);
    }
  }

  /** Too large for the receiver, or without an AMQP form: another receiver may do better, else it is a dead letter. */
  private undeliverable(delivery: Delivery | undefined, error: unknown): void {
    if (!(error instanceof AmqpError || error instanceof MqttError)) throw error;
    this.host.context.counters.undeliverable++;
    delivery?.settle(Outcome.modifiedUndeliverable);
  }

  settled(context: unknown, state: DeliveryState | undefined): void {
    const delivery = context as Delivery;
    delivery.settle(state?.kind === 'accepted' ? Outcome.accepted : outcomeOf(state, this.fallback));
  }

  transfer(): void {}

  flow(): void {
    this.resume();
  }

  /** What held it back may be over. */
  resume(): void {
    this.isHeld = false;
    if (this.link.drain && !this.touched) this.host.touch(this);
    this.subscription?.wake();
  }

  /** Drain (AMQP 1.0 §2.6.7): after the broker's dispatch, whoever still has credit has got all there is. */
  endOfTurn(): void {
    const { link } = this;
    if (!link.drain) return;
    // Held by window or socket: `resume` comes back to it.
    if (link.credit > 0 && this.capacity() <= 0) return;
    // What waits is being read from the journal: the delivery of it comes back to this.
    if (link.credit > 0 && this.subscription?.isReading() === true) return;
    link.drained(this.whatDrainProves());
  }

  /**
   * That all was sent that was accepted before now. Only this can prove it to who goes by the broker's stamps: the
   * receiver's clock is another one, and this turn's messages bear the time at which it began.
   */
  private whatDrainProves(): Fields | undefined {
    const { link, subscription, host } = this;
    if (this.stamps?.tellsTime !== true || link.credit === 0 || subscription?.backlog() !== 0) return undefined;
    return DeliveryStamps.sentUntil(host.context.broker.nowMs);
  }

  closed(reason: 'deleted' | 'taken-over'): void {
    this.subscription = undefined;
    this.host.wake();
    const error =
      reason === 'deleted'
        ? refusalError('deleted', this.address)
        : new AmqpError(Condition.stolen, `${this.link.name} was attached elsewhere`, 'link');
    this.link.detach({ error });
  }

  /** What is on its way goes back; a durable subscription stays, for whoever has the right to it later. */
  revoke(error: AmqpError): void {
    this.subscription?.close();
    this.subscription = undefined;
    this.link.detach({ error });
  }

  detached(closed: boolean): void {
    const { subscription, terms } = this;
    this.subscription = undefined;
    if (closed && terms.endsWithClose && subscription !== undefined) this.unsubscribe(subscription);
    else subscription?.close();
    if (terms.temporary) this.host.removeTemporary(this.address);
  }

  /** The answer to the detach promises that the subscription does not come back with a restart. */
  private unsubscribe(subscription: Subscription): void {
    const { link, host } = this;
    const { broker } = host.context;
    subscription.unsubscribe();
    if (!broker.durable) return;
    link.holdDetach(true);
    broker.whenTakenBack((refusal) => {
      if (link.heldDetach === undefined) return;
      host.wake();
      link.answerDetach(refusal && refusalError(refusal, this.address));
    });
  }
}
