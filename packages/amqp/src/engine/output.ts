/** Where an engine writes its frames; who drives the engine sends what gathers here. */
export interface Output {
  /** Valid after `reserve`, until the next one. */
  buffer: Buffer;
  /** Where the next byte goes; whoever writes moves it. */
  position: number;
  /** Makes `buffer` have `size` bytes of room at `position`. */
  reserve(size: number): void;
}

/** An output that keeps all in one growing buffer until it is taken. */
export class GrowingOutput implements Output {
  buffer: Buffer;
  position = 0;
  /** Called when there is something to take, once until it was taken. */
  onWritten: (() => void) | undefined;
  private announced = false;

  constructor(size = 4096) {
    this.buffer = Buffer.allocUnsafeSlow(size);
  }

  reserve(size: number): void {
    if (this.position + size > this.buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.position + size, this.buffer.length * 2));
      this.buffer.copy(larger, 0, 0, this.position);
      this.buffer = larger;
    }
    if (this.announced) return;
    this.announced = true;
    this.onWritten?.();
  }

  /** What was written since the last call, as a copy. */
  take(): Buffer {
    const bytes = Buffer.from(this.buffer.subarray(0, this.position));
    this.position = 0;
    this.announced = false;
    return bytes;
  }
}
