const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** "512 bytes", "80.0 MiB". */
export function byteSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}
