package dev.millrace.spark.amqp.message;

import dev.millrace.spark.amqp.options.SinkOptions;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.qpid.protonj2.buffer.ProtonBuffer;
import org.apache.qpid.protonj2.buffer.ProtonBufferAllocator;
import org.apache.qpid.protonj2.codec.Encoder;
import org.apache.qpid.protonj2.codec.EncoderState;
import org.apache.qpid.protonj2.codec.encoders.ProtonEncoderFactory;
import org.apache.qpid.protonj2.types.messaging.AmqpValue;
import org.apache.qpid.protonj2.types.messaging.ApplicationProperties;
import org.apache.qpid.protonj2.types.messaging.Data;
import org.apache.qpid.protonj2.types.messaging.Header;
import org.apache.qpid.protonj2.types.messaging.Properties;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.catalyst.util.MapData;

/**
 * Rows as messages, encoded. STRING goes out as AmqpValue(string), BINARY as Data, a NULL body as AmqpValue(null), columns
 * that are no message columns as AmqpValue(string) with a JSON object. One for each partition of a batch; one thread.
 */
public final class MessageEncoder {
  private static final int PRIORITY_MAX = 255;
  private static final long TTL_MAX_MS = 0xffffffffL;
  /** Of a JSON object, unless the row says otherwise. */
  private static final String JSON = "application/json";

  private final RowShape shape;
  private final SinkOptions options;
  private final ContentIds ids;
  private final JsonObjects json;
  private final Encoder encoder = ProtonEncoderFactory.create();
  private final EncoderState encoderState = encoder.newEncoderState();

  public MessageEncoder(RowShape shape, SinkOptions options, String query, long batch, int partition) {
    this.shape = shape;
    this.options = options;
    this.ids = options.contentIds() ? new ContentIds(query, batch, partition) : null;
    this.json = shape.jsonOrdinals().length == 0 ? null : new JsonObjects(shape);
  }

  /** @throws IllegalArgumentException when a value is one that no message can carry */
  public OutgoingMessage encode(InternalRow row) {
    String address = text(row, "address");
    if (address == null) address = options.address();
    if (address == null || address.isEmpty()) {
      throw new IllegalArgumentException("amqp: a row's address is " + (address == null ? "NULL" : "empty")
          + (options.address() == null ? ", and there is no option address to send it to instead" : ""));
    }
    Properties properties = properties(row);
    byte[] rest = restOf(row);
    if (properties.getMessageId() == null && ids != null) {
      properties.setMessageId(idOf(address, row, properties, rest));
    }
    ProtonBuffer buffer = ProtonBufferAllocator.defaultAllocator().allocate(rest.length + 192);
    writeHeader(buffer, row);
    encoder.writeObject(buffer, encoderState.reset(), properties);
    buffer.writeBytes(rest);
    return new OutgoingMessage(address, buffer);
  }

  /** Over all that the row says; the properties once without the id that they then get. */
  private String idOf(String address, InternalRow row, Properties properties, byte[] rest) {
    ProtonBuffer content = ProtonBufferAllocator.defaultAllocator().allocate(rest.length + 128);
    writeHeader(content, row);
    encoder.writeObject(content, encoderState.reset(), properties);
    content.writeBytes(rest);
    byte[] bytes = AmqpText.bytes(content);
    return ids.next(address, bytes, bytes.length);
  }

  private void writeHeader(ProtonBuffer buffer, InternalRow row) {
    Header header = new Header();
    int durable = present(row, "durable");
    header.setDurable(durable == RowShape.ABSENT ? options.durable() : row.getBoolean(durable));
    int priority = present(row, "priority");
    if (priority != RowShape.ABSENT) header.setPriority((byte) inRange("priority", row.getInt(priority), 0, PRIORITY_MAX));
    int ttl = present(row, "ttl");
    if (ttl != RowShape.ABSENT) {
      long ttlMs = shape.isLong(ttl) ? row.getLong(ttl) : row.getInt(ttl);
      header.setTimeToLive(inRange("ttl", ttlMs, 1, TTL_MAX_MS));
    }
    encoder.writeObject(buffer, encoderState.reset(), header);
  }

  private Properties properties(InternalRow row) {
    Properties properties = new Properties();
    String messageId = text(row, "message_id");
    if (messageId != null) properties.setMessageId(messageId);
    String subject = text(row, "subject");
    if (subject != null) properties.setSubject(subject);
    String replyTo = text(row, "reply_to");
    if (replyTo != null) properties.setReplyTo(replyTo);
    String correlationId = text(row, "correlation_id");
    if (correlationId != null) properties.setCorrelationId(correlationId);
    String contentType = text(row, "content_type");
    if (contentType == null && json != null) contentType = JSON;
    if (contentType != null) properties.setContentType(contentType);
    int creationTime = present(row, "creation_time");
    if (creationTime != RowShape.ABSENT) properties.setCreationTime(Math.floorDiv(row.getLong(creationTime), 1000L));
    return properties;
  }

  /** Application properties and body. */
  private byte[] restOf(InternalRow row) {
    ProtonBuffer buffer = ProtonBufferAllocator.defaultAllocator().allocate(128);
    int map = present(row, "properties");
    if (map != RowShape.ABSENT) {
      Map<String, Object> properties = toMap(row.getMap(map));
      if (!properties.isEmpty()) encoder.writeObject(buffer, encoderState.reset(), new ApplicationProperties(properties));
    }
    encoder.writeObject(buffer, encoderState.reset(), body(row));
    return AmqpText.bytes(buffer);
  }

  private Object body(InternalRow row) {
    if (json != null) return new AmqpValue<>(json.write(row));
    int body = present(row, MessageColumns.BODY_NAME);
    if (body == RowShape.ABSENT) return new AmqpValue<>(null);
    if (shape.bodyIsBinary()) return new Data(row.getBinary(body));
    return new AmqpValue<>(row.getUTF8String(body).toString());
  }

  private static Map<String, Object> toMap(MapData data) {
    ArrayData keys = data.keyArray();
    ArrayData values = data.valueArray();
    Map<String, Object> map = new LinkedHashMap<>();
    for (int index = 0; index < data.numElements(); index++) {
      map.put(keys.getUTF8String(index).toString(), values.isNullAt(index) ? null : values.getUTF8String(index).toString());
    }
    return map;
  }

  private String text(InternalRow row, String column) {
    int ordinal = present(row, column);
    return ordinal == RowShape.ABSENT ? null : row.getUTF8String(ordinal).toString();
  }

  /** The column's ordinal, or ABSENT when the row has none or it is NULL. */
  private int present(InternalRow row, String column) {
    int ordinal = shape.ordinal(column);
    return ordinal == RowShape.ABSENT || row.isNullAt(ordinal) ? RowShape.ABSENT : ordinal;
  }

  private static long inRange(String column, long value, long least, long most) {
    if (value >= least && value <= most) return value;
    throw new IllegalArgumentException("amqp: a row's " + column + " is " + value + ", not from " + least + " to " + most);
  }
}
