package dev.millrace.spark.amqp.message;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** The columns of a message as a row, in their order, and those that a row as a message may have. */
public final class MessageColumns {
  public static final int TIME = 0;
  public static final int BODY = 1;
  public static final int BODY_BYTES = 2;
  public static final int ADDRESS = 3;
  public static final int SUBJECT = 4;
  public static final int MESSAGE_ID = 5;
  public static final int CORRELATION_ID = 6;
  public static final int REPLY_TO = 7;
  public static final int CONTENT_TYPE = 8;
  public static final int CREATION_TIME = 9;
  public static final int DURABLE = 10;
  public static final int PRIORITY = 11;
  public static final int TTL = 12;
  public static final int PROPERTIES = 13;
  /** Only with the option {@code heartbeatInterval}. */
  public static final int HEARTBEAT = 14;

  public static final String BODY_NAME = "body";

  private static final StructType MESSAGE =
      new StructType()
          .add("time", DataTypes.TimestampType, false)
          .add(BODY_NAME, DataTypes.StringType, true)
          .add("body_bytes", DataTypes.BinaryType, true)
          .add("address", DataTypes.StringType, false)
          .add("subject", DataTypes.StringType, true)
          .add("message_id", DataTypes.StringType, true)
          .add("correlation_id", DataTypes.StringType, true)
          .add("reply_to", DataTypes.StringType, true)
          .add("content_type", DataTypes.StringType, true)
          .add("creation_time", DataTypes.TimestampType, true)
          .add("durable", DataTypes.BooleanType, false)
          .add("priority", DataTypes.IntegerType, false)
          .add("ttl", DataTypes.LongType, true)
          .add(
              "properties",
              DataTypes.createMapType(DataTypes.StringType, DataTypes.StringType, false),
              false);

  private static final StructType MESSAGE_AND_HEARTBEAT = MESSAGE.add("heartbeat", DataTypes.BooleanType, false);

  /** The broker's and the receiver's alone: a row that is sent cannot set them. */
  private static final Set<String> READ_ONLY = Set.of("time", "body_bytes", "heartbeat");

  private MessageColumns() {}

  public static StructType schema(boolean heartbeats) {
    return heartbeats ? MESSAGE_AND_HEARTBEAT : MESSAGE;
  }

  /** The message column that an output column of this name sets, without regard to case; null when it sets none. */
  static StructField writable(String name) {
    String wanted = name.toLowerCase(Locale.ROOT);
    if (READ_ONLY.contains(wanted)) return null;
    for (StructField field : MESSAGE.fields()) if (field.name().equals(wanted)) return field;
    return null;
  }

  static boolean isReadOnly(String name) {
    return READ_ONLY.contains(name.toLowerCase(Locale.ROOT));
  }

  static List<String> readOnly() {
    return List.of("time", "body_bytes", "heartbeat");
  }
}
