/** Stored messages as REST, CLI and console show them. */
import type { AmqpMessage } from '@millrace/amqp';
import type { Message } from '@millrace/broker';
import { expect, test } from 'vitest';
import { readableMessage } from '../../src/translate/readable-message.js';
import { amqpMessage, mqttMessage } from './messages.js';

const shown = (message: Message) => readableMessage({ id: 7, message, deliveryCount: 2, inDelivery: false });

test('an AMQP message', () => {
  const message = amqpMessage({
    properties: { subject: 'hot', messageId: 7n as never, correlationId: Buffer.from('c'), contentType: 'text/plain' },
    applicationProperties: { level: 3 },
    body: { kind: 'value', value: 'grüße' },
  });
  message.durable = true;
  message.priority = 9;
  expect(shown(message)).toEqual({
    id: 7,
    address: 'devices/1/temperature',
    time: '2026-01-01T00:00:00.000Z',
    body: 'grüße',
    bodyEncoding: 'utf8',
    contentType: 'text/plain',
    subject: 'hot',
    messageId: '7',
    correlationId: 'c',
    durable: true,
    priority: 9,
    deliveryCount: 2,
    inDelivery: false,
    properties: { level: '3' },
  });
});

test('an MQTT message', () => {
  const message = mqttMessage('23', { correlationData: Buffer.from('c'), userProperties: [['room', 'kitchen']] });
  expect(shown(message)).toMatchObject({
    body: '23',
    bodyEncoding: 'utf8',
    contentType: undefined,
    subject: undefined,
    messageId: undefined,
    correlationId: 'c',
    durable: false,
    priority: 4,
    properties: { room: 'kitchen' },
  });
});

test.each<[string, Message | AmqpMessage['body'], string, 'utf8' | 'base64']>([
  ['bytes that are no text', { kind: 'data', data: Buffer.from([0xff, 0xfe]) }, '//4=', 'base64'],
  ['bytes that are text', { kind: 'data', data: Buffer.from('23') }, '23', 'utf8'],
  ['an MQTT payload that is no text', mqttMessage(Buffer.from([0xc3])), 'ww==', 'base64'],
  ['a number', { kind: 'value', value: 23 }, '23', 'utf8'],
  ['NULL', { kind: 'value', value: null }, '', 'utf8'],
  ['a byte order mark', mqttMessage('\ufeffx'), '\ufeffx', 'utf8'],
  ['nothing', mqttMessage(''), '', 'utf8'],
])('the body: %s', (_what, source, body, bodyEncoding) => {
  const message = 'kind' in source ? amqpMessage({ body: source }) : source;
  expect(shown(message)).toMatchObject({ body, bodyEncoding });
});
