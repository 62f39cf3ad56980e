import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDecimal, readInteger128 } from '../src/values/decimal.js';
import {
  CalendarInterval,
  DayTimeInterval,
  formatDate,
  LocalTimestamp,
  parseDate,
  Timestamp,
  YearMonthInterval,
} from '../src/values/time.js';

describe('decimals', () => {
  it.each([
    [0n, 0, '0'],
    [0n, 2, '0.00'],
    [5n, 2, '0.05'],
    [-5n, 2, '-0.05'],
    [1230n, 2, '12.30'],
    [12n, -2, '1200'],
    [-12n, 0, '-12'],
  ])('%s with scale %s is %s', (unscaled, scale, text) => {
    expect(formatDecimal(unscaled, scale)).toBe(text);
  });

  it('come out of 128 bits as they went in', () => {
    const limit = 2n ** 127n;
    fc.assert(
      fc.property(fc.bigInt({ min: -limit, max: limit - 1n }), (value) => {
        const unsigned = BigInt.asUintN(128, value);
        const words = Uint32Array.from([0n, 32n, 64n, 96n], (shift) => Number((unsigned >> shift) & 0xffffffffn));
        return readInteger128(Uint32Array.from([1, 2, 3, 4, ...words]), 1) === value;
      }),
    );
  });
});

describe('points of time', () => {
  it('print all digits, before 1970 too', () => {
    expect(String(new Timestamp(1_795_514_400_123_456n))).toBe('2026-11-24T10:00:00.123456Z');
    expect(String(new Timestamp(-1n))).toBe('1969-12-31T23:59:59.999999Z');
    expect(String(new LocalTimestamp(0n, 7))).toBe('1970-01-01T00:00:00.000000007');
    expect(JSON.stringify({ at: new Timestamp(0n) })).toBe('{"at":"1970-01-01T00:00:00.000000Z"}');
  });

  it('become Dates, cut to milliseconds', () => {
    expect(new Timestamp(1_999n).toDate()).toEqual(new Date(1));
    expect(new Timestamp(-1n).toDate()).toEqual(new Date(-1));
    expect(Timestamp.fromDate(new Date(-5)).epochMicroseconds).toBe(-5000n);
  });

  it('as dates are read as they are printed', () => {
    fc.assert(
      fc.property(fc.integer({ min: -719_162, max: 2_932_896 }), (days) => parseDate(formatDate(days)) === days),
    );
    expect(parseDate('2026-02-29')).toBeUndefined();
    expect(parseDate('24.11.2026')).toBeUndefined();
  });
});

describe('intervals', () => {
  it('print as SQL prints them', () => {
    expect(String(new YearMonthInterval(-14))).toBe("INTERVAL '-1-2' YEAR TO MONTH");
    expect(String(new DayTimeInterval(-93_784_500_000n))).toBe("INTERVAL '-1 02:03:04.5' DAY TO SECOND");
    expect(String(new DayTimeInterval(0n))).toBe("INTERVAL '0 00:00:00' DAY TO SECOND");
    expect(JSON.stringify([new CalendarInterval(1, -2, 3n)])).toBe('["INTERVAL 1 MONTHS -2 DAYS 3 MICROSECONDS"]');
  });
});
