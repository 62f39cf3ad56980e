/**
 * Cuts a stream of bytes into protocol headers and frames (AMQP 1.0 §2.2, §2.3), in place. Only what a chunk leaves
 * incomplete is copied, into a buffer that never holds more than one frame.
 *
 *     +------+------+------+---------+---------------------+------
 *     | SIZE, 4 bytes      | DOFF    | TYPE   | CHANNEL, 2 | body
 *     +------+------+------+---------+---------------------+------
 */
import { framingError } from '../amqp-error.js';
import { readUint32 } from '../codec/skip.js';

const HEAD_SIZE = 8;
const EMPTY = Buffer.alloc(0);

export interface FrameSink {
  /** What comes next; `nothing`: bytes are kept until `resume`; `closed`: they are thrown away. */
  readonly expects: 'header' | 'frame' | 'nothing' | 'closed';
  handleHeader(buffer: Buffer, start: number): void;
  /** Must not throw for what a peer did. */
  handleFrame(buffer: Buffer, start: number, end: number): void;
}

export class FrameReader {
  private held: Buffer = EMPTY;
  private heldSize = 0;
  private readonly sink: FrameSink;
  private readonly frameSizeMax: number;

  constructor(sink: FrameSink, frameSizeMax: number) {
    this.sink = sink;
    this.frameSizeMax = frameSizeMax;
  }

  /** @throws AmqpError amqp:connection:framing-error */
  ingest(buffer: Buffer, start: number, end: number): void {
    let position = start;
    while (this.heldSize > 0 && position < end && this.isReading()) position = this.completeHeld(buffer, position, end);
    while (this.isReading() && end - position >= HEAD_SIZE) {
      const size = this.nextSize(buffer, position);
      if (end - position < size) break;
      this.dispatch(buffer, position, position + size);
      position += size;
    }
    if (position < end && this.sink.expects !== 'closed') this.hold(buffer, position, end);
  }

  /** Goes on with what was kept while nothing was expected. */
  resume(): void {
    if (this.heldSize === 0) return;
    const bytes = Buffer.from(this.held.subarray(0, this.heldSize));
    this.heldSize = 0;
    this.ingest(bytes, 0, bytes.length);
  }

  private isReading(): boolean {
    return this.sink.expects === 'frame' || this.sink.expects === 'header';
  }

  private nextSize(buffer: Buffer, position: number): number {
    if (this.sink.expects === 'header') return HEAD_SIZE;
    const size = readUint32(buffer, position);
    if (size < HEAD_SIZE) throw framingError(`a frame of ${size} bytes`);
    if (size > this.frameSizeMax) throw framingError(`a frame of ${size} bytes is above max-frame-size`);
    return size;
  }

  private dispatch(buffer: Buffer, start: number, end: number): void {
    if (this.sink.expects === 'header') this.sink.handleHeader(buffer, start);
    else this.sink.handleFrame(buffer, start, end);
  }

  private completeHeld(buffer: Buffer, start: number, end: number): number {
    let position = start;
    if (this.heldSize < HEAD_SIZE) {
      const next = Math.min(end, position + HEAD_SIZE - this.heldSize);
      this.hold(buffer, position, next);
      position = next;
      if (this.heldSize < HEAD_SIZE) return position;
    }
    const size = this.nextSize(this.held, 0);
    const next = Math.min(end, position + size - this.heldSize);
    if (next > position) this.hold(buffer, position, next);
    if (this.heldSize === size) {
      this.heldSize = 0;
      this.dispatch(this.held, 0, size);
    }
    return next;
  }

  private hold(buffer: Buffer, start: number, end: number): void {
    const size = this.heldSize + end - start;
    if (size > this.frameSizeMax) throw framingError('more was sent than may wait');
    if (size > this.held.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(this.frameSizeMax, Math.max(size, this.held.length * 2, 512)));
      this.held.copy(larger, 0, 0, this.heldSize);
      this.held = larger;
    }
    buffer.copy(this.held, this.heldSize, start, end);
    this.heldSize = size;
  }
}
