package dev.millrace.spark.amqp.source;

/**
 * When the next batch begins, where the source decides that and not the query's trigger: so long after the one before it,
 * but at once when there is a heartbeat, which ends a window. A result then waits for no trigger, neither for that of the
 * batch that moves the watermark nor for that of the next, which writes it. No clock; one thread.
 */
final class BatchPace {
  private final long intervalMs;
  private long lastBatchMs;
  /** The last batch had a heartbeat, so that Spark wants another one at once, be it empty. */
  private boolean another;

  /** @param intervalMs 0: the trigger decides */
  BatchPace(long intervalMs) {
    this.intervalMs = intervalMs;
  }

  boolean isSet() {
    return intervalMs > 0;
  }

  /**
   * How long to wait before looking again.
   *
   * @param hasRows whether there is something to read
   * @param hasBeat whether a heartbeat is in it
   * @return milliseconds; 0: a batch begins with what there is, or Spark goes on without one; {@link Long#MAX_VALUE}: until
   *     something comes
   */
  long waitMs(boolean hasRows, boolean hasBeat, long nowMs) {
    if (!isSet() || hasBeat || another) return 0;
    if (!hasRows) return Long.MAX_VALUE;
    return Math.max(0, lastBatchMs + intervalMs - nowMs);
  }

  /** Spark was told what there is, or that there is nothing. */
  void answered(boolean hasRows, boolean hasBeat, long nowMs) {
    if (hasRows) lastBatchMs = nowMs;
    another = hasRows && hasBeat;
  }
}
