import { describe, expect, it } from 'vitest';
import { checkJob, needsHeartbeats, sparkStatement } from '../src/index.js';

/** What Spark gets for a text. Whether Spark takes it is tested with a real one: packages/plane-spark/test/integration. */

function rewritten(sql: string): string {
  const { plan, diagnostics } = checkJob(sql);
  if (plan === undefined) throw new Error(diagnostics[0]?.message);
  return sparkStatement(plan, { view: 'v', heartbeatColumn: 'beat' }).text;
}

const TABLE: readonly (readonly [what: string, sql: string, text: string])[] = [
  ['no window: another name', 'INSERT INTO t SELECT body FROM STREAM s', 'SELECT body FROM STREAM `v` AS `s`'],
  [
    'an alias stays the only one',
    "INSERT INTO t SELECT x.body FROM STREAM s AS x WHERE x.body = 'a'",
    "SELECT x.body FROM STREAM `v` AS x WHERE x.body = 'a'",
  ],
  [
    'a qualified name goes on meaning the source',
    'INSERT INTO t SELECT s.body FROM STREAM s;',
    'SELECT s.body FROM STREAM `v` AS `s`',
  ],
  ['a topic filter', 'INSERT INTO t SELECT body FROM STREAM `a/+/b`', 'SELECT body FROM STREAM `v` AS `a/+/b`'],
  [
    'a window over time',
    "INSERT INTO t SELECT max(body) AS body FROM STREAM s GROUP BY window(time, '5 seconds')",
    'SELECT max(body) FILTER (WHERE NOT `beat`) AS body FROM STREAM `v` WATERMARK time DELAY OF INTERVAL 0 SECONDS AS `s` ' +
      "GROUP BY window(time, '5 seconds') HAVING count_if(NOT `beat`) > 0",
  ],
  [
    'WHERE lets heartbeats through, HAVING keeps its brackets',
    "INSERT INTO t SELECT count(*) AS n FROM STREAM s WHERE (body > 'a') OR (body < 'c') GROUP BY window(time, '5 seconds') HAVING (count(*) > 1) OR (count(*) < 9)",
    "SELECT count(*) FILTER (WHERE NOT `beat`) AS n FROM STREAM `v` WATERMARK time DELAY OF INTERVAL 0 SECONDS AS `s` WHERE `beat` OR ((body > 'a') OR (body < 'c')) " +
      "GROUP BY window(time, '5 seconds') HAVING count_if(NOT `beat`) > 0 AND ((count(*) FILTER (WHERE NOT `beat`) > 1) OR (count(*) FILTER (WHERE NOT `beat`) < 9))",
  ],
  [
    'a filter of its own, an aggregate at the end of HAVING',
    "INSERT INTO t SELECT max(body) FILTER (WHERE (body > 'a') OR (body < 'c')) AS body FROM STREAM s GROUP BY window(time, '5 seconds') HAVING 1 < count(*)",
    "SELECT max(body) FILTER (WHERE NOT `beat` AND ((body > 'a') OR (body < 'c'))) AS body FROM STREAM `v` WATERMARK time DELAY OF INTERVAL 0 SECONDS AS `s` " +
      "GROUP BY window(time, '5 seconds') HAVING count_if(NOT `beat`) > 0 AND (1 < count(*) FILTER (WHERE NOT `beat`))",
  ],
  [
    'a subquery carries the heartbeat',
    "INSERT INTO t SELECT max(b) AS body FROM (SELECT time, upper(body) AS b FROM STREAM s WHERE body <> '') AS q WHERE b <> 'X' GROUP BY window(time, '5 seconds')",
    "SELECT max(b) FILTER (WHERE NOT `beat`) AS body FROM (SELECT `beat`, time, upper(body) AS b FROM STREAM `v` WATERMARK time DELAY OF INTERVAL 0 SECONDS AS `s` WHERE `beat` OR (body <> '')) AS q " +
      "WHERE `beat` OR (b <> 'X') GROUP BY window(time, '5 seconds') HAVING count_if(NOT `beat`) > 0",
  ],
  [
    'a star brings it along',
    "INSERT INTO t SELECT max(b) AS body FROM (SELECT *, upper(body) AS b FROM STREAM s) GROUP BY window(time, '5 seconds')",
    'SELECT max(b) FILTER (WHERE NOT `beat`) AS body FROM (SELECT *, upper(body) AS b FROM STREAM `v` WATERMARK time DELAY OF INTERVAL 0 SECONDS AS `s`) ' +
      "GROUP BY window(time, '5 seconds') HAVING count_if(NOT `beat`) > 0",
  ],
  [
    'what is above the aggregation stays as it is',
    "INSERT INTO t SELECT body FROM (SELECT max(body) AS body FROM STREAM s GROUP BY window(time, '5 seconds')) WHERE body <> 'x'",
    'SELECT body FROM (SELECT max(body) FILTER (WHERE NOT `beat`) AS body FROM STREAM `v` WATERMARK time DELAY OF INTERVAL 0 SECONDS AS `s` ' +
      "GROUP BY window(time, '5 seconds') HAVING count_if(NOT `beat`) > 0) WHERE body <> 'x'",
  ],
  [
    'a delay of time is none',
    "INSERT INTO t SELECT max(body) AS body FROM STREAM s WATERMARK time DELAY OF INTERVAL 5 SECONDS AS x GROUP BY window(time, '5 seconds')",
    'SELECT max(body) FILTER (WHERE NOT `beat`) AS body FROM STREAM `v` WATERMARK time DELAY OF INTERVAL 0 SECONDS AS x ' +
      "GROUP BY window(time, '5 seconds') HAVING count_if(NOT `beat`) > 0",
  ],
  [
    'an event time: windows end by events, without heartbeats',
    "INSERT INTO t SELECT max(body) AS body FROM STREAM s WATERMARK creation_time DELAY OF INTERVAL 5 SECONDS GROUP BY window(creation_time, '5 seconds')",
    "SELECT max(body) AS body FROM STREAM `v` WATERMARK creation_time DELAY OF INTERVAL 5 SECONDS AS `s` GROUP BY window(creation_time, '5 seconds')",
  ],
  [
    'comments stay, and what stands around the statement goes',
    '-- the hottest\nINSERT INTO t SELECT body -- as it is\nFROM STREAM s -- all\n;',
    'SELECT body -- as it is\nFROM STREAM `v` AS `s`',
  ],
];

