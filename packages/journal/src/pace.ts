/**
 * Whether a write is made on the thread itself, where it blocks, or handed to the thread pool, from which it comes back
 * 25 to 45 µs later than the disk was ready. With one message in flight that way is a third of the time.
 *
 * On the thread only what cannot hold others up for long: a small write, nothing behind it, on a disk that has just been
 * quick several times. When there is much to do, writes are large, or come back late, and go to the pool. One that took
 * long keeps all from the thread for a second, and for longer when that happens again.
 */

const BYTES_MAX = 4096;
/**
 * Of one message, and what was settled meanwhile. With more, senders have several under way: while a write waits in the
 * pool, what they send next gathers and shares the one after it, and on the thread it could not.
 */
const RECORDS_MAX = 3;
/** Quick writes by the pool before one is tried here. */
const QUICK_WRITES = 8;
/** From handing it to the pool to hearing of it. */
const QUICK_MS = 0.5;
/** On the thread: others have waited. */
const SLOW_MS = 1;
const WAIT_MS = 1_000;
const WAIT_MS_MAX = 64_000;
/** So many in a row, and a slow one is a surprise again. */
const GOOD_RUN = 10_000;

export class Pace {
  private quick = 0;
  private good = 0;
  private notBeforeMs = 0;
  private waitMs = WAIT_MS;

  onThread(write: { readonly bytes: number; readonly records: number }, nowMs: number): boolean {
    const isSmall = write.bytes <= BYTES_MAX && write.records <= RECORDS_MAX;
    return isSmall && this.quick >= QUICK_WRITES && nowMs >= this.notBeforeMs;
  }

  /** A write by the pool was reported after this time. */
  pooled(bytes: number, ms: number): void {
    if (ms > QUICK_MS) this.quick = 0;
    else if (bytes <= BYTES_MAX) this.quick++;
  }

  /** A write on the thread took this time. */
  blocked(ms: number, nowMs: number): void {
    if (ms <= SLOW_MS) {
      if (++this.good >= GOOD_RUN) this.waitMs = WAIT_MS;
      return;
    }
    this.good = 0;
    this.quick = 0;
    this.notBeforeMs = nowMs + this.waitMs;
    this.waitMs = Math.min(WAIT_MS_MAX, this.waitMs * 2);
  }
}
