import type { DataType, LiteralValue } from './plan.js';

/** Literals as Spark reads them. A function gives `undefined` for a text that is no value of its kind. */

export interface LiteralResult {
  readonly value: LiteralValue;
  readonly type: DataType;
}

const INT_MIN = -(2n ** 31n);
const INT_MAX = 2n ** 31n - 1n;
const BIGINT_MIN = -(2n ** 63n);
const BIGINT_MAX = 2n ** 63n - 1n;
export const DECIMAL_PRECISION_MAX = 38;

/** `1`, `1L`, `1.5`, `.5`, `1e3`, `1D`, `1F`, `1.5BD`, with the sign that stood before it. */
export function parseNumber(image: string, sign: 1 | -1): LiteralResult | undefined {
  const match = /^([\d.]+)(?:[eE]([+-]?\d+))?(BD|[LSYDF])?$/i.exec(image);
  if (match === null) return undefined;
  const [, digits = '', exponent, suffixAsWritten = ''] = match;
  const suffix = suffixAsWritten.toUpperCase();
  if (suffix === 'D' || (suffix === '' && exponent !== undefined)) return doubleOf(image, sign);
  if (suffix === 'F') {
    const value = Math.fround(sign * Number(image.slice(0, -1)));
    return Number.isFinite(value) ? { value, type: { name: 'FLOAT' } } : undefined;
  }
  if (suffix === 'BD' || digits.includes('.')) {
    return /^[LSY]$/.test(suffix) ? undefined : decimalOf(digits, Number(exponent ?? 0), sign);
  }
  return exponent === undefined ? integerOf(BigInt(sign) * BigInt(digits), suffix) : undefined;
}

function doubleOf(image: string, sign: 1 | -1): LiteralResult | undefined {
  const value = sign * Number(image.replace(/[dD]$/, ''));
  return Number.isFinite(value) ? { value, type: { name: 'DOUBLE' } } : undefined;
}

/** The engine has no SMALLINT and TINYINT; a literal with their suffix is an INT in range. */
function integerOf(value: bigint, suffix: string): LiteralResult | undefined {
  if (suffix === 'S' || suffix === 'Y') return undefined;
  if (suffix !== 'L' && value >= INT_MIN && value <= INT_MAX) return { value: Number(value), type: { name: 'INT' } };
  if (value >= BIGINT_MIN && value <= BIGINT_MAX) return { value, type: { name: 'BIGINT' } };
  if (suffix === 'L') return undefined;
  const precision = String(value).replace('-', '').length;
  return precision > DECIMAL_PRECISION_MAX ? undefined : { value, type: { name: 'DECIMAL', precision, scale: 0 } };
}

/** Spark's type of a decimal literal: the digits as they stand, leading zeros of the whole part not counted. */
function decimalOf(digits: string, exponent: number, sign: 1 | -1): LiteralResult | undefined {
  const [whole = '', fraction = ''] = digits.split('.');
  let unscaled = BigInt(sign) * BigInt(whole + fraction || '0');
  let scale = fraction.length - exponent;
  if (Math.abs(scale) > DECIMAL_PRECISION_MAX) return undefined;
  if (scale < 0) {
    unscaled *= 10n ** BigInt(-scale);
    scale = 0;
  }
  const precision = Math.max(String(unscaled).replace('-', '').length, scale, 1);
  return precision > DECIMAL_PRECISION_MAX
    ? undefined
    : { value: unscaled, type: { name: 'DECIMAL', precision, scale } };
}

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  b: '\b',
  n: '\n',
  r: '\r',
  t: '\t',
  Z: '\u001a',
  // The two keep their backslash: they are escapes of LIKE.
  '%': '\\%',
  _: '\\_',
};

/** A quoted string with Spark's escapes, or `r'…'` without any. */
export function parseString(image: string): string {
  if (/^r/i.test(image)) return image.slice(2, -1);
  const quote = image[0] ?? "'";
  return image
    .slice(1, -1)
    .replace(
      /\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\([0-3][0-7]{2})|\\([\s\S])|''|""/g,
      (all, short?: string, long?: string, octal?: string, letter?: string) => {
        if (short !== undefined) return String.fromCharCode(Number.parseInt(short, 16));
        if (long !== undefined) return codePoint(Number.parseInt(long, 16));
        if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
        if (letter !== undefined) return ESCAPES[letter] ?? letter;
        return all[0] === quote ? quote : all;
      },
    );
}

function codePoint(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
}

/** `X'1F'`: an odd number of digits has a zero before it. */
export function parseBytes(image: string): Uint8Array | undefined {
  const digits = image.slice(2, -1);
  if (!/^[0-9a-fA-F]*$/.test(digits)) return undefined;
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  return Uint8Array.from(even.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/**
 * `2026-01-31[ T]12:30[:05[.123456]][Z|±hh:mm]` to microseconds since 1970-01-01 UTC. The time zone of a job is UTC.
 */
export function parseTimestamp(text: string): bigint | undefined {
  const match =
    /^\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6})\d*)?)?\s*(Z|UTC|[+-]\d{1,2}:\d{2})?)?\s*$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const millis = Date.UTC(2000, month - 1, day, hour, minute, second);
  // Date.UTC reads the years 0 to 99 as 1900 to 1999, so the year is set apart.
  const date = new Date(millis);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const micros = BigInt(date.getTime()) * 1000n + BigInt((match[7] ?? '').padEnd(6, '0') || '0');
  return micros - BigInt(offsetMinutes(match[8])) * 60_000_000n;
}

function offsetMinutes(zone: string | undefined): number {
  const match = /^([+-])(\d{1,2}):(\d{2})$/.exec(zone ?? '');
  if (match === null) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]));
}
