package dev.millrace.spark.amqp.connection;

import dev.millrace.spark.amqp.AmqpException;
import dev.millrace.spark.amqp.AmqpException.Kind;
import dev.millrace.spark.amqp.options.BrokerLocation;
import dev.millrace.spark.amqp.options.ConnectionOptions;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;

/**
 * Which broker is tried next, and when. After a whole round without success it waits, twice as long each time up to
 * {@link #BACKOFF_MAX_MS}, with some chance in it, so that a thousand clients do not come at once.
 */
public final class FailOver {
  static final long BACKOFF_MIN_MS = 50;
  static final long BACKOFF_MAX_MS = 5_000;

  private final ConnectionOptions options;
  private int next;
  private int failures;

  public FailOver(ConnectionOptions options) {
    this.options = options;
  }

  /**
   * Opens a connection to the first broker that takes it.
   *
   * @param deadlineMs {@link System#currentTimeMillis} after which it is given up
   * @throws AmqpException when a broker refuses, or the deadline passed: the last reason
   */
  public AmqpConnection connect(Consumer<AmqpException> onFailure, long deadlineMs) throws InterruptedException {
    while (true) {
      long leftMs = deadlineMs - System.currentTimeMillis();
      List<BrokerLocation> locations = options.locations();
      BrokerLocation location = locations.get(Math.floorMod(next, locations.size()));
      AmqpConnection connection = new AmqpConnection(location, options, onFailure);
      try {
        connection.open(Math.max(1, Math.min(leftMs, options.connectTimeoutMs())));
        failures = 0;
        return connection;
      } catch (AmqpException failure) {
        next++;
        failures++;
        if (failure.kind() == Kind.REFUSED && failures % locations.size() == 0) throw failure;
        long waitMs = backoffMs();
        if (System.currentTimeMillis() + waitMs >= deadlineMs) throw failure;
        if (waitMs > 0) Thread.sleep(waitMs);
      }
    }
  }

  /** The connection was lost or refused what it is for: the next one is tried. */
  public void lost() {
    next++;
  }

  /** 0 within a round of the brokers. */
  long backoffMs() {
    int size = options.locations().size();
    if (failures % size != 0) return 0;
    int rounds = Math.min(20, failures / size);
    long wholeMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS << Math.max(0, rounds - 1));
    return wholeMs / 2 + ThreadLocalRandom.current().nextLong(wholeMs / 2 + 1);
  }
}
