/** How many messages a connection may send in a second; who sends more is not read for as long as it was too fast. */
export class MessageRate {
  private readonly perSecond: number;
  private tokens: number;
  private atMs = 0;

  constructor(perSecond: number) {
    this.perSecond = perSecond;
    this.tokens = perSecond;
  }

  /** A message came. */
  count(): void {
    this.tokens--;
  }

  /** @returns how long nothing is to be read now, ms; 0: go on */
  pauseMs(nowMs: number): number {
    const elapsed = this.atMs === 0 ? 0 : Math.max(0, nowMs - this.atMs);
    this.atMs = nowMs;
    this.tokens = Math.min(this.perSecond, this.tokens + (elapsed * this.perSecond) / 1000);
    return this.tokens >= 0 ? 0 : Math.ceil((-this.tokens * 1000) / this.perSecond);
  }
}
