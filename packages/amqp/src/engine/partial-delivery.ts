/** A delivery whose transfers are still coming (AMQP 1.0 §2.6.14): its frames' payloads in one growing buffer. */
import { AmqpError, Condition } from '../amqp-error.js';
import type { TransferFrame } from './transfer-frame.js';

export class PartialDelivery {
  readonly deliveryId: number;
  readonly tag: Buffer;
  readonly messageFormat: number;
  settled: boolean;
  buffer: Buffer;
  size = 0;
  private readonly sizeMax: number;

  constructor(frame: TransferFrame, source: Buffer, end: number, sizeMax: number) {
    this.deliveryId = frame.deliveryId;
    this.tag = Buffer.from(source.subarray(Math.max(frame.tagStart, 0), Math.max(frame.tagEnd, 0)));
    this.messageFormat = frame.messageFormat;
    this.settled = frame.settled;
    this.sizeMax = sizeMax;
    this.buffer = Buffer.allocUnsafe((end - frame.payloadStart) * 2);
  }

  /** @throws AmqpError amqp:link:message-size-exceeded */
  append(source: Buffer, start: number, end: number): void {
    const size = this.size + end - start;
    if (size > this.sizeMax) throw messageSizeExceeded(this.sizeMax);
    if (size > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.min(Math.max(size, this.buffer.length * 2), this.sizeMax));
      this.buffer.copy(larger, 0, 0, this.size);
      this.buffer = larger;
    }
    source.copy(this.buffer, this.size, start, end);
    this.size = size;
  }
}

export function messageSizeExceeded(sizeMax: number): AmqpError {
  return new AmqpError(Condition.messageSizeExceeded, `a message has at most ${sizeMax} bytes`, 'link');
}
