/** Durations: the strings of `window()` and the units of `INTERVAL`. */

const UNITS_US: Readonly<Record<string, number>> = {
  microsecond: 1,
  millisecond: 1_000,
  second: 1_000_000,
  minute: 60_000_000,
  hour: 3_600_000_000,
  day: 86_400_000_000,
  week: 604_800_000_000,
};

const SHORT_UNITS: Readonly<Record<string, string>> = {
  us: 'microsecond',
  ms: 'millisecond',
  s: 'second',
  sec: 'second',
  secs: 'second',
  m: 'minute',
  min: 'minute',
  mins: 'minute',
  h: 'hour',
  hr: 'hour',
  hrs: 'hour',
  d: 'day',
  w: 'week',
};

/** The longest duration that a plan's plain numbers hold exactly, rounded down to a year: about 285 years. */
const DURATION_MAX_US = Number.MAX_SAFE_INTEGER;

/** A longer text is no slip of the hand, and the pattern below would take quadratic time over it. */
const SUGGESTION_LENGTH_MAX = 80;

export function unitMicroseconds(unit: string): number | undefined {
  return UNITS_US[unit.toLowerCase().replace(/s$/, '')];
}

/** One amount in a unit. Only seconds may have a fraction, as with Spark; it is cut to microseconds. */
export function durationOf(amount: string, unit: string): number | undefined {
  const microseconds = unitMicroseconds(unit);
  if (microseconds === undefined || !/^[+-]?(\d+|\d*\.\d+|\d+\.)$/.test(amount)) return undefined;
  if (amount.includes('.') && microseconds !== 1_000_000) return undefined;
  const total = Math.round(Number(amount) * microseconds);
  return Math.abs(total) <= DURATION_MAX_US ? total : undefined;
}

/** `'5 seconds'`, `'1 minute 30 seconds'`: microseconds, or undefined for a text that Spark would not take. */
export function parseDuration(text: string): number | undefined {
  const words = text
    .trim()
    .toLowerCase()
    .replace(/^interval\s+/, '')
    .split(/\s+/);
  if (words.length === 0 || words.length % 2 !== 0) return undefined;
  let total = 0;
  for (let at = 0; at < words.length; at += 2) {
    const part = durationOf(words[at] ?? '', words[at + 1] ?? '');
    if (part === undefined) return undefined;
    total += part;
  }
  return Math.abs(total) <= DURATION_MAX_US ? total : undefined;
}

/** What was meant by `5s`, `5 sec`, `500ms` or `5seconds`: the right spelling, or undefined. */
export function suggestDuration(text: string): string | undefined {
  const parts = [
    ...text
      .trim()
      .slice(0, SUGGESTION_LENGTH_MAX)
      .matchAll(/(\d+(?:\.\d+)?)\s*([a-zA-Z]+)/g),
  ];
  if (parts.length === 0) return undefined;
  const words = parts.map(([, amount = '', written = '']) => {
    const unit = SHORT_UNITS[written.toLowerCase()] ?? written.toLowerCase().replace(/s$/, '');
    return unit in UNITS_US ? `${amount} ${unit}${amount === '1' ? '' : 's'}` : undefined;
  });
  return words.includes(undefined) ? undefined : words.join(' ');
}
