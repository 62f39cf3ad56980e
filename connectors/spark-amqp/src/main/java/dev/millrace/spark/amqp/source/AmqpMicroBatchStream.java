package dev.millrace.spark.amqp.source;

import dev.millrace.spark.amqp.options.SourceOptions;
import dev.millrace.spark.amqp.wal.WriteAheadLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.streaming.MicroBatchStream;
import org.apache.spark.sql.connector.read.streaming.Offset;
import org.apache.spark.sql.connector.read.streaming.ReadAllAvailable;
import org.apache.spark.sql.connector.read.streaming.ReadLimit;
import org.apache.spark.sql.connector.read.streaming.ReadMaxRows;
import org.apache.spark.sql.connector.read.streaming.ReportsSourceMetrics;
import org.apache.spark.sql.connector.read.streaming.SupportsTriggerAvailableNow;

/**
 * Spark's view of the log: offsets are sequences of records that are durable, a batch is the records between two of them.
 *
 * <p>{@code commit(end)} of a batch is called only when the next one is built, so messages are not settled there but when
 * they are durable in the log; here it frees the log.
 */
final class AmqpMicroBatchStream implements MicroBatchStream, SupportsTriggerAvailableNow, ReportsSourceMetrics {
  private static final long AVAILABLE_POLL_MS = 100;

  private final SourceOptions options;
  private final WriteAheadLog log;
  private final MessageReceiver receiver;
  /** With the trigger AvailableNow: when it began; 0 otherwise. */
  private long availableSinceUs;
  /** With the trigger AvailableNow: where it ends, once that is known; -1 before. */
  private long availableEnd = -1;

  AmqpMicroBatchStream(SourceOptions options, String checkpoint) {
    this.options = options;
    try {
      this.log = WriteAheadLog.open(LogDirectory.of(options, checkpoint), WriteAheadLog.SEGMENT_BYTES);
      this.receiver = new MessageReceiver(options, log);
    } catch (IOException broken) {
      throw new UncheckedIOException("amqp: the write-ahead log cannot be opened: " + broken.getMessage(), broken);
    }
    receiver.start();
  }

  /** Of a new checkpoint. The log may be older than it: what an earlier one has finished is not read again. */
  @Override
  public Offset initialOffset() {
    return new SequenceOffset(options.walStart());
  }

  @Override
  public Offset latestOffset() {
    throw new UnsupportedOperationException("latestOffset(start, limit) is called instead");
  }

  @Override
  public ReadLimit getDefaultReadLimit() {
    return options.rowsPerBatchMax() == 0 ? ReadLimit.allAvailable() : ReadLimit.maxRows(options.rowsPerBatchMax());
  }

  @Override
  public Offset latestOffset(Offset start, ReadLimit limit) {
    receiver.throwIfFailed();
    long from = SequenceOffset.of(start).sequence();
    checkLog(from);
    long end = availableSinceUs == 0 ? log.nextSequence() : availableEnd(from);
    if (end == from) return start;
    end = Math.min(end, log.endWithin(from, options.bytesPerBatchMax()));
    if (limit instanceof ReadMaxRows rows) end = Math.min(end, from + rows.maxRows());
    else if (!(limit instanceof ReadAllAvailable)) end = Math.min(end, from + Math.max(1, options.rowsPerBatchMax()));
    return new SequenceOffset(Math.max(from, end));
  }

  @Override
  public Offset reportLatestOffset() {
    return new SequenceOffset(log.nextSequence());
  }

  @Override
  public void prepareForTriggerAvailableNow() {
    availableSinceUs = MessageReceiver.nowUs();
  }

  @Override
  public InputPartition[] planInputPartitions(Offset start, Offset end) {
    long from = SequenceOffset.of(start).sequence();
    long to = SequenceOffset.of(end).sequence();
    long wanted = (to - from + options.partitionRows() - 1) / options.partitionRows();
    int parts = (int) Math.max(1, Math.min(options.partitions(), wanted));
    try {
      List<byte[]> blocks = log.read(from, to, parts);
      return blocks.stream().map(RecordBlock::new).toArray(InputPartition[]::new);
    } catch (IOException broken) {
      throw new UncheckedIOException("amqp: the write-ahead log cannot be read: " + broken.getMessage(), broken);
    }
  }

