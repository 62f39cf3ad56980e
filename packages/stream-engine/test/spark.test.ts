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
const DIFFERENT: ReadonlyMap<string, string> = new Map([]);

const byExpression = new Map<string, Case[]>();
for (const line of readFileSync(new URL('spark/expected.tsv', import.meta.url), 'utf8').trimEnd().split('\n')) {
  const [body, expression, expected] = line.split('\t').map((part) => JSON.parse(part)) as [string | null, string, Result];
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

/** A failure is a failure: Spark's own names for one differ between its code paths. */
function comparable(result: Result): unknown {
  return typeof result === 'object' && result !== null ? 'error' : result;
}

describe('as Spark computes it', () => {
  for (const [expression, cases] of byExpression)
    test(expression, () => {
      const own = cases.map(({ body }) => [body, comparable(compute(expression, body))]);
      const sparks = cases.map(({ body, expected }) => [
        body,
        DIFFERENT.get(`${expression} of ${body}`) ?? comparable(expected),
      ]);
      expect(own).toEqual(sparks);
    });
});
