package dev.millrace.spark.amqp.source;

import dev.millrace.spark.amqp.AmqpException;
import dev.millrace.spark.amqp.AmqpException.Kind;
import dev.millrace.spark.amqp.connection.AmqpConnection;
import dev.millrace.spark.amqp.connection.FailOver;
import dev.millrace.spark.amqp.options.SourceOptions;
import dev.millrace.spark.amqp.wal.WriteAheadLog;
import java.io.Closeable;
import java.io.IOException;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a link to a broker of the list and a log writer behind it. A connection that is lost is replaced for as long as
 * it takes; what the broker refuses at first, or refuses steadily later, fails the query.
 */
final class MessageReceiver implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(MessageReceiver.class);
  private static final long REFUSED_RETRY_MS = 1_000;
  /** A broker that accepts connections and drops them is not asked in a tight loop. */
  private static final long LOST_RETRY_MS = 100;
  private static final int LOST_DRAINS_MAX = 2;

  private final SourceOptions options;
  private final LogWriter writer;
  private final SourceStatistics statistics = new SourceStatistics();
  private final RateLimit rateLimit;
  private final FailOver failOver;
  private final Thread supervisor;
  private volatile SourceLink link;
  private int lostDrains;
  private volatile RuntimeException failure;
  private volatile boolean closed;

  /** @throws IOException when the log cannot be read */
  MessageReceiver(SourceOptions options, WriteAheadLog log) throws IOException {
    this.options = options;
    this.rateLimit = new RateLimit(options.rateMax(), System.nanoTime());
    this.failOver = new FailOver(options.connection());
    this.writer = new LogWriter(options, log, statistics, this::fail, this::drain);
    this.supervisor = new Thread(this::supervise, "amqp-source-" + options.address());
    supervisor.setDaemon(true);
  }

  /** Does not wait for a connection: planning a query must not hang on a broker. */
  void start() {
    writer.start();
    supervisor.start();
  }

  static long nowUs() {
    Instant now = Instant.now();
    return now.getEpochSecond() * 1_000_000 + now.getNano() / 1_000;
  }

  SourceStatistics statistics() {
    return statistics;
  }

  LogWriter writer() {
    return writer;
  }

  /** @throws RuntimeException when the source cannot go on, with the reason */
  void throwIfFailed() {
    RuntimeException reason = failure;
    if (reason != null) throw reason;
  }

  /** A batch was finished, so there may be room in the log. */
  void resume() {
    SourceLink current = link;
    if (current != null) current.resume();
  }

  /** Asks the broker for what it has left; the writer is told the answer. */
  void drain() {
    SourceLink current = link;
    if (current != null) current.drain(nowUs());
  }

  @Override
  public void close() {
    closed = true;
    try {
      // First what is in hand is written and settled, so that a query that is stopped in order gets nothing twice.
      writer.pause();
      writer.close();
      supervisor.interrupt();
      supervisor.join(5_000);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void fail(RuntimeException reason) {
    failure = reason;
    supervisor.interrupt();
  }

  private void supervise() {
    boolean everAttached = false;
    long refusedSinceMs = 0;
    while (!closed && failure == null) {
      try {
        long deadlineMs = everAttached ? Long.MAX_VALUE : System.currentTimeMillis() + options.connection().connectTimeoutMs();
        CompletableFuture<AmqpException> lost = new CompletableFuture<>();
        AmqpConnection connection = failOver.connect(lost::complete, deadlineMs);
        try {
          attach(connection, lost);
          everAttached = true;
          refusedSinceMs = 0;
          throw lost.get();
        } finally {
          detach(connection);
        }
      } catch (AmqpException problem) {
        failOver.lost();
        statistics.lastProblem = problem.getMessage();
        long nowMs = System.currentTimeMillis();
        if (problem.kind() == Kind.REFUSED && refusedSinceMs == 0) refusedSinceMs = nowMs;
        boolean steadily = problem.kind() == Kind.REFUSED && nowMs - refusedSinceMs > options.connection().connectTimeoutMs();
        if (!everAttached || steadily) {
          failure = problem;
          writer.wake();
          return;
        }
        LOG.warn("amqp source {}: {}; trying again", options.address(), problem.getMessage());
        if (!sleep(problem.kind() == Kind.REFUSED ? REFUSED_RETRY_MS : LOST_RETRY_MS)) return;
      } catch (ExecutionException impossible) {
        throw new AssertionError(impossible);
      } catch (InterruptedException stopped) {
        return;
      } catch (RuntimeException broken) {
        failure = broken;
        writer.wake();
        return;
      }
    }
  }

  private void attach(AmqpConnection connection, CompletableFuture<AmqpException> lost) throws InterruptedException {
    SourceLink attaching = new SourceLink(connection, options, rateLimit, writer);
    lost.thenAccept(attaching::connectionLost);
    attaching.attach(options.connection().connectTimeoutMs());
    link = attaching;
    writer.attached(true);
    statistics.connections.increment();
    statistics.connectedTo = connection.location().toString();
    statistics.lastProblem = null;
    LOG.info("amqp source {}: receiving from {}", options.address(), connection.location());
  }

  /** A broker that was lost over two drains in turn is not asked for a third. */
  private void detach(AmqpConnection connection) {
    SourceLink detached = link;
    link = null;
    writer.attached(false);
    statistics.connectedTo = null;
    connection.close();
    if (detached == null) return;
    lostDrains = detached.endedInDrain() ? lostDrains + 1 : 0;
    if (lostDrains == LOST_DRAINS_MAX) writer.cannotDrain();
  }

  private static boolean sleep(long milliseconds) {
    try {
      Thread.sleep(milliseconds);
      return true;
    } catch (InterruptedException stopped) {
      return false;
    }
  }
}
