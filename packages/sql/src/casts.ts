import { isNullable, typeOf } from './expression-tools.js';
import type { DataType, Expression, LiteralValue } from './plan.js';
import { sameType } from './types.js';

/** Casts that the checker adds. Literals are converted here and now, where that cannot lose anything. */

export function castTo(expression: Expression, type: DataType): Expression {
  const from = typeOf(expression);
  if (sameType(from, type)) return expression;
  if (expression.kind === 'literal') {
    const value = convertLiteral(expression.value, from, type);
    if (value !== undefined) return { kind: 'literal', value, type, span: expression.span };
  }
  return {
    kind: 'cast',
    operand: expression,
    type,
    mode: 'ansi',
    nullable: isNullable(expression),
    span: expression.span,
  };
}

/** The value in the wider type, or undefined where the conversion is not exact or not simple. */
function convertLiteral(value: LiteralValue, from: DataType, to: DataType): LiteralValue | undefined {
  if (value === null) return null;
  const integral = from.name === 'INT' || from.name === 'BIGINT';
  const exact = typeof value === 'number' || typeof value === 'bigint';
  if (!exact) return undefined;
  if (integral && to.name === 'BIGINT') return BigInt(value);
  if (integral && to.name === 'DOUBLE' && Number.isSafeInteger(Number(value))) return Number(value);
  if (integral && to.name === 'DECIMAL') return rescale(BigInt(value), 0, to);
  if (from.name === 'DECIMAL' && to.name === 'DECIMAL') return rescale(BigInt(value), from.scale, to);
  if (from.name === 'DECIMAL' && to.name === 'DOUBLE') return Number(decimalText(BigInt(value), from.scale));
  return undefined;
}

function rescale(unscaled: bigint, scale: number, to: Extract<DataType, { name: 'DECIMAL' }>): bigint | undefined {
  if (to.scale < scale) return undefined;
  const scaled = unscaled * 10n ** BigInt(to.scale - scale);
  return String(scaled).replace('-', '').length <= to.precision ? scaled : undefined;
}

/** An unscaled value as a number is written: (-5, 2) is -0.05. */
export function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const sign = unscaled < 0n ? '-' : '';
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
