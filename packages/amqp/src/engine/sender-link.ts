/**
 * The sending end of a link. A delivery is written at once and whole into the output, split into frames as the peer's
 * max-frame-size asks; only when the session's window closes in the midst of one is its rest kept until a flow opens it.
 */
import { AmqpError, Condition } from '../amqp-error.js';
import type { Fields } from '../codec/values.js';
import type { Attach, Flow } from '../performatives/performatives.js';
import { type AttachOptions, Link } from './link.js';
import { serialAdd, serialDifference } from './serial-number.js';
import { putBytes, TRANSFER_OVERHEAD } from './transfer-frame.js';

const EMPTY = Buffer.alloc(0);

/** What `send` is given: prefix and payload go out one after the other as one message. May be used again at once. */
export class OutgoingDelivery {
  /** Sections made for this delivery: `prefix[0 … prefixSize)`, often the header. */
  prefix: Buffer = EMPTY;
  prefixSize = 0;
  /** The rest of the message: `buffer[start … end)`. */
  buffer: Buffer = EMPTY;
  start = 0;
  end = 0;
  /** True: nothing is heard of it afterwards. */
  settled = false;
  messageFormat = 0;
  /** Comes back in `onSettled`. */
  context: unknown = undefined;
}

export class SenderLink extends Link {
  readonly role = 'sender';
  /** Largest message the receiver takes; 0: any. */
  remoteMessageSizeMax = 0;
  /** Messages that wait to be sent, told to the receiver in flows. */
  available = 0;
  /** What the answer to the present drain says beside it (§2.7.4, properties). */
  private drainProperties: Fields | undefined = undefined;

  /** How many deliveries may be sent now: what credit and the session's window allow. */
  sendable(): number {
    const { session } = this;
    if (this.state !== 'attached' || session.remainder !== undefined) return 0;
    const window = session.window.remoteIncomingWindow;
    return Math.max(0, Math.min(this.credit, window));
  }

  /**
   * @returns the delivery-id, or -1 when `sendable()` is 0
   * @throws AmqpError amqp:link:message-size-exceeded when the receiver takes no message so large
   */
  send(delivery: OutgoingDelivery): number {
    if (this.sendable() <= 0) return -1;
    const { session } = this;
    const size = delivery.prefixSize + delivery.end - delivery.start;
    if (this.remoteMessageSizeMax > 0 && size > this.remoteMessageSizeMax) {
      throw new AmqpError(
        Condition.messageSizeExceeded,
        `the receiver takes at most ${this.remoteMessageSizeMax} bytes`,
        'link',
      );
    }
    const deliveryId = session.nextDeliveryId;
    session.nextDeliveryId = serialAdd(deliveryId, 1);
    this.credit--;
    this.deliveryCount = serialAdd(this.deliveryCount, 1);
    if (!delivery.settled) {
      session.outgoing.add(deliveryId, this, delivery.context);
      this.unsettled++;
    }
    this.write(delivery, deliveryId, size);
    return deliveryId;
  }

  private write(delivery: OutgoingDelivery, deliveryId: number, size: number): void {
    const { session } = this;
    const { head, output, remoteFrameSizeMax } = session.connection;
    head.channel = session.channel;
    head.handle = this.handle;
    head.deliveryId = deliveryId;
    head.messageFormat = delivery.messageFormat;
    head.settled = delivery.settled;
    head.continuation = false;
    if (size + TRANSFER_OVERHEAD <= remoteFrameSizeMax) {
      head.more = false;
      output.reserve(size + TRANSFER_OVERHEAD);
      head.write(output, size);
      if (delivery.prefixSize > 0) putBytes(output, delivery.prefix, 0, delivery.prefixSize);
      putBytes(output, delivery.buffer, delivery.start, delivery.end);
      session.window.transferSent();
      session.connection.written();
      return;
    }
    const { prefix, prefixSize, buffer, start, end, settled, messageFormat } = delivery;
    const bytes = Buffer.concat([prefix.subarray(0, prefixSize), buffer.subarray(start, end)]);
    session.sendRemainder({ link: this, deliveryId, messageFormat, settled, bytes, position: 0 });
  }

  /**
   * Gives up the credit that is left, as drain asks for when there is nothing more to send (§2.6.7).
   * @param properties of the flow that says so
   */
  drained(properties?: Fields): void {
    if (!this.drain) return;
    this.drainProperties = properties;
    this.deliveryCount = serialAdd(this.deliveryCount, this.credit);
    this.credit = 0;
    this.requestFlow();
  }

  handleFlow(flow: Flow): void {
    if (flow.linkCredit !== undefined) {
      const base = flow.deliveryCount ?? 0;
      // What is on its way to the receiver is not in its count yet (§2.6.7).
      this.credit = Math.max(0, flow.linkCredit + serialDifference(base, this.deliveryCount));
    }
    this.drain = flow.drain ?? false;
    this.drainProperties = undefined;
  }

  flowFields(): Partial<Flow> {
    return {
      handle: this.handle,
      deliveryCount: this.deliveryCount,
      linkCredit: this.credit,
      available: this.available,
      drain: this.drain ? true : undefined,
      properties: this.drainProperties,
    };
  }

  released(): void {
    this.session.outgoing.removeLink(this);
    this.session.dropRemainder(this);
    this.unsettled = 0;
    this.credit = 0;
  }

  protected attachFields(_options: AttachOptions): Partial<Attach> {
    return { initialDeliveryCount: this.deliveryCount };
  }
}
