package dev.millrace.spark.amqp.message;

import java.util.Map;
import org.apache.qpid.protonj2.types.messaging.Header;
import org.apache.qpid.protonj2.types.messaging.Properties;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.util.ArrayBasedMapData;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * A message as a row, whose columns are made when Spark asks for them: of most messages it asks for two or three. One row
 * object serves all messages of a partition; {@link #copy} makes one that stays.
 */
public final class MessageRow extends GenericInternalRow {
  private static final long serialVersionUID = 1L;
  private static final ArrayBasedMapData NO_PROPERTIES =
      new ArrayBasedMapData(new GenericArrayData(new Object[0]), new GenericArrayData(new Object[0]));

  private final transient IncomingMessage message = new IncomingMessage();
  private final transient UTF8String sourceAddress;
  private long timeUs;
  private boolean heartbeat;

  /** @param sourceAddress the address that is received from, for messages that do not say where they were sent to */
  public MessageRow(String sourceAddress, boolean heartbeats) {
    super(new Object[MessageColumns.schema(heartbeats).length()]);
    this.sourceAddress = UTF8String.fromString(sourceAddress);
  }

  /** The row is this message. */
  public void message(byte[] bytes, int start, int end, long acceptedUs) {
    message.reset(bytes, start, end);
    timeUs = acceptedUs;
    heartbeat = false;
  }

  /** The row is a heartbeat: a time and nothing else. */
  public void heartbeat(long boundaryUs) {
    timeUs = boundaryUs;
    heartbeat = true;
  }

  @Override
  public Object genericGet(int ordinal) {
    if (ordinal == MessageColumns.TIME) return timeUs;
    if (ordinal == MessageColumns.HEARTBEAT) return heartbeat;
    return heartbeat ? heartbeatColumn(ordinal) : messageColumn(ordinal);
  }

  private Object heartbeatColumn(int ordinal) {
    return switch (ordinal) {
      case MessageColumns.ADDRESS -> sourceAddress;
      case MessageColumns.DURABLE -> false;
      case MessageColumns.PRIORITY -> (int) Header.DEFAULT_PRIORITY;
      case MessageColumns.PROPERTIES -> NO_PROPERTIES;
      default -> null;
    };
  }

  private Object messageColumn(int ordinal) {
    return switch (ordinal) {
      case MessageColumns.BODY -> message.bodyText();
      case MessageColumns.BODY_BYTES -> message.bodyBytes();
      case MessageColumns.ADDRESS -> address();
      case MessageColumns.SUBJECT -> text(message.properties().getSubject());
      case MessageColumns.MESSAGE_ID -> identifier(message.properties().getMessageId());
      case MessageColumns.CORRELATION_ID -> identifier(message.properties().getCorrelationId());
      case MessageColumns.REPLY_TO -> text(message.properties().getReplyTo());
      case MessageColumns.CONTENT_TYPE -> text(message.properties().getContentType());
      case MessageColumns.CREATION_TIME -> creationTime();
      case MessageColumns.DURABLE -> message.header().isDurable();
      case MessageColumns.PRIORITY -> message.header().getPriority() & 0xff;
      case MessageColumns.TTL -> message.header().hasTimeToLive() ? (Object) message.header().getTimeToLive() : null;
      case MessageColumns.PROPERTIES -> properties();
      default -> throw new IndexOutOfBoundsException("no column " + ordinal);
    };
  }

  private UTF8String address() {
    String to = message.properties().getTo();
    return to == null || to.isEmpty() ? sourceAddress : UTF8String.fromString(to);
  }

  private Object creationTime() {
    Properties properties = message.properties();
    return properties.hasCreationTime() ? (Object) Math.multiplyExact(properties.getCreationTime(), 1000L) : null;
  }

  private ArrayBasedMapData properties() {
    Map<String, Object> properties = message.applicationProperties();
    if (properties.isEmpty()) return NO_PROPERTIES;
    Object[] keys = new Object[properties.size()];
    Object[] values = new Object[keys.length];
    int index = 0;
    for (Map.Entry<String, Object> entry : properties.entrySet()) {
      keys[index] = UTF8String.fromString(entry.getKey());
      values[index++] = UTF8String.fromString(AmqpText.of(entry.getValue()));
    }
    return new ArrayBasedMapData(new GenericArrayData(keys), new GenericArrayData(values));
  }

  private static UTF8String text(String value) {
    return value == null ? null : UTF8String.fromString(value);
  }

  private static UTF8String identifier(Object value) {
    return value == null ? null : UTF8String.fromString(AmqpText.of(value));
  }
}
