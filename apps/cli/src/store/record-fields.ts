/** Records of a store as JSON has them: one object each. */
import { type Message, MessageFormat, type MessageHolder, type RecordDescription } from '@millrace/broker';
import { textOrBytes } from '../messaging/message.js';
import { contentOf } from './describe-message.js';

/** Longer values are shown by their size alone, without --bodies. */
const VALUE_BYTES_MAX = 64 * 1024;

export type Fields = Readonly<Record<string, unknown>>;

/** What does not apply is left out. */
export function fieldsOf(described: RecordDescription, options: { readonly bodies: boolean }): Fields {
  switch (described.kind) {
    case 'message':
      return { ...messageFields(described.message, options), holders: described.holders.map(holderFields) };
    case 'retained':
      return messageFields(described.message, options);
    case 'delivery-count':
      return holderFields(described.holder);
    case 'kept':
      return {
        of: described.keptKind,
        key: described.key,
        version: described.version,
        bytes: described.bytes.length,
        ...valueFields(described.bytes, options),
      };
    case 'forgotten':
      return { of: described.keptKind, key: described.key, version: described.version };
    case 'ids': {
      const { address, count, number, timeMs } = described;
      return { address, number, ids: count, time: dateOf(timeMs) };
    }
    case 'store': {
      const { name, source, store, storeKind, whenFull } = described;
      return { store, of: storeKind, name, source: source === '' ? undefined : source, whenFull };
    }
    default: {
      const { kind: _kind, ...fields } = described;
      return fields;
    }
  }
}

function messageFields(message: Message, { bodies }: { readonly bodies: boolean }): Fields {
  const content = contentOf(message);
  return {
    address: message.address,
    protocol: message.format === MessageFormat.amqp ? 'amqp' : 'mqtt',
    bytes: message.size,
    time: dateOf(message.time),
    expiresAt: dateOf(message.expiresAt),
    durable: message.durable,
    priority: message.priority,
    qos: message.qos,
    retain: message.retain || undefined,
    ...(typeof content === 'string'
      ? { unreadable: content }
      : {
          subject: content.subject,
          messageId: content.messageId,
          correlationId: content.correlationId,
          replyTo: content.replyTo,
          contentType: content.contentType,
          properties: Object.keys(content.properties).length === 0 ? undefined : content.properties,
          ...(bodies ? bodyFields(content.body) : {}),
        }),
  };
}

function holderFields({ failedDeliveries, sequence, store }: MessageHolder): Fields {
  return { store, sequence, failedDeliveries };
}

function bodyFields(body: string | Uint8Array): Fields {
  if (typeof body === 'string') return { body };
  return { body: Buffer.from(body).toString('base64'), bodyEncoding: 'base64' };
}

/** Documents are JSON; of what is not, only the size says something, but to who asks for bodies. */
function valueFields(bytes: Buffer, { bodies }: { readonly bodies: boolean }): Fields {
  if (!bodies && bytes.length > VALUE_BYTES_MAX) return {};
  const text = textOrBytes(bytes);
  if (typeof text === 'string') {
    try {
      return { value: JSON.parse(text) as unknown };
    } catch {
      return bodies ? { value: text } : {};
    }
  }
  return bodies ? { value: bytes.toString('base64'), valueEncoding: 'base64' } : {};
}

function dateOf(ms: number): string | undefined {
  return ms === 0 ? undefined : new Date(ms).toISOString();
}
