/**
 * An MQTT publication as AMQP receivers get it.
 *
 *     MQTT                        AMQP
 *     topic                       properties: to
 *     payload                     body: one Data section
 *     QoS, retain                 message annotations x-opt-mqtt-qos (ubyte), x-opt-retain-message (boolean)
 *     content type                properties: content-type, when it is ASCII
 *     response topic              properties: reply-to
 *     correlation data            properties: correlation-id (binary)
 *     user properties             application-properties; of several with one name the last
 *     message expiry              stands beside the bytes in `Message`
 *
 * Payload format and subscription identifiers are left out.
 */
import { type AmqpMessage, dataBody, Encoder, encodeMessage, type Fields, Typed } from '@millrace/amqp';
import { Message, MessageFormat } from '@millrace/broker';
import { decodeProperties, type MqttProperties, PropertyPlace } from '@millrace/mqtt';

const encoder = new Encoder();
const ASCII = /^[\x20-\x7e]*$/;

/**
 * The AMQP form: facts are left at their defaults, only the bytes count. Kept with the message, so that each receiver
 * shares it.
 */
export function amqpFromMqtt(message: Message): Message {
  if (message.translation !== undefined) return message.translation;
  const translation = new Message();
  translation.format = MessageFormat.amqp;
  translation.bytes = encodeMessage(amqpMessageOf(message), encoder);
  translation.end = translation.bytes.length;
  message.translation = translation;
  return translation;
}

function amqpMessageOf(message: Message): AmqpMessage {
  const { bytes, start, split, end } = message;
  const mqtt: MqttProperties = start === split ? {} : decodeProperties(bytes, start, split, PropertyPlace.publish);
  const { contentType, responseTopic, correlationData, userProperties } = mqtt;
  return {
    messageAnnotations: {
      'x-opt-mqtt-qos': new Typed('ubyte', message.qos),
      'x-opt-retain-message': message.retain,
    },
    properties: {
      to: message.address,
      contentType: contentType !== undefined && ASCII.test(contentType) ? contentType : undefined,
      replyTo: responseTopic,
      correlationId: correlationData,
    },
    applicationProperties: userProperties === undefined ? undefined : fieldsOf(userProperties),
    body: dataBody(bytes.subarray(split, end)),
  };
}

function fieldsOf(userProperties: readonly (readonly [name: string, value: string])[]): Fields {
  const fields: Record<string, string> = Object.create(null);
  for (const [name, value] of userProperties) fields[name] = value;
  return fields;
}
