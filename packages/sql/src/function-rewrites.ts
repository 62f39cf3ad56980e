import { castTo } from './casts.js';
import type { CheckContext } from './context.js';
import { booleanCall, isNullable, planBranch, typeOf } from './expression-tools.js';
import { checkComparison, namedArithmetic } from './operator-rules.js';
import type { DataType, Expression, Span } from './plan.js';
import { STRING, TIMESTAMP, typeofText } from './types.js';

/** Functions that are other words for operators, CASE, CAST or another function: an engine never sees them. */

function when(condition: Expression, result: Expression, otherwise: Expression, span: Span): Expression {
  const type = typeOf(result);
  const nullable = isNullable(result) || isNullable(otherwise);
  return { kind: 'case', branches: [planBranch(condition, result)], otherwise, type, nullable, span };
}

/** The rewritten call; `as it is` where the function stays one after all. */
export function rewriteCall(
  context: CheckContext,
  name: string,
  args: readonly Expression[],
  span: Span,
): Expression | undefined | 'as it is' {
  const [first, second, third] = args;
  if (first === undefined) return 'as it is';
  switch (name) {
    case 'typeof':
      return { kind: 'literal', value: typeofText(typeOf(first)), type: STRING, span };
    case 'isnull':
      return booleanCall('is_null', [first], span, 'never-null');
    case 'isnotnull':
      return booleanCall('is_not_null', [first], span, 'never-null');
    default:
      return second === undefined ? 'as it is' : rewritePair(context, name, { first, second, third }, span);
  }
}

interface Operands {
  readonly first: Expression;
  readonly second: Expression;
  readonly third: Expression | undefined;
}

function rewritePair(
  context: CheckContext,
  name: string,
  { first, second, third }: Operands,
  span: Span,
): Expression | undefined | 'as it is' {
  switch (name) {
    case 'mod':
      return namedArithmetic(context, { operator: 'remainder', as: 'remainder' }, [first, second], span);
    case 'ifnull': {
      const nullable = isNullable(first) && isNullable(second);
      return { kind: 'call', name: 'coalesce', args: [first, second], type: typeOf(first), nullable, span };
    }
    case 'nullif': {
      if (!context.spendCopy(first)) return undefined;
      const equal = checkComparison(context, 'eq', [first, second], span);
      const nothing: Expression = { kind: 'literal', value: null, type: typeOf(first), span };
      return equal && when(equal, nothing, first, span);
    }
    case 'if':
      return third === undefined ? undefined : when(castTo(first, { name: 'BOOLEAN' }), second, third, span);
    case 'nvl2':
      return third === undefined
        ? undefined
        : when(booleanCall('is_not_null', [first], span, 'never-null'), second, third, span);
    case 'to_timestamp':
    case 'try_to_timestamp':
      if (typeOf(first).name === 'TIMESTAMP') return { ...first, span };
      return second.kind === 'literal' && second.value === '' ? timestampCast(first, name, span) : 'as it is';
    default:
      return 'as it is';
  }
}

/** Without a format both are casts. */
function timestampCast(operand: Expression, name: string, span: Span): Expression {
  const type: DataType = TIMESTAMP;
  const mode = name === 'to_timestamp' ? 'ansi' : 'try';
  return { kind: 'cast', operand, type, mode, nullable: mode === 'try' || isNullable(operand), span };
}
