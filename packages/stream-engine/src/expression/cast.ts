/**
 * CAST and try_cast between all types, by Spark's ANSI rules: what does not fit or is malformed fails the row, or is NULL
 * for try_cast. Text to numbers has a file of its own (cast-text.ts).
 */
import type { DataType } from '@millrace/sql';
import { RowError } from '../errors.js';
import { formatDecimal, formatDouble, formatFloat } from '../text/format-number.js';
import { parseBoolean, parseDecimal } from '../text/parse-number.js';
import { formatTimestamp, isTimestamp, parseTimestamp } from '../text/timestamp.js';
import type { MapValue, Value, WindowValue } from '../vector.js';
import { quoteShort, TextToNumber } from './cast-text.js';
import { checkPrecision, type DecimalType, powerOfTen, rescale } from './decimal.js';
import { type CastExpression, ConstantEvaluator, type Evaluator } from './evaluator.js';
import { NumberWidening } from './number-widening.js';
import { RowFunctionEvaluator } from './row-function.js';

/** A value of the target type, or undefined when the value is malformed, or 'overflow' when it does not fit. */
type Convert = (value: Exclude<Value, null>) => Value | undefined | typeof OVERFLOW;
const OVERFLOW = Symbol('overflow');

export function compileCast(cast: CastExpression, operand: Evaluator): Evaluator {
  const from = operand.type;
  const to = cast.type;
  if (sameType(from, to)) return operand;
  if (from.name === 'VOID' || operand.constant === null) return new ConstantEvaluator(null, to);
  const isTextToNumber = to.name === 'INT' || to.name === 'BIGINT' || to.name === 'FLOAT' || to.name === 'DOUBLE';
  if (from.name === 'STRING' && isTextToNumber) return new TextToNumber(cast, operand);
  if (NumberWidening.covers(from, to)) return new NumberWidening(to, operand);
  const convert = converterFor(from, to, cast.mode);
  const compute = ([value]: readonly Value[]): Value => {
    const converted = convert(value as Exclude<Value, null>);
    if (converted !== undefined && converted !== OVERFLOW) return converted as Value;
    if (cast.mode === 'try') return null;
    throw castError(value!, from, to, converted === OVERFLOW);
  };
  const fallible = cast.mode === 'ansi' && to.name !== 'STRING' && to.name !== 'BINARY';
  return new RowFunctionEvaluator(cast, [operand], compute, { nulls: 'strict', fallible });
}

export function sameType(left: DataType, right: DataType): boolean {
  if (left.name !== right.name) return false;
  if (left.name !== 'DECIMAL' || right.name !== 'DECIMAL') return true;
  return left.precision === right.precision && left.scale === right.scale;
}

function castError(value: Value, from: DataType, to: DataType, overflow: boolean): RowError {
  const shown = quoteShort(toText(value, from));
  const condition = to.name === 'DECIMAL' ? 'NUMERIC_VALUE_OUT_OF_RANGE' : 'CAST_OVERFLOW';
  if (overflow) return new RowError(condition, `${shown} does not fit in ${to.name}; use try_cast to get NULL`);
  return new RowError('CAST_INVALID_INPUT', `${shown} is no ${to.name}; use try_cast to get NULL instead`);
}

function converterFor(from: DataType, to: DataType, mode: 'ansi' | 'try'): Convert {
  switch (to.name) {
    case 'STRING':
      return (value) => toText(value, from);
    case 'BINARY':
      return (value) => (typeof value === 'string' ? Buffer.from(value) : value);
    case 'BOOLEAN':
      return (value) => (typeof value === 'string' ? parseBoolean(value) : Number(value) !== 0);
    case 'INT':
      return (value) => toInteger(value, from, 32);
    case 'BIGINT':
      return (value) => toInteger(value, from, 64);
    case 'DOUBLE':
      return (value) => toDouble(value, from);
    case 'FLOAT':
      return (value) => Math.fround(toDouble(value, from));
    case 'DECIMAL':
      return (value) => toDecimal(value, from, to, mode);
    case 'TIMESTAMP':
      return (value) => toTimestamp(value, from);
    default:
      throw new Error(`no cast from ${from.name} to ${to.name}`);
  }
}

/** As Spark shows a value: what CAST(… AS STRING) gives. */
export function toText(value: Value, type: DataType): string {
  if (value === null) return 'null';
  switch (type.name) {
    case 'FLOAT':
      return formatFloat(value as number);
    case 'DOUBLE':
      return formatDouble(value as number);
    case 'DECIMAL':
      return formatDecimal(value as bigint, type.scale);
    case 'TIMESTAMP':
      return formatTimestamp(value as number);
    case 'BINARY':
      return Buffer.from(value as Uint8Array).toString('utf8');
    case 'MAP':
      return `{${[...(value as MapValue)].map(([key, item]) => `${key} -> ${item}`).join(', ')}}`;
    case 'WINDOW': {
      const window = value as WindowValue;
      return `{${formatTimestamp(window.startUs)}, ${formatTimestamp(window.endUs)}}`;
    }
    default:
      return String(value);
  }
}

function toInteger(value: Value, from: DataType, bits: 32 | 64): Value | typeof OVERFLOW {
  const whole = wholePart(value, from);
  if (whole === OVERFLOW || BigInt.asIntN(bits, whole) !== whole) return OVERFLOW;
  return bits === 32 ? Number(whole) : whole;
}

function wholePart(value: Value, from: DataType): bigint | typeof OVERFLOW {
  if (from.name === 'DECIMAL') return (value as bigint) / powerOfTen(from.scale);
  if (typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  const number = from.name === 'TIMESTAMP' ? Math.floor((value as number) / 1e6) : Math.trunc(value as number);
  return Number.isFinite(number) ? BigInt(number) : OVERFLOW;
}

function toDouble(value: Value, from: DataType): number {
  // Through the decimal text, which the runtime rounds correctly.
  if (from.name === 'DECIMAL') return Number(formatDecimal(value as bigint, from.scale));
  if (from.name === 'TIMESTAMP') return (value as number) / 1e6;
  return Number(value);
}

function toDecimal(
  value: Value,
  from: DataType,
  to: DecimalType,
  mode: 'ansi' | 'try',
): Value | undefined | typeof OVERFLOW {
  if (from.name === 'DECIMAL') return checkPrecision(rescale(value as bigint, from.scale, to.scale), to, mode);
  if (typeof value === 'bigint') return checkPrecision(value * powerOfTen(to.scale), to, mode);
  if (typeof value === 'boolean') return checkPrecision((value ? 1n : 0n) * powerOfTen(to.scale), to, mode);
  const text = typeof value === 'string' ? value : formatDouble(toDouble(value, from));
  const parsed = parseDecimal(text, to.precision, to.scale);
  return parsed === 'overflow' ? OVERFLOW : parsed;
}

function toTimestamp(value: Value, from: DataType): Value | undefined | typeof OVERFLOW {
  if (typeof value === 'string') return parseTimestamp(value);
  const seconds = toDouble(value, from);
  if (!Number.isFinite(seconds)) return undefined;
  const microseconds = typeof value === 'bigint' || from.name === 'INT' ? seconds * 1e6 : Math.trunc(seconds * 1e6);
  return isTimestamp(microseconds) ? microseconds : OVERFLOW;
}
