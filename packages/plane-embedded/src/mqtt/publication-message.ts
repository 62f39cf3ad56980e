/** Messages of the broker from publications, and publications from messages. */
import { type Message, type MessageArena, MessageFormat } from '@millrace/broker';
import type { OutgoingPublication, Publication } from '@millrace/mqtt';
import { mqttFromAmqp } from '../translate/mqtt-from-amqp.js';

/** A buffer of its own for each message: for those that wait outside the broker. */
class ExactArena implements MessageArena {
  block = Buffer.alloc(0);

  take(size: number): number {
    this.block = Buffer.allocUnsafeSlow(size);
    return 0;
  }
}

const EXACT = new ExactArena();

/** Makes `message` stand for the publication: borrowed, valid as long as the publication is. */
export function borrow(message: Message, publication: Publication, nowMs: number): void {
  message.reuse();
  message.format = MessageFormat.mqtt;
  message.bytes = publication.buffer;
  message.start = publication.propertiesStart;
  message.split = publication.payloadStart;
  message.end = publication.payloadEnd;
  message.address = publication.topic;
  message.durable = publication.qos > 0;
  message.qos = publication.qos;
  message.retain = publication.retain;
  const expiry = publication.messageExpiryInterval;
  message.ttlMs = expiry > 0 ? expiry * 1000 : 0;
  message.expiresAt = expiry < 0 ? 0 : nowMs + expiry * 1000;
}

/** A copy that stays. */
export function keep(message: Message): Message {
  return message.copyTo(EXACT);
}

/**
 * Fills in what a message of either protocol is to an MQTT receiver: topic, payload, properties and what is left of its
 * life. QoS, flags, identifiers and context are the caller's.
 */
export function fill(publication: OutgoingPublication, message: Message, nowMs: number): void {
  let form = message;
  if (message.format !== MessageFormat.mqtt) {
    form = mqttFromAmqp(message);
  }
  publication.topic = message.address;
  publication.payload = form.bytes;
  publication.payloadStart = form.split;
  publication.payloadEnd = form.end;
  publication.properties = form.bytes;
  publication.propertiesStart = form.start;
  publication.propertiesEnd = form.split;
  publication.messageExpiryInterval =
    message.expiresAt === 0 ? -1 : Math.max(0, Math.ceil((message.expiresAt - nowMs) / 1000));
}
