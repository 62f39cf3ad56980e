import type { DataType, LiteralValue } from './plan.js';
import { BIGINT, type Decimal, DOUBLE, isIntegral, isNumeric, sameType } from './types.js';

/**
 * Spark 4's implicit conversions with ANSI mode on (AnsiTypeCoercion, DecimalPrecision): the least common type of
 * operands, the result types of decimal arithmetic, and which casts are made without being written.
 */

const PRECISION_MAX = 38;
/** Scale that a result keeps at least when its precision must be cut. */
const SCALE_KEPT = 6;

export function decimal(precision: number, scale: number): Decimal {
  return { name: 'DECIMAL', precision, scale };
}

/** The DECIMAL that holds every value of an integral type. */
export function asDecimal(type: DataType): Decimal | undefined {
  if (type.name === 'DECIMAL') return type;
  if (type.name === 'INT') return decimal(10, 0);
  return type.name === 'BIGINT' ? decimal(20, 0) : undefined;
}

/** In arithmetic and comparison an integral literal counts with its own digits: `price * 100` is narrow. */
export function literalAsDecimal(value: LiteralValue): Decimal | undefined {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  return decimal(String(value).replace('-', '').length, 0);
}

/** Cuts a precision above 38: whole digits first, but at least six decimals (or all, if there are fewer). */
function adjusted(precision: number, scale: number): Decimal {
  if (precision <= PRECISION_MAX) return decimal(precision, scale);
  const whole = precision - scale;
  return decimal(PRECISION_MAX, Math.max(PRECISION_MAX - whole, Math.min(scale, SCALE_KEPT)));
}

export type Arithmetic = 'add' | 'subtract' | 'multiply' | 'divide' | 'remainder';

/** Result type of decimal arithmetic. */
export function decimalResult(operator: Arithmetic, left: Decimal, right: Decimal): Decimal {
  const whole = [left.precision - left.scale, right.precision - right.scale] as const;
  const scale = Math.max(left.scale, right.scale);
  switch (operator) {
    case 'add':
    case 'subtract':
      return adjusted(Math.max(...whole) + scale + 1, scale);
    case 'multiply':
      return adjusted(left.precision + right.precision + 1, left.scale + right.scale);
    case 'divide': {
      const quotientScale = Math.max(SCALE_KEPT, left.scale + right.precision + 1);
      return adjusted(whole[0] + right.scale + quotientScale, quotientScale);
    }
    case 'remainder':
      return adjusted(Math.min(...whole) + scale, scale);
  }
}

/** The narrowest DECIMAL for the values of both; beyond 38 digits the whole part is kept and the scale cut. */
export function widerDecimal(left: Decimal, right: Decimal): Decimal {
  const scale = Math.max(left.scale, right.scale);
  const whole = Math.max(left.precision - left.scale, right.precision - right.scale);
  if (whole + scale <= PRECISION_MAX) return decimal(whole + scale, scale);
  return decimal(PRECISION_MAX, Math.max(0, PRECISION_MAX - whole));
}

function commonNumeric(left: DataType, right: DataType): DataType {
  if (isIntegral(left) && isIntegral(right)) return BIGINT;
  const [leftDecimal, rightDecimal] = [asDecimal(left), asDecimal(right)];
  // FLOAT with anything but FLOAT is DOUBLE: it could not hold an INT or DECIMAL.
  return leftDecimal !== undefined && rightDecimal !== undefined ? widerDecimal(leftDecimal, rightDecimal) : DOUBLE;
}

/** Whether a STRING may stand for the other type: `promote` where Spark does so, `keep` for greatest and least. */
export type TextRule = 'promote' | 'keep';

/** The least common type, or undefined if there is none. */
export function commonType(left: DataType, right: DataType, text: TextRule = 'promote'): DataType | undefined {
  if (sameType(left, right)) return left;
  if (left.name === 'VOID') return right;
  if (right.name === 'VOID') return left;
  if (isNumeric(left) && isNumeric(right)) return commonNumeric(left, right);
  if (text === 'keep') return undefined;
  if (left.name === 'STRING') return promotedText(right);
  return right.name === 'STRING' ? promotedText(left) : undefined;
}

/** What a STRING becomes beside a value of another type. */
export function promotedText(other: DataType): DataType | undefined {
  if (isIntegral(other)) return BIGINT;
  if (isNumeric(other)) return DOUBLE;
  return other.name === 'BOOLEAN' || other.name === 'TIMESTAMP' || other.name === 'BINARY' ? other : undefined;
}

/** Whether an argument of one type is cast to a parameter's type without being asked. */
export function castsImplicitly(from: DataType, to: DataType['name']): boolean {
  if (from.name === to || from.name === 'VOID') return true;
  switch (to) {
    case 'STRING':
      return from.name !== 'MAP' && from.name !== 'WINDOW';
    case 'BINARY':
    case 'TIMESTAMP':
      return from.name === 'STRING';
    case 'INT':
    case 'BIGINT':
    case 'FLOAT':
    case 'DOUBLE':
      return from.name === 'STRING' || isNumeric(from);
    default:
      return false;
  }
}

/** Casts that may be written: Spark's ANSI table, and `try_cast` has the same. */
export function castsExplicitly(from: DataType, to: DataType): boolean {
  if (from.name === 'VOID' || from.name === to.name) return true;
  if (from.name === 'WINDOW' || from.name === 'MAP') return false;
  switch (to.name) {
    case 'STRING':
      return true;
    case 'BINARY':
      return from.name === 'STRING';
    case 'BOOLEAN':
      return from.name === 'STRING' || isNumeric(from);
    case 'TIMESTAMP':
      return from.name === 'STRING' || isNumeric(from);
    case 'MAP':
    case 'WINDOW':
    case 'VOID':
      return false;
    default:
      return from.name === 'STRING' || isNumeric(from) || from.name === 'BOOLEAN' || from.name === 'TIMESTAMP';
  }
}
