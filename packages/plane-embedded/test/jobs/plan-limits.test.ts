import { checkJob, MESSAGE_COLUMNS } from '@millrace/sql';
import { describe, expect, it } from 'vitest';
import { limitsOf } from '../../src/jobs/plan-limits.js';
import { isReadableColumn } from '../../src/translate/row-from-message.js';

const columns = { readings: [{ name: 'celsius', type: { name: 'INT' } as const }] };

function limits(sql: string) {
  const { plan, diagnostics } = checkJob(sql, { catalogue: { columns } });
  if (plan === undefined) throw new Error(diagnostics.map(({ message }) => message).join('; '));
  return limitsOf(plan).map(({ message, start, end }) => [sql.slice(start, end), message] as const);
}

describe('what the embedded plane refuses of a checked job', () => {
  it('refuses a column of the schema, which would be NULL in every row, and says what to write', () => {
    const found = limits(
      "INSERT INTO hot SELECT CAST(max(celsius) AS STRING) AS body FROM STREAM readings GROUP BY window(time, '1 second')",
    );
    expect(found).toEqual([['celsius', expect.stringContaining("get_json_object(body, '$.celsius')")]]);
  });

  it('refuses it in a filter too', () => {
    expect(limits('INSERT INTO hot SELECT body FROM STREAM readings WHERE celsius > 30')).toHaveLength(1);
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
