import { describe, expect, test } from 'vitest';
import { parseDuration, suggestDuration } from '../src/interval.js';
import { parseNumber, parseString, parseTimestamp } from '../src/literals.js';
import { nearest } from '../src/suggest.js';

describe('durations', () => {
  test.each([
    ['5 seconds', 5_000_000],
    ['1 second', 1_000_000],
    ['0.5 seconds', 500_000],
    ['1 minute 30 seconds', 90_000_000],
    ['interval 2 hours', 7_200_000_000],
    ['  1   WEEK ', 604_800_000_000],
    ['250 milliseconds', 250_000],
    ['7 microseconds', 7],
    ['-5 seconds', -5_000_000],
  ])('%s', (text, microseconds) => {
    expect(parseDuration(text)).toBe(microseconds);
  });

  test.each([
    '',
    '5',
    'seconds',
    '5s',
    '5 sec',
    '1.5 hours',
    '1 month',
    '5 seconds 3',
    '1e3 seconds',
    '99999999999 weeks',
  ])('%s is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test.each([
    ['5s', '5 seconds'],
    ['1 sec', '1 second'],
    ['500ms', '500 milliseconds'],
    ['1h30m', '1 hour 30 minutes'],
    ['10 Minute', '10 minutes'],
    ['soon', undefined],
    ['1 month', undefined],
  ])('%s is meant as %s', (text, meant) => {
    expect(suggestDuration(text)).toBe(meant);
  });
});

/** Each as `SELECT typeof(x), x` of Spark 4.3 gives it. */
describe('numbers', () => {
  test.each([
    ['1', 1, 1, { name: 'INT' }],
    ['2147483648', -1, -2147483648, { name: 'INT' }],
    ['2147483648', 1, 2147483648n, { name: 'BIGINT' }],
    ['9223372036854775808', -1, -(2n ** 63n), { name: 'BIGINT' }],
    ['9223372036854775808', 1, 2n ** 63n, { name: 'DECIMAL', precision: 19, scale: 0 }],
    ['1L', 1, 1n, { name: 'BIGINT' }],
    ['0.50', 1, 50n, { name: 'DECIMAL', precision: 2, scale: 2 }],
    ['00.10', 1, 10n, { name: 'DECIMAL', precision: 2, scale: 2 }],
    ['5.', 1, 5n, { name: 'DECIMAL', precision: 1, scale: 0 }],
    ['.5', -1, -5n, { name: 'DECIMAL', precision: 1, scale: 1 }],
    ['1e3BD', 1, 1000n, { name: 'DECIMAL', precision: 4, scale: 0 }],
    ['1e3', 1, 1000, { name: 'DOUBLE' }],
    ['1.5D', 1, 1.5, { name: 'DOUBLE' }],
    ['0.1F', 1, Math.fround(0.1), { name: 'FLOAT' }],
  ] as const)('%s with sign %i', (image, sign, value, type) => {
    expect(parseNumber(image, sign)).toEqual({ value, type });
  });

  test.each(['1S', '1Y', '1.5L', '1e999', '1e39BD', '9'.repeat(39), '9223372036854775808L'])(
    '%s is out of range',
    (image) => {
      expect(parseNumber(image, 1)).toBeUndefined();
    },
  );
});

/** Each as Spark 4.3 reads it. */
describe('strings', () => {
  test.each([
    ["'it''s'", "it's"],
    [`'a""b'`, 'a""b'],
    ['"a""b"', 'a"b'],
    [String.raw`'a\'b'`, "a'b"],
    [String.raw`'\n\t\\'`, '\n\t\\'],
    [String.raw`'\u0041\101\U0001F600'`, 'AA😀'],
    [String.raw`'100\%\_'`, String.raw`100\%\_`],
    [String.raw`r'\d+'`, String.raw`\d+`],
    [String.raw`'\q\Z\0\b'`, 'q\u001a\0\b'],
    [String.raw`'\400'`, '400'],
    [String.raw`'\u12'`, 'u12'],
  ])('%s', (image, value) => {
    expect(parseString(image)).toBe(value);
  });
});

describe('timestamps', () => {
  test.each([
    ['2026-01-31', 1769817600000000n],
    ['2026-1-3 1:2:3', 1767402123000000n],
    ['2026-01-31T12:30:00.123456Z', 1769862600123456n],
    ['2026-01-31 12:30:00+02:00', 1769855400000000n],
    ['1969-12-31 23:59:59.5', -500000n],
    ['0050-01-01 00:00:00', -60589296000000000n],
  ])('%s', (text, micros) => {
    expect(parseTimestamp(text)).toBe(micros);
  });

  test.each(['2026-02-30', '2026-13-01', '2026-01-31 24:00:00', 'yesterday', '2026-01-31 12:30:00 Europe/Berlin'])(
    '%s is none',
    (text) => {
      expect(parseTimestamp(text)).toBeUndefined();
    },
  );
});

describe('suggestions', () => {
  test.each([
    ['bdy', ['time', 'body', 'body_bytes'], 'body'],
    ['tmie', ['time', 'ttl'], 'time'],
    ['temperature', ['time', 'body'], undefined],
    ['x', ['y', 'z'], undefined],
  ])('%s', (name, candidates, found) => {
    expect(nearest(name, candidates)).toBe(found);
  });
});
