/**
 * Variable Byte Integers (MQTT 5 §1.5.5): seven bits a byte, the least significant first, the top bit set on all but the
 * last; one to four bytes.
 */
export const LARGEST = 268_435_455;

/** Bytes that `value` takes. */
export function integerSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x20_0000 ? 3 : 4;
}

/** Writes `value` and returns the offset behind it. */
export function writeInteger(buffer: Buffer, at: number, value: number): number {
  let rest = value;
  let to = at;
  while (rest >= 0x80) {
    buffer[to++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[to++] = rest;
  return to;
}
