import { castTo } from './casts.js';
import type { ExpressionChecker } from './expression-checker.js';
import { booleanCall, typeOf } from './expression-tools.js';
import { checkComparison, checkLogic, commonTypeOf } from './operator-rules.js';
import type { Expression, Span } from './plan.js';
import type { Syntax } from './syntax.js';
import { BOOLEAN, isOrderable, STRING, typeText } from './types.js';

/** BETWEEN, IN, LIKE, RLIKE and IS. */

type Of<Kind extends Syntax['kind']> = Extract<Syntax, { kind: Kind }>;

function negate(expression: Expression, negated: boolean, span: Span): Expression {
  return negated ? booleanCall('not', [expression], span) : { ...expression, span };
}

/** `x BETWEEN a AND b` is `x >= a AND x <= b`, as with Spark. */
export function checkBetween(checker: ExpressionChecker, syntax: Of<'between'>): Expression | undefined {
  const { context } = checker;
  const [operand, low, high] = checker.checkAll([syntax.operand, syntax.low, syntax.high]) ?? [];
  if (operand === undefined || low === undefined || high === undefined) return undefined;
  if (!context.spendCopy(operand)) return undefined;
  const above = checkComparison(context, 'gte', [operand, low], syntax.span);
  const below = checkComparison(context, 'lte', [operand, high], syntax.span);
  if (above === undefined || below === undefined) return undefined;
  const both = checkLogic(context, 'and', [above, below], syntax.span);
  return both && negate(both, syntax.negated, syntax.span);
}

export function checkIn(checker: ExpressionChecker, syntax: Of<'in'>): Expression | undefined {
  const { context } = checker;
  const all = checker.checkAll([syntax.operand, ...syntax.items]);
  if (all === undefined) return undefined;
  const type = commonTypeOf(context, all, { what: 'the value and the list of IN', span: syntax.span });
  if (type === undefined) return undefined;
  if (!isOrderable(type)) {
    return context.report('TYPE_MISMATCH', syntax.span, [
      `values of ${typeText(type)} cannot be compared`,
      'take one value of it',
    ]);
  }
  const found = booleanCall(
    'in',
    all.map((expression) => castTo(expression, type)),
    syntax.span,
  );
  return negate(found, syntax.negated, syntax.span);
}

const DEFAULT_ESCAPE = '\\';

export function checkLike(checker: ExpressionChecker, syntax: Of<'like'>): Expression | undefined {
  const { context } = checker;
  const word = syntax.operator.toUpperCase();
  const operand = checker.check(syntax.operand);
  const pattern = constantText(checker, syntax.pattern, `the pattern of ${word}`);
  const escapeText =
    syntax.escape === undefined ? DEFAULT_ESCAPE : constantText(checker, syntax.escape, 'ESCAPE')?.value;
  if (operand === undefined || pattern === undefined || escapeText === undefined) return undefined;
  if (!isOrderable(typeOf(operand))) {
    return context.report('TYPE_MISMATCH', operand.span, [
      `${word} needs a STRING, this is ${typeText(typeOf(operand))}`,
      'take one value of it',
    ]);
  }
  const value = castTo(operand, STRING);
  if (syntax.operator === 'rlike')
    return negate(booleanCall('rlike', [value, pattern.literal], syntax.span), syntax.negated, syntax.span);
  if ([...escapeText].length !== 1) {
    const span = syntax.escape?.span ?? syntax.span;
    return context.report('BAD_LITERAL', span, ['ESCAPE takes one character', `LIKE '50!%' ESCAPE '!'`]);
  }
  if (!escapesFit(pattern.value, escapeText)) {
    const hint = `write ${escapeText}${escapeText} for ${escapeText} itself${escapeText === DEFAULT_ESCAPE ? ' (in a string: four backslashes)' : ''}`;
    return context.report('BAD_LITERAL', pattern.literal.span, [
      `in a LIKE pattern ${escapeText} stands before %, _ or itself`,
      hint,
    ]);
  }
  const escapeLiteral: Expression = {
    kind: 'literal',
    value: escapeText,
    type: STRING,
    span: syntax.escape?.span ?? pattern.literal.span,
  };
  const found = booleanCall('like', [value, pattern.literal, escapeLiteral], syntax.span);
  return negate(found, syntax.negated, syntax.span);
}

/** Spark fails the row for an escape before anything else; here the text is refused. */
function escapesFit(pattern: string, escapeText: string): boolean {
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    if (characters[at] !== escapeText) continue;
    const next = characters[++at];
    if (next !== '%' && next !== '_' && next !== escapeText) return false;
  }
  return true;
}

interface ConstantText {
  readonly value: string;
  readonly literal: Expression;
}

/** Patterns are compiled once, so they must be known. */
function constantText(checker: ExpressionChecker, syntax: Syntax, what: string): ConstantText | undefined {
  const checked = checker.check(syntax);
  if (checked === undefined) return undefined;
  const { context } = checker;
  if (checked.kind === 'literal' && typeof checked.value === 'string' && checked.type.name === 'STRING') {
    return { value: checked.value, literal: checked };
  }
  return context.report('NOT_CONSTANT', checked.span, [
    `${what} must be a string, not computed from the row`,
    `x LIKE 'room-%', or contains(x, y) for a computed text`,
  ]);
}

export function checkIs(checker: ExpressionChecker, syntax: Of<'is'>): Expression | undefined {
  const operand = checker.check(syntax.operand);
  if (operand === undefined) return undefined;
  const { test, negated, span } = syntax;
  if (test === 'null') return booleanCall(negated ? 'is_not_null' : 'is_null', [operand], span, 'never-null');
  const type = typeOf(operand);
  if (type.name !== 'BOOLEAN' && type.name !== 'VOID') {
    const word = test.toUpperCase();
    return checker.context.report('TYPE_MISMATCH', operand.span, [
      `IS ${word} needs a BOOLEAN, this is ${typeText(type)}`,
      'compare it first',
    ]);
  }
  const value = castTo(operand, BOOLEAN);
  if (test === 'unknown') return booleanCall(negated ? 'is_not_null' : 'is_null', [value], span, 'never-null');
  return negate(booleanCall(`is_${test}`, [value], span, 'never-null'), negated, span);
}
