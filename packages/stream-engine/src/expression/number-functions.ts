/** Functions of numbers. Arguments keep their own type here: INT and DOUBLE number, BIGINT and DECIMAL bigint. */
import type { DataType } from '@millrace/sql';
import { RowError } from '../errors.js';
import { formatDouble } from '../text/format-number.js';
import { parseDecimal } from '../text/parse-number.js';
import type { Value } from '../vector.js';
import { compareValues } from './comparison.js';
import { checkPrecision, divideRounded, powerOfTen, rescale } from './decimal.js';
import { bound, type FunctionTable, literalOf, total, variadic } from './function-table.js';
import type { RowFunction } from './row-function.js';

function checkInteger(value: bigint, type: DataType): Value {
  const bits = type.name === 'INT' ? 32 : 64;
  if (BigInt.asIntN(bits, value) !== value)
    throw new RowError('ARITHMETIC_OVERFLOW', `${value} does not fit in ${type.name}`);
  return type.name === 'INT' ? Number(value) : value;
}

function absolute(type: DataType): RowFunction {
  if (type.name === 'INT' || type.name === 'BIGINT')
    return ([x]) => checkInteger(BigInt(x as number) < 0n ? -BigInt(x as number) : BigInt(x as number), type);
  if (type.name === 'DECIMAL') return ([x]) => ((x as bigint) < 0n ? -(x as bigint) : (x as bigint));
  return ([x]) => Math.abs(x as number);
}

/** A DOUBLE that became whole, as BIGINT. NaN is 0, as in Spark. */
function toLong(whole: number): bigint {
  if (Number.isNaN(whole)) return 0n;
  if (whole >= 2 ** 63 || whole < -(2 ** 63))
    throw new RowError('ARITHMETIC_OVERFLOW', `${formatDouble(whole)} does not fit in BIGINT`);
  return BigInt(whole);
}

function wholeNumber(direction: 'up' | 'down', from: DataType): RowFunction {
  if (from.name === 'DECIMAL') {
    const unit = powerOfTen(from.scale);
    return ([value]) => {
      const x = value as bigint;
      const truncated = x / unit;
      if (x % unit === 0n) return truncated;
      if (direction === 'up') return x > 0n ? truncated + 1n : truncated;
      return x < 0n ? truncated - 1n : truncated;
    };
  }
  const round = direction === 'up' ? Math.ceil : Math.floor;
  return ([value]) => (typeof value === 'bigint' ? value : toLong(round(value as number)));
}

function rounding(from: DataType, to: DataType, scale: number): RowFunction {
  if (from.name === 'DECIMAL' && to.name === 'DECIMAL')
    return ([x]) => {
      const kept = Math.min(scale, from.scale);
      return checkPrecision(rescale(rescale(x as bigint, from.scale, kept), kept, to.scale), to, 'ansi');
    };
  if (from.name === 'INT' || from.name === 'BIGINT') {
    if (scale >= 0) return ([x]) => x!;
    const unit = powerOfTen(Math.min(-scale, 30));
    return ([x]) => checkInteger(divideRounded(BigInt(x as number), unit) * unit, from);
  }
  const finish = from.name === 'FLOAT' ? Math.fround : (x: number): number => x;
  return ([x]) => finish(roundDouble(x as number, scale));
}

/** Half up on the decimal digits that the number shows, as Java's BigDecimal of its text does. */
function roundDouble(x: number, scale: number): number {
  if (!Number.isFinite(x) || scale > 308) return x;
  const unscaled = parseDecimal(formatDouble(x), 700, Math.max(scale, 0));
  if (typeof unscaled !== 'bigint') return x;
  if (scale >= 0) return Number(`${unscaled}e${-scale}`);
  const unit = powerOfTen(Math.min(-scale, 400));
  return Number(divideRounded(BigInt(Math.trunc(x)), unit) * unit);
}

function extreme(direction: 1 | -1): RowFunction {
  return (args) => {
    let best: Value = null;
    for (const value of args)
      if (value !== null && (best === null || compareValues(value, best) * direction > 0)) best = value;
    return best;
  };
}

export const NUMBER_FUNCTIONS: FunctionTable = {
  abs: bound({ fallible: true }, (call) => absolute(call.type)),
  ceil: bound({ fallible: true }, (call) => wholeNumber('up', typeOf(call))),
  floor: bound({ fallible: true }, (call) => wholeNumber('down', typeOf(call))),
  round: bound({ fallible: true }, (call) => rounding(typeOf(call), call.type, literalOf(call, 1) as number)),
  sqrt: total((x: number) => Math.sqrt(x)),
  power: total((x: number, y: number) => x ** y),
  exp: total((x: number) => Math.exp(x)),
  ln: total((x: number) => (x <= 0 ? null : Math.log(x))),
  log10: total((x: number) => (x <= 0 ? null : Math.log10(x))),
  sign: total((x: number) => Math.sign(x)),
  greatest: variadic({ fallible: false }, extreme(1)),
  least: variadic({ fallible: false }, extreme(-1)),
};

/** The type of the first argument. */
function typeOf(call: { readonly args: readonly { readonly kind: string }[] }): DataType {
  const argument = call.args[0] as
    | { readonly kind: 'column'; readonly field: { readonly type: DataType } }
    | { readonly kind: 'literal'; readonly type: DataType };
  return argument.kind === 'column' ? argument.field.type : argument.type;
}
