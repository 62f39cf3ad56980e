import { castTo } from './casts.js';
import {
  type Arithmetic,
  asDecimal,
  commonType,
  decimalResult,
  literalAsDecimal,
  promotedText,
  type TextRule,
} from './coercion.js';
import type { CheckContext } from './context.js';
import { booleanCall, isNullable, typeOf } from './expression-tools.js';
import type { OperatorName } from './operators.js';
import type { DataType, Expression, Span } from './plan.js';
import type { BinaryOperator } from './syntax.js';
import {
  BIGINT,
  BINARY,
  BOOLEAN,
  type Decimal,
  DOUBLE,
  isIntegral,
  isNumeric,
  isOrderable,
  STRING,
  typeText,
} from './types.js';

/** Operators: arithmetic, comparison, logic and `||`, with Spark's result types. */

type Pair = readonly [Expression, Expression];

const ARITHMETIC: Readonly<Record<'+' | '-' | '*' | '%' | '/', Arithmetic>> = {
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '%': 'remainder',
  '/': 'divide',
};

function mismatch(context: CheckContext, operator: string, operands: readonly Expression[], span: Span): undefined {
  const types = operands.map(typeOf);
  const shown = types.map(typeText).join(' and ');
  return context.report('TYPE_MISMATCH', span, [`${operator} does not take ${shown}`, hintFor(operator, types)]);
}

function hintFor(operator: string, types: readonly DataType[]): string {
  const names = types.map(({ name }) => name);
  if (operator === '+' && names.every((name) => name === 'STRING'))
    return 'texts are joined by ||; numbers: CAST(body AS DOUBLE)';
  if (names.includes('TIMESTAMP')) return 'count with unix_millis(time), and come back with timestamp_millis(number)';
  if (names.includes('STRING'))
    return 'write CAST(body AS INT), or try_cast(body AS DOUBLE) to get NULL for a bad text';
  if (names.includes('MAP')) return `take one value: CAST(properties['key'] AS INT)`;
  if (names.includes('BOOLEAN')) return 'write CAST(x AS INT): 1 for true, 0 for false';
  return operator === 'DIV'
    ? 'DIV takes integers and DECIMAL; / divides every number'
    : 'cast one to the type of the other';
}

/** The type that an operand counts with beside the other: a STRING becomes a number, a NULL takes the other's type. */
function numericOperand(type: DataType, other: DataType): DataType | undefined {
  if (isNumeric(type)) return type;
  if (!isNumeric(other)) return undefined;
  if (type.name === 'VOID') return other;
  return type.name === 'STRING' ? promotedText(other) : undefined;
}

export function checkArithmetic(
  context: CheckContext,
  operator: '+' | '-' | '*' | '%' | '/' | 'DIV',
  [left, right]: Pair,
  span: Span,
): Expression | undefined {
  const types = [numericOperand(typeOf(left), typeOf(right)), numericOperand(typeOf(right), typeOf(left))] as const;
  const [leftType, rightType] = types;
  if (leftType === undefined || rightType === undefined) return mismatch(context, operator, [left, right], span);
  const operands = [castTo(left, leftType), castTo(right, rightType)] as const;
  if (operator === 'DIV') return integerDivision(context, operands, span);
  return arithmetic(ARITHMETIC[operator], operands, span);
}

const SYMBOLS: Readonly<Record<Arithmetic, '+' | '-' | '*' | '%' | '/'>> = {
  add: '+',
  subtract: '-',
  multiply: '*',
  remainder: '%',
  divide: '/',
};

/** `mod(x, y)` and the `try_` functions: as the operator, which then gives NULL where it would fail. */
export function namedArithmetic(
  context: CheckContext,
  { operator, as }: { readonly operator: Arithmetic; readonly as: string },
  operands: Pair,
  span: Span,
): Expression | undefined {
  const checked = checkArithmetic(context, SYMBOLS[operator], operands, span);
  if (checked?.kind !== 'call' || as === operator) return checked;
  return { ...checked, name: as, nullable: true };
}

function arithmetic(name: Arithmetic, operands: Pair, span: Span): Expression {
  const nullable = operands.some(isNullable);
  const decimals = decimalOperands(operands);
  if (decimals !== undefined) {
    const [left, right] = decimals;
    const type = decimalResult(name, typeOf(left) as Decimal, typeOf(right) as Decimal);
    return { kind: 'call', name, args: decimals, type, nullable, span };
  }
  const [left, right] = operands;
  const type = name === 'divide' ? DOUBLE : (commonType(typeOf(left), typeOf(right)) ?? DOUBLE);
  return { kind: 'call', name, args: operands.map((operand) => castTo(operand, type)), type, nullable, span };
}

/** Both operands as DECIMAL, if one is and the other is exact too. */
function decimalOperands(operands: Pair): readonly [Expression, Expression] | undefined {
  if (!operands.some((operand) => typeOf(operand).name === 'DECIMAL')) return undefined;
  const cast = operands.map((operand) => {
    const type = typeOf(operand);
    const literal = operand.kind === 'literal' && isIntegral(type) ? literalAsDecimal(operand.value) : undefined;
    const target = literal ?? asDecimal(type);
    return target === undefined ? undefined : castTo(operand, target);
  });
  const [left, right] = cast;
  return left === undefined || right === undefined ? undefined : [left, right];
}

