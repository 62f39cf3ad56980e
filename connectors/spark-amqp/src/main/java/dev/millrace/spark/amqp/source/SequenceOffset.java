package dev.millrace.spark.amqp.source;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.sql.connector.read.streaming.Offset;

/** The sequence of the next record, as it stands in the checkpoint: {@code {"sequence":42}}. */
final class SequenceOffset extends Offset {
  private static final Pattern JSON = Pattern.compile("\\s*\\{\\s*\"sequence\"\\s*:\\s*(\\d+)\\s*}\\s*");

  private final long sequence;

  SequenceOffset(long sequence) {
    this.sequence = sequence;
  }

  /** Spark gives back the offsets of its checkpoint as their text, in a class of its own, wherever it restarts a batch. */
  static SequenceOffset of(Offset offset) {
    return offset instanceof SequenceOffset own ? own : parse(offset.json());
  }

  static SequenceOffset parse(String json) {
    Matcher matcher = JSON.matcher(json);
    if (!matcher.matches()) throw new IllegalArgumentException("amqp: the checkpoint has an offset of another source: " + json);
    return new SequenceOffset(Long.parseLong(matcher.group(1)));
  }

  long sequence() {
    return sequence;
  }

  @Override
  public String json() {
    return "{\"sequence\":" + sequence + "}";
  }
}
