/** The few sums that a report needs. */

/** @param {readonly number[]} values */
export function median(values) {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Smallest and largest: what the rounds of one row ranged over. */
export function range(values) {
  return { smallest: Math.min(...values), largest: Math.max(...values) };
}

/** 1234567 → "1.23M", 45678 → "45.7k", 12.345 → "12.3" */
export function short(value) {
  if (!Number.isFinite(value)) return '–';
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}M`;
  if (value >= 10_000) return `${(value / 1e3).toFixed(0)}k`;
  if (value >= 1_000) return `${(value / 1e3).toFixed(1)}k`;
  if (value >= 100 || Number.isInteger(value)) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
