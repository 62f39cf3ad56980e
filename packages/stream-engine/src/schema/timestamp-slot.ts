/** TIMESTAMP out of JSON and CSV: text as CAST reads it, in JSON also whole seconds since 1970. */
import { parseInt64 } from '../text/parse-number.js';
import { daysOf, isTimestamp, parseTimestamp } from '../text/timestamp.js';
import type { Doubles } from '../vector.js';
import { ColumnSlot } from './column-slot.js';
import { JsonToken } from './json-token.js';
import { unescapeJson } from './unescape-json.js';

const MICROSECONDS = 1e6;
/** yyyy-MM-ddTHH:mm:ss */
const PLAIN_SIZE = 19;

export class TimestampSlot extends ColumnSlot<Doubles> {
  /** The date last read and its days: most messages are of one day. */
  private date = -1;
  private days = 0;

  takeJson(row: number, token: JsonToken, bytes: Buffer, start: number, end: number): boolean {
    switch (token) {
      case JsonToken.text:
        return this.takeCsv(row, bytes, start, end);
      case JsonToken.escapedText:
        return this.put(row, parseTimestamp(unescapeJson(bytes, start, end)));
      case JsonToken.integer: {
        const seconds = parseInt64(bytes, start, end);
        return this.put(row, seconds === undefined ? undefined : Number(seconds) * MICROSECONDS);
      }
      default:
        return false;
    }
  }

  takeCsv(row: number, bytes: Buffer, start: number, end: number): boolean {
    const plain = this.plain(bytes, start, end);
    return this.put(row, plain === NOT_PLAIN ? parseTimestamp(bytes.toString('utf8', start, end)) : plain);
  }

  private put(row: number, microseconds: number | undefined): boolean {
    if (microseconds === undefined || !isTimestamp(microseconds)) return false;
    this.vector.values[row] = microseconds;
    return this.markFilled(row);
  }

  /** `yyyy-MM-ddTHH:mm:ss[.S…][Z]` without making text of it; NOT_PLAIN for all else, whether right or wrong. */
  private plain(bytes: Buffer, start: number, end: number): number {
    if (end - start < PLAIN_SIZE || bytes[start + 4] !== 45 || bytes[start + 7] !== 45) return NOT_PLAIN;
    const between = bytes[start + 10];
    if ((between !== 84 && between !== 32) || bytes[start + 13] !== 58 || bytes[start + 16] !== 58) return NOT_PLAIN;
    const year = twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2);
    const date = (year * 100 + twoDigits(bytes, start + 5)) * 100 + twoDigits(bytes, start + 8);
    const hour = twoDigits(bytes, start + 11);
    const minute = twoDigits(bytes, start + 14);
    const second = twoDigits(bytes, start + 17);
    // A digit that is none makes NaN, which is not below anything.
    if (!(date >= 0 && hour < 24 && minute < 60 && second < 60)) return NOT_PLAIN;
    const microsecond = fraction(bytes, start + PLAIN_SIZE, end);
    if (microsecond < 0 || !this.findDays(date)) return NOT_PLAIN;
    return (this.days * 86_400 + hour * 3600 + minute * 60 + second) * MICROSECONDS + microsecond;
  }

  private findDays(date: number): boolean {
    if (date === this.date) return true;
    const days = daysOf(Math.floor(date / 10_000), Math.floor(date / 100) % 100, date % 100);
    if (days === undefined) return false;
    this.date = date;
    this.days = days;
    return true;
  }
}

const NOT_PLAIN = Number.NEGATIVE_INFINITY;

function twoDigits(bytes: Buffer, at: number): number {
  const tens = bytes[at]! - 48;
  const ones = bytes[at + 1]! - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** What stands behind the seconds: nothing, a fraction of up to nine digits, Z. @returns microseconds; -1: something else */
function fraction(bytes: Buffer, start: number, end: number): number {
  const last = end > start && bytes[end - 1] === 90 ? end - 1 : end;
  if (start === last) return 0;
  if (bytes[start] !== 46 || last - start > 10) return -1;
  let microseconds = 0;
  for (let at = start + 1, unit = 100_000; at < last; at++, unit = Math.floor(unit / 10)) {
    const digit = bytes[at]! - 48;
    if (digit < 0 || digit > 9) return -1;
    microseconds += digit * unit;
  }
  return microseconds;
}
