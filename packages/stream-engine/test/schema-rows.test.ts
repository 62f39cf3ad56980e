/**
 * Bodies as rows of a schema: as Spark reads them in mode FAILFAST (spark/expected-rows.tsv, written by
 * spark/row_cases.py), alone and in one batch.
 */
import { readFileSync } from 'node:fs';
import { parseDataType } from '@millrace/sql';
import { describe, expect, test } from 'vitest';
import { compileJob } from '../src/index.js';
import { planOf, type Row, run } from './support/harness.js';

type Result = readonly (string | number | null)[] | 'undecodable';
interface Case {
  readonly body: string;
  readonly expected: Result;
}

/** Where this engine differs, and why that is right here. */
const TODAY = ['undecodable', 'Spark takes the date of today; an engine that repeats itself has none'] as const;
const BEYOND = ['undecodable', 'Spark wraps around: the time is beyond the calendar'] as const;
const REGION = ['undecodable', 'names of regions are not known here'] as const;
const ASCII = ['undecodable', 'other digits than 0 to 9 are none, as in CAST'] as const;
const NESTED = '{"b":[NaN, 1e400, -0, "\\u0001", "\\ud83d"]}';
const DIFFERENT: Readonly<Record<string, readonly [own: Result, why: string]>> = {
  'json a TIMESTAMP of {"a":"12:30"}': TODAY,
  'json a TIMESTAMP of {"a":"T12:30"}': TODAY,
  'csv a TIMESTAMP, z STRING of 12:30,z': TODAY,
  'json a TIMESTAMP of {"a":9223372036854775807}': BEYOND,
  'json a TIMESTAMP of {"a":-9223372036854775808}': BEYOND,
  'json a TIMESTAMP of {"a":"2026-01-31 12:30:00 Europe/Berlin"}': REGION,
  'csv a INT, z STRING of １２,z': ASCII,
  'csv a BIGINT, z STRING of １２,z': ASCII,
  'csv a DECIMAL(6,2), z STRING of １２,z': ASCII,
  [`json a INT, b STRING of ${NESTED}`]: [[null, NESTED.slice(5, -1)], 'NaN stays as it stands, and so does the rest'],
};

const groups = new Map<string, Case[]>();
for (const line of readFileSync(new URL('spark/expected-rows.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')) {
  const [format, columns, body, result] = line.split('\t').map((part) => JSON.parse(part));
  const key = `${format} ${columns}`;
  const spark = (DIFFERENT[`${key} of ${body}`]?.[0] ?? result) as Result;
  const types = columnsOf(columns).map(({ type }) => type);
  const expected: Result =
    spark === 'undecodable' ? spark : spark.map((value, index) => comparable(types[index]!, value as string | null));
  const cases = groups.get(key) ?? [];
  cases.push({ body, expected });
  groups.set(key, cases);
}

function columnsOf(text: string): readonly { readonly name: string; readonly type: string }[] {
  return text.split(/,\s*(?![^(]*\))/).map((part) => {
    const [name = '', type = ''] = part.trim().split(' ');
    return { name, type };
  });
}

/** Digits of FLOAT and DOUBLE are compared as numbers: Java before 19 does not write the shortest. */
function comparable(type: string, value: string | null): string | number | null {
  if (value === null || (type !== 'FLOAT' && type !== 'DOUBLE')) return value;
  return type === 'FLOAT' ? Math.fround(Number(value)) : Number(value);
}

function decode(key: string, rows: readonly Row[]): (Result | undefined)[] {
  const format = key.startsWith('json') ? 'json' : 'csv';
  const columns = columnsOf(key.slice(format.length + 1));
  const items = columns.map(({ name, type }) =>
    type === 'BINARY' ? `hex(${name}) AS ${name}` : `CAST(${name} AS STRING) AS ${name}`,
  );
  const plan = planOf(`INSERT INTO t SELECT ${items.join(', ')}, message_id FROM STREAM source`, {
    columns: { source: columns.map(({ name, type }) => ({ name, type: parseDataType(type)! })) },
    schemas: { source: { format } },
  });
  const job = compileJob(plan, { onError: 'fail' });
  const results: (Result | undefined)[] = rows.map(() => undefined);
  for (const { row } of run(
    job,
    rows.map((row, index) => ({ ...row, message_id: String(index) })),
  ))
    results[Number(row.message_id)] = columns.map(({ name, type }) => comparable(type, row[name] as string | null));
  for (const { row } of job.undecodable) {
    expect(results[row]).toBeUndefined();
    results[row] = 'undecodable';
  }
  return results;
}

describe('as Spark reads them', () => {
  for (const [key, cases] of groups)
    test(key, () => {
      const own = cases.map(({ body }) => [body, decode(key, [{ body }])[0]]);
      expect(own).toEqual(cases.map(({ body, expected }) => [body, expected]));
    });
});

describe('in one batch, beside NULLs and others that fail', () => {
  for (const [key, cases] of groups)
    test(key, () => {
      const several = [...cases, undefined, ...cases.toReversed()];
      const nothing = columnsOf(key.slice(key.indexOf(' ') + 1)).map(() => null);
      expect(
        decode(
          key,
          several.map((one) => ({ body: one?.body ?? null })),
        ),
      ).toEqual(several.map((one) => one?.expected ?? nothing));
    });
});
