import type { Span } from './plan.js';

/**
 * What a checker says about a text. Diagnostics are values: a wrong text is an expected outcome, so nothing is thrown
 * for it.
 */

/** Every code, in the order of the documentation, with what it is about. */
export const DIAGNOSTIC_CODES = {
  SYNTAX: 'the text does not follow the grammar',
  UNCLOSED: 'a string, a quoted name or a comment is not closed',
  BAD_LITERAL: 'a number, string, timestamp or interval that is none, or out of range',
  TOO_LARGE: 'the text, its nesting or its expressions pass a bound',
  UNSUPPORTED: 'Spark has it, a job has it not',
  NOT_DETERMINISTIC: 'a function whose result is not a function of the row',
  NO_INSERT: 'a job needs INSERT INTO',
  UNKNOWN_COLUMN: 'no such column here',
  AMBIGUOUS_COLUMN: 'several columns have this name',
  UNKNOWN_FUNCTION: 'no such function',
  UNKNOWN_TYPE: 'no such type',
  UNKNOWN_SOURCE: 'the address is not declared',
  ARGUMENT_COUNT: 'a function with too few or too many arguments',
  TYPE_MISMATCH: 'an operand or argument of a type that does not fit',
  BAD_CAST: 'no cast between these types',
  NOT_CONSTANT: 'an argument that must be a constant',
  MISPLACED_AGGREGATE: 'an aggregate where none may stand',
  NOT_GROUPED: 'a column that is neither grouped nor aggregated',
  BAD_GROUP: 'a GROUP BY item that cannot group',
  NO_WINDOW: 'an aggregation over a stream without a window never ends',
  BAD_WINDOW: 'a window() that is none',
  NO_WATERMARK: 'a window over an event time without WATERMARK',
  BAD_WATERMARK: 'a WATERMARK that is none',
  LOOP: 'the job would read what it writes',
  OUTPUT_NAME: 'an output column without a name, or two with the same',
  OUTPUT_TYPE: 'an output column whose type a message cannot carry',
  OUTPUT_SHAPE: 'both a body and other columns, or neither',
} as const;

export type DiagnosticCode = keyof typeof DIAGNOSTIC_CODES;

export interface Diagnostic {
  readonly code: DiagnosticCode;
  /** What is wrong: one sentence without a full stop. */
  readonly message: string;
  /** What would be right. Empty where nothing better can be said than the message. */
  readonly hint: string;
  /** Characters of the text, half-open, never beyond it. */
  readonly span: Span;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
}

/** For callers that cannot go on without a plan. */
export class SqlError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(sql: string, diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((diagnostic) => formatDiagnostic(sql, diagnostic)).join('\n'));
    this.name = 'SqlError';
    this.diagnostics = diagnostics;
  }
}

/** Where an offset stands in a text. */
export function locate(sql: string, offset: number): { readonly line: number; readonly column: number } {
  const before = sql.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - (before.lastIndexOf('\n') + 1) + 1 };
}

/** Makes a diagnostic; the span is kept inside the text and made at least one character where there is one. */
export function diagnose(sql: string, code: DiagnosticCode, span: Span, text: readonly [string, string?]): Diagnostic {
  const start = Math.max(0, Math.min(Number.isFinite(span.start) ? span.start : sql.length, sql.length));
  const end = Math.max(start, Math.min(Number.isFinite(span.end) ? span.end : sql.length, sql.length));
  return { code, message: text[0], hint: text[1] ?? '', span: { start, end }, ...locate(sql, start) };
}

const LINE_WIDTH_MAX = 160;

/**
 * Several lines for a terminal: place and message, the line of the text with carets under the span, and what would be
 * right.
 */
export function formatDiagnostic(sql: string, diagnostic: Diagnostic): string {
  const { line, column, span, message, hint, code } = diagnostic;
  const lineStart = span.start - (column - 1);
  const newline = sql.indexOf('\n', lineStart);
  const whole = sql.slice(lineStart, newline < 0 ? sql.length : newline).replace(/\r$/, '');
  // A line that is too long for a terminal is cut around the span.
  const cut = column - 1 > LINE_WIDTH_MAX - 40 ? column - 1 - 40 : 0;
  const shown = whole.slice(cut, cut + LINE_WIDTH_MAX);
  const indent = column - 1 - cut;
  const width = Math.max(1, Math.min(span.end - span.start, shown.length - indent));
  const gutter = String(line);
  // Tabs stay tabs in the line of carets, so that the carets stand right whatever a tab's width is.
  const padding = shown.slice(0, indent).replace(/[^\t]/g, ' ').padEnd(indent, ' ');
  const blank = ' '.repeat(gutter.length);
  const lines = [
    `line ${line}, column ${column}: ${message} [${code}]`,
    `${blank} |`,
    `${gutter} | ${shown}`,
    `${blank} | ${padding}${'^'.repeat(width)}`,
  ];
  if (hint !== '') lines.push(`${blank} = ${hint}`);
  return lines.join('\n');
}
