/**
 * What windows of known readings must hold.
 *
 * The server says when a reading counts, so a reading's window is certain only when it was sent and accepted within the
 * same one. Others (near an edge, or in doubt when the server was killed) may belong to one of a few windows, or to none
 * when they are in doubt. Each publisher has one reading under way, so they are few; and values are spread over all of
 * INT, so count and sum say which of them a window has. No reading may be in two windows.
 */

export interface Reading {
  readonly value: number;
  readonly sentAt: number;
  readonly acceptedAt: number | undefined;
  /** The last moment at which the server can have taken it. */
  readonly takenBefore: number;
}

export interface WindowResult {
  readonly end: number;
  readonly readings: number;
  readonly maximum: number;
  readonly minimum: number;
  readonly total: number;
}

export interface WindowComparison {
  readonly windows: number;
  readonly readings: number;
  /** Readings whose window their times do not say. */
  readonly uncertain: number;
  readonly faults: readonly string[];
}

/** How much earlier than it was sent a reading may be stamped; clients send none so soon after a window's start. */
const STAMP_EARLIER_MS = 140;
/** With more, a window is compared by bounds: the search doubles with each. */
const SEARCH_MAXIMUM = 22;

export function compareWindows(
  readings: readonly Reading[],
  results: readonly WindowResult[],
  windowMs: number,
): WindowComparison {
  const endOf = (time: number) => (Math.floor(time / windowMs) + 1) * windowMs;
  const certain = new Map<number, Reading[]>();
  const possible = new Map<number, Reading[]>();
  const add = (windows: Map<number, Reading[]>, end: number, reading: Reading) => {
    windows.set(end, [...(windows.get(end) ?? []), reading]);
  };
  let uncertain = 0;
  for (const reading of readings) {
    const [first, last] = [endOf(reading.sentAt - STAMP_EARLIER_MS), endOf(reading.takenBefore + 1)];
    if (first === last && reading.acceptedAt !== undefined) add(certain, first, reading);
    else {
      uncertain += 1;
      for (let end = first; end <= last; end += windowMs) add(possible, end, reading);
    }
  }
  const taken = new Map<Reading, number>();
  const faults: string[] = [];
  for (const end of [...new Set([...certain.keys(), ...results.map((result) => result.end)])].sort((a, b) => a - b)) {
    const found = results.filter((result) => result.end === end);
    const window = { end, certain: certain.get(end) ?? [], possible: possible.get(end) ?? [] };
    const name = new Date(end - windowMs).toISOString().slice(11, 23);
    if (found.length > 1) faults.push(`window ${name}: stored ${found.length} times`);
    if (found[0] === undefined) faults.push(`window ${name}: missing, with ${window.certain.length} readings`);
    else faults.push(...compareWindow(window, found[0], taken).map((fault) => `window ${name}: ${fault}`));
  }
  for (const reading of readings) {
    const isCertain = certain.get(endOf(reading.sentAt - STAMP_EARLIER_MS))?.includes(reading) === true;
    if (!isCertain && reading.acceptedAt !== undefined && !taken.has(reading)) {
      const at = [reading.sentAt, reading.acceptedAt, reading.takenBefore].map((ms) =>
        new Date(ms).toISOString().slice(11, 23),
      );
      faults.push(
        `reading ${reading.value}: accepted, and in no window (sent ${at[0]}, accepted ${at[1]}, taken before ${at[2]})`,
      );
    }
  }
  return { windows: results.length, readings: readings.length, uncertain, faults };
}

const sum = (readings: readonly Reading[]) => readings.reduce((total, { value }) => total + value, 0);

function compareWindow(
  window: { end: number; certain: readonly Reading[]; possible: readonly Reading[] },
  result: WindowResult,
  taken: Map<Reading, number>,
): string[] {
  const { end, certain } = window;
  const open = window.possible.filter((reading) => !taken.has(reading));
  const missing = result.readings - certain.length;
  const context = `${result.readings} counted, ${certain.length} certain and ${open.length} possible`;
  if (missing < 0 || missing > open.length) return [`count: ${context}`];
  if (open.length > SEARCH_MAXIMUM) {
    for (const reading of open) taken.set(reading, end);
    return [];
  }
  const chosen = choose(open, missing, result.total - sum(certain));
  if (chosen === undefined) return [`sum: ${result.total}, certain ${sum(certain)}; ${context}`];
  for (const reading of chosen) taken.set(reading, end);
  const values = [...certain, ...chosen].map(({ value }) => value);
  const faults: string[] = [];
  if (values.length === 0) faults.push('nothing was sent');
  else if (result.maximum !== Math.max(...values)) faults.push(`maximum ${result.maximum}, not ${Math.max(...values)}`);
  else if (result.minimum !== Math.min(...values)) faults.push(`minimum ${result.minimum}, not ${Math.min(...values)}`);
  return faults;
}

/** Those `count` of the readings whose values add up to `total`. */
function choose(readings: readonly Reading[], count: number, total: number): Reading[] | undefined {
  if (count === 0) return total === 0 ? [] : undefined;
  if (readings.length < count) return undefined;
  const [first, ...others] = readings;
  const withFirst = choose(others, count - 1, total - first!.value);
  return withFirst === undefined ? choose(others, count, total) : [first!, ...withFirst];
}
