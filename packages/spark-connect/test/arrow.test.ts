import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import {
  type DataType as ArrowType,
  Bool,
  DateMillisecond,
  Dictionary,
  Duration,
  Int32,
  LargeUtf8,
  makeData,
  Table,
  TimeMillisecond,
  TimeNanosecond,
  TimestampNanosecond,
  TimestampSecond,
  TimeUnit,
  tableToIPC,
  Utf8,
  Vector,
  vectorFromArray,
} from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { ResultBatch, readArrowStream } from '../src/arrow/result-batch.js';
import { SparkClientError } from '../src/errors.js';
import { DataTypeSchema } from '../src/generated/types_pb.js';
import { schemaText, typeText } from '../src/types/data-type.js';
import { fromWireSchema } from '../src/types/from-wire.js';
import { LocalTimestamp, Timestamp } from '../src/values/time.js';
import { rowsAsArrow } from './arrow-rows.js';
import { TYPE_TABLE } from './type-table.js';

/** What a Spark 4.3 server answered to each expression as the column `v`, in rows of value, NULL and value; recorded. */
const recorded = JSON.parse(readFileSync(new URL('fixtures/arrow-types.json', import.meta.url), 'utf8')) as Record<
  string,
  { schema: string; data: string[] }
>;
const NO_SCHEMA = { kind: 'struct', fields: [] } as const;

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64'));
}

/** A column of the numbers as they lie in memory; Arrow's builders take times in milliseconds. */
function longs(type: ArrowType, ...values: bigint[]): Vector {
  return new Vector([makeData({ type, data: BigInt64Array.from(values) } as never)]);
}

function readColumn(vector: Vector): unknown[] {
  const [batch] = readArrowStream(tableToIPC(new Table({ v: vector }), 'stream'));
  return new ResultBatch(batch!, NO_SCHEMA).column('v');
}

describe('columns as Spark sends them', () => {
  it.each(TYPE_TABLE)('%s is %s', (expression, type, value) => {
    const { schema, data } = recorded[expression]!;
    const spark = fromWireSchema(fromBinary(DataTypeSchema, fromBase64(schema)));
    expect(typeText(spark.fields[0]!.type)).toBe(type);
    const rows = data.flatMap((part) =>
      readArrowStream(fromBase64(part)).flatMap((batch) => [...new ResultBatch(batch, spark).rows()]),
    );
    expect(rows).toEqual([{ v: value }, { v: null }, { v: value }]);
  });

  it('are named in DDL so that a reader takes them', () => {
    const text = schemaText({
      kind: 'struct',
      fields: [
        { name: 'a b', type: { kind: 'long' }, nullable: false, metadata: {} },
        {
          name: 'c`',
          type: { kind: 'array', element: { kind: 'date' }, containsNull: true },
          nullable: true,
          metadata: {},
        },
      ],
    });
    expect(text).toBe('`a b` BIGINT NOT NULL, `c``` ARRAY<DATE>');
  });
});

describe('columns as Arrow allows them beside', () => {
  it.each<[string, Vector, unknown[]]>([
    ['booleans', vectorFromArray([true, null, false], new Bool()), [true, null, false]],
    ['long text', vectorFromArray(['a', null], new LargeUtf8()), ['a', null]],
    ['seconds', longs(new TimestampSecond('UTC'), 1n), [new Timestamp(1_000_000n)]],
    ['nanoseconds', longs(new TimestampNanosecond(), -1n), [new LocalTimestamp(-1n, 999)]],
    ['dates in milliseconds', longs(new DateMillisecond(), -1n), ['1969-12-31']],
    ['times', vectorFromArray([3_723_004], new TimeMillisecond()), ['01:02:03.004']],
    ['times in nanoseconds', longs(new TimeNanosecond(), 86_399_999_999_999n), ['23:59:59.999999999']],
  ])('%s', (_, vector, values) => {
    const read = readColumn(vector);
    expect(read.map(String)).toEqual(values.map(String));
  });

  it('durations in milliseconds', () => {
    const [value] = readColumn(longs(new Duration(TimeUnit.MILLISECOND), 1500n));
    expect(value).toMatchObject({ microseconds: 1_500_000n });
  });

  it('are refused by name when they are of a kind that Spark does not send', () => {
    const vector = vectorFromArray(['a'], new Dictionary(new Utf8(), new Int32()));
    expect(() => readColumn(vector)).toThrow(SparkClientError);
    expect(() => readColumn(vector)).toThrow('Dictionary');
  });
});

describe('a batch', () => {
  it('is read wherever its bytes begin in memory', () => {
    const stream = rowsAsArrow([1, 2]);
    for (let shift = 0; shift < 8; shift++) {
      const buffer = new Uint8Array(stream.length + shift);
      buffer.set(stream, shift);
      const [batch] = readArrowStream(buffer.subarray(shift));
      expect([...new ResultBatch(batch!, NO_SCHEMA).tuples()]).toEqual([[1], [2]]);
    }
  });

  it('refuses rows by name when two columns share one, and gives tuples', () => {
    const ids = vectorFromArray([7], new Int32());
    const [batch] = readArrowStream(tableToIPC(new Table({ a: ids, b: ids }), 'stream'));
    const renamed = new ResultBatch(batch!, NO_SCHEMA);
    Object.defineProperty(renamed, 'columnNames', { value: ['a', 'a'] });
    expect(() => [...renamed.rows()]).toThrow('two columns are named a');
    expect([...renamed.tuples()]).toEqual([[7, 7]]);
  });

  it('says which columns there are', () => {
    const [batch] = readArrowStream(rowsAsArrow([1]));
    const result = new ResultBatch(batch!, NO_SCHEMA);
    expect(result.value(0, 0)).toBe(1);
    expect(() => result.value(1, 0)).toThrow(SparkClientError);
    expect(() => result.column('x')).toThrow('the columns are id');
  });
});
