package dev.millrace.spark.amqp.source;

/**
 * How much credit a link should have: as many messages as the option says, and no more than fit into a bound of bytes at
 * the size that messages had lately. AMQP's credit counts messages, whatever their size, so a sender that goes
 * over from small messages to large ones exceeds the bound by the credit that was given before.
 */
final class CreditPolicy {
  /** Bytes that may be on their way to the log at a time. */
  static final long HELD_BYTES_MAX = 64 << 20;
  /** Before the first message nothing is known of their size. */
  private static final int CREDIT_AT_FIRST = 50;
  /** Weight of the newest message in the mean; one large message counts at once, see {@link #received}. */
  private static final double WEIGHT = 1.0 / 64;

  private final int creditMax;
  private double meanBytes;

  CreditPolicy(int creditMax) {
    this.creditMax = creditMax;
  }

  void received(int bytes) {
    if (bytes > meanBytes) meanBytes += (bytes - meanBytes) * (bytes > meanBytes * 8 ? 0.5 : WEIGHT);
    else meanBytes += (bytes - meanBytes) * WEIGHT;
  }

  /** Messages that may be under way or in hand. */
  int target() {
    if (meanBytes == 0) return Math.min(creditMax, CREDIT_AT_FIRST);
    return (int) Math.max(1, Math.min(creditMax, (long) (HELD_BYTES_MAX / meanBytes)));
  }

  /** Credit is given in pieces: a flow for each message would cost more than the message. */
  boolean isWorthGiving(int credit) {
    return credit >= Math.max(1, target() / 4);
  }
}
