import { describe, expect, it } from 'vitest';
import { SparkClientError } from '../src/errors.js';
import { type LiteralValue, literal, literalExpression } from '../src/values/literal.js';
import { CalendarInterval, DayTimeInterval, LocalTimestamp, Timestamp, YearMonthInterval } from '../src/values/time.js';

// biome-ignore lint/suspicious/noExplicitAny: tests look into whichever message comes out.
function wire(value: LiteralValue): any {
  return literalExpression(value).exprType?.value;
}

describe('parameters', () => {
  it.each<[LiteralValue, object]>([
    [true, { case: 'boolean', value: true }],
    [2147483647, { case: 'integer', value: 2147483647 }],
    [2147483648, { case: 'long', value: 2147483648n }],
    [0.5, { case: 'double', value: 0.5 }],
    [-0, { case: 'double', value: -0 }],
    [1e300, { case: 'double', value: 1e300 }],
    [Number.NaN, { case: 'double', value: Number.NaN }],
    [5n, { case: 'long', value: 5n }],
    ['x', { case: 'string', value: 'x' }],
    [Uint8Array.of(1), { case: 'binary', value: Uint8Array.of(1) }],
    [new Date(1), { case: 'timestamp', value: 1000n }],
    [new Timestamp(1n), { case: 'timestamp', value: 1n }],
    [new LocalTimestamp(1n), { case: 'timestampNtz', value: 1n }],
    [new YearMonthInterval(3), { case: 'yearMonthInterval', value: 3 }],
    [new DayTimeInterval(3n), { case: 'dayTimeInterval', value: 3n }],
    [new CalendarInterval(1, 2, 3n), { case: 'calendarInterval', value: { months: 1, days: 2, microseconds: 3n } }],
    [literal.byte(1), { case: 'byte', value: 1 }],
    [literal.decimal('-001.20'), { case: 'decimal', value: { value: '-001.20', precision: 3, scale: 2 } }],
    [literal.decimal('.05'), { case: 'decimal', value: { value: '.05', precision: 2, scale: 2 } }],
    [literal.date('1970-01-02'), { case: 'date', value: 1 }],
  ])('%s is one by itself', (value, expected) => {
    expect(wire(value).literalType).toEqual(expected);
  });

  it('null has no type', () => {
    expect(wire(null).literalType).toMatchObject({ case: 'null', value: { kind: { case: 'void' } } });
  });

  it('in arrays get their common type', () => {
    const { literalType, dataType } = wire([1, 2.5, null, 3n]);
    expect(dataType.kind.value.elementType.kind.case).toBe('double');
    expect(literalType.value.elements.map((part: { literalType: unknown }) => part.literalType)).toMatchObject([
      { case: 'double', value: 1 },
      { case: 'double', value: 2.5 },
      { case: 'null' },
      { case: 'double', value: 3 },
    ]);
    expect(wire([[1], [], [2n]]).dataType.kind.value.elementType.kind.value.elementType.kind.case).toBe('long');
    expect(wire([literal.decimal('10'), literal.decimal('0.55')]).dataType.kind.value.elementType.kind.value).toEqual({
      precision: 4,
      scale: 2,
    });
  });

  it('in maps get the types of keys and of values', () => {
    const { dataType } = wire(
      new Map<LiteralValue, LiteralValue>([
        ['a', 1],
        ['b', 2n],
      ]),
    );
    expect(dataType.kind.value.keyType.kind.case).toBe('string');
    expect(dataType.kind.value.valueType.kind.case).toBe('long');
  });

  it.each<[string, () => unknown, string]>([
    ['a number beyond BIGINT', () => wire(2n ** 63n), 'does not fit into BIGINT'],
    ['a TINYINT of 128', () => literal.byte(128), 'from -128 to 127'],
    ['a decimal in words', () => literal.decimal('one'), 'is no decimal'],
    ['a decimal of nothing', () => literal.decimal('.'), 'is no decimal'],
    ['39 digits', () => literal.decimal('1'.repeat(39)), '39 digits'],
    ['a date that is none', () => literal.date('2026-02-30'), 'is no date'],
    ['parts of two types', () => wire([1, 'a']), 'integer beside string'],
    ['an object', () => wire({} as never), 'plain value'],
    ['undefined', () => wire(undefined as never), 'cannot be undefined'],
    ['nanoseconds', () => wire(new Timestamp(0n, 1)), 'not nanoseconds'],
  ])('%s is refused', (_, make, problem) => {
    expect(make).toThrow(SparkClientError);
    expect(make).toThrow(problem);
  });

  it('that hold themselves are refused', () => {
    const endless: LiteralValue[] = [];
    endless.push(endless);
    expect(() => wire(endless)).toThrow('nested');
  });
});
