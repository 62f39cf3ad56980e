package dev.millrace.spark.amqp.source;

import dev.millrace.spark.amqp.options.SourceOptions;

/**
 * At which times a heartbeat row is due. Pure arithmetic on microseconds; no clock, no thread.
 *
 * <p>Spark's watermark follows event time alone, so without another message the last window never ends. A heartbeat is a
 * row whose {@code time} is a window's end: it moves the watermark there. Windows begin at multiples of the interval since
 * the epoch, as {@code window()} has it. Beats go on while a window that a message fell into is open: until the horizon
 * (window length and watermark delay) after the beginning of the newest window; then there are none, and no work.
 *
 * <pre>
 *   interval 5 s, horizon 5 s:   message 12:00:06      beat 12:00:10, then none
 *   interval 5 s, horizon 20 s:  message 12:00:06      beats :10, :15, :20, :25, then none
 * </pre>
 */
final class Heartbeats {
  /** No beat is due. */
  static final long NONE = Long.MAX_VALUE;

  private final long intervalUs;
  private final long horizonUs;
  /** The newest time of a message or a beat. */
  private long newestUs = Long.MIN_VALUE;
  /** Beats are due up to and including the first boundary at or after this. */
  private long openUntilUs = Long.MIN_VALUE;

  Heartbeats(SourceOptions.Heartbeat options) {
    this.intervalUs = options.intervalUs();
    // A window is as long as its slide, at least, unless there are gaps, which need no beat.
    this.horizonUs = Math.max(options.intervalUs(), options.horizonUs());
  }

  /** A message with this time was written. */
  void message(long timeUs) {
    newestUs = Math.max(newestUs, timeUs);
    long beginUs = Math.floorDiv(timeUs, intervalUs) * intervalUs;
    openUntilUs = Math.max(openUntilUs, beginUs + horizonUs);
  }

  /** A heartbeat with this time was written. */
  void beat(long timeUs) {
    newestUs = Math.max(newestUs, timeUs);
  }

  /** The time of the next beat while a window is open: the first boundary after the newest row; otherwise {@link #NONE}. */
  long nextUs() {
    if (newestUs == Long.MIN_VALUE || newestUs >= openUntilUs) return NONE;
    return (Math.floorDiv(newestUs, intervalUs) + 1) * intervalUs;
  }

  /**
   * The newest boundary that has passed, when at least one is due: after a pause one beat does for all of them.
   *
   * @return {@link #NONE} when none is due
   */
  long dueUs(long nowUs) {
    long nextUs = nextUs();
    if (nextUs > nowUs) return NONE;
    long lastUs = -Math.floorDiv(-openUntilUs, intervalUs) * intervalUs;
    return Math.max(nextUs, Math.min(lastUs, Math.floorDiv(nowUs, intervalUs) * intervalUs));
  }
}
