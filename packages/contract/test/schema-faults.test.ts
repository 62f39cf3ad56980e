import { describe, expect, it } from 'vitest';
import { checkDocument } from '../src/index.js';

const AT = { name: 'at', type: 'TIMESTAMP' };
const CELSIUS = { name: 'celsius', type: 'DOUBLE' };

function faultsOf(schema: unknown) {
  const document = { apiVersion: 'millrace.dev/v1', kind: 'Address', metadata: { name: 'a' } };
  const checked = checkDocument({ ...document, spec: { type: 'queue', schema } });
  return checked.ok ? [] : checked.details.map(({ pointer, detail }) => [pointer, detail] as const);
}

describe('a schema', () => {
  it.each([
    ['JSON with an event time', { format: 'json', columns: [AT, CELSIUS], eventTime: 'at', watermark: '10s' }],
    ['CSV with DECIMAL', { format: 'csv', columns: [{ name: 'price', type: 'decimal(12, 2)' }] }],
    ['an event time in another case, without a delay', { format: 'json', columns: [AT], eventTime: 'AT' }],
    ['the time that the sender gives', { format: 'text', eventTime: 'creation_time', watermark: '1m' }],
    ['text alone', { format: 'text' }],
    ['bytes without columns', { format: 'raw', columns: [] }],
  ])('may have %s', (_name, schema) => {
    expect(faultsOf(schema)).toEqual([]);
  });

  it.each([
    ['columns of text', { columns: [CELSIUS] }, '/spec/schema/columns', 'write format: json or csv'],
    [
      'columns of bytes',
      { format: 'raw', columns: [CELSIUS] },
      '/spec/schema/columns',
      'the format raw has no columns',
    ],
    [
      'two columns of one name',
      { format: 'json', columns: [CELSIUS, AT, { name: 'Celsius', type: 'INT' }] },
      '/spec/schema/columns/2/name',
      'the columns 0 and 2 are both named Celsius',
    ],
    [
      "a message's own column",
      { format: 'json', columns: [AT, { name: 'Body', type: 'STRING' }] },
      '/spec/schema/columns/1/name',
      "get_json_object(body, '$.Body')",
    ],
    [
      'a DECIMAL that is none',
      { format: 'json', columns: [{ name: 'x', type: 'DECIMAL(39)' }] },
      '/spec/schema/columns/0/type',
      '1 to 38 digits',
    ],
    [
      'more decimals than digits',
      { format: 'csv', columns: [{ name: 'x', type: 'DECIMAL(3, 4)' }] },
      '/spec/schema/columns/0/type',
      'DECIMAL(3, 4) is no type',
    ],
    [
      'an event time that is no column',
      { format: 'json', columns: [AT], eventTime: 'att' },
      '/spec/schema/eventTime',
      'did you mean at?',
    ],
    [
      'an event time that is no time',
      { format: 'json', columns: [CELSIUS], eventTime: 'celsius' },
      '/spec/schema/eventTime',
      'of type DOUBLE; right is a column of type TIMESTAMP',
    ],
    [
      "the broker's time as event time",
      { format: 'json', columns: [AT], eventTime: 'time' },
      '/spec/schema/eventTime',
      'need no eventTime',
    ],
    [
      'a delay of no event time',
      { format: 'json', columns: [AT], watermark: '10s' },
      '/spec/schema/watermark',
      'there is none',
    ],
  ])('may not have %s', (_name, schema, pointer, detail) => {
    expect(faultsOf(schema)).toEqual([[pointer, expect.stringContaining(detail)]]);
  });
});
