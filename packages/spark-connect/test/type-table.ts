import { CalendarInterval, DayTimeInterval, LocalTimestamp, Timestamp, YearMonthInterval } from '../src/values/time.js';
import type { Value } from '../src/values/value.js';

/** One type: an expression of it, how Spark names the type, and the value that JavaScript must get. */
export type TypeCase = readonly [expression: string, type: string, value: Value];

/** Microseconds of a point of time, for reading the table. */
const at = (text: string, microseconds = 0n) => BigInt(Date.parse(text)) * 1000n + microseconds;
const bytes = (...values: number[]) => Uint8Array.from(values);

/** All types that Spark 4.3 sends. Checked against recorded answers here and against a running Spark in conformance. */
export const TYPE_TABLE: readonly TypeCase[] = [
  ['NULL', 'VOID', null],
  ['true', 'BOOLEAN', true],
  ['CAST(-128 AS TINYINT)', 'TINYINT', -128],
  ['CAST(32767 AS SMALLINT)', 'SMALLINT', 32767],
  ['-2147483648', 'INT', -2147483648],
  ['9223372036854775807', 'BIGINT', 9223372036854775807n],
  ['CAST(-9223372036854775808 AS BIGINT)', 'BIGINT', -9223372036854775808n],
  ['CAST(1.5 AS FLOAT)', 'FLOAT', 1.5],
  ["CAST('NaN' AS DOUBLE)", 'DOUBLE', Number.NaN],
  ["CAST('-Infinity' AS DOUBLE)", 'DOUBLE', Number.NEGATIVE_INFINITY],
  ['0.1D', 'DOUBLE', 0.1],
  ['12.30BD', 'DECIMAL(4,2)', '12.30'],
  ['CAST(-0.05 AS DECIMAL(38,18))', 'DECIMAL(38,18)', '-0.050000000000000000'],
  ['99999999999999999999999999999999999999BD', 'DECIMAL(38,0)', '99999999999999999999999999999999999999'],
  ['-99999999999999999999999999999999999999BD', 'DECIMAL(38,0)', '-99999999999999999999999999999999999999'],
  ["'Höhe 😀'", 'STRING', 'Höhe 😀'],
  ["''", 'STRING', ''],
  ["'\\uFEFFx'", 'STRING', '\uFEFFx'],
  ["'x' COLLATE UNICODE_CI", 'STRING COLLATE UNICODE_CI', 'x'],
  ["X'00FF10'", 'BINARY', bytes(0, 255, 16)],
  ["CAST('' AS BINARY)", 'BINARY', bytes()],
  ["DATE'1970-01-01'", 'DATE', '1970-01-01'],
  ["DATE'0001-01-01'", 'DATE', '0001-01-01'],
  ["DATE'9999-12-31'", 'DATE', '9999-12-31'],
  ["DATE'1582-10-04'", 'DATE', '1582-10-04'],
  ["TIMESTAMP'2026-11-24 10:00:00.123456Z'", 'TIMESTAMP', new Timestamp(at('2026-11-24T10:00:00.123Z', 456n))],
  ["TIMESTAMP'1969-12-31 23:59:59.999999Z'", 'TIMESTAMP', new Timestamp(-1n)],
  ["TIMESTAMP'0001-01-01 00:00:00Z'", 'TIMESTAMP', new Timestamp(at('0001-01-01T00:00:00Z'))],
  ["TIMESTAMP_NTZ'1960-01-01 00:00:00.000001'", 'TIMESTAMP_NTZ', new LocalTimestamp(at('1960-01-01T00:00:00Z', 1n))],
  ["INTERVAL '1-2' YEAR TO MONTH", 'INTERVAL YEAR TO MONTH', new YearMonthInterval(14)],
  ["INTERVAL '-3' MONTH", 'INTERVAL MONTH', new YearMonthInterval(-3)],
  ["INTERVAL '-1 02:03:04.5' DAY TO SECOND", 'INTERVAL DAY TO SECOND', new DayTimeInterval(-93_784_500_000n)],
  ["INTERVAL '5' HOUR", 'INTERVAL HOUR', new DayTimeInterval(18_000_000_000n)],
  ['make_interval(1, 2, 3, 4, 5, 6, 7.5)', 'INTERVAL', new CalendarInterval(14, 25, 18_367_500_000n)],
  ['make_interval(0, -1, 0, -2, 0, 0, -0.000001)', 'INTERVAL', new CalendarInterval(-1, -2, -1n)],
  ['array(1, NULL, 3)', 'ARRAY<INT>', [1, null, 3]],
  ['array()', 'ARRAY<VOID>', []],
  ["array(array('a'), array(), NULL)", 'ARRAY<ARRAY<STRING>>', [['a'], [], null]],
  [
    "map('x', 1L, 'y', NULL)",
    'MAP<STRING, BIGINT>',
    new Map([
      ['x', 1n],
      ['y', null],
    ] as const),
  ],
  ['map(1, array(true))', 'MAP<INT, ARRAY<BOOLEAN>>', new Map([[1, [true]]])],
  ["named_struct('p', 1, 'q', 'z')", 'STRUCT<p: INT NOT NULL, q: STRING NOT NULL>', { p: 1, q: 'z' }],
  [
    "array(named_struct('__proto__', 1, 'a b', CAST(NULL AS DATE)))",
    'ARRAY<STRUCT<__proto__: INT NOT NULL, `a b`: DATE>>',
    [
      Object.fromEntries([
        ['__proto__', 1],
        ['a b', null],
      ]),
    ],
  ],
  ["parse_json('1')", 'VARIANT', { value: bytes(12, 1), metadata: bytes(1, 0, 0) }],
  ['to_json(parse_json(\'{"a":[1]}\'))', 'STRING', '{"a":[1]}'],
];

/** The expressions as columns `v0`, `v1`, …, in rows of values, NULLs and values again. */
export function typeQuery(expressions: readonly string[]): string {
  const columns = expressions.map(
    (expression, index) => `CASE WHEN n = 1 THEN NULL ELSE ${expression} END AS v${index}`,
  );
  return `SELECT ${columns.join(', ')} FROM VALUES (0), (1), (2) AS t(n) ORDER BY n`;
}
