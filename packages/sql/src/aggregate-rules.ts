import { castTo } from './casts.js';
import { decimal } from './coercion.js';
import type { ExpressionChecker } from './expression-checker.js';
import { typeOf } from './expression-tools.js';
import type { AggregateCall, DataType, Expression } from './plan.js';
import type { Syntax } from './syntax.js';
import { BIGINT, BOOLEAN, DOUBLE, isIntegral, isNumeric, isOrderable, typeText } from './types.js';

/** Aggregates: count, count_if, sum, avg, min, max, each with FILTER. */

type CallSyntax = Extract<Syntax, { kind: 'call' }>;
type Name = AggregateCall['name'];

const ALIASES: Readonly<Record<string, Name>> = {
  count: 'count',
  count_if: 'count_if',
  sum: 'sum',
  avg: 'avg',
  mean: 'avg',
  min: 'min',
  max: 'max',
};

/** What the text may call; for suggestions and the documentation. */
export const AGGREGATE_NAMES: readonly string[] = Object.keys(ALIASES);

function aggregateName(syntax: CallSyntax): Name | undefined {
  const wanted = syntax.name.text.toLowerCase();
  return Object.hasOwn(ALIASES, wanted) ? ALIASES[wanted] : undefined;
}

export function isAggregate(syntax: CallSyntax): boolean {
  return aggregateName(syntax) !== undefined;
}

export function checkAggregate(checker: ExpressionChecker, syntax: CallSyntax): Expression | undefined {
  const { context, scope } = checker;
  const { span } = syntax;
  const name = aggregateName(syntax);
  const { sink } = scope;
  if (name === undefined) return undefined;
  if (sink === undefined) {
    const hint =
      scope.place === 'WHERE'
        ? 'a condition on a result stands in HAVING'
        : 'aggregate in a subquery or in a first job';
    return context.report('MISPLACED_AGGREGATE', span, [
      `${name} is an aggregate and cannot stand in ${scope.place}`,
      hint,
    ]);
  }
  const inner = checker.inside('an aggregate');
  const filter = syntax.filter === undefined ? 'none' : checkFilter(inner, syntax.filter);
  const argument = checkArgument(inner, name, syntax);
  if (filter === undefined || argument === undefined) return undefined;
  const counted = argument === 'star' ? { name: 'count_star' as const, argument: undefined } : { name, argument };
  const type = argument === 'star' ? BIGINT : resultType(name, typeOf(argument));
  const nullable = type !== BIGINT || name === 'sum' || name === 'min' || name === 'max';
  return sink.add({ ...counted, filter: filter === 'none' ? undefined : filter, type, nullable, span });
}

function checkFilter(inner: ExpressionChecker, syntax: Syntax): Expression | undefined {
  const checked = inner.check(syntax);
  return checked && inner.condition(checked, 'FILTER');
}

function checkArgument(inner: ExpressionChecker, name: Name, syntax: CallSyntax): Expression | 'star' | undefined {
  const { context } = inner;
  if (syntax.star) {
    if (name === 'count') return 'star';
    return context.report('ARGUMENT_COUNT', syntax.span, [
      `${name}(*) is no aggregate`,
      `write ${name}(column), or count(*)`,
    ]);
  }
  const [argument, another] = syntax.args;
  if (argument === undefined || another !== undefined || syntax.words.length > 0) {
    const hint = name === 'count' ? 'count(*) counts rows, count(x) those whose x is not NULL' : `write ${name}(x)`;
    return context.report('ARGUMENT_COUNT', syntax.span, [
      `${name} takes one argument, not ${syntax.args.length}`,
      hint,
    ]);
  }
  const checked = inner.check(argument);
  return checked && coerceArgument(inner, name, checked);
}

/** sum and avg count with a STRING as DOUBLE, as Spark does. */
function coerceArgument(inner: ExpressionChecker, name: Name, argument: Expression): Expression | undefined {
  const type = typeOf(argument);
  const refuse = (needs: string, hint: string): undefined =>
    inner.context.report('TYPE_MISMATCH', argument.span, [`${name} needs ${needs}, this is ${typeText(type)}`, hint]);
  switch (name) {
    case 'sum':
    case 'avg':
      if (isNumeric(type)) return argument;
      if (type.name === 'STRING' || type.name === 'VOID') return castTo(argument, DOUBLE);
      return refuse(
        'a number',
        type.name === 'BOOLEAN' ? 'count the true ones: count_if(condition)' : 'cast it to a number',
      );
    case 'count_if':
      if (type.name === 'BOOLEAN' || type.name === 'VOID') return castTo(argument, BOOLEAN);
      return refuse('a BOOLEAN', 'write a condition: count_if(x > 0); count(x) counts those that are not NULL');
    case 'min':
    case 'max':
      if (isOrderable(type)) return argument;
      return refuse(
        'values with an order',
        type.name === 'MAP' ? `take one value: properties['key']` : 'take one end: window.start',
      );
    default:
      return argument;
  }
}

function resultType(name: Name, type: DataType): DataType {
  switch (name) {
    case 'sum':
      if (type.name === 'DECIMAL') return decimal(Math.min(38, type.precision + 10), type.scale);
      return isIntegral(type) ? BIGINT : DOUBLE;
    case 'avg': {
      if (type.name !== 'DECIMAL') return DOUBLE;
      const [precision, scale] = [Math.min(38, type.precision + 4), Math.min(38, type.scale + 4)];
      return decimal(precision, scale);
    }
    case 'min':
    case 'max':
      return type;
    default:
      return BIGINT;
  }
}
