/** A delivery that nothing waits for: a browsed message, or one from a multicast address. Settling it does nothing. */
import type { Message } from './message.js';
import type { Delivery } from './ports.js';

export class DetachedDelivery implements Delivery {
  readonly message: Message;
  readonly deliveryCount: number;
  readonly redelivered = false;
  readonly sequence = 0;
  context = 0;

  constructor(message: Message, deliveryCount: number) {
    this.message = message;
    this.deliveryCount = deliveryCount;
  }

  settle(): void {}
}
