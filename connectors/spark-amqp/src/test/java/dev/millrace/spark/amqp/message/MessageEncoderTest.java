package dev.millrace.spark.amqp.message;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.spark.amqp.options.SinkOptions;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.qpid.protonj2.buffer.ProtonBuffer;
import org.apache.qpid.protonj2.codec.Decoder;
import org.apache.qpid.protonj2.codec.decoders.ProtonDecoderFactory;
import org.apache.qpid.protonj2.types.messaging.AmqpValue;
import org.apache.qpid.protonj2.types.messaging.ApplicationProperties;
import org.apache.qpid.protonj2.types.messaging.Data;
import org.apache.qpid.protonj2.types.messaging.Header;
import org.apache.qpid.protonj2.types.messaging.Properties;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.util.ArrayBasedMapData;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;
import org.junit.jupiter.api.Test;

class MessageEncoderTest {
  private static final StructType BODY = new StructType().add("body", DataTypes.StringType);

  private static MessageEncoder encoder(StructType schema, long batch, int partition, String... options) {
    Map<String, String> given = new java.util.HashMap<>(Map.of("address", "target"));
    for (int index = 0; index < options.length; index += 2) given.put(options[index], options[index + 1]);
    return new MessageEncoder(RowShape.of(schema, true), SinkOptions.from(given), "query", batch, partition);
  }

  private static InternalRow row(Object... values) {
    Object[] columns = new Object[values.length];
    for (int index = 0; index < values.length; index++) {
      columns[index] = values[index] instanceof String text ? UTF8String.fromString(text) : values[index];
    }
    return new GenericInternalRow(columns);
  }

  private static List<Object> decode(OutgoingMessage message) {
    Decoder decoder = ProtonDecoderFactory.create();
    ProtonBuffer buffer = message.encoded();
    buffer.setReadOffset(0);
    List<Object> sections = new ArrayList<>();
    while (buffer.isReadable()) sections.add(decoder.readObject(buffer, decoder.newDecoderState()));
    return sections;
  }

  private static <T> T section(OutgoingMessage message, Class<T> type) {
    return decode(message).stream().filter(type::isInstance).map(type::cast).findFirst().orElse(null);
  }

  private static String refusal(StructType schema, boolean address) {
    return assertThrows(IllegalArgumentException.class, () -> RowShape.of(schema, address)).getMessage();
  }

  @Test
  void allMessageColumnsGoWhereTheyBelong() {
    StructType schema =
        BODY.add("ADDRESS", DataTypes.StringType).add("subject", DataTypes.StringType).add("message_id", DataTypes.StringType)
            .add("correlation_id", DataTypes.StringType).add("reply_to", DataTypes.StringType)
            .add("content_type", DataTypes.StringType).add("creation_time", DataTypes.TimestampType)
            .add("durable", DataTypes.BooleanType).add("priority", DataTypes.IntegerType).add("ttl", DataTypes.LongType)
            .add("properties", DataTypes.createMapType(DataTypes.StringType, DataTypes.StringType));
    ArrayBasedMapData map =
        new ArrayBasedMapData(
            new GenericArrayData(new Object[] {UTF8String.fromString("k")}),
            new GenericArrayData(new Object[] {UTF8String.fromString("v")}));
    OutgoingMessage message =
        encoder(schema, 0, 0).encode(row("b", "other", "s", "id", "c", "r", "t", 5_000_999L, false, 200, 60_000L, map));
    assertEquals("other", message.address());
    Header header = section(message, Header.class);
    assertEquals(false, header.isDurable());
    assertEquals(200, header.getPriority() & 0xff);
    assertEquals(60_000, header.getTimeToLive());
    Properties properties = section(message, Properties.class);
    assertEquals("id", properties.getMessageId());
    assertEquals("s", properties.getSubject());
    assertEquals("c", properties.getCorrelationId());
    assertEquals("r", properties.getReplyTo());
    assertEquals("t", properties.getContentType());
    assertEquals(5_000, properties.getCreationTime());
    assertEquals(Map.of("k", "v"), section(message, ApplicationProperties.class).getValue());
    assertEquals("b", section(message, AmqpValue.class).getValue());
  }

  @Test
  void nullsAreLeftToTheOptionsAndTheSpec() {
    StructType schema = BODY.add("address", DataTypes.StringType).add("durable", DataTypes.BooleanType).add("ttl", DataTypes.IntegerType);
    OutgoingMessage message = encoder(schema, 0, 0).encode(row(null, null, null, null));
    assertEquals("target", message.address());
    assertTrue(section(message, Header.class).isDurable());
    assertTrue(!section(message, Header.class).hasTimeToLive());
    assertNull(section(message, AmqpValue.class).getValue());
  }

