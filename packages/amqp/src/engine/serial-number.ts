/** Serial numbers of 32 bits that wrap around (RFC 1982), as delivery-ids, transfer-ids and delivery-counts are. */

export function serialAdd(number: number, increment: number): number {
  return (number + increment) >>> 0;
}

/** How far `a` is ahead of `b`; negative when it is behind. */
export function serialDifference(a: number, b: number): number {
  return (a - b) | 0;
}
