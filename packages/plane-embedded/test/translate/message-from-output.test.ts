/** What a job sends, as AMQP and MQTT receivers get it. */
import { decodeMessage } from '@millrace/amqp';
import type { OutputMessage } from '@millrace/controller';
import { describe, expect, test } from 'vitest';
import { messageFromOutput } from '../../src/translate/message-from-output.js';
import { mqttFromAmqp } from '../../src/translate/mqtt-from-amqp.js';

function sent(output: Partial<OutputMessage>) {
  return messageFromOutput({ address: 'max', body: '23', properties: undefined, ...output });
}

describe('the body', () => {
  test.each([
    ['text', 'grüße', { kind: 'value', value: 'grüße' }, Buffer.from('grüße')],
    ['empty text', '', { kind: 'value', value: '' }, Buffer.alloc(0)],
    ['bytes', Uint8Array.of(0, 255), { kind: 'data', data: Buffer.from([0, 255]) }, Buffer.from([0, 255])],
    ['NULL', null, { kind: 'value', value: null }, Buffer.alloc(0)],
  ])('%s', (_what, body, amqp, payload) => {
    const message = sent({ body });
    expect(decodeMessage(message.bytes, message.split, message.end).body).toEqual(amqp);
    const mqtt = mqttFromAmqp(message);
    expect(Buffer.from(mqtt.bytes.subarray(mqtt.split, mqtt.end))).toEqual(payload);
  });
});

test('every field goes out', () => {
  const message = sent({
    subject: 'hot',
    messageId: 'm-1',
    correlationId: 'c-1',
    replyTo: 'answers',
    contentType: 'text/plain',
    creationTimeMs: 1_767_225_600_123,
    properties: { room: 'kitchen' },
    durable: false,
    priority: 9,
    ttlMs: 5000,
  });
  const decoded = decodeMessage(message.bytes, message.split, message.end);
  expect(decoded.properties).toEqual({
    to: 'max',
    subject: 'hot',
    messageId: 'm-1',
    correlationId: 'c-1',
    replyTo: 'answers',
    contentType: 'text/plain',
    creationTime: new Date(1_767_225_600_123),
  });
  expect({ ...decoded.applicationProperties }).toEqual({ room: 'kitchen' });
  expect(message).toMatchObject({ address: 'max', durable: false, priority: 9, ttlMs: 5000, owned: true });
});

test('without them it is durable, of priority 4, for ever', () => {
  const message = sent({});
  expect(decodeMessage(message.bytes, message.split, message.end).properties).toEqual({ to: 'max' });
  expect(message).toMatchObject({ address: 'max', durable: true, priority: 4, ttlMs: 0, qos: 1 });
});
