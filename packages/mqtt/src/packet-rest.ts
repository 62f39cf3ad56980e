/** Bytes of a packet that is not whole yet, or that wait because reading is suspended. Grows with what has come only. */
const NOTHING = Buffer.alloc(0);

export class PacketRest {
  buffer: Buffer = NOTHING;
  length = 0;

  append(source: Buffer, start: number, end: number): void {
    const size = end - start;
    if (this.length + size > this.buffer.length) {
      const larger = Buffer.allocUnsafe(
        Math.max(this.length + size, Math.min(this.length * 2, this.length + 1_048_576)),
      );
      this.buffer.copy(larger, 0, 0, this.length);
      this.buffer = larger;
    }
    source.copy(this.buffer, this.length, start, end);
    this.length += size;
  }

  clear(): void {
    this.length = 0;
    if (this.buffer.length > 65_536) this.buffer = NOTHING;
  }

  /** Gives its bytes away and is empty. */
  detach(): Buffer {
    const bytes = this.buffer.subarray(0, this.length);
    this.buffer = NOTHING;
    this.length = 0;
    return bytes;
  }

  /**
   * How many more bytes the packet at the beginning needs: to know its length, or to be whole; 0 when it is whole. -1:
   * its length does not end. Sets `packetSize` once the length is known, else 0.
   */
  missing(): number {
    this.packetSize = 0;
    let length = 0;
    let factor = 1;
    for (let at = 1; at <= 4; at++) {
      if (at >= this.length) return at + 1 - this.length;
      const byte = this.buffer[at]!;
      length += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        this.packetSize = at + 1 + length;
        return Math.max(0, this.packetSize - this.length);
      }
      factor *= 128;
    }
    return -1;
  }

  packetSize = 0;
}
