/** Each column of DESIGN §2, from AMQP and from MQTT. */
import { type AmqpMessage, AmqpSymbol, type AmqpValue, Typed, Uuid } from '@millrace/amqp';
import type { Delivery, Message } from '@millrace/broker';
import { describe, expect, test } from 'vitest';
import { BatchBuilder } from '../../src/batch-builder.js';
import { RowReader } from '../../src/translate/row-from-message.js';
import { amqpMessage, mqttMessage } from './messages.js';

const OTHERS = [
  'subject',
  'message_id',
  'correlation_id',
  'reply_to',
  'content_type',
  'creation_time',
  'durable',
  'priority',
  'ttl',
  'properties',
];

/** Rows as objects; `body` as text, bytes that are no text as hex. */
function rowsOf(messages: readonly Message[], columns: readonly string[]): Record<string, unknown>[] {
  const batch = new BatchBuilder(columns, []);
  const reader = new RowReader(columns);
  for (const message of messages) reader.read(message, DELIVERY, batch, batch.addRow(message.time, DELIVERY));
  return messages.map((_message, row) => {
    const others = [...batch.others].map(([name, values]) => [name, plain(values[row])]);
    const body = batch.body === undefined ? {} : { body: bodyOf(batch, row) };
    return { ...body, ...Object.fromEntries(others) };
  });
}

const DELIVERY = {} as Delivery;

function plain(value: unknown): unknown {
  return value !== null && typeof value === 'object' ? { ...value } : value;
}

function bodyOf({ body }: BatchBuilder, row: number): string | null {
  if (body?.nulls?.[row] === 1) return null;
  const bytes = Buffer.from(body!.bytes.subarray(body!.offsets[row], body!.offsets[row + 1]));
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? text : bytes.toString('hex');
}

const text = (value: string): AmqpMessage['body'] => ({ kind: 'value', value });
const column = (name: string, message: Message): unknown => rowsOf([message], [name])[0]![name];

describe('the body', () => {
  const uuid = Uuid.parse('00112233-4455-6677-8899-aabbccddeeff');
  const bodies: [what: string, body: AmqpMessage['body'], row: string | null][] = [
    ['a string', text('grüße'), 'grüße'],
    ['an empty string', text(''), ''],
    ['a long string', text('x'.repeat(300)), 'x'.repeat(300)],
    ['data', { kind: 'data', data: Buffer.from('23') }, '23'],
    ['data that is no text', { kind: 'data', data: Buffer.from([0, 255]) }, '00ff'],
    ['empty data', { kind: 'data', data: Buffer.alloc(0) }, ''],
    ['binary', { kind: 'value', value: Buffer.from('23') }, '23'],
    ['int', { kind: 'value', value: 23 }, '23'],
    ['double', { kind: 'value', value: -2.5 }, '-2.5'],
    ['long', { kind: 'value', value: 9_007_199_254_740_993n }, '9007199254740993'],
    ['boolean', { kind: 'value', value: true }, 'true'],
    ['uuid', { kind: 'value', value: uuid }, '00112233-4455-6677-8899-aabbccddeeff'],
    ['symbol', { kind: 'value', value: new Typed('symbol', 's') }, 's'],
    ['timestamp', { kind: 'value', value: new Date(0) }, '1970-01-01T00:00:00.000Z'],
    ['map', { kind: 'value', value: new Map<AmqpValue, AmqpValue>([['t', 23]]) }, '{"t":23}'],
    ['list', { kind: 'value', value: ['a', 1] }, '["a",1]'],
    ['sequence', { kind: 'sequence', sequences: [['a'], [1, 2]] }, '[["a"],[1,2]]'],
    ['null', { kind: 'value', value: null }, null],
  ];

  test.each(bodies)('%s', (_what, body, row) => {
    const plainMessage = amqpMessage({ body });
    const withSections = amqpMessage({ header: { durable: true }, properties: { subject: 's' }, body });
    expect(rowsOf([plainMessage, withSections], ['body'])).toEqual([{ body: row }, { body: row }]);
  });

  test('NULLs and values of both protocols in one batch, as it grows', () => {
    const pattern = [
      amqpMessage({ body: { kind: 'value', value: null } }),
      mqttMessage('a'),
      amqpMessage({ body: text('b') }),
      mqttMessage('', { contentType: 'text/plain' }),
      mqttMessage(Buffer.from([255])),
    ];
    const messages = Array.from({ length: 1000 }, (_, n) => pattern[n % pattern.length]!);
    const wanted = [null, 'a', 'b', '', 'ff'];
    const rows = rowsOf(messages, ['body']).map(({ body }) => body);
    expect(rows).toEqual(messages.map((_message, n) => wanted[n % wanted.length]));
  });

  test('a batch used again knows nothing of the rows before', () => {
    const batch = new BatchBuilder(['body', 'subject'], []);
    const reader = new RowReader(['body', 'subject']);
    const add = (message: Message) => reader.read(message, DELIVERY, batch, batch.addRow(1, DELIVERY));
    add(amqpMessage({ properties: { subject: 'old' }, body: { kind: 'value', value: null } }));
    add(mqttMessage('x'.repeat(600_000)));
    batch.clear();
    add(mqttMessage('new'));
    expect([batch.count, bodyOf(batch, 0), batch.others.get('subject')]).toEqual([1, 'new', [null]]);
    expect(batch.body!.bytes.length).toBeLessThan(100_000);
  });

  test('a row taken back leaves its place to the next', () => {
    const batch = new BatchBuilder(['body', 'subject'], []);
    const reader = new RowReader(['body', 'subject']);
    const add = (message: Message) => reader.read(message, DELIVERY, batch, batch.addRow(1, DELIVERY));
    add(mqttMessage('one'));
    add(amqpMessage({ body: { kind: 'value', value: null } }));
    batch.removeLastRow();
    add(mqttMessage('two'));
    expect([bodyOf(batch, 0), bodyOf(batch, 1)]).toEqual(['one', 'two']);
    expect(batch.others.get('subject')).toEqual([null, null]);
    expect(batch.deliveries).toHaveLength(2);
  });
});

