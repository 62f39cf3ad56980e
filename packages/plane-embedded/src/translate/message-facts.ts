/**
 * What people and rows see of a message, whichever protocol brought it: the columns of DESIGN §2, without the body.
 * Decodes everything, so it is for messages that somebody looks into, not for those that pass.
 */
import { decodeMapSection, decodeProperties, type MessageId, MessageSections } from '@millrace/amqp';
import { type Message, MessageFormat } from '@millrace/broker';
import { decodeProperties as decodeMqttProperties, PropertyPlace } from '@millrace/mqtt';
import { bytesOf, textOf } from './amqp-text.js';
import { DEAD_LETTER_REASON, deadLetterReasonOf } from './dead-letter-reason.js';
import { MQTT_ID } from './duplicate-id.js';

export interface MessageFacts {
  readonly subject: string | undefined;
  readonly messageId: string | undefined;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  readonly contentType: string | undefined;
  /** ms since the epoch. */
  readonly creationTime: number | undefined;
  /** Application or user properties, and why it is a dead letter. */
  readonly properties: Readonly<Record<string, string>>;
}

const sections = new MessageSections();
const NONE: MessageFacts = {
  subject: undefined,
  messageId: undefined,
  correlationId: undefined,
  replyTo: undefined,
  contentType: undefined,
  creationTime: undefined,
  properties: {},
};

/** @throws AmqpError or MqttError when the bytes are not what their format says */
export function factsOf(message: Message): MessageFacts {
  return message.format === MessageFormat.amqp ? factsOfAmqp(message) : factsOfMqtt(message);
}

function factsOfAmqp(message: Message): MessageFacts {
  sections.scan(message.bytes, message.split, message.end);
  const own = decodeProperties(message.bytes, sections);
  const application = decodeMapSection(
    message.bytes,
    sections.applicationPropertiesStart,
    sections.applicationPropertiesEnd,
  );
  const properties: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(application ?? {})) properties[name] = textOf(value);
  const reason = deadLetterReasonOf(message);
  if (reason !== undefined) properties[DEAD_LETTER_REASON] = reason;
  return {
    subject: own?.subject,
    messageId: identifier(own?.messageId),
    correlationId: identifier(own?.correlationId),
    replyTo: own?.replyTo,
    contentType: own?.contentType,
    creationTime: own?.creationTime?.getTime(),
    properties,
  };
}

function identifier(id: MessageId | undefined): string | undefined {
  if (id === undefined) return undefined;
  return id instanceof Uint8Array ? bytesOf(id).toString('utf8') : textOf(id);
}

function factsOfMqtt(message: Message): MessageFacts {
  if (message.start === message.split) return NONE;
  const own = decodeMqttProperties(message.bytes, message.start, message.split, PropertyPlace.publish);
  const properties: Record<string, string> = Object.create(null);
  for (const [name, value] of own.userProperties ?? []) properties[name] = value;
  return {
    ...NONE,
    messageId: own.userProperties?.find(([name]) => name === MQTT_ID)?.[1],
    correlationId: own.correlationData?.toString('utf8'),
    replyTo: own.responseTopic,
    contentType: own.contentType,
    properties,
  };
}
