/** DECIMAL: unscaled bigint with the scale in the type. Rounding is half up, a result that does not fit is an error. */
import type { DataType } from '@millrace/sql';
import { RowError } from '../errors.js';
import { formatDecimal } from '../text/format-number.js';
import type { Value } from '../vector.js';
import type { RowFunction } from './row-function.js';

export type DecimalType = Extract<DataType, { name: 'DECIMAL' }>;

export function powerOfTen(exponent: number): bigint {
  return 10n ** BigInt(exponent);
}

/** Rounds half up, away from zero. */
export function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const rest = dividend % divisor;
  const twice = (rest < 0n ? -rest : rest) * 2n;
  if (twice < (divisor < 0n ? -divisor : divisor)) return quotient;
  return dividend < 0n !== divisor < 0n ? quotient - 1n : quotient + 1n;
}

export function rescale(unscaled: bigint, from: number, to: number): bigint {
  if (to >= from) return unscaled * powerOfTen(to - from);
  return divideRounded(unscaled, powerOfTen(from - to));
}

export function fits(unscaled: bigint, precision: number): boolean {
  const bound = powerOfTen(precision);
  return unscaled < bound && unscaled > -bound;
}

/** @returns the value, or null for mode `try`; @throws RowError when it does not fit and the mode is `ansi` */
export function checkPrecision(unscaled: bigint, type: DecimalType, mode: 'ansi' | 'try'): bigint | null {
  if (fits(unscaled, type.precision)) return unscaled;
  if (mode === 'try') return null;
  const shown = formatDecimal(unscaled, type.scale);
  throw new RowError(
    'NUMERIC_VALUE_OUT_OF_RANGE',
    `${shown} does not fit in DECIMAL(${type.precision},${type.scale}); cast to a wider DECIMAL, or use try_cast`,
  );
}

/** The operator over two DECIMALs of their own scales, with the result's scale and precision. */
export function decimalArithmetic(
  name: string,
  operands: readonly [DataType, DataType],
  result: DataType,
  mode: 'ansi' | 'try',
): RowFunction {
  const left = operands[0] as DecimalType;
  const right = operands[1] as DecimalType;
  const exact = exactOperation(name, left.scale, right.scale);
  const divides = name === 'divide' || name === 'integer_divide' || name === 'remainder';
  return (args): Value => {
    const a = args[0] as bigint;
    const b = args[1] as bigint;
    if (divides && b === 0n) {
      if (mode === 'try') return null;
      const condition = name === 'remainder' ? 'REMAINDER_BY_ZERO' : 'DIVIDE_BY_ZERO';
      throw new RowError(condition, 'the divisor is zero; nullif(divisor, 0) gives NULL instead');
    }
    if (result.name === 'DECIMAL') return checkPrecision(exact(a, b, result.scale), result, mode);
    const whole = exact(a, b, 0);
    if (BigInt.asIntN(64, whole) === whole) return whole;
    throw new RowError('ARITHMETIC_OVERFLOW', `${whole} does not fit in BIGINT`);
  };
}

type ExactOperation = (left: bigint, right: bigint, scale: number) => bigint;

function exactOperation(name: string, leftScale: number, rightScale: number): ExactOperation {
  const common = Math.max(leftScale, rightScale);
  const raiseLeft = powerOfTen(common - leftScale);
  const raiseRight = powerOfTen(common - rightScale);
  switch (name) {
    case 'add':
      return (left, right, scale) => rescale(left * raiseLeft + right * raiseRight, common, scale);
    case 'subtract':
      return (left, right, scale) => rescale(left * raiseLeft - right * raiseRight, common, scale);
    case 'multiply':
      return (left, right, scale) => rescale(left * right, leftScale + rightScale, scale);
    case 'divide':
      return (left, right, scale) => divideRounded(left * raiseLeft * powerOfTen(scale), right * raiseRight);
    case 'integer_divide':
      return (left, right) => (left * raiseLeft) / (right * raiseRight);
    case 'remainder':
      return (left, right, scale) => rescale((left * raiseLeft) % (right * raiseRight), common, scale);
    default:
      throw new Error(`no operator ${name} over DECIMAL`);
  }
}
