/** A delivery whose transfers are still coming (AMQP 1.0 §2.6.14): its frames' payloads in one growing buffer. */
import { AmqpError, Condition } from '../amqp-error.js';
import type { TransferFrame } from './transfer-frame.js';

const EMPTY = Buffer.alloc(0);

export interface PartialAccount {
  partialBytes: number;
  readonly options: { readonly partialBytesMax: number };
}

export class PartialDelivery {
  readonly deliveryId: number;
  readonly tag: Buffer;
  readonly messageFormat: number;
  settled: boolean;
  buffer: Buffer = EMPTY;
  size = 0;
  private readonly sizeMax: number;
  private readonly account: PartialAccount;

  /** @param account what all partial deliveries of the connection take together */
  constructor(frame: TransferFrame, source: Buffer, sizeMax: number, account: PartialAccount) {
    this.deliveryId = frame.deliveryId;
    this.tag = Buffer.from(source.subarray(Math.max(frame.tagStart, 0), Math.max(frame.tagEnd, 0)));
    this.messageFormat = frame.messageFormat;
    this.settled = frame.settled;
    this.sizeMax = sizeMax;
    this.account = account;
  }

  /** @throws AmqpError amqp:link:message-size-exceeded, amqp:resource-limit-exceeded */
  append(source: Buffer, start: number, end: number): void {
    const size = this.size + end - start;
    if (size > this.sizeMax) throw messageSizeExceeded(this.sizeMax);
    if (size > this.buffer.length) this.grow(Math.min(Math.max(size, this.buffer.length * 2), this.sizeMax));
    source.copy(this.buffer, this.size, start, end);
    this.size = size;
  }

  /** Gives back what it took of the account; the bytes stay readable until the next frame. */
  close(): void {
    this.account.partialBytes -= this.buffer.length;
  }

  private grow(capacity: number): void {
    const { account, buffer } = this;
    const more = capacity - buffer.length;
    if (account.partialBytes + more > account.options.partialBytesMax) {
      throw new AmqpError(Condition.resourceLimitExceeded, 'too many messages wait for their last transfer', 'link');
    }
    account.partialBytes += more;
    this.buffer = Buffer.allocUnsafe(capacity);
    buffer.copy(this.buffer, 0, 0, this.size);
  }
}

export function messageSizeExceeded(sizeMax: number): AmqpError {
  return new AmqpError(Condition.messageSizeExceeded, `a message has at most ${sizeMax} bytes`, 'link');
}
