/**
 * Where an engine writes. The owner of the output sees to it that what is written leaves: once a turn of the event loop,
 * not once a packet.
 */
export interface Output {
  /** Write here, from `position`, after `reserve`. May be another buffer after each `reserve`. */
  buffer: Buffer;
  position: number;
  /** Makes room for `size` contiguous bytes at `position`. */
  reserve(size: number): void;
}

/** An output that grows, for clients and tests. It is bounded by whoever takes the bytes away in time. */
export class GrowingOutput implements Output {
  buffer: Buffer;
  position = 0;
  /** Called at the first `reserve` after each `take`: time to plan a write. */
  onFirstReserve: (() => void) | undefined;
  private announced = false;

  constructor(initialSize = 1024) {
    this.buffer = Buffer.allocUnsafeSlow(initialSize);
  }

  reserve(size: number): void {
    if (!this.announced) {
      this.announced = true;
      this.onFirstReserve?.();
    }
    const needed = this.position + size;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.position);
    this.buffer = larger;
  }

  /** What was written since the last `take`; the caller owns these bytes. */
  take(): Buffer {
    this.announced = false;
    const bytes = Buffer.from(this.buffer.subarray(0, this.position));
    this.position = 0;
    return bytes;
  }
}

/** A packet of two bytes: PINGREQ, PINGRESP. */
export function writeEmptyPacket(type: number, output: Output): void {
  output.reserve(2);
  output.buffer[output.position++] = type << 4;
  output.buffer[output.position++] = 0;
}
