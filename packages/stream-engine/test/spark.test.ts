/** Every expression of spark/expected.tsv gives what Spark gave. That file is written by spark/cases.py. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { JobError } from '../src/index.js';
import { jobOf, run } from './support/harness.js';

type Result = string | null | { readonly error: string };
interface Case {
  readonly body: string | null;
  readonly expected: Result;
}

/** Where this engine differs, and why that is right here. */
const OLD_JAVA = 'Java before 19 does not write the shortest digits';
const DIFFERENT: Readonly<Record<string, readonly [own: Result, why: string]>> = {
  'try_cast(body AS DOUBLE) of 100000000000000000000000': ['1.0E23', OLD_JAVA],
  'CAST(body AS DOUBLE) of 100000000000000000000000': ['1.0E23', OLD_JAVA],
  'try_divide(1, CAST(body AS DOUBLE)) of 2147483648': ['4.656612873077393E-10', OLD_JAVA],
  'try_cast(body AS FLOAT) of 123456789.123456789': ['1.2345679E8', OLD_JAVA],
  'try_cast(body AS FLOAT) of 9007199254740993': ['9.007199E15', OLD_JAVA],
  'try_cast(body AS DOUBLE) of 4.9e-324': ['5.0E-324', 'one digit is enough for this number'],
  'CAST(body AS DOUBLE) of 4.9e-324': ['5.0E-324', 'one digit is enough for this number'],
  'exp(CAST(body AS INT)) of 1': ['2.718281828459045', 'the nearest DOUBLE; Spark is one unit off'],
  'try_cast(body AS DECIMAL(10,2)) of １２': [null, 'other digits than 0 to 9 are none, as for INT'],
  'try_cast(body AS TIMESTAMP) of 12:30': [
    null,
    'Spark takes the date of today; an engine that repeats itself has none',
  ],
  'CAST(body AS TIMESTAMP) of 12:30': [{ error: 'CAST_INVALID_INPUT' }, 'as above'],
  'try_to_timestamp(body) of 12:30': [null, 'as above'],
  ...Object.fromEntries(
    ['try_cast(body AS TIMESTAMP)', 'CAST(body AS TIMESTAMP)', 'try_to_timestamp(body)'].map((expression) => [
      `${expression} of 9999-12-31 23:59:59.999999`,
      ['+10000-01-01 00:00:00', 'microseconds are exact to the year 2255 (ADR 0005)'] as const,
    ]),
  ),
  ...Object.fromEntries(
    ['9223372036854775807', '-9223372036854775808'].map((micros) => [
      `timestamp_micros(CAST(body AS BIGINT)) of ${micros}`,
      [{ error: 'DATETIME_OVERFLOW' }, 'beyond the calendar of the runtime (ADR 0005)'] as const,
    ]),
  ),
};

const byExpression = new Map<string, Case[]>();
for (const line of readFileSync(new URL('spark/expected.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')) {
  const [body, expression, expected] = line.split('\t').map((part) => JSON.parse(part)) as [
    string | null,
    string,
    Result,
  ];
  const cases = byExpression.get(expression) ?? [];
  cases.push({ body, expected });
  byExpression.set(expression, cases);
}

function compute(expression: string, body: string | null): Result {
  const job = jobOf(
    `INSERT INTO t SELECT coalesce(CAST((${expression}) AS STRING), 'is NULL') AS body FROM STREAM source`,
  );
  try {
    const [output] = run(job, [{ body }]);
    return output!.message.body === 'is NULL' ? null : (output!.message.body as string);
  } catch (error) {
    if (error instanceof JobError) return { error: error.condition };
    throw error;
  }
}

/** unbase64 fails in Spark with Java's own exception, which has no condition. */
function withCondition(result: Result): Result {
  if (typeof result !== 'object' || result?.error !== 'UNKNOWN') return result;
  return { error: 'CAST_INVALID_INPUT' };
}

function expectedOf(expression: string, { body, expected }: Case): Result {
  return (DIFFERENT[`${expression} of ${body}`] ?? [withCondition(expected)])[0];
}

describe('as Spark computes it', () => {
  for (const [expression, cases] of byExpression)
    test(expression, () => {
      const own = cases.map(({ body }) => [body, compute(expression, body)]);
      expect(own).toEqual(cases.map((item) => [item.body, expectedOf(expression, item)]));
    });
});

/** The columns that bring a STRING as bytes, as a number of a name, and as a value. */
const FORMS = ['body', 'address', 'subject'] as const;

/** All cases in one batch, three times over, so that rows stand beside NULLs and failed rows. */
describe('in one batch, whatever the form of the column', () => {
  for (const [expression, cases] of byExpression)
    test(expression, () => {
      const several = [...cases, { body: null, expected: null }, ...cases, ...cases.toReversed()];
      for (const form of FORMS) {
        const text = expression.replace(/\bbody\b/g, form);
        const rows = several
          .filter(({ body }) => form !== 'address' || body !== null)
          .map((item, index) => ({ ...item, row: { [form]: item.body, message_id: String(index) } }));
        const job = jobOf(
          `INSERT INTO \`t/t\` SELECT coalesce(CAST((${text}) AS STRING), 'is NULL') AS body, message_id FROM STREAM \`+\``,
          { onError: 'skip' },
        );
        const own = new Map(
          run(
            job,
            rows.map(({ row }) => row),
          ).map(({ message }) => [message.messageId, message.body]),
        );
        for (const [index, item] of rows.entries()) {
          if (item.body === null && !cases.includes(item)) continue;
          const expected = expectedOf(expression, item);
          const shown = typeof expected === 'object' && expected !== null ? undefined : (expected ?? 'is NULL');
          expect([form, item.body, own.get(String(index))]).toEqual([form, item.body, shown]);
        }
      }
    });
});
