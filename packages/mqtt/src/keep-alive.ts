/**
 * Time on a connection, in whole ticks: what came since the last tick counts as having come at the tick, so a host that
 * ticks at the returned deadlines finds a silent peer between 1.5 and 1.625 keep-alives.
 */
export class KeepAlive {
  /** Set by the connection when something came, or was written. */
  received = false;
  sent = false;
  private keepAliveMs = 0;
  private lastReceived = -1;
  private lastSent = -1;
  private pingSentAt = -1;

  /** Seconds; 0 = none. */
  start(keepAlive: number): void {
    this.keepAliveMs = keepAlive * 1000;
    this.lastReceived = -1;
    this.lastSent = -1;
  }

  get milliseconds(): number {
    return this.keepAliveMs;
  }

  private note(nowMs: number): void {
    if (this.received || this.lastReceived < 0) {
      this.lastReceived = nowMs;
      this.pingSentAt = -1;
    }
    if (this.sent || this.lastSent < 0) this.lastSent = nowMs;
    this.received = false;
    this.sent = false;
  }

  /** Reading is suspended: the peer cannot be heard, and is not blamed. */
  excuse(nowMs: number): void {
    this.received = true;
    this.note(nowMs);
  }

  /** For a server: the next tick, 0 = none is needed, or 'expired' [MQTT-3.1.2-22]. */
  serverTick(nowMs: number): number | 'expired' {
    this.note(nowMs);
    if (this.keepAliveMs === 0) return 0;
    const deadline = this.lastReceived + this.keepAliveMs * 1.5;
    if (nowMs >= deadline) return 'expired';
    return Math.min(deadline, nowMs + this.keepAliveMs / 8);
  }

  /** For a client: the next tick, 'ping' when PINGREQ is due, or 'expired' when its answer did not come. */
  clientTick(nowMs: number): number | 'ping' | 'expired' {
    this.note(nowMs);
    if (this.keepAliveMs === 0) return 0;
    if (this.pingSentAt >= 0 && nowMs - this.pingSentAt >= this.keepAliveMs) return 'expired';
    const silentSince = Math.min(this.lastSent, this.lastReceived);
    if (this.pingSentAt < 0 && nowMs - silentSince >= this.keepAliveMs * 0.75) {
      this.pingSentAt = nowMs;
      this.lastSent = nowMs;
      return 'ping';
    }
    return nowMs + this.keepAliveMs / 8;
  }
}
