/** Writes protocol headers, and frames but those of transfers and runs of accepted, which are written by hand. */
import { AmqpError, Condition } from '../amqp-error.js';
import { Encoder } from '../codec/encoder.js';
import { type Composite, encodeComposite } from '../performatives/composite.js';
import type { IdleTimer } from './idle-timer.js';
import type { Output } from './output.js';
import { putUint32 } from './transfer-frame.js';

/** AMQP 1.0 §2.2 and §5.3.1: name, protocol id, version. */
export const PROTOCOL_HEADER = Buffer.from('AMQP\x00\x01\x00\x00', 'latin1');
export const SASL_HEADER = Buffer.from('AMQP\x03\x01\x00\x00', 'latin1');
export const FRAME_HEAD_SIZE = 8;
export const FrameType = { amqp: 0, sasl: 1 } as const;

/** The data offset of a frame without extended header: two words of four bytes (§2.3.1). */
const DATA_OFFSET = 2 << 24;

export class FrameWriter {
  headerSent = false;
  /** Largest frame that the peer takes; known once it has opened. */
  frameSizeMax = Number.POSITIVE_INFINITY;
  private readonly output: Output;
  private readonly idle: IdleTimer;
  private readonly encoder = new Encoder();

  constructor(output: Output, idle: IdleTimer) {
    this.output = output;
    this.idle = idle;
  }

  /** @throws AmqpError amqp:frame-size-too-small when the peer takes no frame so large */
  write<T extends object>(type: number, channel: number, composite: Composite<T>, value: T): void {
    const { encoder, output } = this;
    encodeComposite(encoder.reset(), composite, value);
    const size = FRAME_HEAD_SIZE + encoder.position;
    if (size > this.frameSizeMax) {
      throw new AmqpError(
        Condition.frameSizeTooSmall,
        `${composite.name} takes ${size} bytes, more than the peer takes`,
      );
    }
    this.begin(size, DATA_OFFSET | (type << 16) | channel);
    encoder.buffer.copy(output.buffer, output.position + FRAME_HEAD_SIZE, 0, encoder.position);
    output.position += size;
  }

  writeEmptyFrame(): void {
    this.begin(FRAME_HEAD_SIZE, DATA_OFFSET);
    this.output.position += FRAME_HEAD_SIZE;
  }

  writeHeader(header: Buffer): void {
    this.headerSent = true;
    this.output.reserve(header.length);
    header.copy(this.output.buffer, this.output.position);
    this.output.position += header.length;
  }

  private begin(size: number, secondWord: number): void {
    this.output.reserve(size);
    putUint32(this.output.buffer, this.output.position, size);
    putUint32(this.output.buffer, this.output.position + 4, secondWord);
    this.idle.sent = true;
  }
}
