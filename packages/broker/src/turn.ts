/**
 * The present turn: its time, and that its end was asked for. A turn opens with the first thing that needs either and
 * ends with `Broker.commitPending`.
 */
export class Turn {
  open = false;
  /** Time of this turn, or of the last one when none is open; ms since the epoch, never goes back. */
  timeMs = 0;
  private readonly now: () => number;
  private readonly scheduleCommit: () => void;

  constructor(now: () => number, scheduleCommit: () => void) {
    this.now = now;
    this.scheduleCommit = scheduleCommit;
  }

  /** Opens the turn. @returns its time */
  begin(): number {
    if (this.open) return this.timeMs;
    this.open = true;
    const now = this.now();
    if (now > this.timeMs) this.timeMs = now;
    this.scheduleCommit();
    return this.timeMs;
  }

  /** The host's clock has gone on, or had before the restart. */
  advance(nowMs: number): void {
    if (nowMs > this.timeMs) this.timeMs = nowMs;
  }
}
