package dev.millrace.spark.amqp.sink;

import dev.millrace.spark.amqp.connection.FailOver;
import dev.millrace.spark.amqp.options.ConnectionOptions;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * The connections of this JVM's writers, one for equal options. A writer lives for one partition of one batch; connecting
 * for each would cost more than sending. A connection that nobody uses is closed after a while.
 */
final class SinkConnections {
  private static final long IDLE_CLOSE_MS = 30_000;
  private static final Map<ConnectionOptions, Slot> SLOTS = new HashMap<>();
  private static final ScheduledExecutorService CLOSER =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "amqp-sink-closer");
            thread.setDaemon(true);
            return thread;
          });

  private SinkConnections() {}

  /** What is shared by equal options. Its monitor is held while it connects: the others would only do the same. */
  static final class Slot {
    private final FailOver failOver;
    private SinkConnection current;
    private int users;
    /** Counts uses, so that a closing that was planned before the last use does nothing. */
    private long uses;

    private Slot(ConnectionOptions options) {
      failOver = new FailOver(options);
    }

    /** The connection that is up, or a new one in place of one that ended. */
    synchronized SinkConnection connect(long deadlineMs) throws InterruptedException {
      if (current == null || current.isEnded()) current = SinkConnection.open(failOver, deadlineMs);
      return current;
    }

    private synchronized void join() {
      users++;
      uses++;
    }

    synchronized void leave() {
      if (--users > 0) return;
      long last = uses;
      CLOSER.schedule(() -> closeUnused(last), IDLE_CLOSE_MS, TimeUnit.MILLISECONDS);
    }

    private synchronized void closeUnused(long last) {
      if (users > 0 || uses != last || current == null) return;
      current.close();
      current = null;
    }
  }

  static Slot join(ConnectionOptions options) {
    Slot slot;
    synchronized (SLOTS) {
      slot = SLOTS.computeIfAbsent(options, Slot::new);
    }
    slot.join();
    return slot;
  }
}
