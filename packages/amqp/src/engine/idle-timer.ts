/**
 * Idle time-outs both ways (AMQP 1.0 §2.4.5), without a clock: `tick` is told the time. Whether bytes came or went is a
 * flag between ticks, so that the hot path never asks what time it is.
 */
export class IdleTimer {
  /** Set by the reader: bytes came since the last tick. */
  received = false;
  /** Set by the writer: a frame left since the last tick. */
  sent = false;
  private receivedAt = 0;
  private checkedSentAt = 0;
  private readonly timeoutMs: number;
  private remoteTimeoutMs = 0;

  /** @param timeoutMs how long the peer may be silent; 0: for ever */
  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  /** The peer's idle-time-out: how long we may be silent. 0: for ever. */
  remoteTimeout(timeoutMs: number): void {
    this.remoteTimeoutMs = timeoutMs;
  }

  tick(nowMs: number): 'expired' | 'send-empty-frame' | 'quiet' {
    if (this.received || this.receivedAt === 0) {
      this.received = false;
      this.receivedAt = nowMs;
    }
    if (this.checkedSentAt === 0) this.checkedSentAt = nowMs;
    if (this.timeoutMs > 0 && nowMs - this.receivedAt >= this.timeoutMs) return 'expired';
    if (this.remoteTimeoutMs === 0 || nowMs - this.checkedSentAt < this.sendInterval()) return 'quiet';
    this.checkedSentAt = nowMs;
    const silent = !this.sent;
    this.sent = false;
    return silent ? 'send-empty-frame' : 'quiet';
  }

  /** When `tick` should come next; 0: never. */
  deadline(): number {
    const expiry = this.timeoutMs > 0 ? this.receivedAt + this.timeoutMs : 0;
    const send = this.remoteTimeoutMs > 0 ? this.checkedSentAt + this.sendInterval() : 0;
    if (expiry === 0 || send === 0) return expiry + send;
    return Math.min(expiry, send);
  }

  /** A frame just after a check is seen at the next one only: a third keeps every gap below the time-out. */
  private sendInterval(): number {
    return Math.max(1, Math.floor(this.remoteTimeoutMs / 3));
  }
}
