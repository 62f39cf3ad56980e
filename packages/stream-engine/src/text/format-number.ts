/**
 * Numbers as Spark shows them: a DOUBLE as Java's Double.toString (1.0, 1.0E10, NaN, Infinity), with the shortest digits
 * that give the same number again, as Java does since JDK 19.
 */

export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return 'Infinity';
  if (value === Number.NEGATIVE_INFINITY) return '-Infinity';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-3 && magnitude < 1e7) {
    const text = String(value);
    return Number.isInteger(value) ? `${text}.0` : text;
  }
  return scientific(value.toExponential());
}

export function formatFloat(value: number): string {
  if (!Number.isFinite(value) || value === 0) return formatDouble(value);
  for (let precision = 1; precision < 9; precision++) {
    const shorter = Number(value.toPrecision(precision));
    if (Math.fround(shorter) === value) return formatDouble(shorter);
  }
  return formatDouble(Number(value.toPrecision(9)));
}

/** JavaScript's 1e+10 and 1.5e-7 as Java's 1.0E10 and 1.5E-7. */
function scientific(exponential: string): string {
  const [mantissa = '', exponent = ''] = exponential.split('e');
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${exponent.replace('+', '')}`;
}

export function formatDecimal(unscaled: bigint, scale: number): string {
  if (scale === 0) return unscaled.toString();
  const negative = unscaled < 0n;
  const digits = (negative ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  return `${negative ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** As Spark writes a DECIMAL into JSON: with an exponent where its first digit stands behind more than five zeros. */
export function formatDecimalNumber(unscaled: bigint, scale: number): string {
  const negative = unscaled < 0n;
  const digits = (negative ? -unscaled : unscaled).toString();
  const exponent = digits.length - 1 - scale;
  if (exponent >= SMALLEST_PLAIN_EXPONENT) return formatDecimal(unscaled, scale);
  const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`;
  return `${negative ? '-' : ''}${mantissa}E${exponent}`;
}

/** Java's BigDecimal.toString. */
const SMALLEST_PLAIN_EXPONENT = -6;
