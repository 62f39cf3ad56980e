import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkJob,
  checkQuery,
  type Diagnostic,
  explain,
  FUNCTIONS,
  formatDiagnostic,
  KEYWORDS,
  LIMITS,
} from '../src/index.js';
import { goldenQueries } from './harness.js';

/** Whatever the text: a plan or diagnostics, never an exception; and every span lies in the text. */

function expectSound(sql: string): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const checked of [checkJob(sql), checkQuery(sql)]) {
    if (checked.plan === undefined) {
      expect(checked.diagnostics.length).toBeGreaterThan(0);
      expect(checked.diagnostics.length).toBeLessThanOrEqual(LIMITS.diagnosticsMax);
      found.push(...checked.diagnostics);
    } else {
      expect(explain(checked.plan)).toContain('stream ');
    }
  }
  for (const diagnostic of found) {
    const { span, line, column } = diagnostic;
    expect(span.start).toBeGreaterThanOrEqual(0);
    expect(span.end).toBeGreaterThanOrEqual(span.start);
    expect(span.end).toBeLessThanOrEqual(sql.length);
    const lines = sql.split('\n');
    expect(line).toBeLessThanOrEqual(lines.length);
    expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
    expect(formatDiagnostic(sql, diagnostic)).toContain('^');
  }
  return found;
}

const words = [
  ...KEYWORDS,
  ...FUNCTIONS.map(({ name }) => name),
  ...'( ) [ ] , . ; * + - / % = <> < <= > >= <=> || ! :: # ` \' " -- /* */ \n'.split(' '),
  ...['count', 'max', 'sum', 'window', 'time', 'body', 'properties', 'priority', 'ttl', 'x', 's'],
  ...[
    "'5 seconds'",
    "'a'",
    '`devices/+/t`',
    '1',
    '2.5',
    '1e3',
    '5s',
    "X'1F'",
    '99999999999999999999999999999999999999999',
  ],
];
const soup = fc.array(fc.constantFrom(...words), { maxLength: 60 }).map((parts) => parts.join(' '));

const operand: fc.Arbitrary<string> = fc.constantFrom(
  'body',
  'priority',
  'ttl',
  'time',
  'durable',
  'properties',
  "'a'",
  '1',
  '2.5',
  'NULL',
  'nothing',
  'count(*)',
);
const expression: fc.Arbitrary<string> = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    operand,
    fc
      .tuple(tie('tree'), fc.constantFrom('+', '-', '*', '/', '%', 'DIV', '=', '<', '||', 'AND', 'OR'), tie('tree'))
      .map((parts) => `(${parts.join(' ')})`),
    fc
      .tuple(fc.constantFrom(...FUNCTIONS.map(({ name }) => name)), fc.array(tie('tree'), { maxLength: 3 }))
      .map(([name, args]) => `${name}(${args.join(', ')})`),
    fc
      .tuple(tie('tree'), fc.constantFrom('INT', 'STRING', 'DECIMAL(5, 2)', 'TIMESTAMP'))
      .map(([value, type]) => `try_cast(${value} AS ${type})`),
    fc
      .tuple(tie('tree'), tie('tree'), tie('tree'))
      .map(([when, one, other]) => `CASE WHEN ${when} THEN ${one} ELSE ${other} END`),
    fc.tuple(tie('tree'), tie('tree')).map(([value, item]) => `${value} IN (${item}, 1)`),
  ),
})).tree;

describe('any text', () => {
  test('of words and marks is checked or refused', () => {
    fc.assert(
      fc.property(soup, (sql) => void expectSound(sql)),
      { numRuns: 400 },
    );
  });

  test('of words behind a good beginning is checked or refused', () => {
    fc.assert(
      fc.property(soup, (tail) => void expectSound(`INSERT INTO t SELECT body FROM STREAM s ${tail}`)),
      { numRuns: 400 },
    );
  });

  test('of any characters is checked or refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (sql) => void expectSound(sql)),
      { numRuns: 300 },
    );
  });

  test('with expressions of every shape is checked or refused', () => {
    fc.assert(
      fc.property(expression, expression, (first, second) => {
        expectSound(`SELECT ${first} AS a FROM STREAM s WHERE ${second}`);
        expectSound(`SELECT ${first} AS a FROM STREAM s GROUP BY window(time, '5 seconds'), ${second}`);
      }),
      { numRuns: 300 },
    );
  });

  test('cut anywhere is checked or refused', () => {
    for (const { sql } of goldenQueries().filter(({ sql }) => sql.length < 400)) {
      for (let length = 0; length < sql.length; length += 7) expectSound(sql.slice(0, length));
    }
  });
});

