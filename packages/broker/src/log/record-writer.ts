/** Builds one record at a time in a buffer that is used again and again. Integers are little-endian. */
const FIRST_BYTES = 64 * 1024;
/** A buffer that one large record made is not kept. */
const KEPT_BYTES = 1024 * 1024;
/** Fewer are copied faster one by one than by a call. */
const LOOP_BYTES = 48;
const TWO_32 = 2 ** 32;

export class RecordWriter {
  bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private view = new DataView(this.bytes.buffer);
  /** Length of the record so far. */
  length = 0;
  private lastText = '';
  private lastTextBytes = Buffer.alloc(0);

  /** Begins a record of at most `size` bytes. */
  begin(size: number): this {
    this.length = 0;
    if (size > this.bytes.length) this.replace(size);
    else if (this.bytes.length > KEPT_BYTES && size <= FIRST_BYTES) this.replace(FIRST_BYTES);
    return this;
  }

  u8(value: number): void {
    this.bytes[this.length++] = value;
  }

  u16(value: number): void {
    this.view.setUint16(this.length, value, true);
    this.length += 2;
  }

  u32(value: number): void {
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  /** A sequence: up to 2^48. */
  u48(value: number): void {
    const high = Math.floor(value / TWO_32);
    this.u32(value - high * TWO_32);
    this.u16(high);
  }

  f64(value: number): void {
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** UTF-8 behind its length, u16. Most texts are that of the record before. The caller has reserved `textBytesMax`. */
  text(text: string): void {
    if (text !== this.lastText) {
      this.lastText = text;
      this.lastTextBytes = Buffer.from(text);
    }
    const { lastTextBytes, bytes } = this;
    const size = lastTextBytes.length;
    this.u16(size);
    if (size > LOOP_BYTES) lastTextBytes.copy(bytes, this.length);
    else for (let i = 0; i < size; i++) bytes[this.length + i] = lastTextBytes[i]!;
    this.length += size;
  }

  /** Characters of one byte each, behind their number, u8. */
  bytesOf(text: string): void {
    this.u8(text.length);
    this.length += this.bytes.write(text, this.length, 'latin1');
  }

  copy(bytes: Uint8Array, start: number, end: number): void {
    if (bytes instanceof Buffer) bytes.copy(this.bytes, this.length, start, end);
    else this.bytes.set(bytes.subarray(start, end), this.length);
    this.length += end - start;
  }

  private replace(size: number): void {
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.view = new DataView(this.bytes.buffer);
  }
}

/** Bytes that `text` takes at most. */
export function textBytesMax(text: string): number {
  return 2 + 3 * text.length;
}
