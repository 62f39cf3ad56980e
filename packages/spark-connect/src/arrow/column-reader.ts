import { type DataType as ArrowType, type Data, DateUnit, IntervalUnit, TimeUnit, Type } from 'apache-arrow';
import { SparkClientError } from '../errors.js';
import { formatDecimal, readInteger128 } from '../values/decimal.js';
import {
  CalendarInterval,
  DayTimeInterval,
  formatDate,
  formatTime,
  LocalTimestamp,
  Timestamp,
  YearMonthInterval,
} from '../values/time.js';
import type { Value } from '../values/value.js';

/**
 * Values of one Arrow column by position. It reads the buffers themselves: Arrow's own getters give times as numbers of
 * milliseconds and so lose digits.
 */
export type ColumnReader = (index: number) => Value;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Microseconds and the nanoseconds beyond, of a number in a unit. */
function toMicroseconds(value: bigint, unit: TimeUnit): { microseconds: bigint; nanosecond: number } {
  switch (unit) {
    case TimeUnit.SECOND:
      return { microseconds: value * 1_000_000n, nanosecond: 0 };
    case TimeUnit.MILLISECOND:
      return { microseconds: value * 1_000n, nanosecond: 0 };
    case TimeUnit.MICROSECOND:
      return { microseconds: value, nanosecond: 0 };
    case TimeUnit.NANOSECOND: {
      const nanosecond = ((value % 1000n) + 1000n) % 1000n;
      return { microseconds: (value - nanosecond) / 1000n, nanosecond: Number(nanosecond) };
    }
  }
}

/** Values of the kinds whose length varies lie between two offsets. */
function rangeReader<Result extends Value>(data: Data, read: (start: number, end: number) => Result): ColumnReader {
  const offsets = data.valueOffsets as Int32Array | BigInt64Array;
  return (index) => read(Number(offsets[index]), Number(offsets[index + 1]));
}

function integerReader(data: Data): ColumnReader {
  const values = data.values as Int32Array | BigInt64Array;
  return (index) => values[index] as number | bigint;
}

function timeReader(data: Data): ColumnReader {
  const { unit } = data.type as ArrowType & { unit: TimeUnit };
  const values = data.values as Int32Array | BigInt64Array;
  return (index) => {
    const { microseconds, nanosecond } = toMicroseconds(BigInt(values[index]!), unit);
    return formatTime(microseconds * 1000n + BigInt(nanosecond));
  };
}

function timestampReader(data: Data): ColumnReader {
  const { unit, timezone } = data.type as ArrowType & { unit: TimeUnit; timezone?: string | null };
  const values = data.values as BigInt64Array;
  const Moment = timezone === undefined || timezone === null || timezone === '' ? LocalTimestamp : Timestamp;
  return (index) => {
    const { microseconds, nanosecond } = toMicroseconds(values[index]!, unit);
    return new Moment(microseconds, nanosecond);
  };
}

function dateReader(data: Data): ColumnReader {
  const { unit } = data.type as ArrowType & { unit: DateUnit };
  const values = data.values as Int32Array | BigInt64Array;
  if (unit === DateUnit.DAY) return (index) => formatDate(values[index] as number);
  return (index) => formatDate(Math.floor(Number(values[index]) / 86_400_000));
}

function durationReader(data: Data): ColumnReader {
  const { unit } = data.type as ArrowType & { unit: TimeUnit };
  const values = data.values as BigInt64Array;
  return (index) => new DayTimeInterval(toMicroseconds(values[index]!, unit).microseconds);
}

function intervalReader(data: Data): ColumnReader {
  const { unit } = data.type as ArrowType & { unit: IntervalUnit };
  const values = data.values as Int32Array;
  if (unit === IntervalUnit.YEAR_MONTH) return (index) => new YearMonthInterval(values[index]!);
  // Months, days and 64 bits of nanoseconds.
  if (unit === IntervalUnit.MONTH_DAY_NANO)
    return (index) => {
      const start = index * 4;
      const nanoseconds = (BigInt(values[start + 3]!) << 32n) | BigInt(values[start + 2]! >>> 0);
      return new CalendarInterval(values[start]!, values[start + 1]!, nanoseconds / 1000n);
    };
  // Days and milliseconds.
  return (index) =>
    new DayTimeInterval(BigInt(values[index * 2]!) * 86_400_000_000n + BigInt(values[index * 2 + 1]!) * 1000n);
}

function structReader(data: Data): ColumnReader {
  const names = data.type.children.map(({ name }) => name);
  const readers = data.children.map(columnReader);
  return (index) => Object.fromEntries(readers.map((read, position) => [names[position]!, read(index)]));
}

function listReader(data: Data): ColumnReader {
  const read = columnReader(data.children[0]!);
  return rangeReader(data, (start, end) => Array.from({ length: end - start }, (_, index) => read(start + index)));
}

function mapReader(data: Data): ColumnReader {
  const [keys, values] = data.children[0]!.children;
  const readKey = columnReader(keys!);
  const readValue = columnReader(values!);
  return rangeReader(data, (start, end) => {
    const map = new Map<Value, Value>();
    for (let index = start; index < end; index++) map.set(readKey(index), readValue(index));
    return map;
  });
}

function floatReader(data: Data): ColumnReader {
  const values = data.values as Float64Array;
  return (index) => values[index]!;
}

function booleanReader(data: Data): ColumnReader {
  const bits = data.values as Uint8Array;
  return (index) => {
    const position = data.offset + index;
    return ((bits[position >> 3]! >> (position & 7)) & 1) === 1;
  };
}

function validReader(data: Data): ColumnReader {
  const bytes = data.values as Uint8Array;
  switch (data.typeId) {
    case Type.Bool:
      return booleanReader(data);
    case Type.Int:
      return integerReader(data);
    case Type.Float:
      return floatReader(data);
    case Type.Decimal: {
      const { scale } = data.type as ArrowType & { scale: number };
      return (index) => formatDecimal(readInteger128(data.values as Uint32Array, index), scale);
    }
    case Type.Utf8:
    case Type.LargeUtf8:
      return rangeReader(data, (start, end) => utf8.decode(bytes.subarray(start, end)));
    case Type.Binary:
    case Type.LargeBinary:
      return rangeReader(data, (start, end) => bytes.slice(start, end));
    case Type.Date:
      return dateReader(data);
    case Type.Time:
      return timeReader(data);
    case Type.Timestamp:
      return timestampReader(data);
    case Type.Duration:
      return durationReader(data);
    case Type.Interval:
      return intervalReader(data);
    case Type.List:
    case Type.LargeList:
      return listReader(data);
    case Type.Map:
      return mapReader(data);
    case Type.Struct:
      return structReader(data);
    default:
      throw new SparkClientError(`this client cannot read Arrow columns of type ${data.type}`);
  }
}

export function columnReader(data: Data): ColumnReader {
  if (data.typeId === Type.Null) return () => null;
  const read = validReader(data);
  const { nullBitmap, offset } = data;
  if (nullBitmap === undefined || nullBitmap === null || nullBitmap.length === 0) return read;
  return (index) => {
    const position = offset + index;
    return ((nullBitmap[position >> 3]! >> (position & 7)) & 1) === 1 ? read(index) : null;
  };
}
