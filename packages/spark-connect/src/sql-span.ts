import { type Span, SparkError } from './errors.js';

/** The position in UTF-16 units of a code point; texts with none beyond the first plane need no counting. */
function toUnitIndex(text: string, codePointIndex: number): number {
  let units = 0;
  for (let index = 0; index < codePointIndex && units < text.length; index++)
    units += text.codePointAt(units)! > 0xffff ? 2 : 1;
  return units;
}

/** `== SQL (line 1, position 8) ==` in the message of a syntax error; lines and positions are counted from 1. */
function spanInMessage(text: string, message: string): Span | undefined {
  const match = /\(line (\d+), pos(?:ition)? (\d+)\)/.exec(message);
  if (match === null) return undefined;
  const [, line, position] = match;
  const before = text.split('\n').slice(0, Number(line) - 1);
  const lineStart = before.reduce((sum, part) => sum + part.length + 1, 0);
  const rest = text.slice(lineStart).split('\n')[0] ?? '';
  // "pos 7" counts from 0, "position 8" from 1.
  const offset = match[0].includes('position') ? Number(position) - 1 : Number(position);
  const start = Math.min(text.length, lineStart + toUnitIndex(rest, offset));
  const word = /^(?:[\p{L}\p{N}_]+|.)/su.exec(text.slice(start))?.[0] ?? '';
  return { start, end: start + word.length };
}

/** Where in the text that was sent an error lies; undefined if it does not say, or speaks of another text. */
export function sqlSpan(text: string, error: SparkError): Span | undefined {
  for (const { kind, objectType, startIndex, stopIndex, fragment } of error.contexts) {
    if (kind !== 'sql' || objectType !== '' || startIndex < 0 || stopIndex < startIndex) continue;
    // The piece shows whether it is this text that is spoken of. Spark counts code points, and cuts the piece out by UTF-16.
    if (fragment !== '' && text.slice(startIndex, stopIndex + 1) !== fragment) continue;
    return { start: toUnitIndex(text, startIndex), end: toUnitIndex(text, stopIndex + 1) };
  }
  return error.is('PARSE_SYNTAX_ERROR') || error.exceptionClasses.some((name) => name.endsWith('.ParseException'))
    ? spanInMessage(text, error.message)
    : undefined;
}

/** The same error, with its place in the SQL text. */
export function locate(text: string, error: unknown): unknown {
  return error instanceof SparkError ? error.withSpan(sqlSpan(text, error)) : error;
}
