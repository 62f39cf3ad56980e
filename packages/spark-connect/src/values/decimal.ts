/** A two's complement integer of 128 bits, least significant word first, as Arrow keeps decimals. */
export function readInteger128(words: Uint32Array, index: number): bigint {
  const start = index * 4;
  const word = (position: number) => BigInt(words[start + position] ?? 0);
  const unsigned = word(0) | (word(1) << 32n) | (word(2) << 64n) | (word(3) << 96n);
  return BigInt.asIntN(128, unsigned);
}

/** Digits with the point `scale` places from the right: `12.30`, never with an exponent. */
export function formatDecimal(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : '';
  const digits = String(unscaled < 0n ? -unscaled : unscaled);
  if (scale <= 0) return `${sign}${digits}${unscaled === 0n ? '' : '0'.repeat(-scale)}`;
  const padded = digits.padStart(scale + 1, '0');
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}
