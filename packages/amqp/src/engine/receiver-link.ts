/**
 * The receiving end of a link: grants credit, puts deliveries of several transfers together, settles. Whoever drives the
 * engine decides on credit; nothing is granted by itself.
 */
import { AmqpError, Condition } from '../amqp-error.js';
import type { DeliveryState } from '../performatives/delivery-state.js';
import { type Attach, type Flow, ReceiverSettleMode } from '../performatives/performatives.js';
import type { IncomingDelivery } from './incoming-delivery.js';
import { type AttachOptions, Link } from './link.js';
import { messageSizeExceeded, PartialDelivery } from './partial-delivery.js';
import { serialAdd, serialDifference } from './serial-number.js';
import type { TransferFrame } from './transfer-frame.js';

export class ReceiverLink extends Link {
  readonly role = 'receiver';
  /** Messages that the sender says it has, beyond credit. */
  available = 0;
  private partial: PartialDelivery | undefined = undefined;
  private sizeMax = 0;
  private settlesSecond = false;
  /** Highest delivery-count that any flow allowed: a sender may not have seen yet that credit was taken back. */
  private limit = 0;
  private counted = false;

  /** Grants so much credit from now on, at the next flush. Less than before takes credit back (§2.6.7). */
  setCredit(credit: number): void {
    if (credit === this.credit && !this.drain) return;
    this.credit = credit;
    this.drain = false;
    this.granted();
    this.requestFlow();
  }

  /** Asks the sender to use up credit now or to say that it has nothing to send; `onFlow` follows with credit 0. */
  requestDrain(): void {
    this.drain = true;
    this.requestFlow();
  }

  /**
   * Settles a delivery with an outcome. Runs of ids with the same state object leave as one disposition at the next
   * flush. With rcv-settle-mode second the sender's settlement is waited for (§2.6.12).
   * @returns false when it is settled already
   */
  settle(deliveryId: number, state: DeliveryState | undefined): boolean {
    const { session } = this;
    if (this.settlesSecond) {
      if (!session.incoming.find(deliveryId) || session.incoming.link !== this) return false;
      session.queueDisposition(true, deliveryId, state, false);
      return true;
    }
    if (!session.incoming.take(deliveryId)) return false;
    this.unsettled--;
    session.queueDisposition(true, deliveryId, state, true);
    return true;
  }

  handleTransfer(frame: TransferFrame, buffer: Buffer, end: number): void {
    const { partial } = this;
    if (partial !== undefined) {
      this.continuePartial(partial, frame, buffer, end);
      return;
    }
    if (frame.deliveryId < 0)
      throw new AmqpError(Condition.invalidField, 'a delivery begins with its delivery-id', 'session');
    if (serialDifference(this.limit, this.deliveryCount) <= 0) {
      throw new AmqpError(Condition.transferLimitExceeded, 'a transfer without credit', 'link');
    }
    if (frame.aborted) return;
    this.deliveryCount = serialAdd(this.deliveryCount, 1);
    if (this.credit > 0) this.credit--;
    if (frame.more) {
      this.partial = new PartialDelivery(frame, buffer, this.sizeMax, this.session.connection);
      this.partial.append(buffer, frame.payloadStart, end);
      return;
    }
    if (end - frame.payloadStart > this.sizeMax) throw messageSizeExceeded(this.sizeMax);
    const { delivery } = this.session.connection;
    delivery.deliveryId = frame.deliveryId;
    delivery.tagBuffer = buffer;
    delivery.tagStart = frame.tagStart;
    delivery.tagEnd = frame.tagEnd;
    delivery.settled = frame.settled;
    delivery.messageFormat = frame.messageFormat;
    delivery.buffer = buffer;
    delivery.start = frame.payloadStart;
    delivery.end = end;
    this.complete(delivery);
  }

  private continuePartial(partial: PartialDelivery, frame: TransferFrame, buffer: Buffer, end: number): void {
    if (frame.deliveryId >= 0 && frame.deliveryId !== partial.deliveryId) {
      throw new AmqpError(Condition.illegalState, 'a delivery begins before the last one is whole', 'session');
    }
    if (frame.aborted) {
      this.dropPartial();
      return;
    }
    // §2.7.5: a delivery is settled when any of its transfers says so.
    if (frame.settled) partial.settled = true;
    partial.append(buffer, frame.payloadStart, end);
    if (frame.more) return;
    const bytes = partial.whole();
    this.dropPartial();
    const { delivery } = this.session.connection;
    delivery.deliveryId = partial.deliveryId;
    delivery.tagBuffer = partial.tag;
    delivery.tagStart = 0;
    delivery.tagEnd = partial.tag.length;
    delivery.settled = partial.settled;
    delivery.messageFormat = partial.messageFormat;
    delivery.buffer = bytes;
    delivery.start = 0;
    delivery.end = partial.size;
    this.complete(delivery);
  }

  private dropPartial(): void {
    this.partial?.close();
    this.partial = undefined;
  }

  private complete(delivery: IncomingDelivery): void {
    const { session } = this;
    if (!delivery.settled) {
      if (!session.incoming.add(delivery.deliveryId, this, undefined)) {
        throw new AmqpError(Condition.invalidField, `delivery-id ${delivery.deliveryId} is not settled yet`, 'session');
      }
      this.unsettled++;
    }
    session.connection.handler.onTransfer(this, delivery);
  }

  /** The peer's attach: deliveries are counted from where it says. */
  counts(attach: Attach): void {
    this.deliveryCount = attach.initialDeliveryCount ?? 0;
    this.counted = true;
    this.limit = this.deliveryCount;
    this.granted();
  }

  handleFlow(flow: Flow): void {
    if (flow.deliveryCount !== undefined) {
      const advance = serialDifference(flow.deliveryCount, this.deliveryCount);
      // Ahead of ours: the sender gave credit up, as a drain asks for.
      if (advance > 0) {
        this.deliveryCount = flow.deliveryCount;
        this.credit = Math.max(0, this.credit - advance);
      }
    }
    this.available = flow.available ?? 0;
    if (this.drain && this.credit === 0) this.drain = false;
  }

  flowFields(): Partial<Flow> {
    return {
      handle: this.handle,
      deliveryCount: this.deliveryCount,
      linkCredit: this.credit,
      drain: this.drain ? true : undefined,
    };
  }

  released(): void {
    this.dropPartial();
    this.session.incoming.removeLink(this);
    this.unsettled = 0;
  }

  protected attachFields(options: AttachOptions): Partial<Attach> {
    this.sizeMax = options.messageSizeMax ?? this.session.connection.options.messageSizeMax;
    this.settlesSecond = (options.receiverSettleMode ?? this.remote?.rcvSettleMode) === ReceiverSettleMode.second;
    return { maxMessageSize: this.sizeMax };
  }

  private granted(): void {
    if (!this.counted) return;
    const limit = serialAdd(this.deliveryCount, this.credit);
    if (serialDifference(limit, this.limit) > 0) this.limit = limit;
  }
}
