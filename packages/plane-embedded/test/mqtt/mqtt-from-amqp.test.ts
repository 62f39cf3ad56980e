import { type AmqpMessage, type AmqpValue, encodeMessage, Typed, Uuid } from '@millrace/amqp';
import { Message, MessageFormat } from '@millrace/broker';
import { decodeProperties, PropertyPlace } from '@millrace/mqtt';
import { describe, expect, test } from 'vitest';
import { mqttFromAmqp } from '../../src/translate/mqtt-from-amqp.js';

function translate(message: AmqpMessage) {
  const from = new Message();
  from.format = MessageFormat.amqp;
  const bytes = encodeMessage(message);
  // As in an arena: something before and behind.
  from.bytes = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('behind')]);
  from.start = 6;
  from.split = 6;
  from.end = 6 + bytes.length;
  const form = mqttFromAmqp(from);
  return {
    payload: Buffer.from(form.bytes.subarray(form.split, form.end)),
    properties: decodeProperties(form.bytes, form.start, form.split, PropertyPlace.publish),
  };
}

const uuid = Uuid.parse('00112233-4455-6677-8899-aabbccddeeff');
const bodies: [what: string, body: AmqpMessage['body'], payload: string | Buffer][] = [
  ['string', { kind: 'value', value: 'grüße' }, 'grüße'],
  ['a long string', { kind: 'value', value: 'x'.repeat(300) }, 'x'.repeat(300)],
  ['an empty string', { kind: 'value', value: '' }, ''],
  ['data', { kind: 'data', data: Buffer.from([0, 255]) }, Buffer.from([0, 255])],
  ['binary', { kind: 'value', value: Buffer.from([1, 2]) }, Buffer.from([1, 2])],
  ['int', { kind: 'value', value: 23 }, '23'],
  ['double', { kind: 'value', value: 2.5 }, '2.5'],
  ['long', { kind: 'value', value: 9_007_199_254_740_993n }, '9007199254740993'],
  ['boolean', { kind: 'value', value: true }, 'true'],
  ['null', { kind: 'value', value: null }, ''],
  ['uuid', { kind: 'value', value: uuid }, '00112233-4455-6677-8899-aabbccddeeff'],
  ['symbol', { kind: 'value', value: new Typed('symbol', 's') }, 's'],
  ['timestamp', { kind: 'value', value: new Date(0) }, '1970-01-01T00:00:00.000Z'],
  [
    'map',
    {
      kind: 'value',
      value: new Map<AmqpValue, AmqpValue>([
        ['t', 23],
        ['b', Buffer.from('x')],
        [1, [null, 'l']],
      ]),
    },
    '{"1":[null,"l"],"t":23,"b":"eA=="}',
  ],
  ['list', { kind: 'value', value: ['a', 1] }, '["a",1]'],
  ['sequence', { kind: 'sequence', sequences: [['a'], [1, 2]] }, '[["a"],[1,2]]'],
];

describe('the body', () => {
  test.each(bodies)('%s', (_what, body, payload) => {
    expect(translate({ body })).toEqual({ payload: Buffer.from(payload), properties: {} });
    const properties = { contentType: 'text/plain' };
    expect(translate({ body, properties })).toEqual({ payload: Buffer.from(payload), properties });
  });
});

test('properties', () => {
  const body = { kind: 'value', value: 'x' } as const;
  const { properties } = translate({
    body,
    messageAnnotations: { 'x-opt-a': 1 },
    properties: { correlationId: 'c-1', replyTo: 'answers/1', subject: 's', messageId: 7 },
    applicationProperties: { text: 'a', number: 1, yes: true, nothing: null, bad: 'a\0b' },
    footer: { f: 1 },
  });
  expect(properties).toEqual({
    correlationData: Buffer.from('c-1'),
    responseTopic: 'answers/1',
    userProperties: [
      ['text', 'a'],
      ['number', '1'],
      ['yes', 'true'],
      ['nothing', ''],
    ],
  });
  expect(translate({ body, properties: { correlationId: 5, replyTo: 'a/+' } }).properties).toEqual({
    correlationData: Buffer.from('5'),
  });
  expect(translate({ body, properties: { correlationId: Buffer.from([9]) } }).properties).toEqual({
    correlationData: Buffer.from([9]),
  });
});

test('what is no AMQP message is an error of AMQP, for the caller to count', () => {
  const broken = new Message();
  broken.bytes = Buffer.from('not amqp');
  broken.end = 8;
  expect(() => mqttFromAmqp(broken)).toThrow(expect.objectContaining({ name: 'AmqpError' }));
});
