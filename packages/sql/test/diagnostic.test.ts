import { describe, expect, test } from 'vitest';
import { diagnose } from '../src/diagnostic.js';
import { formatDiagnostic, SqlError } from '../src/index.js';

describe('formatDiagnostic', () => {
  test('shows the line, the carets and the hint', () => {
    const sql = 'SELECT bdy\nFROM STREAM s';
    const shown = formatDiagnostic(
      sql,
      diagnose(sql, 'UNKNOWN_COLUMN', { start: 7, end: 10 }, ['there is no column bdy', 'did you mean body?']),
    );
    expect(shown.split('\n')).toEqual([
      'line 1, column 8: there is no column bdy [UNKNOWN_COLUMN]',
      '  |',
      '1 | SELECT bdy',
      '  |        ^^^',
      '  = did you mean body?',
    ]);
  });

  test('keeps tabs, so that the carets stand right', () => {
    const sql = 'SELECT\n\tx\tbad';
    const shown = formatDiagnostic(sql, diagnose(sql, 'SYNTAX', { start: 10, end: 13 }, ['wrong']));
    expect(shown.split('\n').at(-1)).toBe('  | \t \t^^^');
  });

  test('underlines a span of several lines to the end of its first', () => {
    const sql = 'SELECT (1 +\n 2) FROM';
    const shown = formatDiagnostic(sql, diagnose(sql, 'SYNTAX', { start: 7, end: 15 }, ['wrong']));
    expect(shown.split('\n').at(-1)).toBe('  |        ^^^^');
  });

  test('points behind the last character', () => {
    const sql = 'SELECT';
    const shown = formatDiagnostic(sql, diagnose(sql, 'SYNTAX', { start: 6, end: 6 }, ['wrong']));
    expect(shown.split('\n').at(-1)).toBe('  |       ^');
  });

  test('cuts a long line around the span', () => {
    const sql = `${' '.repeat(500)}bad${' '.repeat(500)}`;
    const lines = formatDiagnostic(sql, diagnose(sql, 'SYNTAX', { start: 500, end: 503 }, ['wrong'])).split('\n');
    expect(lines[2]).toContain('bad');
    expect(lines[2]?.length).toBeLessThan(170);
    expect(lines[3]?.indexOf('^')).toBe(lines[2]?.indexOf('bad'));
  });

  test('drops the carriage return of a line', () => {
    const sql = 'SELECT a\r\nFROM';
    expect(formatDiagnostic(sql, diagnose(sql, 'SYNTAX', { start: 7, end: 8 }, ['wrong']))).not.toContain('\r');
  });
});

test('a span outside the text is moved into it', () => {
  expect(diagnose('abc', 'SYNTAX', { start: 9, end: Number.NaN }, ['wrong']).span).toEqual({ start: 3, end: 3 });
});

test('SqlError carries the diagnostics and reads as they do', () => {
  const diagnostic = diagnose('abc', 'SYNTAX', { start: 0, end: 3 }, ['wrong']);
  const error = new SqlError('abc', [diagnostic]);
  expect(error.diagnostics).toEqual([diagnostic]);
  expect(error.message).toContain('line 1, column 1: wrong [SYNTAX]');
});
