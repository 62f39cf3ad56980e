/**
 * The arithmetic of a session's two windows (AMQP 1.0 §2.5.6), under the specification's names. Counts transfer frames,
 * not deliveries; frames are handled as they come, so the incoming window is whole again whenever a flow is sent.
 */
import { AmqpError, Condition } from '../amqp-error.js';
import { serialAdd, serialDifference } from './serial-number.js';

export class SessionWindow {
  nextIncomingId = 0;
  incomingWindow: number;
  nextOutgoingId = 0;
  readonly outgoingWindow = 0x7fffffff;
  remoteIncomingWindow = 0;
  remoteOutgoingWindow = 0;
  private readonly incomingWindowMax: number;

  constructor(incomingWindowMax: number) {
    this.incomingWindowMax = incomingWindowMax;
    this.incomingWindow = incomingWindowMax;
  }

  begun(nextOutgoingId: number, incomingWindow: number, outgoingWindow: number): void {
    this.nextIncomingId = nextOutgoingId;
    this.remoteIncomingWindow = incomingWindow;
    this.remoteOutgoingWindow = outgoingWindow;
  }

  /** @throws AmqpError amqp:session:window-violation when the peer sent more than it was allowed */
  transferReceived(): void {
    if (this.incomingWindow === 0) {
      throw new AmqpError(Condition.windowViolation, 'more transfers than the incoming window allows', 'session');
    }
    this.incomingWindow--;
    this.nextIncomingId = serialAdd(this.nextIncomingId, 1);
    this.remoteOutgoingWindow--;
  }

  transferSent(): void {
    this.nextOutgoingId = serialAdd(this.nextOutgoingId, 1);
    this.remoteIncomingWindow--;
  }

  /**
   * The windows of a flow from the peer.
   * @param nextIncomingId undefined before the peer got our begin: it then counts from our first id, which is 0
   */
  flowReceived(
    nextIncomingId: number | undefined,
    incomingWindow: number,
    nextOutgoingId: number,
    outgoingWindow: number,
  ): void {
    this.nextIncomingId = nextOutgoingId;
    this.remoteOutgoingWindow = outgoingWindow;
    this.remoteIncomingWindow = incomingWindow + serialDifference(nextIncomingId ?? 0, this.nextOutgoingId);
  }

  /** True when the peer should be told of a renewed window, so that it never has to stop. */
  get isLow(): boolean {
    return this.incomingWindow < this.incomingWindowMax >>> 1;
  }

  /** For the moment a flow is sent. */
  renew(): void {
    this.incomingWindow = this.incomingWindowMax;
  }
}
