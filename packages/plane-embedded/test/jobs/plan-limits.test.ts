import { checkJob, MESSAGE_COLUMNS } from '@millrace/sql';
import { describe, expect, it } from 'vitest';
import { limitsOf } from '../../src/jobs/plan-limits.js';
import { isReadableColumn } from '../../src/translate/row-from-message.js';

const columns = { readings: [{ name: 'celsius', type: { name: 'INT' } as const }] };

function limits(sql: string, format: 'json' | undefined = undefined) {
  const schemas = format === undefined ? {} : { readings: { format } };
  const { plan, diagnostics } = checkJob(sql, { catalogue: { columns, schemas } });
  if (plan === undefined) throw new Error(diagnostics.map(({ message }) => message).join('; '));
  return limitsOf(plan).map(({ message, start, end }) => [sql.slice(start, end), message] as const);
}

const HOTTEST =
  "INSERT INTO hot SELECT CAST(max(celsius) AS STRING) AS body FROM STREAM readings GROUP BY window(time, '1 second')";

describe('what the embedded plane refuses of a checked job', () => {
  it('refuses a column that no format says how to read, which would be NULL in every row', () => {
    expect(limits(HOTTEST)).toEqual([['celsius', expect.stringContaining('give the schema the format json or csv')]]);
  });

  it('refuses it in a filter too', () => {
    expect(limits('INSERT INTO hot SELECT body FROM STREAM readings WHERE celsius > 30')).toHaveLength(1);
  });

  it('takes it from a schema with a format', () => {
    expect(limits(HOTTEST, 'json')).toEqual([]);
  });

  it('refuses a regular expression that does not run in linear time', () => {
    const [found] = limits("INSERT INTO hot SELECT body FROM STREAM readings WHERE body RLIKE '(?=a)b'");
    expect(found?.[0]).toContain("'(?=a)b'");
  });

  it('takes jobs that leave the schema alone', () => {
    expect(limits("INSERT INTO hot SELECT body FROM STREAM readings WHERE body LIKE '3%'")).toEqual([]);
  });

  it('reads every column that the checker gives each message', () => {
    expect(MESSAGE_COLUMNS.filter(({ name }) => !isReadableColumn(name))).toEqual([]);
  });
});
