/**
 * A client's sending link to one address. Credit follows the room that the address has: a window that is topped up at the
 * end of the turn when half of it is used, and taken back when the address is full.
 */
import { ACCEPTED, AmqpError, type IncomingDelivery, RELEASED, type ReceiverLink } from '@millrace/amqp';
import type { Outcome, Producer, RefusalReason, Sender } from '@millrace/broker';
import { refusalError, rejectedState, stateOf } from './conditions.js';
import type { BrokerLink, LinkHost } from './link-host.js';
import { sendIncoming } from './send-incoming.js';

export class IncomingLink implements BrokerLink, Sender {
  readonly link: ReceiverLink;
  readonly address: string;
  touched = false;
  deliveries = 0;
  readonly needs = 'send';
  private readonly host: LinkHost;
  private readonly temporary: boolean;
  private readonly retains: boolean;
  private producer: Producer | undefined = undefined;

  constructor(host: LinkHost, link: ReceiverLink, target: { readonly address: string; readonly temporary: boolean }) {
    this.host = host;
    this.link = link;
    this.address = target.address;
    this.temporary = target.temporary;
    const type = host.context.broker.address(target.address)?.settings.type;
    this.retains = type !== 'queue' && type !== 'anycast';
  }

  /** @returns why the address cannot be sent to */
  open(): RefusalReason | undefined {
    const { broker, settings } = this.host.context;
    const undeclared = settings.undeclared === 'topic' ? 'topic' : 'refuse';
    const producer = broker.openProducer(this.address, this, { undeclared });
    if (typeof producer === 'string') return producer;
    this.producer = producer;
    return undefined;
  }

  transfer(delivery: IncomingDelivery): void {
    const { host, link, producer } = this;
    if (producer === undefined) return;
    if (!this.touched) host.touch(this);
    this.deliveries++;
    const { message } = host;
    try {
      host.incoming.borrow(message, delivery);
    } catch (error) {
      this.rejectMalformed(delivery, error);
      return;
    }
    message.address = producer.address;
    const { deliveryId, settled } = delivery;
    const result = sendIncoming(host, producer, delivery);
    const taken = result === 'accepted' || result === 'pending';
    const isDuplicate = producer.detectsDuplicates && producer.duplicate;
    // A duplicate is not the last message of its topic.
    if (taken && message.retain && this.retains && !isDuplicate) host.context.broker.retain(message);
    if (result === 'pending') return;
    if (settled) {
      if (result !== 'accepted') host.context.counters.droppedIn++;
      return;
    }
    if (result === 'accepted') link.settle(deliveryId, ACCEPTED);
    else link.settle(deliveryId, result === 'rejected' ? rejectedState(producer.refusal) : RELEASED);
  }

  /** Bytes that are no message end the link when nobody can be told otherwise. */
  private rejectMalformed(delivery: IncomingDelivery, error: unknown): void {
    if (!(error instanceof AmqpError)) throw error;
    if (delivery.settled) throw new AmqpError(error.condition, error.message, 'link', { cause: error });
    this.link.settle(delivery.deliveryId, {
      kind: 'rejected',
      error: { condition: error.condition, description: error.message },
    });
  }

  settled(tag: number, outcome: Outcome, reason: RefusalReason | undefined): void {
    this.host.wake();
    this.link.settle(tag, stateOf(outcome, reason));
  }

  capacityChanged(): void {
    this.host.wake();
    if (this.producer?.capacity() === 0) this.link.setCredit(0);
    else if (!this.touched) this.host.touch(this);
  }

  addressDeleted(): void {
    this.host.wake();
    this.producer = undefined;
    this.link.detach({ error: refusalError('deleted', this.address) });
  }

  revoke(error: AmqpError): void {
    this.producer?.close();
    this.producer = undefined;
    this.link.detach({ error });
  }

  flow(): void {}

  endOfTurn(): void {
    if (this.producer === undefined) return;
    const room = Math.min(this.host.context.settings.credit, this.producer.capacity());
    if (this.link.credit <= room >>> 1 && room > 0) this.link.setCredit(room);
  }

  detached(): void {
    this.producer?.close();
    this.producer = undefined;
    if (this.temporary) this.host.removeTemporary(this.address);
  }
}
