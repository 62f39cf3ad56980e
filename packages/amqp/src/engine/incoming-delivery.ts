/** A delivery as `onTransfer` shows it. One object a connection, filled anew for each: copy what is to be kept. */
const EMPTY = Buffer.alloc(0);

export class IncomingDelivery {
  /** Names it in `ReceiverLink.settle`. */
  deliveryId = 0;
  /** The delivery-tag is `tagBuffer[tagStart … tagEnd)`. */
  tagBuffer: Buffer = EMPTY;
  tagStart = 0;
  tagEnd = 0;
  /** True: the sender does not want to hear of it. */
  settled = false;
  messageFormat = 0;
  /** The message is `buffer[start … end)`. */
  buffer: Buffer = EMPTY;
  start = 0;
  end = 0;
}
