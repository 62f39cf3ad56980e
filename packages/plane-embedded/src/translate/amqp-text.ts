/** AMQP values as bytes and text: what MQTT receivers, rows of a job and people get to see of them. */
import {
  AmqpArray,
  AmqpSymbol,
  type AmqpValue,
  Decimal,
  Described,
  type MessageBody,
  Typed,
  Uuid,
} from '@millrace/amqp';

const NOTHING = Buffer.alloc(0);

export function payloadOf(body: MessageBody): Buffer {
  switch (body.kind) {
    case 'none':
      return NOTHING;
    case 'data':
      return Buffer.from(body.data.buffer, body.data.byteOffset, body.data.byteLength);
    case 'sequence':
      return Buffer.from(JSON.stringify(body.sequences.map(jsonOf)));
    case 'value':
      return bytesOf(body.value);
  }
}

export function bytesOf(value: AmqpValue): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return Buffer.from(textOf(value));
}

export function textOf(value: AmqpValue): string {
  const json = jsonOf(value);
  if (json === null) return '';
  return typeof json === 'object' ? JSON.stringify(json) : String(json);
}

/** The value as JSON has it: text, number, boolean, null, array or object. */
function jsonOf(value: AmqpValue): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object') return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof AmqpSymbol || value instanceof Uuid) return value.toString();
  if (value instanceof Decimal) return value.bytes.toString('hex');
  if (value instanceof Described || value instanceof Typed) return jsonOf(value.value);
  if (value instanceof AmqpArray) return value.values.map(jsonOf);
  if (Array.isArray(value)) return value.map(jsonOf);
  const entries: Iterable<[AmqpValue, AmqpValue]> = value instanceof Map ? value : Object.entries(value);
  return Object.fromEntries([...entries].map(([name, item]) => [textOf(name), jsonOf(item)]));
}
