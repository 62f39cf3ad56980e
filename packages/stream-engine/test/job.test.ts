/** What a runner relies on: bounds, state, counters, the shape of outputs. */
import { describe, expect, test } from 'vitest';
import { JobError } from '../src/index.js';
import { bodies, jobOf, Reader, run } from './support/harness.js';

const COUNT = `INSERT INTO t SELECT CAST(count(*) AS STRING) AS body FROM STREAM s GROUP BY window(time, '1 second')`;

describe('a job', () => {
  test('names what the source must give, and no more', () => {
    expect(jobOf(COUNT).columns).toEqual(['time']);
    expect(jobOf(`INSERT INTO t SELECT upper(subject) AS body, properties FROM STREAM s`).columns).toEqual([
      'subject',
      'properties',
    ]);
  });

  test('reports watermark, windows and state as they change', () => {
    const job = jobOf(COUNT);
    const states: unknown[] = [];
    const note = () => states.push([job.watermarkMs, job.nextWindowEndMs(), job.openWindows, job.stateRows]);
    note();
    job.process(new Reader().batch(job, [{ time: 1500 }]));
    note();
    job.advance(1999);
    note();
    job.advance(2000);
    note();
    expect(states).toEqual([
      [undefined, undefined, 0, 0],
      [1500, 2000, 1, 1],
      [1999, 2000, 1, 1],
      [2000, undefined, 0, 0],
    ]);
  });

  test('an empty batch and a clock that goes back change nothing', () => {
    const job = jobOf(COUNT);
    run(job, [{ time: 1500 }], 1800);
    job.process(new Reader().batch(job, []));
    job.advance(100);
    expect([job.watermarkMs, job.counters.rowsIn]).toEqual([1800, 1]);
  });

  test('a row before the watermark is late, counted and left out', () => {
    const job = jobOf(COUNT);
    run(job, [{ time: 1500 }], 2000);
    expect(run(job, [{ time: 1999 }, { time: 2000 }], 3000).map(({ message }) => message.body)).toEqual(['1']);
    expect(job.counters).toEqual({ rowsIn: 3, rowsOut: 2, rowsLate: 1, rowsFailed: 0 });
  });

  test('gives outputs once, in order', () => {
    const job = jobOf(`INSERT INTO t SELECT body FROM STREAM s`);
    expect(bodies(run(job, [{ body: 'a' }, { body: 'b' }]))).toEqual(['a', 'b']);
    expect(job.takeOutputs()).toEqual([]);
  });

  test('outputs outlive the batch they were made of', () => {
    const job = jobOf(`INSERT INTO t SELECT body_bytes AS body, body AS subject FROM STREAM s`);
    const batch = new Reader().batch(job, [{ body: 'abc' }]);
    job.process(batch);
    batch.body!.bytes.fill(0);
    const [output] = job.takeOutputs();
    expect(Buffer.from(output!.message.body as Uint8Array).toString()).toBe('abc');
    expect(output!.row).toEqual({ body: 'YWJj', subject: 'abc' });
  });

  test('extremes of bytes outlive the batch they came in', () => {
    const job = jobOf(`INSERT INTO t SELECT max(body_bytes) AS body FROM STREAM s GROUP BY window(time, '1 second')`);
    const batch = new Reader().batch(job, [{ body: 'abc' }]);
    job.process(batch);
    batch.body!.bytes.fill(0);
    job.advance(1000);
    expect(bodies(job.takeOutputs())).toEqual(['abc']);
  });

  test('shows rows in JSON-safe form', () => {
    const job = jobOf(`INSERT INTO t SELECT try_cast(body AS BIGINT) AS whole, try_cast(body AS DOUBLE) AS double,
      try_cast(body AS DECIMAL(20,1)) AS exact, time AS at, map('k', body) AS pairs, body = '1' AS one FROM STREAM s`);
    const rows = run(job, [
      { body: '9007199254740993', time: 1 },
      { body: '1', time: 1 },
      { body: 'NaN', time: 1 },
    ]);
    const at = '1970-01-01T00:00:00.001Z';
    expect(rows.map(({ row }) => JSON.parse(JSON.stringify(row)))).toEqual([
      {
        whole: '9007199254740993',
        double: 9007199254740992,
        exact: '9007199254740993.0',
        at,
        pairs: { k: '9007199254740993' },
        one: false,
      },
      { whole: 1, double: 1, exact: '1.0', at, pairs: { k: '1' }, one: true },
      { whole: null, double: 'NaN', exact: null, at, pairs: { k: 'NaN' }, one: false },
    ]);
  });

  test('an error tells its place and an example, cut to a bounded length', () => {
    const job = jobOf(`INSERT INTO t SELECT CAST(body AS INT) AS n FROM STREAM s`);
    try {
      run(job, [{ body: 'x'.repeat(10_000) }]);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(JobError);
      const { condition, message, row, span } = error as JobError;
      expect(condition).toBe('CAST_INVALID_INPUT');
      expect(span).toEqual({ start: 21, end: 38 });
      expect(message.length).toBeLessThan(300);
      expect(row!.length).toBeLessThan(600);
    }
  });
});

test('a second reader numbers the same addresses otherwise', () => {
  const job = jobOf(
    `INSERT INTO t SELECT concat(address, CAST(address LIKE '%b' AS STRING), CAST(address = 'a' AS STRING), upper(address)) AS body
     FROM STREAM \`+\` WHERE address <> 'c'`.replace('INTO t', 'INTO `t/t`'),
  );
  const counts = jobOf(
    `INSERT INTO \`t/t\` SELECT concat(address, CAST(count(*) AS STRING)) AS body FROM STREAM \`+\` GROUP BY window(time, '1 second'), address`,
  );
  const first = [{ address: 'a' }, { address: 'b' }, { address: 'c' }];
  const second = first.toReversed();
  expect(bodies([...run(job, first), ...run(job, second)])).toEqual([
    ...['afalsetrueA', 'btruefalseB'],
    ...['btruefalseB', 'afalsetrueA'],
  ]);
  expect(bodies([...run(counts, first), ...run(counts, [{ address: 'c' }, ...second], 1000)])).toEqual([
    'a2',
    'b2',
    'c3',
  ]);
});

describe('a pattern that cannot be used', () => {
  test.each(["body RLIKE '(?=a)b'", "body RLIKE '('", "regexp_replace(body, 'a{2000}', '') = ''"])(
    '%s',
    (condition) => {
      const sql = `INSERT INTO t SELECT body FROM STREAM s WHERE ${condition}`;
      try {
        jobOf(sql);
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(JobError);
        const { span, message } = error as JobError;
        expect(condition).toContain(sql.slice(span!.start, span!.end));
        expect(message).toMatch(/^\[INVALID_PARAMETER_VALUE\] '.+' is no pattern: .+/);
      }
    },
  );
});
