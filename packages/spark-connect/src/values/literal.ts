import type { MessageInitShape } from '@bufbuild/protobuf';
import { SparkClientError } from '../errors.js';
import type { ExpressionSchema } from '../generated/expressions_pb.js';
import { CalendarInterval, DayTimeInterval, LocalTimestamp, parseDate, Timestamp, YearMonthInterval } from './time.js';
import { arrayValue, type LiteralType, mapValue, plain, type TypedValue, toWireLiteral, VOID } from './typed-value.js';

type WireExpression = MessageInitShape<typeof ExpressionSchema>;

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;
const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;
const DECIMAL_PRECISION_MAX = 38;
/** Deeper values are refused: one that holds itself would never end. */
const DEPTH_MAX = 64;

/** A value whose SQL type was chosen by hand. */
export class TypedLiteral {
  readonly literalType: LiteralType;

  constructor(literalType: LiteralType) {
    this.literalType = literalType;
  }
}

/**
 * What may stand for a parameter of a SQL text.
 *
 * | JavaScript | SQL type |
 * |---|---|
 * | `null`, `boolean`, `string`, `Uint8Array` | VOID, BOOLEAN, STRING, BINARY |
 * | `number` | INT or BIGINT if it is whole, else DOUBLE |
 * | `bigint` | BIGINT |
 * | `Date`, `Timestamp` | TIMESTAMP |
 * | `LocalTimestamp`, the intervals | TIMESTAMP_NTZ, INTERVAL |
 * | array, `Map` | ARRAY, MAP of the common type of the elements |
 * | `literal.decimal('1.20')` and its like | what the name says |
 */
export type LiteralValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Date
  | Timestamp
  | LocalTimestamp
  | YearMonthInterval
  | DayTimeInterval
  | CalendarInterval
  | TypedLiteral
  | readonly LiteralValue[]
  | ReadonlyMap<LiteralValue, LiteralValue>;

function whole(value: number, min: number, max: number, type: string): number {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new SparkClientError(`${value} is no ${type}: it may be a whole number from ${min} to ${max}`);
  return value;
}

function long(value: bigint): bigint {
  if (value < LONG_MIN || value > LONG_MAX)
    throw new SparkClientError(`${value} does not fit into BIGINT; literal.decimal takes up to 38 digits`);
  return value;
}

/** Values of SQL types that JavaScript has no type for. */
export const literal = {
  byte: (value: number) => new TypedLiteral({ case: 'byte', value: whole(value, -128, 127, 'TINYINT') }),
  short: (value: number) => new TypedLiteral({ case: 'short', value: whole(value, -32768, 32767, 'SMALLINT') }),
  int: (value: number) => new TypedLiteral({ case: 'integer', value: whole(value, INT_MIN, INT_MAX, 'INT') }),
  long: (value: number | bigint) => new TypedLiteral({ case: 'long', value: long(BigInt(value)) }),
  float: (value: number) => new TypedLiteral({ case: 'float', value }),
  double: (value: number) => new TypedLiteral({ case: 'double', value }),

  /** Digits as text: `1.20` is a DECIMAL(3,2). */
  decimal(text: string): TypedLiteral {
    const match = /^[+-]?(\d*)(?:\.(\d*))?$/.exec(text);
    const [, before = '', after = ''] = match ?? [];
    if (match === null || before + after === '') throw new SparkClientError(`"${text}" is no decimal number`);
    const digits = before.replace(/^0+/, '').length + after.length;
    if (digits > DECIMAL_PRECISION_MAX)
      throw new SparkClientError(`${text} has ${digits} digits; DECIMAL holds ${DECIMAL_PRECISION_MAX}`);
    const precision = Math.max(digits, after.length, 1);
    return new TypedLiteral({ case: 'decimal', value: { value: text, precision, scale: after.length } });
  },

  /** `YYYY-MM-DD`. */
  date(text: string): TypedLiteral {
    const days = parseDate(text);
    if (days === undefined) throw new SparkClientError(`"${text}" is no date like 2026-11-24`);
    return new TypedLiteral({ case: 'date', value: days });
  },
} as const;

function numberLiteral(value: number): LiteralType {
  if (!Number.isInteger(value) || Object.is(value, -0)) return { case: 'double', value };
  if (value >= INT_MIN && value <= INT_MAX) return { case: 'integer', value };
  return Number.isSafeInteger(value) ? { case: 'long', value: BigInt(value) } : { case: 'double', value };
}

function momentLiteral({ epochMicroseconds, nanosecond }: Timestamp | LocalTimestamp): bigint {
  if (nanosecond !== 0) throw new SparkClientError('a TIMESTAMP parameter has microseconds, not nanoseconds');
  return epochMicroseconds;
}

function objectLiteral(value: object): LiteralType {
  if (value instanceof TypedLiteral) return value.literalType;
  if (value instanceof Uint8Array) return { case: 'binary', value: Uint8Array.from(value) };
  if (value instanceof Date) return { case: 'timestamp', value: Timestamp.fromDate(value).epochMicroseconds };
  if (value instanceof Timestamp) return { case: 'timestamp', value: momentLiteral(value) };
  if (value instanceof LocalTimestamp) return { case: 'timestampNtz', value: momentLiteral(value) };
  if (value instanceof YearMonthInterval) return { case: 'yearMonthInterval', value: value.months };
  if (value instanceof DayTimeInterval) return { case: 'dayTimeInterval', value: value.microseconds };
  if (value instanceof CalendarInterval) {
    const { months, days, microseconds } = value;
    return { case: 'calendarInterval', value: { months, days, microseconds } };
  }
  throw new SparkClientError('a parameter is a plain value, an array or a Map; see LiteralValue');
}

/** The value with its type, as far as it can be seen; the parts of arrays and maps get their common type. */
export function toTypedValue(value: LiteralValue, depth = 0): TypedValue {
  if (depth > DEPTH_MAX) throw new SparkClientError(`a parameter is nested more than ${DEPTH_MAX} deep`);
  switch (typeof value) {
    case 'boolean':
      return plain({ case: 'boolean', value });
    case 'number':
      return plain(numberLiteral(value));
    case 'bigint':
      return plain({ case: 'long', value: long(value) });
    case 'string':
      return plain({ case: 'string', value });
    case 'object':
      break;
    default:
      throw new SparkClientError(`a parameter cannot be ${typeof value}`);
  }
  if (value === null) return VOID;
  if (Array.isArray(value)) return arrayValue(value.map((part: LiteralValue) => toTypedValue(part, depth + 1)));
  if (value instanceof Map) {
    const parts = (values: Iterable<LiteralValue>) => Array.from(values, (part) => toTypedValue(part, depth + 1));
    return mapValue(parts(value.keys()), parts(value.values()));
  }
  return plain(objectLiteral(value));
}

/** A value as an expression. */
export function literalExpression(value: LiteralValue): WireExpression {
  return { exprType: { case: 'literal', value: toWireLiteral(toTypedValue(value)) } };
}

/** An expression as SQL text, which the server parses. */
export function textExpression(expression: string): WireExpression {
  return { exprType: { case: 'expressionString', value: { expression } } };
}