  @Test
  void binaryIsData() {
    StructType schema = new StructType().add("body", DataTypes.BinaryType);
    OutgoingMessage message = encoder(schema, 0, 0).encode(row((Object) new byte[] {1, 2}));
    assertArrayEquals(new byte[] {1, 2}, section(message, Data.class).getValue());
  }

  @Test
  void otherColumnsAreAJsonObject() {
    StructType schema =
        new StructType().add("device", DataTypes.StringType).add("celsius", DataTypes.DoubleType).add("subject", DataTypes.StringType)
            .add("at", DataTypes.TimestampType).add("gone", DataTypes.IntegerType);
    MessageEncoder encoder = encoder(schema, 0, 0);
    OutgoingMessage message = encoder.encode(row("d\"1", 21.5, "s", 1_767_225_600_123_000L, null));
    assertEquals("{\"device\":\"d\\\"1\",\"celsius\":21.5,\"at\":\"2026-01-01T00:00:00.123Z\"}", section(message, AmqpValue.class).getValue());
    assertEquals("s", section(message, Properties.class).getSubject());
    assertEquals("application/json", section(message, Properties.class).getContentType());
    assertEquals("{\"device\":\"2\"}", section(encoder.encode(row("2", null, null, null, null)), AmqpValue.class).getValue());
  }

  @Test
  void shapesOfWhichNoMessageCanBeMadeAreRefused() {
    assertTrue(refusal(BODY.add("celsius", DataTypes.DoubleType), true).contains("either body or other columns, and rows have body and celsius"));
    assertTrue(refusal(BODY.add("time", DataTypes.TimestampType), true).contains("time, which is read only: drop("));
    assertTrue(refusal(BODY, false).contains("no column address"));
    assertTrue(refusal(new StructType().add("address", DataTypes.StringType), true).contains("need a column body"));
    assertTrue(refusal(new StructType().add("body", DataTypes.IntegerType), true).contains("column body must be STRING or BINARY, not INT"));
    assertTrue(refusal(BODY.add("ttl", DataTypes.StringType), true).contains("column ttl must be BIGINT, not STRING"));
    assertTrue(refusal(BODY.add("BODY", DataTypes.StringType), true).contains("two columns are named body"));
  }

  @Test
  void valuesThatNoMessageCanCarryAreRefused() {
    StructType schema = BODY.add("address", DataTypes.StringType).add("priority", DataTypes.IntegerType).add("ttl", DataTypes.LongType);
    MessageEncoder encoder = encoder(schema, 0, 0);
    for (InternalRow wrong : List.of(row("b", "", 4, 1L), row("b", "a", 256, 1L), row("b", "a", 4, 0L), row("b", "a", 4, 1L << 32))) {
      assertThrows(IllegalArgumentException.class, () -> encoder.encode(wrong));
    }
  }

  private static List<String> ids(MessageEncoder encoder, String... bodies) {
    List<String> ids = new ArrayList<>();
    for (String body : bodies) ids.add((String) section(encoder.encode(row(body)), Properties.class).getMessageId());
    return ids;
  }

  @Test
  void aRepeatedBatchHasTheSameIdsInAnyOrder() {
    List<String> first = ids(encoder(BODY, 3, 1), "a", "b", "a", "c", "a");
    List<String> again = ids(encoder(BODY, 3, 1), "a", "a", "c", "b", "a");
    assertEquals(5, new HashSet<>(first).size(), "equal rows are different messages");
    assertEquals(new TreeSet<>(first), new TreeSet<>(again));
    assertEquals(first.get(1), again.get(3), "the id goes with the content");
  }

  @Test
  void otherBatchesPartitionsAndAddressesHaveOtherIds() {
    List<String> ids = new ArrayList<>(ids(encoder(BODY, 3, 1), "a"));
    ids.addAll(ids(encoder(BODY, 4, 1), "a"));
    ids.addAll(ids(encoder(BODY, 3, 2), "a"));
    ids.addAll(ids(encoder(BODY, 3, 1, "address", "elsewhere"), "a"));
    assertEquals(4, new HashSet<>(ids).size());
  }

  @Test
  void idsCanBeLeftOut() {
    assertNull(section(encoder(BODY, 0, 0, "messageIds", "none").encode(row("a")), Properties.class).getMessageId());
    assertNotEquals(null, ids(encoder(BODY, 0, 0), "a").get(0));
    assertEquals(24, ids(encoder(BODY, 0, 0), "a").get(0).getBytes(StandardCharsets.US_ASCII).length);
  }
}