describe('sparkStatement', () => {
  it.each(TABLE)('%s', (_what, sql, text) => {
    expect(rewritten(sql)).toBe(text);
  });

  it('says whether heartbeats are needed', () => {
    const needs = (sql: string): boolean => needsHeartbeats(checkJob(sql).plan!);
    expect(needs("INSERT INTO t SELECT max(body) AS body FROM STREAM s GROUP BY window(time, '5 seconds')")).toBe(true);
    expect(needs('INSERT INTO t SELECT body FROM STREAM s')).toBe(false);
  });

  it('finds a place of the new text in the old one', () => {
    const sql =
      "INSERT INTO t SELECT max(body) AS body FROM STREAM s WHERE CAST(body AS INT) > 0 GROUP BY window(time, '5 seconds')";
    const { text, originalSpan } = sparkStatement(checkJob(sql).plan!, { view: 'v', heartbeatColumn: 'beat' });
    const start = text.indexOf('CAST(');
    const span = originalSpan({ start, end: start + 'CAST(body AS INT)'.length });
    expect(sql.slice(span.start, span.end)).toBe('CAST(body AS INT)');
    const view = text.indexOf('`v`');
    const name = originalSpan({ start: view, end: view + 3 });
    expect(sql.slice(name.start, name.end)).toBe('s');
  });
});
