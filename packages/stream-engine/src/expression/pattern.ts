/**
 * LIKE, RLIKE and the regexp functions. Patterns come from users, so expressions run on re2js, in time linear in the text;
 * a LIKE of the shapes `text`, `text%`, `%text`, `%text%` is a search for bytes.
 */
import { RE2JS } from 're2js';
import type { ColumnBatch } from '../column-batch.js';
import { JobError, type RowErrors } from '../errors.js';
import { NameMemo } from '../name-memo.js';
import { type Flags, Result, readText, type Vector } from '../vector.js';
import { quoteShort } from './cast-text.js';
import type { CallExpression, Evaluator } from './evaluator.js';
import { literalOf } from './function-table.js';

type Match = (text: string) => boolean;

interface LikeParts {
  readonly source: string;
  /** The text without wildcards, where only leading and trailing `%` occur. */
  readonly simple: { readonly text: string; readonly open: 'none' | 'start' | 'end' | 'both' } | undefined;
}

/** @throws Error for an escape at the end or before an ordinary character; the checker refuses both before */
export function parseLike(pattern: string, escapeCharacter: string): LikeParts {
  const parts: (string | '%' | '_')[] = [];
  const kinds: ('text' | 'many' | 'one')[] = [];
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (character === escapeCharacter) {
      at++;
      const escaped = characters[at];
      if (escaped === undefined) throw new Error('a LIKE pattern must not end with its escape character');
      parts.push(escaped);
      kinds.push('text');
    } else {
      parts.push(character);
      kinds.push(character === '%' ? 'many' : character === '_' ? 'one' : 'text');
    }
  }
  const source = parts
    .map((part, index) => (kinds[index] === 'many' ? '.*' : kinds[index] === 'one' ? '.' : RE2JS.quote(part)))
    .join('');
  return { source: `(?s)\\A(?:${source})\\z`, simple: simpleShape(parts, kinds) };
}

function simpleShape(parts: readonly string[], kinds: readonly string[]): LikeParts['simple'] {
  let from = 0;
  let to = parts.length;
  while (from < to && kinds[from] === 'many') from++;
  while (to > from && kinds[to - 1] === 'many') to--;
  if (kinds.slice(from, to).some((kind) => kind !== 'text')) return undefined;
  const start = from > 0;
  const end = to < parts.length || (start && to === from);
  const open = start ? (end ? 'both' : 'start') : end ? 'end' : 'none';
  return { text: parts.slice(from, to).join(''), open };
}

/**
 * The expression that is the literal argument `index` of a call.
 *
 * @throws JobError when it is none, or has what a linear-time engine cannot have
 */
export function compileExpression(call: CallExpression, index: number): RE2JS {
  const pattern = literalOf(call, index) as string;
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    const reason = (error as Error).message.replace(/^error parsing regexp: /, '');
    throw new JobError(
      'INVALID_PARAMETER_VALUE',
      `${quoteShort(pattern)} is no pattern: ${reason}; lookaround and back references are not supported`,
      { span: call.args[index]!.span },
    );
  }
}

export function compileLike(
  call: CallExpression,
  operand: Evaluator,
  pattern: string,
  escapeCharacter: string,
): Evaluator {
  const { source, simple } = parseLike(pattern, escapeCharacter);
  if (simple !== undefined) return new PatternEvaluator(call, operand, textMatch(simple), new ByteSearch(simple));
  const expression = RE2JS.compile(source);
  return new PatternEvaluator(call, operand, (text) => expression.matcher(text).find(), undefined);
}

export function compileRlike(call: CallExpression, operand: Evaluator): Evaluator {
  const expression = compileExpression(call, 1);
  return new PatternEvaluator(call, operand, (text) => expression.matcher(text).find(), undefined);
}

function textMatch(simple: NonNullable<LikeParts['simple']>): Match {
  const { text, open } = simple;
  switch (open) {
    case 'none':
      return (value) => value === text;
    case 'start':
      return (value) => value.endsWith(text);
    case 'end':
      return (value) => value.startsWith(text);
    case 'both':
      return (value) => value.includes(text);
  }
}

class ByteSearch {
  private readonly wanted: Buffer;
  private readonly open: 'none' | 'start' | 'end' | 'both';

  constructor(simple: NonNullable<LikeParts['simple']>) {
    this.wanted = Buffer.from(simple.text);
    this.open = simple.open;
  }

  matches(bytes: Buffer, start: number, end: number): boolean {
    const size = this.wanted.length;
    const last = end - size;
    if (last < start) return false;
    switch (this.open) {
      case 'none':
        return last === start && this.isAt(bytes, start);
      case 'start':
        return this.isAt(bytes, last);
      case 'end':
        return this.isAt(bytes, start);
      case 'both': {
        if (size === 0) return true;
        // The plain loop is quickest for a short text and could be quadratic for a long one.
        if ((end - start) * size > 4096) return bytes.subarray(start, end).includes(this.wanted);
        for (let at = start; at <= last; at++) if (this.isAt(bytes, at)) return true;
        return false;
      }
    }
  }

  private isAt(bytes: Buffer, at: number): boolean {
    const { wanted } = this;
    for (let index = 0; index < wanted.length; index++) if (bytes[at + index] !== wanted[index]) return false;
    return true;
  }
}

class PatternEvaluator implements Evaluator {
  readonly type: CallExpression['type'];
  readonly fallible: boolean;
  readonly constant = undefined;
  private readonly operand: Evaluator;
  private readonly match: Match;
  private readonly search: ByteSearch | undefined;
  private readonly memo = new NameMemo();
  private readonly result = new Result<Flags>('flags');

  constructor(call: CallExpression, operand: Evaluator, match: Match, search: ByteSearch | undefined) {
    this.type = call.type;
    this.operand = operand;
    this.match = match;
    this.search = search;
    this.fallible = operand.fallible;
  }

  evaluate(batch: ColumnBatch, errors: RowErrors): Vector {
    const operand = this.operand.evaluate(batch, errors);
    const vector = this.result.beginWith(batch.count, operand.nulls, undefined);
    const out = vector.values;
    if (operand.form === 'dictionary') {
      const known = this.memo.of(operand.names);
      for (let row = 0; row < batch.count; row++) {
        const id = operand.ids[row]!;
        if (known[id] === -1) known[id] = this.match(operand.names[id]!) ? 1 : 0;
        out[row] = known[id]!;
      }
      return vector;
    }
    for (let row = 0; row < batch.count; row++) {
      if (operand.nulls !== undefined && operand.nulls[row] === 1) continue;
      const found =
        operand.form === 'bytes' && this.search !== undefined
          ? this.search.matches(operand.bytes, operand.starts[row]!, operand.ends[row]!)
          : this.match(readText(operand, row));
      out[row] = found ? 1 : 0;
    }
    return vector;
  }
}
