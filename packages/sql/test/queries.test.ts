import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { explain, formatDiagnostic } from '../src/index.js';
import { goldenQueries, run } from './harness.js';

/** Each text against its golden plan or its golden messages. `UPDATE_GOLDEN=1` writes them anew: read the difference. */

const GOLDEN = new URL('./queries/golden/', import.meta.url);
const update = process.env.UPDATE_GOLDEN === '1';

describe.each(goldenQueries())('$name', (query) => {
  const result = run(query);
  const shown =
    result.plan === undefined
      ? result.diagnostics.map((diagnostic) => formatDiagnostic(query.sql, diagnostic)).join('\n')
      : explain(result.plan);

  test('is a plan, or has the errors of its first line', () => {
    expect(result.diagnostics?.map(({ code }) => code)).toEqual(query.errors);
  });

  test('reads as its golden file', () => {
    const file = new URL(`${query.name}.txt`, GOLDEN);
    if (update) writeFileSync(file, `${shown}\n`);
    expect(existsSync(file), `${query.name}.txt is missing: run with UPDATE_GOLDEN=1`).toBe(true);
    expect(`${shown}\n`).toBe(readFileSync(file, 'utf8'));
  });
});