const depth = 20_000;
const select = (text: string): string => `SELECT ${text} AS a FROM STREAM s`;

/** Each would overflow the stack or take time without end if something recursed or doubled without a bound. */
const hostile: Readonly<Record<string, string>> = {
  brackets: select(`${'('.repeat(depth)}1${')'.repeat(depth)}`),
  'open brackets': select('('.repeat(depth)),
  'brackets after END as a name': `SELECT ${'body AS END, '.repeat(1000)}${'('.repeat(depth)}`,
  'nested calls': select(`${'abs('.repeat(depth)}1${')'.repeat(depth)}`),
  'nested CASE': select(`${'CASE WHEN s.end THEN '.repeat(2_500)}1${' END'.repeat(2_500)}`),
  indexes: select(`body${'[1]'.repeat(depth)}`),
  'index inside index': select(`${'body['.repeat(depth)}`),
  fields: select(`properties${'.a'.repeat(depth)}`),
  minuses: select(`${'- '.repeat(depth)}1`),
  nots: select(`${'NOT '.repeat(10_000)}durable`),
  sums: select(`1${' + 1'.repeat(10_000)}`),
  casts: select(`1${'::INT'.repeat(10_000)}`),
  'nested types': select(`CAST(1 AS ${'MAP<'.repeat(10_000)}`),
  subqueries: `${'SELECT a FROM ('.repeat(3_000)}SELECT 1 AS a FROM STREAM s${')'.repeat(3_000)}`,
  'doubled aliases': `SELECT priority AS a0, ${Array.from({ length: 60 }, (_, index) => `a${index} + a${index} AS a${index + 1}`).join(', ')} FROM STREAM s`,
  'a chain of aliases': `SELECT priority AS a0, ${Array.from({ length: 900 }, (_, index) => `a${index} + 1 AS a${index + 1}`).join(', ')} FROM STREAM s`,
  'doubled BETWEEN': select(`${'('.repeat(60)}1${' BETWEEN 1 AND 2)'}${' BETWEEN true AND false)'.repeat(59)}`),
  'doubled nullif': select(`${'nullif('.repeat(60)}1${', 1)'.repeat(60)}`),
  'doubled CASE': select(`${'CASE '.repeat(60)}1${' WHEN 1 THEN 1 WHEN 2 THEN 2 WHEN 3 THEN 3 END'.repeat(60)}`),
  'doubled event time': `SELECT 1 AS a FROM ${'(SELECT coalesce(c, c) AS c FROM '.repeat(60)}(SELECT creation_time AS c FROM STREAM s)${')'.repeat(60)} WATERMARK c DELAY OF INTERVAL 1 SECOND`,
  digits: select(`${'1'.repeat(60_000)}a`),
  'digits of a duration': `SELECT count(*) AS n FROM STREAM s GROUP BY window(time, '${'1'.repeat(60_000)}')`,
  'a long text': select(`'${'a'.repeat(LIMITS.textLengthMax)}'`),
  'unknown characters': '§ '.repeat(30_000),
  'unknown columns': `SELECT ${Array.from({ length: 5_000 }, (_, index) => `c${index}`).join(', ')} FROM STREAM s`,
  'many errors': select(`concat(${Array.from({ length: 8_000 }, (_, index) => `c${index}`).join(', ')})`),
  'quotes in a string': `SELECT '${"''".repeat(30_000)}`,
  'open comments': '/*'.repeat(30_000),
};

describe('a hostile text is refused', () => {
  test.each(Object.entries(hostile))('%s', (_, sql) => {
    expect(expectSound(sql).length).toBeGreaterThan(0);
  });
});

describe('a long text that is no attack is taken', () => {
  const long: Readonly<Record<string, string>> = {
    'a chain of OR': `SELECT body FROM STREAM s WHERE ${Array.from({ length: 500 }, (_, index) => `priority = ${index}`).join(' OR ')}`,
    'a list of IN': `SELECT body FROM STREAM s WHERE priority IN (${Array.from({ length: 2_000 }, (_, index) => index).join(', ')})`,
    'a chain of ||': select(Array.from({ length: 150 }, () => 'body').join(' || ')),
    'many columns': `SELECT ${Array.from({ length: 900 }, (_, index) => `priority + ${index} AS c${index}`).join(', ')} FROM STREAM s`,
    'brackets to the bound': select(`${'('.repeat(60)}1${')'.repeat(60)}`),
    'subqueries to the bound': `${'SELECT a FROM ('.repeat(60)}SELECT 1 AS a FROM STREAM s${')'.repeat(60)}`,
  };
  test.each(Object.entries(long))('%s', (_, sql) => {
    expect(checkQuery(sql).diagnostics).toBeUndefined();
  });
});
