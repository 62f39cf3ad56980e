/** A client's sending link to a service: each message is a request, answered to its reply-to. */
import {
  ACCEPTED,
  AmqpError,
  type AmqpMessage,
  type AmqpValue,
  Condition,
  type DeliveryState,
  decodeMessage,
  encodeMessage,
  type IncomingDelivery,
  type MessageBody,
  type ReceiverLink,
  valueBody,
} from '@millrace/amqp';
import { Message, type Sender } from '@millrace/broker';
import type { AmqpService, ServiceResponse } from './amqp-service.js';
import type { BrokerLink, LinkHost } from './link-host.js';

const FAULT: DeliveryState = {
  kind: 'rejected',
  error: { condition: Condition.internalError, description: 'the service failed' },
};
/** Replies are sent pre-settled: there is nothing to hear. */
const NOBODY: Sender = { settled() {}, capacityChanged() {}, addressDeleted() {} };

export class ServiceLink implements BrokerLink {
  readonly link: ReceiverLink;
  readonly address: string;
  touched = false;
  deliveries = 0;
  readonly needs = 'send';
  private readonly host: LinkHost;
  private readonly service: AmqpService;
  private open = 0;

  constructor(host: LinkHost, link: ReceiverLink, at: { readonly address: string; readonly service: AmqpService }) {
    this.host = host;
    this.link = link;
    this.address = at.address;
    this.service = at.service;
  }

  transfer(delivery: IncomingDelivery): void {
    const { deliveryId, settled } = delivery;
    this.deliveries++;
    this.open++;
    const answer = (state: DeliveryState): void => {
      this.open--;
      this.host.wake();
      if (!settled) this.link.settle(deliveryId, state);
      if (!this.touched) this.host.touch(this);
    };
    try {
      const request = decodeMessage(delivery.buffer, delivery.start, delivery.end);
      this.handle(request).then(
        (response) => {
          this.reply(request, response);
          answer(ACCEPTED);
        },
        () => answer(FAULT),
      );
    } catch (error) {
      if (!(error instanceof AmqpError)) throw error;
      answer({ kind: 'rejected', error: { condition: error.condition, description: error.message } });
    }
  }

  private handle(request: AmqpMessage): Promise<ServiceResponse> {
    return this.service.handle({
      applicationProperties: request.applicationProperties ?? {},
      body: plainBody(request.body),
      messageId: request.properties?.messageId,
      correlationId: request.properties?.correlationId,
      principal: this.host.principal,
    });
  }

  private reply(request: AmqpMessage, response: ServiceResponse): void {
    const replyTo = request.properties?.replyTo;
    if (replyTo === undefined) return;
    const { host } = this;
    const { broker, authorizer, counters } = host.context;
    if (!host.ownsTemporary(replyTo) && !authorizer.authorize(host.principal, 'send', replyTo)) return;
    const producer = broker.openProducer(replyTo, NOBODY);
    if (typeof producer === 'string') {
      counters.undeliverable++;
      return;
    }
    const message = new Message();
    message.address = replyTo;
    message.bytes = encodeMessage({
      properties: { to: replyTo, correlationId: request.properties?.correlationId ?? request.properties?.messageId },
      applicationProperties: response.applicationProperties,
      body: valueBody(response.body),
    });
    message.end = message.bytes.length;
    if (producer.send(message, -1) !== 'accepted') counters.undeliverable++;
    producer.close();
  }

  flow(): void {}

  endOfTurn(): void {
    const room = this.host.context.settings.serviceCredit - this.open;
    if (this.link.credit <= room >>> 1) this.link.setCredit(room);
  }

  detached(): void {}

  revoke(error: AmqpError): void {
    this.link.detach({ error });
  }
}

function plainBody(body: MessageBody): AmqpValue {
  switch (body.kind) {
    case 'none':
      return undefined;
    case 'value':
      return body.value;
    case 'data':
      return Buffer.from(body.data).toString('utf8');
    case 'sequence':
      return body.sequences.flat();
  }
}
