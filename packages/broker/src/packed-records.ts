/** A list of records by position and length, about four bytes each when they come much in order. Grows only. */
const CHUNK_BYTES = 64 * 1024;
/** One record takes at most so many bytes. */
const RECORD_BYTES = 14;
const TWO_31 = 2 ** 31;

export class PackedRecords {
  private readonly chunks: Uint8Array[] = [];
  private readonly ends: number[] = [];
  private chunk = new Uint8Array(0);
  private at = 0;
  private last = 0;

  add(position: number, length: number): void {
    if (this.at + RECORD_BYTES > this.chunk.length) this.extend();
    const distance = position - this.last;
    this.write(distance < 0 ? -2 * distance - 1 : 2 * distance);
    this.write(length);
    this.last = position;
  }

  /** Hears of each in the order they were added; the list is empty then. */
  take(visit: (position: number, length: number) => void): void {
    this.ends.push(this.at);
    let position = 0;
    this.chunks.forEach((bytes, i) => {
      let at = 0;
      const next = () => {
        let value = 0;
        for (let unit = 1; ; unit *= 128) {
          const byte = bytes[at++]!;
          value += (byte & 127) * unit;
          if (byte < 128) return value;
        }
      };
      while (at < this.ends[i]!) {
        const folded = next();
        position += folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
        visit(position, next());
      }
    });
    this.chunks.length = 0;
    this.ends.length = 0;
    this.chunk = new Uint8Array(0);
    this.at = 0;
    this.last = 0;
  }

  private extend(): void {
    if (this.chunks.length > 0) this.ends.push(this.at);
    this.chunk = new Uint8Array(CHUNK_BYTES);
    this.chunks.push(this.chunk);
    this.at = 0;
  }

  private write(value: number): void {
    let left = value;
    for (; left >= 128; left = left >= TWO_31 ? Math.floor(left / 128) : left >>> 7) {
      this.chunk[this.at++] = (left % 128) | 128;
    }
    this.chunk[this.at++] = left;
  }
}
