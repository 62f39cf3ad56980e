/** Functions of TIMESTAMP: microseconds since the epoch, in UTC. */
import { RowError } from '../errors.js';
import { parseDatePattern } from '../text/date-pattern.js';
import { daysOf, isTimestamp, parseTimestamp, timestampParts } from '../text/timestamp.js';
import { quoteShort } from './cast-text.js';
import type { CallExpression } from './evaluator.js';
import { bound, type FunctionTable, literalOf, partial, total } from './function-table.js';
import type { RowFunction } from './row-function.js';

const SECOND = 1e6;
const UNITS: Readonly<Record<string, number>> = {
  MICROSECOND: 1,
  MILLISECOND: 1000,
  SECOND,
  MINUTE: 60 * SECOND,
  HOUR: 3600 * SECOND,
  DAY: 86_400 * SECOND,
  DD: 86_400 * SECOND,
};
/** 1970-01-05, the first Monday: weeks begin on Mondays. */
const FIRST_MONDAY = 4 * 86_400 * SECOND;
const WEEK = 7 * 86_400 * SECOND;

function truncate(unit: string): (time: number) => number | null {
  const size = UNITS[unit];
  if (size !== undefined) return (time) => Math.floor(time / size) * size;
  const monthStart = (time: number, monthOf: (month: number) => number): number => {
    const { year, month } = timestampParts(time);
    return daysOf(year, monthOf(month), 1)! * 86_400 * SECOND;
  };
  switch (unit) {
    case 'WEEK':
      return (time) => Math.floor((time - FIRST_MONDAY) / WEEK) * WEEK + FIRST_MONDAY;
    case 'MONTH':
    case 'MON':
    case 'MM':
      return (time) => monthStart(time, (month) => month);
    case 'QUARTER':
      return (time) => monthStart(time, (month) => month - ((month - 1) % 3));
    case 'YEAR':
    case 'YYYY':
    case 'YY':
      return (time) => monthStart(time, () => 1);
    default:
      return () => null;
  }
}

function fromUnix(scale: bigint): (value: bigint) => number {
  return (value) => {
    const microseconds = Number(value * scale);
    if (!isTimestamp(microseconds))
      throw new RowError('DATETIME_OVERFLOW', `${value} is beyond what a TIMESTAMP holds`);
    return microseconds;
  };
}

function toTimestamp(call: CallExpression, mode: 'ansi' | 'try'): RowFunction {
  const format = literalOf(call, 1) as string;
  const parse = format === '' ? parseTimestamp : parseDatePattern(format).parse;
  return ([text]) => {
    const parsed = parse(text as string);
    if (parsed !== undefined) return parsed;
    if (mode === 'try') return null;
    const shown = quoteShort(text as string);
    const hint = 'use try_to_timestamp to get NULL';
    if (format === '') throw new RowError('CAST_INVALID_INPUT', `${shown} is no TIMESTAMP; ${hint}`);
    throw new RowError('CANNOT_PARSE_TIMESTAMP', `${shown} is no time in the format ${format}; ${hint}`);
  };
}

export const TIME_FUNCTIONS: FunctionTable = {
  date_trunc: bound({ fallible: false }, (call) => {
    const cut = truncate((literalOf(call, 0) as string).toUpperCase());
    return ([, time]) => cut(time as number);
  }),
  date_format: bound({ fallible: false }, (call) => {
    const { format } = parseDatePattern(literalOf(call, 1) as string);
    return ([time]) => format(time as number);
  }),
  to_timestamp: bound({ fallible: true }, (call) => toTimestamp(call, 'ansi')),
  try_to_timestamp: bound({ fallible: false }, (call) => toTimestamp(call, 'try')),
  timestamp_seconds: partial(fromUnix(1_000_000n)),
  timestamp_millis: partial(fromUnix(1000n)),
  timestamp_micros: partial(fromUnix(1n)),
  unix_timestamp: total((time: number) => BigInt(Math.floor(time / SECOND))),
  unix_millis: total((time: number) => BigInt(Math.floor(time / 1000))),
  unix_micros: total((time: number) => BigInt(time)),
  year: total((time: number) => timestampParts(time).year),
  month: total((time: number) => timestampParts(time).month),
  day: total((time: number) => timestampParts(time).day),
  dayofweek: total((time: number) => timestampParts(time).dayOfWeek),
  hour: total((time: number) => timestampParts(time).hour),
  minute: total((time: number) => timestampParts(time).minute),
  second: total((time: number) => timestampParts(time).second),
};
