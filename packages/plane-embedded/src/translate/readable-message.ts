/** A stored message as REST, CLI and console show it. */
import { decodeMessage } from '@millrace/amqp';
import { type BrowsedMessage, type Message, MessageFormat } from '@millrace/broker';
import type { ReadableMessage } from '@millrace/controller';
import { payloadOf } from './amqp-text.js';
import { factsOf } from './message-facts.js';

/** A byte order mark is part of the body like the rest. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Content that is shown in one answer: a thousand messages of 10 MiB must not be one text. */
const CONTENT_MAX = 16 * 1024 * 1024;

/** As many of them, from the first, as may be shown together; the first in any case. */
export function readableMessages(messages: readonly BrowsedMessage[]): ReadableMessage[] {
  const shown: ReadableMessage[] = [];
  let content = 0;
  for (const browsed of messages) {
    content += browsed.message.size;
    if (content > CONTENT_MAX && shown.length > 0) break;
    shown.push(readableMessage(browsed));
  }
  return shown;
}

export function readableMessage({ id, message, deliveryCount, inDelivery }: BrowsedMessage): ReadableMessage {
  const facts = factsOf(message);
  const payload = payloadBytes(message);
  return {
    id,
    address: message.address,
    time: new Date(message.time).toISOString(),
    ...readableBody(payload),
    contentType: facts.contentType,
    subject: facts.subject,
    messageId: facts.messageId,
    correlationId: facts.correlationId,
    durable: message.durable,
    priority: message.priority,
    deliveryCount,
    inDelivery,
    properties: { ...facts.properties },
  };
}

function payloadBytes(message: Message): Buffer {
  const { bytes, split, end } = message;
  if (message.format === MessageFormat.mqtt) return bytes.subarray(split, end);
  return payloadOf(decodeMessage(bytes, split, end).body);
}

function readableBody(payload: Buffer): Pick<ReadableMessage, 'body' | 'bodyEncoding'> {
  try {
    return { body: utf8.decode(payload), bodyEncoding: 'utf8' };
  } catch {
    return { body: payload.toString('base64'), bodyEncoding: 'base64' };
  }
}
