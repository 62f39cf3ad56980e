/** Reads one record from bytes that stay the journal's: what is kept of them is copied. */
import { RecordError } from './record-type.js';

const TWO_32 = 2 ** 32;

export class RecordReader {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;

  open(bytes: Uint8Array, start: number, end: number): this {
    this.bytes = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
    this.end = end;
    return this;
  }

  u8(): number {
    return this.bytes[this.take(1)]!;
  }

  u16(): number {
    return this.bytes.readUInt16LE(this.take(2));
  }

  u32(): number {
    return this.bytes.readUInt32LE(this.take(4));
  }

  u48(): number {
    const low = this.u32();
    return low + this.u16() * TWO_32;
  }

  f64(): number {
    return this.bytes.readDoubleLE(this.take(8));
  }

  text(): string {
    const length = this.u16();
    const start = this.take(length);
    return this.bytes.toString('utf8', start, start + length);
  }

  /** What `RecordWriter.bytesOf` wrote. */
  byteText(): string {
    const length = this.u8();
    const start = this.take(length);
    return this.bytes.toString('latin1', start, start + length);
  }

  skip(count: number): void {
    this.take(count);
  }

  /** A copy of all that is left. */
  rest(): Buffer {
    const rest = Buffer.allocUnsafeSlow(this.end - this.at);
    this.bytes.copy(rest, 0, this.at, this.end);
    this.at = this.end;
    return rest;
  }

  private take(count: number): number {
    const { at } = this;
    if (at + count > this.end) throw new RecordError('a record of the broker ends too early');
    this.at = at + count;
    return at;
  }
}
