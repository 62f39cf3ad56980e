/**
 * A delivery whose transfers are still coming (AMQP 1.0 §2.6.14): its frames' payloads in one growing buffer, or, from
 * 1 MiB on, in a spool where the connection has been given one.
 */
import { AmqpError, Condition } from '../amqp-error.js';
import type { Spool } from './spool.js';
import type { TransferFrame } from './transfer-frame.js';

const EMPTY = Buffer.alloc(0);
const SPOOL_FROM_BYTES = 1024 * 1024;

export interface PartialAccount {
  partialBytes: number;
  readonly options: { readonly partialBytesMax: number };
  readonly openSpool: (() => Spool) | undefined;
}

export class PartialDelivery {
  readonly deliveryId: number;
  readonly tag: Buffer;
  readonly messageFormat: number;
  settled: boolean;
  size = 0;
  private buffer: Buffer = EMPTY;
  private spool: Spool | undefined = undefined;
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
    if (size > SPOOL_FROM_BYTES && this.account.openSpool !== undefined) {
      this.appendToSpool(this.account.openSpool, source, start, end);
      this.size = size;
      return;
    }
    if (size > this.buffer.length) this.grow(Math.min(Math.max(size, this.buffer.length * 2), this.sizeMax));
    source.copy(this.buffer, this.size, start, end);
    this.size = size;
  }

  /** All that came, when nothing more does. @throws AmqpError amqp:internal-error */
  whole(): Buffer {
    const { buffer, spool } = this;
    if (spool === undefined) return buffer;
    try {
      return spool.take();
    } catch (error) {
      throw new AmqpError(Condition.internalError, 'a large message could not be read back', 'link', { cause: error });
    }
  }

  /** Gives back what it took of the account; what `whole` gave stays readable until the next frame. */
  close(): void {
    this.account.partialBytes -= this.buffer.length;
    this.buffer = EMPTY;
    this.spool?.close();
    this.spool = undefined;
  }

  private appendToSpool(open: () => Spool, source: Buffer, start: number, end: number): void {
    try {
      if (this.spool === undefined) {
        this.spool = open();
        this.spool.append(this.buffer, 0, this.size);
        this.account.partialBytes -= this.buffer.length;
        this.buffer = EMPTY;
      }
      this.spool.append(source, start, end);
    } catch (error) {
      throw new AmqpError(Condition.resourceLimitExceeded, 'there is no room for a message of this size', 'link', {
        cause: error,
      });
    }
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
