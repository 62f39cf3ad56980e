/** A stored message as people look at it, whichever protocol brought it. */
import { decodeMessage } from '@millrace/amqp';
import { type Message, MessageFormat } from '@millrace/broker';
import { decodeProperties, type MqttProperties, PropertyPlace } from '@millrace/mqtt';
import { fromAmqp } from '../messaging/amqp-message.js';
import { type IncomingMessage, textOrBytes } from '../messaging/message.js';

export type Content = Pick<
  IncomingMessage,
  'body' | 'contentType' | 'correlationId' | 'messageId' | 'properties' | 'replyTo' | 'subject'
>;

/** @returns why its bytes cannot be read, when they cannot: only the client that sent them is to blame */
export function contentOf(message: Message): Content | string {
  try {
    return message.format === MessageFormat.amqp ? ofAmqp(message) : ofMqtt(message);
  } catch (error) {
    return (error as Error).message;
  }
}

function ofAmqp({ address, bytes, end, start }: Message): Content {
  return fromAmqp(decodeMessage(bytes.subarray(start, end)), address);
}

function ofMqtt({ bytes, end, split, start }: Message): Content {
  const mqtt: MqttProperties = start === split ? {} : decodeProperties(bytes, start, split, PropertyPlace.publish);
  const { contentType, correlationData, responseTopic, userProperties } = mqtt;
  return {
    body: textOrBytes(bytes.subarray(split, end)),
    contentType,
    correlationId: correlationData?.toString('base64'),
    messageId: undefined,
    properties: Object.fromEntries(userProperties ?? []),
    replyTo: responseTopic,
    subject: undefined,
  };
}
