package dev.millrace.spark.amqp.options;

import java.util.Map;

/** What the source was told. Absent texts are null; 0 means that there is no limit, or no heartbeat. */
public record SourceOptions(
    ConnectionOptions connection,
    String address,
    String subscription,
    int credit,
    int partitions,
    int partitionRows,
    long rowsPerBatchMax,
    long bytesPerBatchMax,
    long rateMax,
    String walDirectory,
    long walStart,
    long walBytesMax,
    String timeAnnotation,
    Heartbeat heartbeat) {

  /** Microseconds; null instead of this record when heartbeats were not asked for. */
  public record Heartbeat(long intervalUs, long horizonUs, long delayUs) {}

  public static SourceOptions from(Map<String, String> given) {
    OptionReader reader = new OptionReader(OptionTable.checked(given, OptionTable.Use.SOURCE));
    String address = reader.text("address");
    if (address == null) {
      throw new IllegalArgumentException("amqp: the option address is missing: the queue or topic to receive from");
    }
    ConnectionOptions connection = ConnectionOptions.from(reader);
    String subscription = reader.text("subscription");
    if (subscription != null && connection.containerId() == null) {
      throw new IllegalArgumentException(
          "amqp: option subscription needs containerId: a durable subscription belongs to a container and a name");
    }
    return new SourceOptions(
        connection,
        address,
        subscription,
        reader.integer("credit", 1),
        reader.integer("partitions", 1),
        reader.integer("partitionRows", 1),
        reader.number("maxRowsPerBatch", 0),
        reader.number("maxBytesPerBatch", 1),
        reader.number("maxRate", 0),
        reader.text("walDirectory"),
        reader.number("walStart", 0),
        reader.number("walBytesMax", 1 << 20),
        reader.text("timeAnnotation"),
        heartbeat(reader));
  }

  private static Heartbeat heartbeat(OptionReader reader) {
    long intervalUs = reader.durationUs("heartbeatInterval");
    long horizonUs = reader.durationUs("heartbeatHorizon");
    if (intervalUs == 0) {
      if (horizonUs > 0) throw OptionReader.wrong("heartbeatInterval", "empty", "needed beside heartbeatHorizon");
      return null;
    }
    return new Heartbeat(intervalUs, horizonUs == 0 ? intervalUs : horizonUs, reader.durationUs("heartbeatDelay"));
  }
}
