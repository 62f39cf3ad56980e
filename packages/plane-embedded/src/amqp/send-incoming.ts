/** Hands the message of a delivery, as the connection has borrowed it, to a producer: by its id where that counts. */
import type { IncomingDelivery } from '@millrace/amqp';
import type { Producer, SendResult } from '@millrace/broker';
import type { LinkHost } from './link-host.js';

export function sendIncoming(host: LinkHost, producer: Producer, delivery: IncomingDelivery): SendResult {
  const { message } = host;
  const tag = delivery.settled ? -1 : delivery.deliveryId;
  if (!producer.detectsDuplicates) return producer.send(message, tag);
  return producer.sendOnce(message, tag, host.incoming.duplicateId(delivery.buffer));
}
