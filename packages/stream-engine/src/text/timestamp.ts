/**
 * TIMESTAMP and text, in UTC: microseconds since the epoch in a number. Whole seconds are exact to the year 9999 and
 * beyond; microseconds are exact from 1684 to 2255 (docs/adr/0005-column-forms.md).
 */
import { trimBlanks } from './parse-number.js';

const MICROSECONDS = 1e6;
const DAY_SECONDS = 86_400;
const DATE = /^([+-]?\d{4,6})(?:-(\d{1,2})(?:-(\d{1,2}))?)?/;
const TIME = /^[ T](\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d{0,9}))?)?)?/;
const ZONE = /^(?:Z|UTC|GMT|UT)?(?:([+-])(\d{1,2})(?::?(\d{2})(?::?(\d{2}))?)?)?$/;

/** Days since the epoch of a date of the proleptic Gregorian calendar, or undefined when there is no such day. */
export function daysOf(year: number, month: number, day: number): number | undefined {
  if (month < 1 || month > 12 || day < 1) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1) return undefined;
  return date.getTime() / 86_400_000;
}

/**
 * `yyyy`, `yyyy-[m]m`, `yyyy-[m]m-[d]d`, each of the last with ` ` or `T` and `[h]h[:[m]m[:[s]s[.fraction]]]`, then a zone:
 * Z, UTC, GMT, UT, an offset such as +1, +01:00, UTC+01:00. Names of regions are not known here.
 *
 * @returns microseconds, or undefined when the text is none of these
 */
export function parseTimestamp(text: string): number | undefined {
  let rest = trimBlanks(text);
  const date = DATE.exec(rest);
  if (date === null) return undefined;
  rest = rest.slice(date[0].length);
  const days = daysOf(Number(date[1]), Number(date[2] ?? 1), Number(date[3] ?? 1));
  if (days === undefined) return undefined;
  if (rest === '') return days * DAY_SECONDS * MICROSECONDS;
  const time = date[3] === undefined ? null : TIME.exec(rest);
  if (time === null) return undefined;
  const [hour, minute, second] = [Number(time[1]), Number(time[2] ?? 0), Number(time[3] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const offset = parseZone(rest.slice(time[0].length).trimStart());
  if (offset === undefined) return undefined;
  const seconds = days * DAY_SECONDS + hour * 3600 + minute * 60 + second - offset;
  return seconds * MICROSECONDS + Number((time[4] ?? '').padEnd(6, '0').slice(0, 6));
}

/** Seconds east of Greenwich. */
function parseZone(text: string): number | undefined {
  const zone = ZONE.exec(text);
  if (zone === null) return undefined;
  const [hours, minutes, seconds] = [Number(zone[2] ?? 0), Number(zone[3] ?? 0), Number(zone[4] ?? 0)];
  if (hours > 18 || minutes > 59 || seconds > 59) return undefined;
  const offset = hours * 3600 + minutes * 60 + seconds;
  return zone[1] === '-' ? -offset : offset;
}

/** Years -271821 to 275760: what the runtime's calendar knows. */
const LIMIT_US = 8.64e18;

export function isTimestamp(microseconds: number): boolean {
  return Math.abs(microseconds) <= LIMIT_US;
}

export interface TimestampParts {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
  /** 1 = Sunday, as Spark's dayofweek counts. */
  readonly dayOfWeek: number;
  /** 1 to 366. */
  readonly dayOfYear: number;
}

export function timestampParts(microseconds: number): TimestampParts {
  const seconds = Math.floor(microseconds / MICROSECONDS);
  const date = new Date(seconds * 1000);
  const year = date.getUTCFullYear();
  const startOfYear = new Date(0);
  startOfYear.setUTCFullYear(year, 0, 1);
  return {
    year,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    microsecond: microseconds - seconds * MICROSECONDS,
    dayOfWeek: date.getUTCDay() + 1,
    dayOfYear: Math.floor((date.getTime() - startOfYear.getTime()) / 86_400_000) + 1,
  };
}

export function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

/** As CAST(… AS STRING): `2026-11-24 10:00:05`, with a fraction only where it is not zero. */
export function formatTimestamp(microseconds: number): string {
  const parts = timestampParts(microseconds);
  const fraction = parts.microsecond === 0 ? '' : `.${pad(parts.microsecond, 6).replace(/0+$/, '')}`;
  return `${formatDate(parts)} ${formatTime(parts)}${fraction}`;
}

/** As Spark's to_json: `2026-11-24T10:00:05.000Z`. */
export function formatIsoTimestamp(microseconds: number): string {
  const parts = timestampParts(microseconds);
  return `${formatDate(parts)}T${formatTime(parts)}.${pad(Math.floor(parts.microsecond / 1000), 3)}Z`;
}

function formatDate(parts: TimestampParts): string {
  const { year } = parts;
  const shown = year > 9999 ? `+${year}` : year < 0 ? `-${pad(-year, 4)}` : pad(year, 4);
  return `${shown}-${pad(parts.month, 2)}-${pad(parts.day, 2)}`;
}

function formatTime(parts: TimestampParts): string {
  return `${pad(parts.hour, 2)}:${pad(parts.minute, 2)}:${pad(parts.second, 2)}`;
}
