/**
 * An AMQP message as MQTT receivers get it. What AMQP has and MQTT has not is left out.
 *
 *     AMQP                                        MQTT
 *     body: AmqpValue of string, symbol, uuid     payload: UTF-8 text
 *           AmqpValue of number, boolean, char    payload: decimal text, `true` or `false`
 *           AmqpValue of timestamp                payload: ISO 8601 text
 *           AmqpValue of binary, Data             payload: the bytes; several Data sections one after the other
 *           AmqpValue of map, list or array;
 *           AmqpSequence                          payload: JSON text; inside it, binary is base64, long beyond 2^53 text
 *           AmqpValue of null, none               payload: empty
 *     content-type                                content type
 *     correlation-id                              correlation data: text, or the bytes of a binary one
 *     reply-to                                    response topic, when it is a topic name
 *     application-properties                      user properties, as text like the body
 *     why it is a dead letter (an annotation)     user property x-opt-dead-letter-reason
 *     durable, time to live                       stand beside the bytes in `Message`: QoS, message expiry
 *
 * MQTT 3.1.1 receivers get the payload alone.
 */
import { type AmqpMessage, BodyContent, decodeMessage, MessageSections } from '@millrace/amqp';
import { Message, MessageFormat } from '@millrace/broker';
import { encodeProperties, isEncodable, isTopicName, type MqttProperties } from '@millrace/mqtt';
import { bytesOf, payloadOf, textOf } from './amqp-text.js';
import { DEAD_LETTER_REASON, deadLetterReasonOf } from './dead-letter-reason.js';

const sections = new MessageSections();
const content = new BodyContent();
/** For bodies that need no change: points into the AMQP message, and is made anew each time, since bytes may move. */
const view = new Message();
view.format = MessageFormat.mqtt;

/**
 * The MQTT form: facts are left at their defaults, only the bytes count. Valid until the next call.
 *
 * @throws AmqpError when the bytes are no AMQP message
 */
export function mqttFromAmqp(message: Message): Message {
  if (message.translation !== undefined) return message.translation;
  const { bytes, split, end } = message;
  sections.scan(bytes, split, end);
  const reason = deadLetterReasonOf(message);
  const isPlain = sections.propertiesStart < 0 && sections.applicationPropertiesStart < 0 && reason === undefined;
  if (isPlain && content.find(bytes, sections)) {
    view.bytes = bytes;
    view.start = content.start;
    view.split = content.start;
    view.end = content.end;
    return view;
  }
  const decoded = decodeMessage(bytes, split, end);
  const block = encodeProperties(propertiesOf(decoded, reason));
  const payload = payloadOf(decoded.body);
  const translation = new Message();
  translation.format = MessageFormat.mqtt;
  translation.bytes = Buffer.concat([block, payload]);
  translation.split = block.length;
  translation.end = translation.bytes.length;
  message.translation = translation;
  return translation;
}

function propertiesOf(message: AmqpMessage, reason: string | undefined): MqttProperties {
  const properties: MqttProperties = {};
  const { contentType, correlationId, replyTo } = message.properties ?? {};
  if (contentType !== undefined && isEncodable(contentType)) properties.contentType = contentType;
  if (correlationId !== undefined) {
    const data = bytesOf(correlationId);
    if (data.length <= 0xffff) properties.correlationData = data;
  }
  if (replyTo !== undefined && isTopicName(replyTo) && isEncodable(replyTo)) properties.responseTopic = replyTo;
  const userProperties: [string, string][] = [];
  for (const [name, value] of Object.entries(message.applicationProperties ?? {})) {
    const text = textOf(value);
    // What MQTT cannot carry (U+0000, over 65,535 bytes) is left out; the message still goes.
    if (isEncodable(name) && isEncodable(text)) userProperties.push([name, text]);
  }
  if (reason !== undefined && isEncodable(reason)) userProperties.push([DEAD_LETTER_REASON, reason]);
  if (userProperties.length > 0) properties.userProperties = userProperties;
  return properties;
}
