/** Functions of STRING. Positions and lengths count code points, as Spark's do. */
import { RowError } from '../errors.js';
import type { Value } from '../vector.js';
import { bound, type FunctionTable, literalOf, partial, total, variadic } from './function-table.js';
import { getJsonObject, parseJsonPath } from './json-path.js';
import { compileExpression } from './pattern.js';

/** Longest text that a function may make, so that `repeat` and the pads cannot take the process' memory. */
const MADE_LENGTH_MAX = 16 * 1024 * 1024;
const ASCII = /^[\0-\x7f]*$/;

function isAscii(text: string): boolean {
  return ASCII.test(text);
}

function pointCount(text: string): number {
  if (isAscii(text)) return text.length;
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** Code points from..to, 0-based; texts without surrogates are cut by units. */
function slicePoints(text: string, from: number, to: number): string {
  if (isAscii(text)) return text.slice(from, to);
  return [...text].slice(from, to).join('');
}

/** Spark's substringSQL: position 0 is as 1, a negative one counts from the end and may lie before the start. */
function substring(text: string, position: number, length: number): string {
  const points = pointCount(text);
  const start = position > 0 ? position - 1 : position < 0 ? points + position : 0;
  const end = Math.min(points, start + length);
  if (end <= 0 || start >= points || end <= start) return '';
  return slicePoints(text, Math.max(0, start), end);
}

function trimLeft(text: string, characters: string): string {
  const set = new Set(characters);
  const points = [...text];
  let start = 0;
  while (start < points.length && set.has(points[start]!)) start++;
  return start === 0 ? text : points.slice(start).join('');
}

function trimRight(text: string, characters: string): string {
  const set = new Set(characters);
  const points = [...text];
  let end = points.length;
  while (end > 0 && set.has(points[end - 1]!)) end--;
  return end === points.length ? text : points.slice(0, end).join('');
}

function checkLength(length: number): void {
  if (length > MADE_LENGTH_MAX)
    throw new RowError(
      'INVALID_PARAMETER_VALUE',
      `a text of ${length} characters is too long: ${MADE_LENGTH_MAX} at most`,
    );
}

function padding(pad: string, length: number): string {
  checkLength(length);
  if (pad === '') return '';
  const points = [...pad];
  return slicePoints(pad.repeat(Math.ceil(length / points.length)), 0, length);
}

function padded(text: string, length: number, pad: string, side: 'left' | 'right'): string {
  const missing = length - pointCount(text);
  if (missing <= 0) return slicePoints(text, 0, Math.max(0, length));
  return side === 'left' ? padding(pad, missing) + text : text + padding(pad, missing);
}

/** 1-based position in code points of the first `search` at or after `start`, or 0. */
function locate(search: string, text: string, start: number): number {
  if (start < 1) return 0;
  if (search === '') return 1;
  const from = start === 1 ? 0 : slicePoints(text, 0, start - 1).length;
  if (start > 1 && pointCount(text) < start - 1) return 0;
  const found = text.indexOf(search, from);
  return found === -1 ? 0 : pointCount(text.slice(0, found)) + 1;
}

function splitPart(text: string, delimiter: string, part: number): string {
  if (part === 0) throw new RowError('INVALID_INDEX_OF_ZERO', 'the part of split_part must not be 0: the first is 1');
  const parts = delimiter === '' ? [text] : text.split(delimiter);
  return parts[part > 0 ? part - 1 : parts.length + part] ?? '';
}

function concat(args: readonly Value[]): Value {
  if (typeof args[0] === 'string') return args.join('');
  return Buffer.concat(args as readonly Uint8Array[]);
}

const CHARACTERS: FunctionTable = {
  upper: total((text: string) => text.toUpperCase()),
  lower: total((text: string) => text.toLowerCase()),
  trim: total((text: string, characters: string) => trimRight(trimLeft(text, characters), characters)),
  ltrim: total(trimLeft),
  rtrim: total(trimRight),
  length: total((value: string | Uint8Array) => (typeof value === 'string' ? pointCount(value) : value.length)),
  octet_length: total((value: string | Uint8Array) =>
    typeof value === 'string' ? Buffer.byteLength(value) : value.length,
  ),
  substring: total(substring),
  left: total((text: string, length: number) => slicePoints(text, 0, Math.max(0, length))),
  right: total((text: string, length: number) =>
    length <= 0 ? '' : slicePoints(text, Math.max(0, pointCount(text) - length), pointCount(text)),
  ),
  concat: bound({ fallible: false }, () => concat),
  concat_ws: variadic({ fallible: false }, ([separator, ...parts]) =>
    separator === null ? null : parts.filter((part) => part !== null).join(separator as string),
  ),
  replace: total((text: string, search: string, replacement: string) =>
    search === '' ? text : text.replaceAll(search, () => replacement),
  ),
  split_part: partial(splitPart),
  instr: total((text: string, search: string) => locate(search, text, 1)),
  locate: total(locate),
  lpad: partial((text: string, length: number, pad: string) => padded(text, length, pad, 'left')),
  rpad: partial((text: string, length: number, pad: string) => padded(text, length, pad, 'right')),
  reverse: total((text: string) => [...text].reverse().join('')),
  repeat: partial((text: string, times: number) => {
    checkLength(text.length * Math.max(0, times));
    return text.repeat(Math.max(0, times));
  }),
  startswith: total((text: string, prefix: string) => text.startsWith(prefix)),
  endswith: total((text: string, suffix: string) => text.endsWith(suffix)),
  contains: total((text: string, search: string) => text.includes(search)),
};

const PATTERNS: FunctionTable = {
  regexp_extract: bound({ fallible: true }, (call) => {
    const expression = compileExpression(call, 1);
    const group = literalOf(call, 2) as number;
    const groups = expression.matcher('').groupCount();
    return ([text]) => {
      if (group < 0 || group > groups)
        throw new RowError('INVALID_PARAMETER_VALUE', `there is no group ${group}: the pattern has ${groups}`);
      const matcher = expression.matcher(text as string);
      return matcher.find() ? (matcher.group(group) ?? '') : '';
    };
  }),
  regexp_replace: bound({ fallible: true }, (call) => {
    const expression = compileExpression(call, 1);
    return ([text, , replacement]) => {
      try {
        return expression.matcher(text as string).replaceAll(replacement as string, true);
      } catch (error) {
        throw new RowError('INVALID_PARAMETER_VALUE', `the replacement cannot be used: ${(error as Error).message}`);
      }
    };
  }),
  get_json_object: bound({ fallible: false }, (call) => {
    const path = parseJsonPath(literalOf(call, 1) as string);
    return ([json]) => (path === undefined ? null : getJsonObject(json as string, path));
  }),
};

export const TEXT_FUNCTIONS: FunctionTable = { ...CHARACTERS, ...PATTERNS };
