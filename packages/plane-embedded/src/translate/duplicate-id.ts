/**
 * The id by which an address tells duplicates, in the form that the broker keeps: one byte a character, the type first,
 * so that the string "1" and the ulong 1 are two ids (AMQP 1.0 §3.2.4).
 *
 *     s UTF-8      string, and the user property `message-id` of MQTT 5
 *     n digits     ulong
 *     u 16 bytes   uuid
 *     b bytes      binary
 *     S, B         SHA-256 of a string or binary of more than 128 bytes
 */
import { createHash } from 'node:crypto';
import { Uuid } from '@millrace/amqp';
import type { Message } from '@millrace/broker';
import { decodeProperties, PropertyPlace } from '@millrace/mqtt';

/** Bytes of an id that is kept as it is. */
const PLAIN_BYTES_MAX = 128;
/** The user property that stands for a message's id, which MQTT has not. */
export const MQTT_ID = 'message-id';
const MQTT_ID_BYTES = Buffer.from(MQTT_ID);

/** @param value what stands in the property message-id. @returns undefined for what is no id */
export function duplicateIdOf(value: unknown): string | undefined {
  if (typeof value === 'string') return bytesId('s', Buffer.from(value));
  if (typeof value === 'number' || typeof value === 'bigint') return `n${value}`;
  if (value instanceof Uuid) return `u${value.bytes.toString('latin1')}`;
  if (value instanceof Uint8Array) return bytesId('b', value);
  return undefined;
}

/** The same of a publication: MQTT has no id of messages, so a user property stands for it, the first of that name. */
export function duplicateIdOfMqtt({ bytes, start, split }: Message): string | undefined {
  const at = bytes.indexOf(MQTT_ID_BYTES, start);
  if (at < 0 || at >= split) return undefined;
  const { userProperties } = decodeProperties(bytes, start, split, PropertyPlace.publish);
  const found = userProperties?.find(([name]) => name === MQTT_ID);
  return found === undefined ? undefined : duplicateIdOf(found[1]);
}

function bytesId(type: 's' | 'b', bytes: Uint8Array): string {
  if (bytes.length > PLAIN_BYTES_MAX) {
    return `${type.toUpperCase()}${createHash('sha256').update(bytes).digest().toString('latin1')}`;
  }
  return type + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
