package dev.millrace.spark.amqp.source;

/** A token bucket: how many messages may be asked for now. No clock of its own. It holds a tenth of a second, at most. */
final class RateLimit {
  private static final double NANOS = 1e9;

  private final long ratePerSecond;
  private final double capacity;
  private double tokens;
  private long lastNs;

  /** @param ratePerSecond messages a second; 0: no limit */
  RateLimit(long ratePerSecond, long nowNs) {
    this.ratePerSecond = ratePerSecond;
    this.capacity = Math.max(1, ratePerSecond / 10.0);
    this.tokens = capacity;
    this.lastNs = nowNs;
  }

  boolean isLimited() {
    return ratePerSecond > 0;
  }

  /** Takes as many of the wanted as are allowed now. */
  int take(int wanted, long nowNs) {
    if (ratePerSecond == 0) return wanted;
    tokens = Math.min(capacity, tokens + (nowNs - lastNs) / NANOS * ratePerSecond);
    lastNs = nowNs;
    int taken = Math.min(wanted, (int) tokens);
    tokens -= taken;
    return taken;
  }
}
