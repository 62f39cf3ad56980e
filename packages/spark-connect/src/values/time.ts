/**
 * Points of time and intervals with all the digits that Spark keeps. JavaScript's Date has milliseconds; Spark has
 * microseconds, and nanoseconds in some types.
 */

const MICROS_A_SECOND = 1_000_000n;
const MILLIS_A_DAY = 86_400_000;

function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor < 0n ? quotient - 1n : quotient;
}

/** `YYYY-MM-DDTHH:MM:SS.ffffff`, and with nanoseconds nine digits. */
function formatMicroseconds(epochMicroseconds: bigint, nanosecond: number): string {
  const seconds = floorDivide(epochMicroseconds, MICROS_A_SECOND);
  const fraction = String(epochMicroseconds - seconds * MICROS_A_SECOND).padStart(6, '0');
  const nanos = nanosecond === 0 ? '' : String(nanosecond).padStart(3, '0');
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, -5)}.${fraction}${nanos}`;
}

abstract class Moment {
  /** Microseconds since 1970-01-01T00:00:00, rounded down. */
  readonly epochMicroseconds: bigint;
  /** Nanoseconds that go beyond the microsecond: 0 to 999. */
  readonly nanosecond: number;

  constructor(epochMicroseconds: bigint, nanosecond = 0) {
    this.epochMicroseconds = epochMicroseconds;
    this.nanosecond = nanosecond;
  }

  /** Milliseconds since 1970-01-01T00:00:00, rounded down. */
  get epochMilliseconds(): number {
    return Number(floorDivide(this.epochMicroseconds, 1000n));
  }

  toJSON(): string {
    return this.toString();
  }
}

/** TIMESTAMP: a point of time. */
export class Timestamp extends Moment {
  readonly kind = 'timestamp';

  static fromDate(date: Date): Timestamp {
    return new Timestamp(BigInt(date.getTime()) * 1000n);
  }

  /** Cut to milliseconds. */
  toDate(): Date {
    return new Date(this.epochMilliseconds);
  }

  /** `2026-11-24T10:00:00.123456Z`. */
  override toString(): string {
    return `${formatMicroseconds(this.epochMicroseconds, this.nanosecond)}Z`;
  }
}

/** TIMESTAMP_NTZ: what a calendar and a clock on the wall show, in no zone. */
export class LocalTimestamp extends Moment {
  readonly kind = 'localTimestamp';

  /** `2026-11-24T10:00:00.123456`. */
  override toString(): string {
    return formatMicroseconds(this.epochMicroseconds, this.nanosecond);
  }
}

/** INTERVAL of years and months. */
export class YearMonthInterval {
  readonly kind = 'yearMonthInterval';
  readonly months: number;

  constructor(months: number) {
    this.months = months;
  }

  /** As SQL prints it: `INTERVAL '1-2' YEAR TO MONTH`. */
  toString(): string {
    const size = Math.abs(this.months);
    return `INTERVAL '${this.months < 0 ? '-' : ''}${Math.trunc(size / 12)}-${size % 12}' YEAR TO MONTH`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** INTERVAL of days to seconds. */
export class DayTimeInterval {
  readonly kind = 'dayTimeInterval';
  readonly microseconds: bigint;

  constructor(microseconds: bigint) {
    this.microseconds = microseconds;
  }

  /** As SQL prints it: `INTERVAL '1 02:03:04.5' DAY TO SECOND`. */
  toString(): string {
    const size = this.microseconds < 0n ? -this.microseconds : this.microseconds;
    const seconds = size / MICROS_A_SECOND;
    const two = (value: bigint) => String(value).padStart(2, '0');
    const fraction = String(size % MICROS_A_SECOND)
      .padStart(6, '0')
      .replace(/0+$/, '');
    const clock = `${two((seconds / 3600n) % 24n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
    const sign = this.microseconds < 0n ? '-' : '';
    return `INTERVAL '${sign}${seconds / 86_400n} ${clock}${fraction && `.${fraction}`}' DAY TO SECOND`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** INTERVAL of the calendar: months, days and a time, which cannot be counted into one another. */
export class CalendarInterval {
  readonly kind = 'calendarInterval';
  readonly months: number;
  readonly days: number;
  readonly microseconds: bigint;

  constructor(months: number, days: number, microseconds: bigint) {
    this.months = months;
    this.days = days;
    this.microseconds = microseconds;
  }

  toString(): string {
    return `INTERVAL ${this.months} MONTHS ${this.days} DAYS ${this.microseconds} MICROSECONDS`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** Days since 1970-01-01 as `YYYY-MM-DD`. */
export function formatDate(epochDays: number): string {
  return new Date(epochDays * MILLIS_A_DAY).toISOString().slice(0, -14);
}

/** Days since 1970-01-01; undefined if the text is no date. */
export function parseDate(text: string): number | undefined {
  const milliseconds = /^[+-]?\d{4,6}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(milliseconds) || formatDate(milliseconds / MILLIS_A_DAY) !== text) return undefined;
  return milliseconds / MILLIS_A_DAY;
}

/** Nanoseconds since midnight as `HH:MM:SS.ffffff`, with as many digits after the point as there are. */
export function formatTime(nanoseconds: bigint): string {
  const seconds = Number(nanoseconds / 1_000_000_000n);
  const fraction = String(nanoseconds % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const clock = [seconds / 3600, (seconds / 60) % 60, seconds % 60]
    .map((part) => String(Math.trunc(part)).padStart(2, '0'))
    .join(':');
  return fraction === '' ? clock : `${clock}.${fraction}`;
}
