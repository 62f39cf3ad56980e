import { type Catalogue, checkJob } from '@millrace/sql';
import { describe, expect, it } from 'vitest';
import { schemaSelection } from '../src/schema-selection.js';
import { jobQuery } from '../src/submission.js';

const columns = {
  s: [
    { name: 'device', type: { name: 'STRING' } },
    { name: "it's `odd`", type: { name: 'DECIMAL', precision: 5, scale: 2 } },
    { name: 'at', type: { name: 'TIMESTAMP' } },
  ],
} as const;
const eventTime = { column: 'at', delayUs: 2_500_000 };

function planOf(sql: string, format: 'json' | 'csv' = 'json') {
  const catalogue: Catalogue = { columns, schemas: { s: { format, eventTime } } };
  const { plan, diagnostics } = checkJob(sql, { catalogue });
  if (plan === undefined) throw new Error(diagnostics[0]?.message);
  return plan;
}

describe('columns of a schema on Spark', () => {
  it('are read out of JSON as far as the job names them', () => {
    expect(schemaSelection(planOf('INSERT INTO t SELECT device AS body FROM STREAM s').source)).toEqual({
      decoded: "from_json(nullif(body, ''), '`device` string', map('mode', 'FAILFAST')) AS _millrace_body",
      columns: ['* EXCEPT (_millrace_body)', '_millrace_body.`device` AS `device`'],
    });
  });

  it('are all read out of CSV, and taken over as far as the job names them; names may be odd', () => {
    const sql = "INSERT INTO t SELECT CAST(`it's ``odd```  AS STRING) AS body FROM STREAM s";
    expect(schemaSelection(planOf(sql, 'csv').source)).toEqual({
      decoded:
        "from_csv(nullif(body, ''), '`device` string, `it\\'s ``odd``` decimal(5,2), `at` timestamp', map('mode', 'FAILFAST')) " +
        'AS _millrace_body',
      columns: ['* EXCEPT (_millrace_body)', "_millrace_body.`it's ``odd``` AS `it's ``odd```"],
    });
  });

  it('are left alone by a job that names none', () => {
    expect(schemaSelection(planOf('INSERT INTO t SELECT body FROM STREAM s').source)).toBeUndefined();
  });

  it('make another query of the same text when the schema is another one', () => {
    const options = { connect: 'sc://h', checkpoints: '/c', brokerUrl: 'amqp://h:1' };
    const of = (format: 'json' | 'csv') =>
      jobQuery('j', planOf('INSERT INTO t SELECT device AS body FROM STREAM s', format), options).schemaColumns;
    expect(of('json')).not.toEqual(of('csv'));
  });

  it("get Spark the schema's event time as WATERMARK, without heartbeats", () => {
    const plan = planOf("INSERT INTO t SELECT count(*) AS n FROM STREAM s GROUP BY window(at, '1 minute')");
    const query = jobQuery('j', plan, { connect: 'sc://h', checkpoints: '/c', brokerUrl: 'amqp://h:1' });
    expect(query.hasHeartbeats).toBe(false);
    expect(query.statement).toBe(
      `SELECT count(*) AS n FROM STREAM \`${query.view}\` WATERMARK \`at\` DELAY OF INTERVAL 2500000 MICROSECONDS AS \`s\` ` +
        "GROUP BY window(at, '1 minute')",
    );
  });
});
