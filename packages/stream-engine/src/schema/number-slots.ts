/** BOOLEAN, INT, BIGINT, FLOAT, DOUBLE and DECIMAL out of JSON and CSV. */
import type { Field } from '@millrace/sql';
import type { DecimalType } from '../expression/decimal.js';
import { NOT_AN_INT, parseDecimal, parseDouble, parseInt32, parseInt64 } from '../text/parse-number.js';
import type { Doubles, Flags, Ints, Longs, Values } from '../vector.js';
import { ColumnSlot } from './column-slot.js';
import { JsonToken } from './json-token.js';
import { unescapeJson } from './unescape-json.js';

export class BooleanSlot extends ColumnSlot<Flags> {
  takeJson(row: number, token: JsonToken): boolean {
    if (token !== JsonToken.true && token !== JsonToken.false) return false;
    this.vector.values[row] = token === JsonToken.true ? 1 : 0;
    return this.markFilled(row);
  }

  takeCsv(row: number, bytes: Buffer, start: number, end: number): boolean {
    const text = bytes.toString('latin1', start, end).toLowerCase();
    if (text !== 'true' && text !== 'false') return false;
    this.vector.values[row] = text === 'true' ? 1 : 0;
    return this.markFilled(row);
  }
}

export class IntSlot extends ColumnSlot<Ints> {
  takeJson(row: number, token: JsonToken, bytes: Buffer, start: number, end: number): boolean {
    return token === JsonToken.integer && this.takeDigits(row, bytes, start, end);
  }

  takeCsv(row: number, bytes: Buffer, start: number, end: number): boolean {
    return !hasBlank(bytes, start, end) && this.takeDigits(row, bytes, start, end);
  }

  private takeDigits(row: number, bytes: Buffer, start: number, end: number): boolean {
    const value = parseInt32(bytes, start, end);
    if (value === NOT_AN_INT) return false;
    this.vector.values[row] = value;
    return this.markFilled(row);
  }
}

export class BigintSlot extends ColumnSlot<Longs> {
  takeJson(row: number, token: JsonToken, bytes: Buffer, start: number, end: number): boolean {
    return token === JsonToken.integer && this.takeDigits(row, bytes, start, end);
  }

  takeCsv(row: number, bytes: Buffer, start: number, end: number): boolean {
    return !hasBlank(bytes, start, end) && this.takeDigits(row, bytes, start, end);
  }

  private takeDigits(row: number, bytes: Buffer, start: number, end: number): boolean {
    const value = parseInt64(bytes, start, end);
    if (value === undefined) return false;
    this.vector.values[row] = value;
    return this.markFilled(row);
  }
}

/** Texts that are numbers in JSON, in quotes or without. */
const JSON_WORDS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '+Infinity': Number.POSITIVE_INFINITY,
  '+INF': Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  '-INF': Number.NEGATIVE_INFINITY,
};
const CSV_WORDS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  '+NaN': Number.NaN,
  '-NaN': Number.NaN,
  Inf: Number.POSITIVE_INFINITY,
  Infinity: Number.POSITIVE_INFINITY,
  '+Infinity': Number.POSITIVE_INFINITY,
  '-Inf': Number.NEGATIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};
const LONGEST_WORD = 9;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const POINT = 46;

/** FLOAT and DOUBLE. */
export class DoubleSlot extends ColumnSlot<Doubles> {
  private readonly single: boolean;

  constructor(field: Field) {
    super(field);
    this.single = field.type.name === 'FLOAT';
  }

  takeJson(row: number, token: JsonToken, bytes: Buffer, start: number, end: number): boolean {
    switch (token) {
      case JsonToken.integer: {
        // -0 is the integer 0.
        const value = parseDouble(bytes, start, end)!;
        return this.put(row, value === 0 ? 0 : value);
      }
      case JsonToken.fraction:
        return this.put(row, parseDouble(bytes, start, end)!);
      case JsonToken.text:
      case JsonToken.notANumber:
        return this.put(row, wordIn(JSON_WORDS, bytes, start, end));
      default:
        return false;
    }
  }

  takeCsv(row: number, bytes: Buffer, start: number, end: number): boolean {
    let first = start;
    while (first < end && bytes[first]! <= 32) first++;
    const sign = bytes[first] === 43 || bytes[first] === 45 ? 1 : 0;
    const digit = first + sign < end ? bytes[first + sign]! : 0;
    if ((digit >= DIGIT_0 && digit <= DIGIT_9) || digit === POINT) return this.put(row, parseDouble(bytes, start, end));
    return this.put(row, wordIn(CSV_WORDS, bytes, start, end));
  }

  private put(row: number, value: number | undefined): boolean {
    if (value === undefined) return false;
    this.vector.values[row] = this.single ? Math.fround(value) : value;
    return this.markFilled(row);
  }
}

function wordIn(
  words: Readonly<Record<string, number>>,
  bytes: Buffer,
  start: number,
  end: number,
): number | undefined {
  if (end - start > LONGEST_WORD) return undefined;
  const word = bytes.toString('latin1', start, end);
  return Object.hasOwn(words, word) ? words[word] : undefined;
}

/** Longer texts are no DECIMAL of 38 digits by any reasonable writing, and BigInt would take its time. */
const DECIMAL_TEXT_MAX = 1000;

export class DecimalSlot extends ColumnSlot<Values> {
  private readonly precision: number;
  private readonly scale: number;

  constructor(field: Field) {
    super(field);
    const { precision, scale } = field.type as DecimalType;
    this.precision = precision;
    this.scale = scale;
  }

  takeJson(row: number, token: JsonToken, bytes: Buffer, start: number, end: number): boolean {
    switch (token) {
      case JsonToken.integer:
      case JsonToken.fraction:
        return this.put(row, bytes.toString('latin1', start, end));
      case JsonToken.text:
        return this.takeCsv(row, bytes, start, end);
      case JsonToken.escapedText:
        return this.putText(row, unescapeJson(bytes, start, end));
      default:
        return false;
    }
  }

  takeCsv(row: number, bytes: Buffer, start: number, end: number): boolean {
    return end - start <= DECIMAL_TEXT_MAX && this.putText(row, bytes.toString('latin1', start, end));
  }

  /** Commas between digits are passed over, blanks are not. */
  private putText(row: number, text: string): boolean {
    if (text.length > DECIMAL_TEXT_MAX || !/^[-+.,\deE]+$/.test(text)) return false;
    return this.put(row, text.replaceAll(',', ''));
  }

  private put(row: number, text: string): boolean {
    const value = parseDecimal(text, this.precision, this.scale);
    if (value === undefined || value === 'overflow') return false;
    this.vector.values[row] = value;
    return this.markFilled(row);
  }
}

/** The casts of SQL pass over blanks around a number; CSV's INT and BIGINT take none. */
function hasBlank(bytes: Buffer, start: number, end: number): boolean {
  const first = bytes[start]!;
  const last = bytes[end - 1]!;
  return first <= 32 || last <= 32 || first === 127 || last === 127;
}
