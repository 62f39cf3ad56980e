/**
 * What a receiver can ask to be told with each message, by a capability that it desires: message annotations that the broker
 * adds to a delivery.
 *
 *     capability        annotation               is
 *     ingress-time      x-opt-ingress-time       when the broker accepted the message, ms since the epoch; Artemis' name
 *     sequence-number   x-opt-sequence-number    its number in the queue or subscription; Azure Service Bus' name
 */
import { AddedAnnotations, type Fields, type OutgoingDelivery, type SenderLink, Typed } from '@millrace/amqp';
import type { Delivery, Message } from '@millrace/broker';

const TIME_CAPABILITY = 'ingress-time';
const TIME_ANNOTATION = 'x-opt-ingress-time';
const NUMBER_CAPABILITY = 'sequence-number';
const NUMBER_ANNOTATION = 'x-opt-sequence-number';

export class DeliveryStamps {
  /** Capabilities, for the answer to the attach. */
  readonly offered: readonly string[];
  readonly tellsTime: boolean;
  readonly #tellsNumber: boolean;
  readonly #annotations: AddedAnnotations;
  readonly #values = new Float64Array(2);

  private constructor(tellsTime: boolean, tellsNumber: boolean) {
    this.tellsTime = tellsTime;
    this.#tellsNumber = tellsNumber;
    this.offered = [...(tellsTime ? [TIME_CAPABILITY] : []), ...(tellsNumber ? [NUMBER_CAPABILITY] : [])];
    this.#annotations = new AddedAnnotations([
      ...(tellsTime ? [TIME_ANNOTATION] : []),
      ...(tellsNumber ? [NUMBER_ANNOTATION] : []),
    ]);
  }

  /** @returns undefined for a link that asks for none, as nearly all do */
  static wishedBy(link: SenderLink): DeliveryStamps | undefined {
    const desired = link.remote?.desiredCapabilities ?? [];
    const [time, number] = [desired.includes(TIME_CAPABILITY), desired.includes(NUMBER_CAPABILITY)];
    return time || number ? new DeliveryStamps(time, number) : undefined;
  }

  /** @param stored undefined for what is settled as it is sent: it comes once, and its number is 0 */
  addTo(delivery: OutgoingDelivery, message: Message, stored: Delivery | undefined): void {
    let count = 0;
    if (this.tellsTime) this.#values[count++] = message.time;
    if (this.#tellsNumber) this.#values[count] = stored?.sequence ?? 0;
    this.#annotations.addTo(delivery, this.#values);
  }

  /** For the answer to a drain: all that was accepted before this time has been sent. */
  static sentUntil(timeMs: number): Fields {
    return { [TIME_ANNOTATION]: new Typed('long', timeMs) };
  }
}
