/** A received AMQP message as the broker's: facts from the header, the rest as bytes where they lie. */
import {
  Decoder,
  decodeMapSection,
  Header,
  type IncomingDelivery,
  MessageSections,
  PropertyIndex,
  propertyPosition,
} from '@millrace/amqp';
import { type Message, MessageFormat } from '@millrace/broker';
import { duplicateIdOf } from '../translate/duplicate-id.js';

const RETAIN_ANNOTATION = Buffer.from('x-opt-retain-message');

/** One for a connection; what it finds is valid until the next `borrow`. */
export class IncomingMessage {
  readonly sections = new MessageSections();
  private readonly header = new Header();
  private readonly decoder = new Decoder();

  /**
   * Makes `message` stand for the delivery: borrowed, valid as long as that is. The address is the caller's to set.
   *
   * @throws AmqpError amqp:decode-error when the sections of the message cannot be told apart
   */
  borrow(message: Message, delivery: IncomingDelivery): void {
    const { sections, header } = this;
    const { buffer } = delivery;
    sections.scan(buffer, delivery.start, delivery.end);
    message.reuse();
    message.format = MessageFormat.amqp;
    message.bytes = buffer;
    message.split = sections.bareStart;
    message.start = sections.messageAnnotationsStart < 0 ? sections.bareStart : sections.messageAnnotationsStart;
    message.end = delivery.end;
    message.qos = delivery.settled ? 0 : 1;
    if (sections.headerStart >= 0) header.read(buffer, sections.headerStart, sections.headerEnd);
    else header.clear();
    message.durable = header.durable;
    message.priority = header.priority;
    message.ttlMs = header.ttlMs;
    message.expiresAt = sections.propertiesStart < 0 ? 0 : this.absoluteExpiryTime(buffer);
    message.retain = sections.messageAnnotationsStart >= 0 && this.asksToRetain(buffer);
  }

  /** The message's `to`, when it is an address. */
  to(buffer: Buffer): string | undefined {
    const value = this.property(buffer, PropertyIndex.to);
    return typeof value === 'string' ? value : undefined;
  }

  /** The message's id, in the form in which addresses tell duplicates. */
  duplicateId(buffer: Buffer): string | undefined {
    return duplicateIdOf(this.property(buffer, PropertyIndex.messageId));
  }

  private absoluteExpiryTime(buffer: Buffer): number {
    const value = this.property(buffer, PropertyIndex.absoluteExpiryTime);
    if (!(value instanceof Date)) return 0;
    // A time that is no date, or before the epoch, is over: 1 ms after the epoch says so, 0 would mean never.
    return Math.max(1, value.getTime()) || 1;
  }

  /** EnMasse's annotation for MQTT's retain flag. */
  private asksToRetain(buffer: Buffer): boolean {
    const { messageAnnotationsStart, messageAnnotationsEnd } = this.sections;
    const annotations = buffer.subarray(messageAnnotationsStart, messageAnnotationsEnd);
    if (!annotations.includes(RETAIN_ANNOTATION)) return false;
    const map = decodeMapSection(buffer, messageAnnotationsStart, messageAnnotationsEnd);
    return map?.['x-opt-retain-message'] === true;
  }

  private property(buffer: Buffer, index: PropertyIndex): unknown {
    const position = propertyPosition(buffer, this.sections, index);
    if (position < 0) return undefined;
    return this.decoder.reset(buffer, position, this.sections.propertiesEnd).readValue();
  }
}
