package dev.millrace.spark.amqp.source;

import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;

/**
 * The messages that were logged last, as their broker numbers them: one of them that comes again was logged before the
 * broker heard that it is accepted.
 *
 * <p>How many are kept: what comes again is what the broker holds as unsettled, and that is never more than the credit that
 * it was given; credit follows the settlements on the same connection, in their order.
 *
 * <p>A number alone may be given again: by a broker without a disk, or for an address that was deleted and made anew. The
 * time of acceptance, which never goes back, goes with it.
 */
final class LoggedMessages {
  private record Identity(long number, long stampMs) {}

  private final int messagesMax;
  private final ArrayDeque<Identity> order = new ArrayDeque<>();
  private final Set<Identity> known = new HashSet<>();

  /** @param credit the most that the broker may hold unsettled */
  LoggedMessages(int credit) {
    this.messagesMax = Math.multiplyExact(2, credit);
  }

  int messagesMax() {
    return messagesMax;
  }

  /** @return whether it was not there; one without a number, or without a stamp, never was */
  boolean add(long number, long stampMs) {
    if (number <= 0 || stampMs <= 0) return true;
    Identity identity = new Identity(number, stampMs);
    if (!known.add(identity)) return false;
    order.add(identity);
    if (order.size() > messagesMax) known.remove(order.remove());
    return true;
  }
}
