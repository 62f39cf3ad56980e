/** Messages as listeners pass them: their bytes in the middle of a larger buffer. */
import { type AmqpMessage, encodeMessage } from '@millrace/amqp';
import { Message, MessageFormat } from '@millrace/broker';
import { encodeProperties, type MqttProperties } from '@millrace/mqtt';

const BEFORE = Buffer.from('before');
const BEHIND = Buffer.from('behind');

function placed(format: Message['format'], head: Buffer, rest: Buffer): Message {
  const message = new Message();
  message.format = format;
  message.bytes = Buffer.concat([BEFORE, head, rest, BEHIND]);
  message.start = BEFORE.length;
  message.split = message.start + head.length;
  message.end = message.split + rest.length;
  message.address = 'devices/1/temperature';
  message.time = Date.UTC(2026, 0, 1);
  return message;
}

export function amqpMessage(message: AmqpMessage): Message {
  return placed(MessageFormat.amqp, Buffer.alloc(0), encodeMessage(message));
}

/** MQTT 3.1.1 has no block of properties at all. */
export function mqttMessage(payload: string | Buffer, properties?: MqttProperties): Message {
  const block = properties === undefined ? Buffer.alloc(0) : encodeProperties(properties);
  return placed(MessageFormat.mqtt, block, Buffer.from(payload));
}
