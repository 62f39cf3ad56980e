/**
 * A client's sending link without target: the anonymous relay. Each message says in `to` where it goes, and the client
 * is asked for its right at each address anew; the last one is remembered, since most senders stay with one.
 */
import { ACCEPTED, AmqpError, type IncomingDelivery, RELEASED, type ReceiverLink } from '@millrace/amqp';
import type { Outcome, Producer, RefusalReason, Sender } from '@millrace/broker';
import { refusalError, rejectedState, stateOf, unauthorized } from './conditions.js';
import type { BrokerLink, LinkHost } from './link-host.js';
import { sendIncoming } from './send-incoming.js';

/** An open way to one address. */
class Route implements Sender {
  readonly address: string;
  producer: Producer | undefined = undefined;
  private readonly relay: RelayLink;

  constructor(relay: RelayLink, address: string) {
    this.relay = relay;
    this.address = address;
  }

  settled(tag: number, outcome: Outcome, reason: RefusalReason | undefined): void {
    this.relay.settled(tag, outcome, reason);
  }

  capacityChanged(): void {}

  addressDeleted(): void {
    this.producer = undefined;
    this.relay.forget(this);
  }
}

export class RelayLink implements BrokerLink {
  readonly link: ReceiverLink;
  readonly address = '';
  touched = false;
  deliveries = 0;
  readonly needs = undefined;
  private readonly host: LinkHost;
  private readonly routes = new Map<string, Route>();
  private last: Route | undefined = undefined;

  constructor(host: LinkHost, link: ReceiverLink) {
    this.host = host;
    this.link = link;
  }

  transfer(delivery: IncomingDelivery): void {
    const { host } = this;
    if (!this.touched) host.touch(this);
    this.deliveries++;
    try {
      this.relay(delivery);
    } catch (error) {
      if (!(error instanceof AmqpError)) throw error;
      host.context.counters.droppedIn += delivery.settled ? 1 : 0;
      if (delivery.settled) return;
      const state = { kind: 'rejected', error: { condition: error.condition, description: error.message } } as const;
      this.link.settle(delivery.deliveryId, state);
    }
  }

  private relay(delivery: IncomingDelivery): void {
    const { host, link } = this;
    const { message } = host;
    host.incoming.borrow(message, delivery);
    const { producer } = this.routeTo(host.incoming.to(delivery.buffer));
    message.address = producer!.address;
    const { deliveryId, settled } = delivery;
    const result = sendIncoming(host, producer!, delivery);
    if (result === 'pending') return;
    if (settled) host.context.counters.droppedIn += result === 'accepted' ? 0 : 1;
    else if (result === 'accepted') link.settle(deliveryId, ACCEPTED);
    else link.settle(deliveryId, result === 'rejected' ? rejectedState(producer!.refusal) : RELEASED);
  }

  /** @throws AmqpError when there is no such address, or the client may not send to it */
  private routeTo(address: string | undefined): Route {
    if (address === undefined) throw refusalError('not-found', 'a message without to');
    if (this.last?.address === address) return this.last;
    const { authorizer, broker, settings } = this.host.context;
    let route = this.routes.get(address);
    if (route === undefined) {
      if (!this.host.ownsTemporary(address) && !authorizer.authorize(this.host.principal, 'send', address)) {
        throw unauthorized('send', address);
      }
      route = new Route(this, address);
      const undeclared = settings.undeclared === 'topic' ? 'topic' : 'refuse';
      const producer = broker.openProducer(address, route, { undeclared });
      if (typeof producer === 'string') throw refusalError(producer, address);
      route.producer = producer;
      if (this.routes.size >= settings.relayAddresses) this.closeRoutes();
      this.routes.set(address, route);
    }
    this.last = route;
    return route;
  }

  settled(tag: number, outcome: Outcome, reason: RefusalReason | undefined): void {
    this.host.wake();
    this.link.settle(tag, stateOf(outcome, reason));
  }

  forget(route: Route): void {
    this.routes.delete(route.address);
    if (this.last === route) this.last = undefined;
  }

  flow(): void {}

  endOfTurn(): void {
    const { credit } = this.host.context.settings;
    if (this.link.credit <= credit >>> 1) this.link.setCredit(credit);
  }

  detached(): void {
    this.closeRoutes();
  }

  revoke(error: AmqpError): void {
    this.closeRoutes();
    this.link.detach({ error });
  }

  /** Each address is asked for anew. */
  rightsChanged(): void {
    this.closeRoutes();
  }

  private closeRoutes(): void {
    for (const route of this.routes.values()) route.producer?.close();
    this.routes.clear();
    this.last = undefined;
  }
}
