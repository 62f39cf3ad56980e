/** Messages of the command line to and from AMQP 1.0. */
import { type AmqpMessage, type AmqpValue, valueBody } from '@millrace/amqp';
import { type IncomingMessage, type OutgoingMessage, textOrBytes } from './message.js';

/** Text goes out as AmqpValue(string). */
export function toAmqp(message: OutgoingMessage): AmqpMessage {
  return {
    ...(message.durable ? { header: { durable: true } } : {}),
    ...(Object.keys(message.properties).length === 0 ? {} : { applicationProperties: message.properties }),
    body: valueBody(message.body),
  };
}

/** @param address of the link; a message on a filter names its own in `to` */
export function fromAmqp(message: AmqpMessage, address: string): IncomingMessage {
  const { header, properties } = message;
  return {
    address: properties?.to ?? address,
    body: bodyOf(message),
    properties: Object.fromEntries(
      Object.entries(message.applicationProperties ?? {}).map(([key, value]) => [key, textOf(value)]),
    ),
    subject: properties?.subject,
    messageId: optionalText(properties?.messageId),
    correlationId: optionalText(properties?.correlationId),
    replyTo: properties?.replyTo,
    contentType: properties?.contentType,
    durable: header?.durable ?? false,
    redelivered: (header?.deliveryCount ?? 0) > 0,
    retained: false,
  };
}

function bodyOf(message: AmqpMessage): string | Uint8Array {
  const { body } = message;
  switch (body.kind) {
    case 'none':
      return '';
    case 'data':
      return textOrBytes(body.data);
    case 'value':
      return body.value instanceof Uint8Array ? textOrBytes(body.value) : textOf(body.value);
    case 'sequence':
      return textOf(body.sequences.length === 1 ? body.sequences[0] : body.sequences);
  }
}

function optionalText(value: AmqpValue): string | undefined {
  return value === undefined || value === null ? undefined : textOf(value);
}

/** Scalars as they are read, lists and maps as JSON. */
function textOf(value: AmqpValue): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value !== 'object' || hasOwnText(value)) return String(value);
  return JSON.stringify(plain(value));
}

/** Symbols and UUIDs say themselves what they are. */
function hasOwnText(value: object): boolean {
  return !Array.isArray(value) && value.toString !== Object.prototype.toString && !(value instanceof Map);
}

function plain(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [String(key), plain(item)]));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value === 'object' && value !== null && hasOwnText(value)) return String(value);
  return value;
}
