package dev.millrace.spark.amqp.wal;

/** How far time has come in the log: what the next record's time must not be before. Microseconds. */
public final class Times {
  /** There was no record yet. */
  public static final long NONE = Long.MIN_VALUE;

  private long newestUs;
  private long newestMessageUs;

  Times(long newestUs, long newestMessageUs) {
    this.newestUs = newestUs;
    this.newestMessageUs = newestMessageUs;
  }

  static Times none() {
    return new Times(NONE, NONE);
  }

  Times copy() {
    return new Times(newestUs, newestMessageUs);
  }

  void add(RecordKind kind, long timeUs) {
    newestUs = Math.max(newestUs, timeUs);
    if (kind == RecordKind.MESSAGE) newestMessageUs = Math.max(newestMessageUs, timeUs);
  }

  /** Of any record. */
  public long newestUs() {
    return newestUs;
  }

  /** Of a message. */
  public long newestMessageUs() {
    return newestMessageUs;
  }
}