  @Override
  public PartitionReaderFactory createReaderFactory() {
    return new RecordReaderFactory(addressOf(options.address()), options.heartbeat() != null);
  }

  /** `TOPIC::QUEUE` names a queue of a topic: what comes from it was sent to the topic. */
  private static String addressOf(String source) {
    int separator = source.indexOf("::");
    return separator < 0 ? source : source.substring(0, separator);
  }

  @Override
  public Offset deserializeOffset(String json) {
    return SequenceOffset.parse(json);
  }

  @Override
  public void commit(Offset end) {
    try {
      log.release(SequenceOffset.of(end).sequence());
    } catch (IOException broken) {
      throw new UncheckedIOException("amqp: the write-ahead log cannot be cut: " + broken.getMessage(), broken);
    }
    receiver.resume();
  }

  @Override
  public void stop() {
    receiver.close();
    try {
      log.close();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  @Override
  public Map<String, String> metrics(Optional<Offset> latestConsumed) {
    long consumed = latestConsumed.map(offset -> SequenceOffset.of(offset).sequence()).orElse(0L);
    SourceStatistics statistics = receiver.statistics();
    String connectedTo = statistics.connectedTo;
    String problem = statistics.lastProblem;
    Map<String, String> metrics = new LinkedHashMap<>();
    metrics.put("connectedTo", connectedTo == null ? "" : connectedTo);
    metrics.put("connectionsTotal", Long.toString(statistics.connections.sum()));
    if (problem != null) metrics.put("problem", problem);
    metrics.put("messagesReceivedTotal", Long.toString(statistics.messagesReceived.sum()));
    metrics.put("messagesAcceptedTotal", Long.toString(statistics.messagesAccepted.sum()));
    metrics.put("messagesRejectedTotal", Long.toString(statistics.messagesRejected.sum()));
    metrics.put("messagesRedeliveredTotal", Long.toString(statistics.messagesRedelivered.sum()));
    metrics.put("messagesKnownTotal", Long.toString(statistics.messagesKnown.sum()));
    metrics.put("heartbeatsTotal", Long.toString(statistics.heartbeats.sum()));
    metrics.put("rowsWaiting", Long.toString(Math.max(0, log.nextSequence() - consumed)));
    metrics.put("walBytes", Long.toString(log.bytes()));
    metrics.put("walSyncsTotal", Long.toString(log.syncs()));
    metrics.put("timeIs", receiver.writer().timeSource().name().toLowerCase(Locale.ROOT));
    return metrics;
  }

  /** What the query's progress calls the source. */
  @Override
  public String toString() {
    return "amqp " + options.address() + " at " + options.connection().locations();
  }

  /** An offset beyond the log means that the log was deleted: going on would count from the wrong place. */
  private void checkLog(long from) {
    if (from <= log.nextSequence()) return;
    throw new IllegalStateException(
        "amqp: the checkpoint is at message " + from + " and the write-ahead log at " + log.nextSequence()
            + ": it was deleted or is of another query");
  }

  /** Waits until there is something to read, or it is sure that all that was there at the beginning was read. */
  private long availableEnd(long from) {
    LogWriter writer = receiver.writer();
    try {
      while (availableEnd < 0) {
        receiver.throwIfFailed();
        boolean stamped = writer.timeSource() == Completeness.TimeSource.ACCEPTED;
        boolean passed = stamped && log.times().newestMessageUs() > availableSinceUs;
        if (passed || writer.hasAllSince(availableSinceUs)) {
          writer.pause();
          availableEnd = log.nextSequence();
        } else if (log.nextSequence() > from) {
          return log.nextSequence();
        } else {
          receiver.drain();
          writer.await(AVAILABLE_POLL_MS);
        }
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return from;
    }
    return Math.max(from, availableEnd);
  }
}
