/** A message of a direct anycast address, with its receiver: the receiver's outcome is the sender's. */
import type { DirectReceiver } from './direct-receiver.js';
import type { Message } from './message.js';
import type { Outcome, RefusalReason } from './outcome.js';
import type { Delivery, Sender } from './ports.js';

export class DirectDelivery implements Delivery {
  readonly message: Message;
  readonly deliveryCount = 0;
  readonly redelivered = false;
  readonly sequence = 0;
  context = 0;
  settled = false;
  private readonly receiver: DirectReceiver;
  private readonly sender: Sender | undefined;
  private readonly tag: number;

  constructor(
    message: Message,
    receiver: DirectReceiver,
    from: { readonly sender: Sender | undefined; readonly tag: number },
  ) {
    this.message = message;
    this.receiver = receiver;
    this.sender = from.sender;
    this.tag = from.tag;
  }

  settle(outcome: Outcome): void {
    this.end(outcome, undefined);
  }

  end(outcome: Outcome, reason: RefusalReason | undefined): void {
    if (this.settled) return;
    this.settled = true;
    this.receiver.open.delete(this);
    if (this.sender !== undefined && this.tag >= 0) this.receiver.answer(this.sender, this.tag, outcome, reason);
  }
}