describe('the other columns', () => {
  const nothing = {
    subject: null,
    message_id: null,
    correlation_id: null,
    reply_to: null,
    content_type: null,
    creation_time: null,
    durable: false,
    priority: 4,
    ttl: null,
    properties: {},
  };

  test('of an AMQP message', () => {
    const message = amqpMessage({
      properties: {
        subject: 'hot',
        messageId: 'm-1',
        correlationId: 'c-1',
        replyTo: 'answers',
        contentType: 'text/plain',
        creationTime: new Date(1_767_225_600_123),
      },
      applicationProperties: { room: 'kitchen', level: 3, __proto__: null, own: Buffer.from('x') },
      body: text('23'),
    });
    message.durable = true;
    message.priority = 9;
    message.ttlMs = 5000;
    expect(rowsOf([message], OTHERS)).toEqual([
      {
        subject: 'hot',
        message_id: 'm-1',
        correlation_id: 'c-1',
        reply_to: 'answers',
        content_type: 'text/plain',
        creation_time: 1_767_225_600_123,
        durable: true,
        priority: 9,
        ttl: 5000,
        properties: { room: 'kitchen', level: '3', own: 'eA==' },
      },
    ]);
  });

  test('of an MQTT 5 message', () => {
    const message = mqttMessage('23', {
      contentType: 'text/plain',
      responseTopic: 'answers',
      correlationData: Buffer.from('c-1'),
      userProperties: [
        ['room', 'kitchen'],
        ['__proto__', 'x'],
        ['room', 'bath'],
        ['message-id', 'm-1'],
      ],
    });
    message.durable = true;
    message.ttlMs = 60_000;
    const [row] = rowsOf([message], OTHERS);
    expect(row).toEqual({
      ...nothing,
      message_id: 'm-1',
      correlation_id: 'c-1',
      reply_to: 'answers',
      content_type: 'text/plain',
      durable: true,
      ttl: 60_000,
      properties: expect.anything(),
    });
    expect(Object.entries(row!.properties!)).toEqual([
      ['room', 'bath'],
      ['__proto__', 'x'],
      ['message-id', 'm-1'],
    ]);
  });

  test.each([
    ['AMQP without sections', amqpMessage({ body: text('23') })],
    ['MQTT 3.1.1', mqttMessage('23')],
    ['MQTT 5 without properties', mqttMessage('23', {})],
  ])('are NULL where there is nothing: %s', (_what, message) => {
    expect(rowsOf([message], OTHERS)).toEqual([nothing]);
  });

  test.each<[string, AmqpValue, string]>([
    ['string', 'a', 'a'],
    ['ulong', 7n, '7'],
    ['uuid', Uuid.parse('00112233-4455-6677-8899-aabbccddeeff'), '00112233-4455-6677-8899-aabbccddeeff'],
    ['binary', Buffer.from('id'), 'id'],
  ])('a message-id that is a %s', (_what, id, shown) => {
    const message = amqpMessage({
      properties: { messageId: id as string, correlationId: id as string },
      body: text(''),
    });
    expect(column('message_id', message)).toBe(shown);
    expect(column('correlation_id', message)).toBe(shown);
  });

  test.each<[string, AmqpValue, string]>([
    ['boolean', false, 'false'],
    ['long', 9_007_199_254_740_993n, '9007199254740993'],
    ['symbol', new AmqpSymbol('s'), 's'],
    ['timestamp', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['null', null, ''],
  ])('an application property that is a %s', (_what, value, shown) => {
    expect(column('properties', amqpMessage({ applicationProperties: { p: value }, body: text('') }))).toEqual({
      p: shown,
    });
  });

  test('cost no decoding when they are not asked for: bad properties pass', () => {
    const message = amqpMessage({ applicationProperties: { p: 'x' }, body: text('23') });
    message.end -= 3;
    expect(() => rowsOf([message], ['subject'])).toThrow();
    expect(rowsOf([message], [])).toEqual([{}]);
  });
});
