import { MESSAGE_COLUMN_NAMES } from '@millrace/contract';
import { MESSAGE_FIELDS } from '@millrace/sql';
import { describe, expect, it } from 'vitest';
import { loadSparkSqlCheck } from '../src/index.js';
import { sparkSqlCheck } from '../src/spark-sql-check.js';
import { createWorld, desired, maxJob, queue } from './support/world.js';

const DEMO_SQL = `INSERT INTO max
SELECT CAST(max(try_cast(body AS INT)) AS STRING) AS body,
       map('window_start', CAST(window.start AS STRING), 'readings', CAST(count(*) AS STRING)) AS properties
FROM STREAM temperature
GROUP BY window(time, '5 seconds')`;

describe('sparkSqlCheck', () => {
  it('plans the demo, whether its addresses are declared or not', () => {
    const checked = sparkSqlCheck(DEMO_SQL, new Map());
    expect(checked).toMatchObject({ ok: true, plan: { target: 'max', source: { address: 'temperature' } } });
  });

  it('knows the columns of a schema', () => {
    const sql = 'INSERT INTO out SELECT price FROM STREAM orders';
    expect(sparkSqlCheck(sql, new Map())).toMatchObject({ ok: false, faults: [{ code: 'UNKNOWN_COLUMN' }] });
    const columns = [
      { name: 'price', type: 'decimal(12, 2)' },
      { name: 'count', type: 'Decimal' },
    ];
    const checked = sparkSqlCheck(sql, new Map([['orders', { format: 'json', columns }]]));
    expect(checked).toMatchObject({
      ok: true,
      plan: { root: { output: [{ name: 'price', type: { name: 'DECIMAL', precision: 12, scale: 2 } }] } },
    });
  });

  it('tells the engine how a body has them, in the order of the schema, and when an event time is late', () => {
    const columns = [
      { name: 'device', type: 'STRING' },
      { name: 'at', type: 'timestamp' },
    ];
    const schemas = new Map([['orders', { format: 'csv', columns, eventTime: 'AT', watermark: 2500 } as const]]);
    const sql = "INSERT INTO out SELECT count(*) AS n FROM STREAM orders GROUP BY window(at, '1 minute')";
    expect(sparkSqlCheck(sql, schemas)).toMatchObject({
      ok: true,
      plan: {
        source: {
          output: [{ name: 'at' }],
          schema: {
            format: 'csv',
            columns: [
              { name: 'device', type: { name: 'STRING' } },
              { name: 'at', type: { name: 'TIMESTAMP' } },
            ],
          },
        },
        watermark: { origin: 'schema', column: 'at', delayUs: 2_500_000 },
      },
    });
  });

  it('has the names of columns that the contract keeps from schemas', () => {
    expect(MESSAGE_FIELDS.map(({ name }) => name)).toEqual([...MESSAGE_COLUMN_NAMES]);
  });

  it('an address may be called like a part of every object', () => {
    const sql = 'INSERT INTO out SELECT body FROM STREAM constructor';
    expect(sparkSqlCheck(sql, new Map([['__proto__', { format: 'text' }]]))).toMatchObject({ ok: true });
  });

  it('refuses with a span and what is right, through the controller', async () => {
    const { controller } = await createWorld({ loadSqlCheck: loadSparkSqlCheck });
    await controller.put(queue('temperature'));
    const sql = DEMO_SQL.replace('try_cast(body', 'try_cast(bodi');
    const refused = controller.put(maxJob({ sql }));
    await expect(refused).rejects.toMatchObject({
      slug: 'invalid-sql',
      problem: {
        errors: [
          {
            pointer: '/spec/sql',
            code: 'UNKNOWN_COLUMN',
            span: { start: sql.indexOf('bodi'), end: sql.indexOf('bodi') + 4 },
            fixes: [expect.stringContaining('body')],
          },
        ],
      },
    });
    const { document } = await controller.put(desired('Job', 'max-temperature', { sql: DEMO_SQL }));
    expect(document.status.conditions).toContainEqual(expect.objectContaining({ reason: 'WaitingForAddress' }));
  });
});
