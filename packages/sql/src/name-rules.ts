import type { CheckContext } from './context.js';
import type { ExpressionChecker } from './expression-checker.js';
import { typeOf } from './expression-tools.js';
import { findFunction } from './functions.js';
import { sameName } from './names.js';
import type { Expression, Span } from './plan.js';
import { refusedFunction } from './refused-functions.js';
import { nearest } from './suggest.js';
import type { Identifier, Syntax } from './syntax.js';
import { STRING, TIMESTAMP, typeText } from './types.js';

/** Names: `column`, `alias.column`, `window.start`, `properties.key`. */

type NameSyntax = Extract<Syntax, { kind: 'name' }>;

export function checkName(checker: ExpressionChecker, { parts, span }: NameSyntax): Expression | undefined {
  const { context, scope } = checker;
  const [first, second] = parts;
  if (first === undefined) return undefined;
  const qualified =
    second !== undefined &&
    scope.layers.some(({ qualifiers }) => qualifiers.some((name) => sameName(name, first.text)));
  for (const layer of scope.layers) {
    // `devices.body` may be the column of an alias, or a field of a column of that name.
    const underAlias = qualified && layer.qualifiers.some((name) => sameName(name, first.text));
    const attempts: readonly (readonly [Identifier, number])[] = underAlias
      ? [
          [second, 2],
          [first, 1],
        ]
      : [[first, 1]];
    for (const [name, used] of attempts) {
      const result = layer.find(name.text, { start: span.start, end: name.span.end });
      if (result.kind === 'failed') return undefined;
      if (result.kind === 'ambiguous') {
        return context.report('AMBIGUOUS_COLUMN', name.span, [
          `several columns are named ${name.text}`,
          'give them different names with AS',
        ]);
      }
      if (result.kind === 'found') return checkFields(context, result.expression, parts.slice(used));
    }
  }
  return unknown(checker, qualified ? second : first, parts.length > 1 && !qualified);
}

function checkFields(context: CheckContext, base: Expression, fields: readonly Identifier[]): Expression | undefined {
  let result: Expression | undefined = base;
  for (const field of fields) result = result && checkField(context, result, field);
  return result;
}

/** `window.start`, `window.end`, `properties.key`. */
export function checkField(context: CheckContext, base: Expression, field: Identifier): Expression | undefined {
  const type = typeOf(base);
  const span: Span = { start: base.span.start, end: field.span.end };
  if (type.name === 'WINDOW') {
    const name = field.text.toLowerCase();
    if (name === 'start' || name === 'end') {
      return { kind: 'call', name: `window_${name}`, args: [base], type: TIMESTAMP, nullable: false, span };
    }
    return context.report('UNKNOWN_COLUMN', field.span, [
      `a window has no ${field.text}`,
      'window.start and window.end',
    ]);
  }
  if (type.name === 'MAP') {
    const key: Expression = { kind: 'literal', value: field.text, type: STRING, span: field.span };
    return { kind: 'call', name: 'element_at', args: [base, key], type: STRING, nullable: true, span };
  }
  const hint =
    type.name === 'STRING'
      ? `a part of a JSON text: get_json_object(${context.text(base.span)}, '$.${field.text}')`
      : '';
  return context.report('TYPE_MISMATCH', field.span, [`${typeText(type)} has no field ${field.text}`, hint]);
}

function unknown(checker: ExpressionChecker, name: Identifier, dotted: boolean): undefined {
  const { context, scope } = checker;
  const refused = refusedFunction(name.text);
  if (refused !== undefined) return context.report(refused.code, name.span, [refused.message, refused.hint]);
  if (sameName(name.text, 'window')) {
    return context.report('UNKNOWN_COLUMN', name.span, [
      'there is no window here',
      `add GROUP BY window(time, '5 seconds')`,
    ]);
  }
  const known = [...new Set(scope.layers.flatMap((layer) => layer.names()))];
  return context.report('UNKNOWN_COLUMN', name.span, [
    `there is no column ${name.text}`,
    hintFor(name.text, known, dotted),
  ]);
}

function hintFor(name: string, known: readonly string[], dotted: boolean): string {
  const near = nearest(name, known);
  if (near !== undefined) return `did you mean ${near}?`;
  if (findFunction(name.toLowerCase()) !== undefined) return `${name} is a function: write ${name}(…)`;
  const shown = known.length > 0 ? `columns: ${known.slice(0, 24).join(', ')}` : '';
  if (dotted || !known.some((column) => sameName(column, 'body'))) return shown;
  return `a field of a JSON body is get_json_object(body, '$.${name}'); ${shown}`;
}
