package dev.millrace.spark.amqp.options;

import java.io.Serializable;
import java.util.Map;

/** What the sink was told. {@code address} is null when every row must bring its own. */
public record SinkOptions(
    ConnectionOptions connection,
    String address,
    int unsettledMax,
    long sendTimeoutMs,
    boolean durable,
    boolean contentIds)
    implements Serializable {

  public static SinkOptions from(Map<String, String> given) {
    OptionReader reader = new OptionReader(OptionTable.checked(given, OptionTable.Use.SINK));
    String ids = reader.text("messageIds");
    if (!ids.equals("content") && !ids.equals("none")) throw OptionReader.wrong("messageIds", ids, "content or none");
    return new SinkOptions(
        ConnectionOptions.from(reader),
        reader.text("address"),
        reader.integer("unsettledMax", 1),
        reader.durationMs("sendTimeout"),
        reader.flag("durable"),
        ids.equals("content"));
  }
}
