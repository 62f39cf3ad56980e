/** A message of the broker as a delivery: a header made for it, then the bytes as they are stored. */
import { HEADER_SIZE_MAX, Header, OutgoingDelivery, PRIORITY_DEFAULT } from '@millrace/amqp';
import { type Message, MessageFormat } from '@millrace/broker';
import { amqpFromMqtt } from '../translate/amqp-from-mqtt.js';

export interface Attempt {
  readonly deliveryCount: number;
  readonly redelivered: boolean;
}

const FIRST: Attempt = { deliveryCount: 0, redelivered: false };

/** Headers of first deliveries without priority and time to live, which nearly all are. */
const PLAIN = plainHeader(false);
const PLAIN_DURABLE = plainHeader(true);

function plainHeader(durable: boolean): Buffer {
  const buffer = Buffer.alloc(HEADER_SIZE_MAX);
  const header = Object.assign(new Header(), { durable, firstAcquirer: true });
  return buffer.subarray(0, header.write(buffer, 0));
}

export class OutgoingMessage {
  /** Filled by `fill`; settled and context are the caller's. */
  readonly delivery = new OutgoingDelivery();
  private readonly header = new Header();
  private readonly scratch = Buffer.alloc(HEADER_SIZE_MAX);

  /** @param nowMs this turn's time, from which what is left of the message's life is counted */
  fill(message: Message, attempt: Attempt | undefined, nowMs: number): void {
    const { delivery } = this;
    const form = message.format === MessageFormat.amqp ? message : amqpFromMqtt(message);
    delivery.buffer = form.bytes;
    delivery.start = form.start;
    delivery.end = form.end;
    const { deliveryCount, redelivered } = attempt ?? FIRST;
    if (message.priority === PRIORITY_DEFAULT && message.expiresAt === 0 && deliveryCount === 0 && !redelivered) {
      delivery.prefix = message.durable ? PLAIN_DURABLE : PLAIN;
      delivery.prefixSize = delivery.prefix.length;
      return;
    }
    const { header } = this;
    header.durable = message.durable;
    header.priority = message.priority;
    header.ttlMs = message.expiresAt === 0 ? 0 : Math.min(0xffffffff, Math.max(1, message.expiresAt - nowMs));
    header.firstAcquirer = !redelivered && deliveryCount === 0;
    header.deliveryCount = deliveryCount;
    delivery.prefix = this.scratch;
    delivery.prefixSize = header.write(this.scratch, 0);
  }
}
