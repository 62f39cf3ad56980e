/** A retained message on its way to a new subscription: nothing is settled with the broker, which keeps its own. */
import type { Delivery, Message } from '@millrace/broker';

export class RetainedDelivery implements Delivery {
  readonly message: Message;
  readonly deliveryCount = 0;
  readonly redelivered = false;
  readonly sequence = 0;
  context = 0;

  constructor(message: Message) {
    this.message = message;
  }

  settle(): void {}
}
