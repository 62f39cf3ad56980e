/** Little-endian bytes of a job's state: written when a checkpoint is asked for, read back after a restart. */

export class StateWriter {
  private buffer = Buffer.allocUnsafe(1024);
  private position = 0;

  unsigned(value: number): void {
    this.reserve(4);
    this.position = this.buffer.writeUInt32LE(value, this.position);
  }

  double(value: number): void {
    this.reserve(8);
    this.position = this.buffer.writeDoubleLE(value, this.position);
  }

  bytes(bytes: Uint8Array): void {
    this.unsigned(bytes.length);
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.position);
    this.position += bytes.length;
  }

  text(text: string): void {
    this.bytes(Buffer.from(text));
  }

  /** The first `count` elements, as they lie in memory. */
  array(array: Int32Array | Float64Array | BigInt64Array | Uint8Array, count: number): void {
    this.bytes(new Uint8Array(array.buffer, array.byteOffset, count * array.BYTES_PER_ELEMENT));
  }

  finish(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.buffer, 0, this.position);
  }

  private reserve(size: number): void {
    if (this.position + size <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.position + size));
    this.buffer.copy(larger, 0, 0, this.position);
    this.buffer = larger;
  }
}

/** State that does not read as it was written: of another version, of another plan, or damaged. */
export class StateError extends Error {
  override readonly name = 'StateError';
}

export class StateReader {
  private readonly buffer: Buffer;
  private position = 0;

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  unsigned(): number {
    const at = this.advance(4);
    return this.buffer.readUInt32LE(at);
  }

  double(): number {
    const at = this.advance(8);
    return this.buffer.readDoubleLE(at);
  }

  bytes(): Buffer {
    const length = this.unsigned();
    const at = this.advance(length);
    return this.buffer.subarray(at, at + length);
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  /** Fills the beginning of `array`. */
  array(array: Int32Array | Float64Array | BigInt64Array | Uint8Array): void {
    const bytes = this.bytes();
    if (bytes.length > array.byteLength) throw new StateError('the state has more elements than groups');
    new Uint8Array(array.buffer, array.byteOffset, bytes.length).set(bytes);
  }

  end(): void {
    if (this.position !== this.buffer.length) throw new StateError('the state is longer than the plan says');
  }

  private advance(size: number): number {
    const at = this.position;
    if (at + size > this.buffer.length) throw new StateError('the state ends too early');
    this.position += size;
    return at;
  }
}