function integerDivision(context: CheckContext, operands: Pair, span: Span): Expression | undefined {
  const nullable = operands.some(isNullable);
  const make = (args: readonly Expression[]): Expression => ({
    kind: 'call',
    name: 'integer_divide',
    args,
    type: BIGINT,
    nullable,
    span,
  });
  if (operands.every((operand) => isIntegral(typeOf(operand))))
    return make(operands.map((operand) => castTo(operand, BIGINT)));
  const decimals = decimalOperands(operands);
  return decimals === undefined ? mismatch(context, 'DIV', operands, span) : make(decimals);
}

export function checkNegation(
  context: CheckContext,
  sign: '-' | '+',
  operand: Expression,
  span: Span,
): Expression | undefined {
  const from = typeOf(operand);
  const type = from.name === 'STRING' || from.name === 'VOID' ? DOUBLE : from;
  if (!isNumeric(type)) return mismatch(context, sign, [operand], span);
  const cast = castTo(operand, type);
  if (sign === '+') return { ...cast, span };
  return { kind: 'call', name: 'negate', args: [cast], type, nullable: isNullable(operand), span };
}

const COMPARISONS: Readonly<Partial<Record<BinaryOperator, OperatorName>>> = {
  '=': 'eq',
  '<>': 'not_eq',
  '<': 'lt',
  '<=': 'lte',
  '>': 'gt',
  '>=': 'gte',
  '<=>': 'null_safe_eq',
};

export function comparisonName(operator: '=' | '<>' | '<' | '<=' | '>' | '>=' | '<=>'): OperatorName {
  return COMPARISONS[operator] ?? 'eq';
}

export function checkComparison(
  context: CheckContext,
  name: OperatorName,
  operands: Pair,
  span: Span,
): Expression | undefined {
  const type = commonTypeOf(context, operands, { what: 'the two sides', span });
  if (type === undefined) return undefined;
  if (!isOrderable(type)) {
    const hint = type.name === 'MAP' ? `compare one value: properties['key'] = 'x'` : 'compare one end: window.start';
    return context.report('TYPE_MISMATCH', span, [`values of ${typeText(type)} cannot be compared`, hint]);
  }
  const args = operands.map((operand) => castTo(operand, type));
  return booleanCall(name, args, span, name === 'null_safe_eq' ? 'never-null' : undefined);
}

interface CommonOptions {
  /** For the message: what must agree. */
  readonly what: string;
  readonly span: Span;
  /** Default: promote. */
  readonly text?: TextRule;
}

/** The least common type of all, or undefined after a report. */
export function commonTypeOf(
  context: CheckContext,
  list: readonly Expression[],
  options: CommonOptions,
): DataType | undefined {
  const types = list.map(typeOf);
  let common: DataType | undefined = { name: 'VOID' };
  for (const type of types) common = common && commonType(common, type, options.text);
  if (common !== undefined) return common;
  const shown = [...new Set(types.map(typeText))].join(' and ');
  return context.report('TYPE_MISMATCH', options.span, [
    `${options.what} have no common type: ${shown}`,
    'write CAST(… AS …) on one of them',
  ]);
}

export function checkLogic(
  context: CheckContext,
  name: 'and' | 'or' | 'not',
  operands: readonly Expression[],
  span: Span,
): Expression | undefined {
  const wrong = operands.filter((operand) => !['BOOLEAN', 'VOID'].includes(typeOf(operand).name));
  for (const operand of wrong) {
    const type = typeText(typeOf(operand));
    context.report('TYPE_MISMATCH', operand.span, [
      `${name.toUpperCase()} needs a BOOLEAN, this is ${type}`,
      'compare it: value <> 0',
    ]);
  }
  if (wrong.length > 0) return undefined;
  return booleanCall(
    name,
    operands.map((operand) => castTo(operand, BOOLEAN)),
    span,
  );
}

/** `||` and concat(): BINARY if all parts are, else STRING. A chain of || becomes one call. */
export function joinTexts(context: CheckContext, parts: readonly Expression[], span: Span): Expression | undefined {
  const type = parts.length > 0 && parts.every((part) => typeOf(part).name === 'BINARY') ? BINARY : STRING;
  for (const part of parts) {
    if (isOrderable(typeOf(part))) continue;
    return context.report('TYPE_MISMATCH', part.span, [
      `${typeText(typeOf(part))} cannot be joined to a text`,
      'take one value of it',
    ]);
  }
  const args = parts.map((part) => castTo(part, type)).flatMap((part) => (isJoin(part, type) ? part.args : [part]));
  return { kind: 'call', name: 'concat', args, type, nullable: parts.some(isNullable), span };
}

function isJoin(part: Expression, type: DataType): part is Extract<Expression, { kind: 'call' }> {
  return part.kind === 'call' && part.name === 'concat' && part.type.name === type.name;
}
