/**
 * Numbers straight from UTF-8 bytes, by Spark's ANSI cast rules: blanks and control characters around are trimmed, a
 * sign is taken, an INT or BIGINT has digits only, a DOUBLE is what Java's Double.parseDouble takes and the words for
 * infinity and NaN in any case. A decoder that makes no string of the common cases is the point of this file.
 */

/** Answer for text that is no number of the wanted type, beyond any INT. */
export const NOT_AN_INT = 4294967296;

const DIGIT_0 = 48;
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** @returns the INT, or NOT_AN_INT when the text is none or is out of range */
export function parseInt32(bytes: Uint8Array, from: number, to: number): number {
  let start = from;
  let end = to;
  while (start < end && isTrimmed(bytes[start]!)) start++;
  while (end > start && isTrimmed(bytes[end - 1]!)) end--;
  if (start === end) return NOT_AN_INT;
  const first = bytes[start]!;
  const negative = first === 45;
  if (negative || first === 43) {
    start++;
    if (start === end) return NOT_AN_INT;
  }
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - DIGIT_0;
    if (digit < 0 || digit > 9) return NOT_AN_INT;
    value = value * 10 + digit;
    if (value > 2147483648) return NOT_AN_INT;
  }
  if (negative) return -value;
  return value > 2147483647 ? NOT_AN_INT : value;
}

/** @returns the BIGINT, or undefined when the text is none or is out of range */
export function parseInt64(bytes: Uint8Array, from: number, to: number): bigint | undefined {
  let start = from;
  let end = to;
  while (start < end && isTrimmed(bytes[start]!)) start++;
  while (end > start && isTrimmed(bytes[end - 1]!)) end--;
  const negative = bytes[start] === 45;
  if (start < end && (negative || bytes[start] === 43)) start++;
  if (start === end) return undefined;
  let value = 0;
  let wide = 0n;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - DIGIT_0;
    if (digit < 0 || digit > 9) return undefined;
    // Fifteen digits at a time are exact in a number; only longer ones need BigInt arithmetic.
    if (value >= 1e14) {
      wide = wide * 10n ** 15n + BigInt(value);
      if (wide > 1n << 64n) return undefined;
      value = 0;
      return parseWide(bytes, at, end, { wide, negative });
    }
    value = value * 10 + digit;
  }
  return BigInt(negative ? -value : value);
}

function parseWide(
  bytes: Uint8Array,
  from: number,
  end: number,
  so: { readonly wide: bigint; readonly negative: boolean },
): bigint | undefined {
  let wide = so.wide;
  for (let at = from; at < end; at++) {
    const digit = bytes[at]! - DIGIT_0;
    if (digit < 0 || digit > 9) return undefined;
    wide = wide * 10n + BigInt(digit);
    if (wide > 1n << 64n) return undefined;
  }
  const value = so.negative ? -wide : wide;
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

/**
 * Decimal digits with at most 15 significant ones and a small exponent are exact by one division or product (Clinger's
 * fast path); everything else goes through the runtime's own correctly rounded conversion.
 *
 * @returns the DOUBLE, or undefined when the text is none. NaN is the text "NaN".
 */
export function parseDouble(bytes: Buffer, from: number, to: number): number | undefined {
  let at = from;
  let end = to;
  while (at < end && bytes[at]! <= 32) at++;
  while (end > at && bytes[end - 1]! <= 32) end--;
  const textStart = at;
  const negative = bytes[at] === 45;
  if (at < end && (negative || bytes[at] === 43)) at++;
  let mantissa = 0;
  let digits = 0;
  let scale = 0;
  let afterPoint = 0;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    const digit = byte - DIGIT_0;
    if (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      digits++;
      scale += afterPoint;
    } else if (byte === 46 && afterPoint === 0) afterPoint = 1;
    else break;
  }
  if (at === end && digits > 0 && digits <= 15) {
    const value = scale === 0 ? mantissa : mantissa / POWERS_OF_TEN[scale]!;
    return negative ? -value : value;
  }
  return parseDoubleText(bytes.toString('latin1', textStart, end));
}

const DECIMAL_FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?$/;
const HEX_FLOAT = /^([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?[pP]([+-]?\d{1,9})[fFdD]?$/;

/** As `parseDouble`, on text without blanks around it. The patterns are ours and linear. */
export function parseDoubleText(text: string): number | undefined {
  if (DECIMAL_FLOAT.test(text)) return Number(/[fFdD]$/.test(text) ? text.slice(0, -1) : text);
  switch (text.toLowerCase()) {
    case 'inf':
    case '+inf':
    case 'infinity':
    case '+infinity':
      return Number.POSITIVE_INFINITY;
    case '-inf':
    case '-infinity':
      return Number.NEGATIVE_INFINITY;
    case 'nan':
      return Number.NaN;
  }
  // Java takes a sign before its own spelling of NaN.
  if (text === '+NaN' || text === '-NaN') return Number.NaN;
  return parseHexFloat(text);
}

function parseHexFloat(text: string): number | undefined {
  const match = HEX_FLOAT.exec(text);
  if (match === null) return undefined;
  const whole = match[2] ?? '';
  const fraction = match[3] ?? '';
  if (whole.length + fraction.length === 0 || whole.length + fraction.length > 16) return undefined;
  const mantissa = Number(BigInt(`0x${whole}${fraction}`));
  const value = mantissa * 2 ** (Number(match[4]) - 4 * fraction.length);
  return match[1] === '-' ? -value : value;
}

const DECIMAL_TEXT = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,5}))?$/;

/**
 * @returns the unscaled DECIMAL(precision, scale), rounded half up; 'overflow' when it does not fit; undefined when the
 * text is no number
 */
export function parseDecimal(text: string, precision: number, scale: number): bigint | 'overflow' | undefined {
  const match = DECIMAL_TEXT.exec(trimBlanks(text));
  if (match === null) return undefined;
  const whole = match[2] ?? '';
  const fraction = match[3] ?? '';
  const digits = whole + fraction;
  if (digits.length === 0) return undefined;
  const unscaled = BigInt(digits);
  if (unscaled === 0n) return 0n;
  const shift = Number(match[4] ?? '0') - fraction.length + scale;
  if (shift > 80) return 'overflow';
  const magnitude = shift >= 0 ? unscaled * 10n ** BigInt(shift) : divideHalfUp(unscaled, -shift);
  if (magnitude >= 10n ** BigInt(precision)) return 'overflow';
  return match[1] === '-' ? -magnitude : magnitude;
}

function divideHalfUp(unscaled: bigint, places: number): bigint {
  if (places > unscaled.toString().length + 1) return 0n;
  const divisor = 10n ** BigInt(places);
  return (unscaled + divisor / 2n) / divisor;
}

/** @returns undefined when the text is no BOOLEAN */
export function parseBoolean(text: string): boolean | undefined {
  switch (trimBlanks(text).toLowerCase()) {
    case 't':
    case 'true':
    case 'y':
    case 'yes':
    case '1':
      return true;
    case 'f':
    case 'false':
    case 'n':
    case 'no':
    case '0':
      return false;
    default:
      return undefined;
  }
}

/** Without the blanks and control characters at both ends that Spark's casts ignore. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isTrimmed(text.charCodeAt(start))) start++;
  while (end > start && isTrimmed(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isTrimmed(byte: number): boolean {
  return byte <= 32 || byte === 127;
}
