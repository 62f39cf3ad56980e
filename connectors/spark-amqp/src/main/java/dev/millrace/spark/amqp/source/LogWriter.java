package dev.millrace.spark.amqp.source;

import dev.millrace.spark.amqp.message.IncomingMessage;
import dev.millrace.spark.amqp.message.MalformedMessageException;
import dev.millrace.spark.amqp.options.SourceOptions;
import dev.millrace.spark.amqp.wal.RecordKind;
import dev.millrace.spark.amqp.wal.Records;
import dev.millrace.spark.amqp.wal.Times;
import dev.millrace.spark.amqp.wal.WriteAheadLog;
import dev.millrace.spark.amqp.wal.WriteAheadLog.Entry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.apache.qpid.protonj2.types.Symbol;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread between link and log: what gathered while the disk was busy becomes one group, one sync and one range of
 * settlements. It also decides each record's {@code time} and writes the heartbeats.
 *
 * <p>{@code time} never goes back. A message that was given back to the broker comes again with its old stamp, and its
 * window may be closed by then: Spark would drop it without a word, so it counts in the window that is open.
 */
final class LogWriter implements SourceLink.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(LogWriter.class);
  /** The number of a message in its queue or subscription; Azure Service Bus' name, and Millrace's. */
  static final Symbol NUMBER_ANNOTATION = Symbol.valueOf("x-opt-sequence-number");
  /** Where a broker does not answer drains, silence for so long means that it has nothing. */
  private static final long QUIET_US = 500_000;
  /** After a drain that brought nothing to know, or no answer yet. */
  private static final long DRAIN_RETRY_US = 200_000;
  /** Between two drains: the broker's clock may stand still. */
  private static final long DRAIN_INTERVAL_US = 20_000;

  /** Of the log, that are read at a time. */
  private static final long REMEMBER_BYTES = 8 << 20;

  private final SourceOptions options;
  private final WriteAheadLog log;
  private final SourceStatistics statistics;
  private final Consumer<RuntimeException> onFailure;
  private final Runnable requestDrain;
  private final Symbol timeAnnotation;
  private final IncomingMessage message = new IncomingMessage();
  private final LoggedMessages logged;
  /** Null when no heartbeats were asked for. */
  private final Heartbeats heartbeats;
  private final Thread thread;

  /** Guards the fields below it; notified when there is something to write, and when something was written. */
  private final Object lock = new Object();
  private List<ReceivedMessage> waiting = new ArrayList<>();
  private boolean writing;
  private boolean closed;
  private boolean paused;
  private final Completeness completeness;
  /** Not before this time is the broker asked again. */
  private long nextDrainUs = Times.NONE;
  private long lastArrivalUs = Times.NONE;
  private boolean cannotDrain;
  private boolean hasDrained;
  /** Since when there is a link; NONE while there is none. */
  private long attachedUs = Times.NONE;

  private long newestUs;
  /** Whether the newest message brought the broker's stamp. */
  private boolean stamped;

  LogWriter(
      SourceOptions options,
      WriteAheadLog log,
      SourceStatistics statistics,
      Consumer<RuntimeException> onFailure,
      Runnable requestDrain)
      throws IOException {
    this.options = options;
    this.log = log;
    this.statistics = statistics;
    this.onFailure = onFailure;
    this.requestDrain = requestDrain;
    this.timeAnnotation = Symbol.valueOf(options.timeAnnotation());
    this.completeness = new Completeness(options.heartbeat() == null ? 0 : options.heartbeat().delayUs());
    this.heartbeats = options.heartbeat() == null ? null : new Heartbeats(options.heartbeat());
    Times times = log.times();
    this.newestUs = times.newestUs();
    this.logged = new LoggedMessages(options.credit());
    rememberLogged();
    if (heartbeats != null && times.newestMessageUs() != Times.NONE) {
      heartbeats.message(times.newestMessageUs());
      heartbeats.beat(times.newestUs());
    }
    this.thread = new Thread(this::run, "amqp-log-" + options.address());
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** The last ones of an earlier run: the broker may not have heard of them. */
  private void rememberLogged() throws IOException {
    long end = log.nextSequence();
    for (long from = Math.max(log.firstSequence(), end - logged.messagesMax()); from < end; ) {
      long to = log.endWithin(from, REMEMBER_BYTES);
      Records records = new Records(log.read(from, to, 1).get(0));
      while (records.next()) {
        if (records.kind() != RecordKind.MESSAGE) continue;
        message.reset(records.bytes(), records.start(), records.end());
        logged.add(message.numberAnnotation(NUMBER_ANNOTATION), message.timeAnnotationMs(timeAnnotation));
      }
      from = to;
    }
  }

  void close() throws InterruptedException {
    synchronized (lock) {
      closed = true;
      lock.notifyAll();
    }
    thread.join(5_000);
  }

  /** Wakes those who wait for something to be written, to look at something else. */
  void wake() {
    synchronized (lock) {
      lock.notifyAll();
    }
  }

  /** There is a link, or none any more. */
  void attached(boolean isAttached) {
    synchronized (lock) {
      attachedUs = isAttached ? MessageReceiver.nowUs() : Times.NONE;
      if (!isAttached) completeness.newLink();
      nextDrainUs = Times.NONE;
      lock.notifyAll();
    }
  }

  /** Takes nothing more from the broker. */
  void pause() {
    synchronized (lock) {
      paused = true;
    }
  }

  /** Waits until something may have changed. */
  void await(long milliseconds) throws InterruptedException {
    synchronized (lock) {
      lock.wait(milliseconds);
    }
  }

  /** Whether all that the broker had at a time, or later, is in the log. */
  boolean hasAllSince(long timeUs) {
    synchronized (lock) {
      if (!waiting.isEmpty() || writing) return false;
      long nowUs = MessageReceiver.nowUs();
      return completeness.coversHere(timeUs) || isQuiet(nowUs) && nowUs - timeUs > QUIET_US;
    }
  }

  /** Whether messages bring the time at which the broker accepted them. */
  Completeness.TimeSource timeSource() {
    synchronized (lock) {
      return completeness.timeSource();
    }
  }

  @Override
  public void stampsPromised() {
    synchronized (lock) {
      completeness.promise();
    }
  }

  @Override
  public void received(ReceivedMessage received) {
    statistics.messagesReceived.increment();
    synchronized (lock) {
      lastArrivalUs = received.arrivedUs();
      waiting.add(received);
      if (waiting.size() == 1) lock.notifyAll();
    }
  }

  @Override
  public void drained(SourceLink.Drained answer) {
    synchronized (lock) {
      hasDrained = true;
      if (completeness.drained(answer)) nextDrainUs = answer.requestedUs() + DRAIN_INTERVAL_US;
      lock.notifyAll();
    }
  }

  @Override
  public void cannotDrain() {
    synchronized (lock) {
      // Who did it once is slow, or was lost.
      if (cannotDrain || hasDrained) return;
      LOG.warn("amqp source {}: the broker does not answer drains; silence is taken for an empty address", options.address());
      cannotDrain = true;
      lock.notifyAll();
    }
  }

  @Override
  public boolean hasRoom() {
    synchronized (lock) {
      if (paused) return false;
    }
    return !log.isFuller(options.walBytesMax());
  }

  private void run() {
    try {
      while (true) {
        List<ReceivedMessage> batch = take();
        if (batch == null) return;
        if (!batch.isEmpty()) write(batch);
        if (heartbeats != null) beat();
      }
    } catch (InterruptedException stopped) {
      // The query ends.
    } catch (IOException | RuntimeException broken) {
      LOG.error("amqp source {}: the write-ahead log cannot be written", options.address(), broken);
      onFailure.accept(new IllegalStateException("amqp: the write-ahead log cannot be written: " + broken.getMessage(), broken));
    }
  }

  /** What waits, after it was waited for; empty when a heartbeat may be due; null at the end. */
  private List<ReceivedMessage> take() throws InterruptedException {
    synchronized (lock) {
      writing = false;
      lock.notifyAll();
      while (waiting.isEmpty() && !closed) {
        long wakeUs = heartbeats == null ? Heartbeats.NONE : wakeUs();
        if (wakeUs == Heartbeats.NONE) {
          lock.wait();
          continue;
        }
        long nowUs = MessageReceiver.nowUs();
        if (nowUs >= wakeUs || canBeat(nowUs)) break;
        lock.wait(Math.max(1, (wakeUs - nowUs) / 1000));
      }
      if (closed && waiting.isEmpty()) return null;
      List<ReceivedMessage> taken = waiting;
      if (!taken.isEmpty()) waiting = new ArrayList<>(taken.size());
      writing = true;
      return taken;
    }
  }

  /** When a heartbeat is due, or is to be tried again. */
  private long wakeUs() {
    long nextUs = heartbeats.nextUs();
    if (nextUs == Heartbeats.NONE) return Heartbeats.NONE;
    long dueUs = nextUs + completeness.delayUs();
    return Math.max(dueUs, nextDrainUs);
  }

  private boolean canBeat(long nowUs) {
    long dueUs = heartbeats.dueUs(nowUs - completeness.delayUs());
    return dueUs != Heartbeats.NONE && (completeness.covers(dueUs) || isQuiet(nowUs));
  }

  private boolean isQuiet(long nowUs) {
    return cannotDrain && attachedUs != Times.NONE && nowUs - Math.max(lastArrivalUs, attachedUs) > QUIET_US;
  }

  private void write(List<ReceivedMessage> batch) throws IOException {
    List<Entry> entries = new ArrayList<>(batch.size());
    List<SourceLink.Outcome> outcomes = new ArrayList<>(batch.size());
    for (ReceivedMessage received : batch) outcomes.add(convert(received, entries));
    if (!entries.isEmpty()) {
      synchronized (lock) {
        completeness.message(stamped);
      }
    }
    log.append(entries);
    settle(batch, outcomes);
    statistics.messagesAccepted.add(entries.size());
  }

  private SourceLink.Outcome convert(ReceivedMessage received, List<Entry> entries) {
    byte[] bytes = received.bytes();
    try {
      message.reset(bytes, 0, bytes.length);
      message.check();
      if (message.deliveryCount() > 0) statistics.messagesRedelivered.increment();
      long stampMs = message.timeAnnotationMs(timeAnnotation);
      if (!logged.add(message.numberAnnotation(NUMBER_ANNOTATION), stampMs)) {
        statistics.messagesKnown.increment();
        return SourceLink.Outcome.ACCEPTED;
      }
      stamped = stampMs > 0;
      newestUs = Math.max(newestUs, stampMs > 0 ? Math.multiplyExact(stampMs, 1000L) : received.arrivedUs());
      entries.add(new Entry(RecordKind.MESSAGE, newestUs, bytes));
      if (heartbeats != null) heartbeats.message(newestUs);
      return SourceLink.Outcome.ACCEPTED;
    } catch (MalformedMessageException | ArithmeticException malformed) {
      statistics.messagesRejected.increment();
      LOG.warn("amqp source {}: a message of {} bytes is rejected: {}", options.address(), bytes.length, malformed.getMessage());
      return SourceLink.Outcome.REJECTED;
    }
  }

  /** Those of one link go together; a batch that spans a reconnection has two. */
  private static void settle(List<ReceivedMessage> batch, List<SourceLink.Outcome> outcomes) {
    int from = 0;
    for (int index = 1; index <= batch.size(); index++) {
      SourceLink link = batch.get(from).link();
      if (index < batch.size() && batch.get(index).link() == link) continue;
      link.settle(batch.subList(from, index), outcomes.subList(from, index));
      from = index;
    }
  }

  /** Writes the heartbeat that is due, when no earlier message can come any more; otherwise asks the broker for what it has. */
  private void beat() throws IOException {
    long nowUs = MessageReceiver.nowUs();
    long dueUs;
    synchronized (lock) {
      dueUs = heartbeats.dueUs(nowUs - completeness.delayUs());
      if (dueUs == Heartbeats.NONE || !waiting.isEmpty()) return;
      if (!completeness.covers(dueUs) && !isQuiet(nowUs)) {
        if (nowUs < nextDrainUs) return;
        nextDrainUs = nowUs + DRAIN_RETRY_US;
        dueUs = Heartbeats.NONE;
      }
    }
    if (dueUs == Heartbeats.NONE) {
      requestDrain.run();
      return;
    }
    newestUs = Math.max(newestUs, dueUs);
    log.append(List.of(new Entry(RecordKind.HEARTBEAT, newestUs, new byte[0])));
    heartbeats.beat(newestUs);
    statistics.heartbeats.increment();
  }
}
