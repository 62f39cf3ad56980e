/** Little-endian bytes of a job's state: written with its commits, read back after a restart. */

/** Groups by number, `groups[from] … groups[to - 1]`, rising: those of which something is written or read. */
export interface GroupRun {
  readonly groups: Int32Array;
  readonly from: number;
  readonly to: number;
}

type Column = Int32Array | Float64Array | BigInt64Array | Uint8Array;

export class StateWriter {
  private buffer: Buffer;
  private position = 0;

  /** @param size bytes to begin with. Default: 1024 */
  constructor(size = 1024) {
    this.buffer = Buffer.allocUnsafe(size);
  }

  get length(): number {
    return this.position;
  }

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

  /** The elements of these groups, as they lie in memory. */
  column(array: Column, { groups, from, to }: GroupRun): void {
    const count = to - from;
    if (count === 0) return;
    const first = groups[from]!;
    if (groups[to - 1]! - first === count - 1) {
      this.raw(array.subarray(first, first + count));
      return;
    }
    const picked = emptyLike(array, count);
    for (let index = 0; index < count; index++) picked[index] = (array as Float64Array)[groups[from + index]!]!;
    this.raw(picked);
  }

  /** Puts a number where `unsigned` had written one before. */
  patch(at: number, value: number): void {
    this.buffer.writeUInt32LE(value, at);
  }

  finish(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.buffer, 0, this.position);
  }

  private raw(array: Column): void {
    this.reserve(array.byteLength);
    this.buffer.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), this.position);
    this.position += array.byteLength;
  }

  private reserve(size: number): void {
    if (this.position + size <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.position + size));
    this.buffer.copy(larger, 0, 0, this.position);
    this.buffer = larger;
  }
}

/**
 * State that does not read as it was written: of a `version` that this engine does not know, of a plan that keeps `other`
 * state, or `damaged`; or `none`: its head was forgotten, and with it what all other records mean.
 */
export class StateError extends Error {
  override readonly name = 'StateError';
  readonly reason: 'version' | 'other' | 'damaged' | 'none';

  constructor(reason: StateError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Typed arrays by what they hold; their methods differ in type only. */
function emptyLike(array: Column, count: number): Float64Array {
  return new (array.constructor as new (length: number) => Float64Array)(count);
}

export class StateReader {
  private readonly buffer: Buffer;
  private position: number;

  /** @param position where to begin. Default: 0 */
  constructor(bytes: Uint8Array, position = 0) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = position;
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

  /** Reads what `column` wrote into the elements of these groups. */
  column(array: Column, { groups, from, to }: GroupRun): void {
    const count = to - from;
    const read = emptyLike(array, count);
    const at = this.advance(read.byteLength);
    new Uint8Array(read.buffer).set(this.buffer.subarray(at, at + read.byteLength));
    const into = array as Float64Array;
    for (let index = 0; index < count; index++) into[groups[from + index]!] = read[index]!;
  }

  skip(size: number): number {
    return this.advance(size);
  }

  get place(): number {
    return this.position;
  }

  end(): void {
    if (this.position !== this.buffer.length) throw new StateError('damaged', 'the state is longer than the plan says');
  }

  private advance(size: number): number {
    const at = this.position;
    if (at + size > this.buffer.length) throw new StateError('damaged', 'the state ends too early');
    this.position += size;
    return at;
  }
}
