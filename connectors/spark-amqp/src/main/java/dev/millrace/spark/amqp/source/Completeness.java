package dev.millrace.spark.amqp.source;

import dev.millrace.spark.amqp.wal.Times;

/**
 * Up to which {@code time} all messages have been received, which a heartbeat must not go beyond. No thread, no clock.
 *
 * <pre>
 *   time is                        complete up to
 *   arrival here                   now: nothing can arrive in the past
 *   the broker's stamp             when a drain was asked for that was answered with nothing more; the clocks may differ,
 *                                  so a beat waits for a delay
 *   the stamp of a broker that     the time that its answer to a drain says: exact whatever the clocks say. How far they
 *   promised it                    are apart shows when the next answer can be the one that is waited for
 *   not known yet                  as with the broker's stamp: a restart may have found a window open that messages
 *                                  which are with the broker belong to
 * </pre>
 */
final class Completeness {
  /** Where the messages' time is from. */
  enum TimeSource {
    UNKNOWN,
    ACCEPTED,
    ARRIVED
  }

  /** The broker's milliseconds end up to so much after what they say. */
  private static final long MILLISECOND_US = 1_000;

  private final long delayUs;
  private TimeSource timeSource = TimeSource.UNKNOWN;
  private boolean promised;
  private long untilUs = Times.NONE;
  /** The same by the clock here. */
  private long untilHereUs = Times.NONE;
  /** By how much the broker's clock is behind the one here; less than 0 when it is ahead. */
  private long behindUs;

  /** @param delayUs by how much the clocks may differ where the broker says nothing of its own */
  Completeness(long delayUs) {
    this.delayUs = delayUs;
  }

  TimeSource timeSource() {
    return timeSource;
  }

  /** The broker stamps each message from now on, and says in its answers to drains how far it has sent all. */
  void promise() {
    promised = true;
    timeSource = TimeSource.ACCEPTED;
  }

  /** A new link is there, and it is not known yet whether its broker stamps and tells. */
  void newLink() {
    promised = false;
  }

  /** A message came, with the broker's stamp or without. */
  void message(boolean stamped) {
    timeSource = stamped ? TimeSource.ACCEPTED : TimeSource.ARRIVED;
  }

  /** @return whether it showed up to when all has come */
  boolean drained(SourceLink.Drained answer) {
    if (answer.sentUntilUs() >= 0 || answer.empty() && !promised) untilHereUs = Math.max(untilHereUs, answer.requestedUs());
    if (answer.sentUntilUs() >= 0) {
      behindUs = answer.requestedUs() - answer.sentUntilUs();
      untilUs = Math.max(untilUs, answer.sentUntilUs());
      return true;
    }
    // Who promised and does not tell has something left that it cannot send now.
    if (!answer.empty() || promised) return false;
    untilUs = Math.max(untilUs, answer.requestedUs());
    return true;
  }

  /** Whether no message with an earlier time can come any more, but one that was sent before. */
  boolean covers(long timeUs) {
    return timeSource == TimeSource.ARRIVED || untilUs >= timeUs;
  }

  /** All that the broker had at a time by the clock here was received. */
  boolean coversHere(long nowUs) {
    return untilHereUs >= nowUs;
  }

  /** How long after a boundary, by the clock here, it is worth asking whether all before it has come. */
  long delayUs() {
    return promised ? behindUs + MILLISECOND_US : delayUs;
  }
}
