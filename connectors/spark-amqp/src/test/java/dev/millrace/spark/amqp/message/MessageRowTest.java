package dev.millrace.spark.amqp.message;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.qpid.protonj2.buffer.ProtonBuffer;
import org.apache.qpid.protonj2.buffer.ProtonBufferAllocator;
import org.apache.qpid.protonj2.codec.Encoder;
import org.apache.qpid.protonj2.codec.encoders.ProtonEncoderFactory;
import org.apache.qpid.protonj2.types.Binary;
import org.apache.qpid.protonj2.types.Decimal32;
import org.apache.qpid.protonj2.types.Symbol;
import org.apache.qpid.protonj2.types.UnsignedByte;
import org.apache.qpid.protonj2.types.UnsignedInteger;
import org.apache.qpid.protonj2.types.UnsignedLong;
import org.apache.qpid.protonj2.types.UnsignedShort;
import org.apache.qpid.protonj2.types.messaging.AmqpSequence;
import org.apache.qpid.protonj2.types.messaging.AmqpValue;
import org.apache.qpid.protonj2.types.messaging.ApplicationProperties;
import org.apache.qpid.protonj2.types.messaging.Data;
import org.apache.qpid.protonj2.types.messaging.DeliveryAnnotations;
import org.apache.qpid.protonj2.types.messaging.Footer;
import org.apache.qpid.protonj2.types.messaging.Header;
import org.apache.qpid.protonj2.types.messaging.MessageAnnotations;
import org.apache.qpid.protonj2.types.messaging.Properties;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.util.MapData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class MessageRowTest {
  private static final UUID ID = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");

  private static byte[] encode(Object... sections) {
    Encoder encoder = ProtonEncoderFactory.create();
    ProtonBuffer buffer = ProtonBufferAllocator.defaultAllocator().allocate();
    for (Object section : sections) encoder.writeObject(buffer, encoder.newEncoderState(), section);
    return AmqpText.bytes(buffer);
  }

  /** The row of a message that lies somewhere in a block, as it does when it comes from the log. */
  private static MessageRow row(byte[] message) {
    byte[] block = new byte[message.length + 7];
    Arrays.fill(block, (byte) 0xff);
    System.arraycopy(message, 0, block, 3, message.length);
    MessageRow row = new MessageRow("source", true);
    row.message(block, 3, 3 + message.length, 1_234_567);
    return row;
  }

  private static String text(InternalRow row, int ordinal) {
    return row.isNullAt(ordinal) ? null : row.getUTF8String(ordinal).toString();
  }

  private static Map<Object, Object> map(Object... pairs) {
    Map<Object, Object> map = new LinkedHashMap<>();
    for (int index = 0; index < pairs.length; index += 2) map.put(pairs[index], pairs[index + 1]);
    return map;
  }

  static Stream<Arguments> bodies() {
    return Stream.of(
        Arguments.of("text", "text"),
        Arguments.of("", ""),
        Arguments.of("ä€😀", "ä€😀"),
        Arguments.of("x".repeat(300), "x".repeat(300)),
        Arguments.of(Symbol.valueOf("symbol"), "symbol"),
        Arguments.of(ID, ID.toString()),
        Arguments.of(true, "true"),
        Arguments.of((byte) -7, "-7"),
        Arguments.of(UnsignedByte.valueOf((byte) 200), "200"),
        Arguments.of((short) -300, "-300"),
        Arguments.of(UnsignedShort.valueOf(65_535), "65535"),
        Arguments.of(21, "21"),
        Arguments.of(UnsignedInteger.valueOf(4_294_967_295L), "4294967295"),
        Arguments.of(Long.MIN_VALUE, "-9223372036854775808"),
        Arguments.of(UnsignedLong.valueOf(-1L), "18446744073709551615"),
        Arguments.of(21.0, "21"),
        Arguments.of(-0.5, "-0.5"),
        Arguments.of(1e21, "1e+21"),
        Arguments.of(123456789012345680000.0, "123456789012345680000"),
        Arguments.of(1.5e-7, "1.5e-7"),
        Arguments.of(0.000001, "0.000001"),
        Arguments.of(0.5f, "0.5"),
        Arguments.of(Double.NaN, "NaN"),
        Arguments.of('ä', "ä"),
        Arguments.of(new Decimal32(0x1f), "0000001f"),
        Arguments.of(new Date(1_767_225_600_123L), "2026-01-01T00:00:00.123Z"),
        Arguments.of(new Binary("bytes".getBytes(StandardCharsets.UTF_8)), "bytes"),
        Arguments.of(List.of(1, "two", true), "[1,\"two\",true]"),
        Arguments.of(map("a", 1, "b", List.of("\"\n")), "{\"a\":1,\"b\":[\"\\\"\\n\"]}"),
        Arguments.of(map("n", null, "bytes", new Binary(new byte[] {1, 2})), "{\"n\":null,\"bytes\":\"AQI=\"}"),
        Arguments.of(new int[] {1, 2}, "[1,2]"));
  }

  @ParameterizedTest
  @MethodSource("bodies")
  void aValueAsBody(Object value, String expected) {
    MessageRow row = row(encode(new Header(), new AmqpValue<>(value)));
    assertEquals(expected, text(row, MessageColumns.BODY));
    assertArrayEquals(expected.getBytes(StandardCharsets.UTF_8), row.getBinary(MessageColumns.BODY_BYTES));
  }

  @Test
  void dataIsBytesAndSeveralAreJoined() {
    MessageRow row = row(encode(new Data("ab".getBytes(StandardCharsets.UTF_8))));
    assertEquals("ab", text(row, MessageColumns.BODY));
    row = row(encode(new Data("ab".getBytes(StandardCharsets.UTF_8)), new Data("cd".getBytes(StandardCharsets.UTF_8))));
    assertEquals("abcd", text(row, MessageColumns.BODY));
  }

  @Test
  void bytesThatAreNoTextStayBytes() {
    MessageRow row = row(encode(new Data(new byte[] {'a', (byte) 0xff})));
    assertEquals("a\ufffd", text(row, MessageColumns.BODY));
    assertArrayEquals(new byte[] {'a', (byte) 0xff}, row.getBinary(MessageColumns.BODY_BYTES));
  }

  @Test
  void sequencesAreJson() {
    assertEquals("[[1,2],[3]]", text(row(encode(new AmqpSequence<>(List.of(1, 2)), new AmqpSequence<>(List.of(3)))), MessageColumns.BODY));
  }

  @Test
  void noBodyIsNull() {
    for (byte[] message : List.of(encode(new Header()), encode(new AmqpValue<>(null)), new byte[0])) {
      MessageRow row = row(message);
      assertTrue(row.isNullAt(MessageColumns.BODY));
      assertTrue(row.isNullAt(MessageColumns.BODY_BYTES));
    }
  }

  @Test
  void everyColumnOfAFullMessage() {
    MessageRow row =
        row(
            encode(
                new Header().setDurable(true).setPriority((byte) 200).setTimeToLive(60_000),
                new DeliveryAnnotations(Map.of(Symbol.valueOf("d"), 1)),
                new MessageAnnotations(Map.of(Symbol.valueOf("m"), 1)),
                new Properties().setMessageId(UnsignedLong.valueOf(7)).setTo("devices/1").setSubject("s").setReplyTo("r")
                    .setCorrelationId(new Binary(new byte[] {'c'})).setContentType("text/plain").setCreationTime(1_000),
                new ApplicationProperties(new LinkedHashMap<>(Map.of("unit", 21.5))),
                new AmqpValue<>("b"),
                new Footer(Map.of(Symbol.valueOf("f"), 1))));
    assertEquals(1_234_567, row.getLong(MessageColumns.TIME));
    assertEquals("b", text(row, MessageColumns.BODY));
    assertEquals("devices/1", text(row, MessageColumns.ADDRESS));
    assertEquals("s", text(row, MessageColumns.SUBJECT));
    assertEquals("7", text(row, MessageColumns.MESSAGE_ID));
    assertEquals("c", text(row, MessageColumns.CORRELATION_ID));
    assertEquals("r", text(row, MessageColumns.REPLY_TO));
    assertEquals("text/plain", text(row, MessageColumns.CONTENT_TYPE));
    assertEquals(1_000_000, row.getLong(MessageColumns.CREATION_TIME));
    assertTrue(row.getBoolean(MessageColumns.DURABLE));
    assertEquals(200, row.getInt(MessageColumns.PRIORITY));
    assertEquals(60_000, row.getLong(MessageColumns.TTL));
    assertEquals(Map.of("unit", "21.5"), properties(row));
    assertEquals(false, row.getBoolean(MessageColumns.HEARTBEAT));
  }

  @Test
  void whatAMessageDoesNotSayIsNullOrTheSpecsDefault() {
    MessageRow row = row(encode(new AmqpValue<>("b")));
    assertEquals("source", text(row, MessageColumns.ADDRESS));
    for (int ordinal : List.of(4, 5, 6, 7, 8, 9, 12)) assertTrue(row.isNullAt(ordinal), "column " + ordinal);
    assertEquals(false, row.getBoolean(MessageColumns.DURABLE));
    assertEquals(4, row.getInt(MessageColumns.PRIORITY));
    assertEquals(Map.of(), properties(row));
  }

  @Test
  void aHeartbeatIsATimeAndNothingElse() {
    MessageRow row = row(encode(new AmqpValue<>("b")));
    row.heartbeat(5_000_000);
    assertEquals(5_000_000, row.getLong(MessageColumns.TIME));
    assertTrue(row.getBoolean(MessageColumns.HEARTBEAT));
    assertNull(text(row, MessageColumns.BODY));
    assertEquals("source", text(row, MessageColumns.ADDRESS));
    for (int ordinal = 0; ordinal < row.numFields(); ordinal++) {
      if (!MessageColumns.schema(true).fields()[ordinal].nullable()) assertTrue(!row.isNullAt(ordinal), "column " + ordinal);
    }
  }

  @Test
  void aCopyStaysWhenTheRowGoesOn() {
    MessageRow row = row(encode(new AmqpValue<>("first")));
    InternalRow copy = row.copy();
    byte[] next = encode(new AmqpValue<>("second"));
    row.message(next, 0, next.length, 9);
    assertNotSame(row, copy);
    assertEquals("first", text(copy, MessageColumns.BODY));
    assertEquals(1_234_567, copy.getLong(MessageColumns.TIME));
    assertEquals("second", text(row, MessageColumns.BODY));
  }

  @Test
  void theTimeAnnotationIsANumberOrATimestamp() {
    IncomingMessage message = new IncomingMessage();
    Symbol name = Symbol.valueOf("x-opt-ingress-time");
    for (Object value : List.of(1_000L, UnsignedLong.valueOf(1_000), new Date(1_000))) {
      byte[] bytes = encode(new MessageAnnotations(Map.of(name, value)), new AmqpValue<>("b"));
      message.reset(bytes, 0, bytes.length);
      assertEquals(1_000, message.timeAnnotationMs(name));
      assertEquals(-1, message.timeAnnotationMs(Symbol.valueOf("x-opt-other")));
    }
  }

  /** Seeded: random bytes, and good messages with some bytes changed, are rows or malformed, and nothing else. */
  @Test
  void damagedBytesAreMalformedAndNothingElse() {
    byte[] good = encode(
        new Header().setTimeToLive(1), new MessageAnnotations(Map.of(Symbol.valueOf("m"), 1)),
        new Properties().setMessageId("id").setCreationTime(5), new ApplicationProperties(new LinkedHashMap<>(Map.of("k", "v"))),
        new AmqpValue<>(map("a", List.of(1, "x"))));
    IncomingMessage message = new IncomingMessage();
    Random random = new Random(1);
    List<String> surprises = new ArrayList<>();
    for (int round = 0; round < 50_000; round++) {
      byte[] bytes = round % 2 == 0 ? new byte[random.nextInt(40)] : good.clone();
      if (round % 2 == 0) random.nextBytes(bytes);
      else for (int changes = 1 + random.nextInt(3); changes > 0; changes--) bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      try {
        message.reset(bytes, 0, bytes.length);
        message.check();
      } catch (MalformedMessageException expected) {
        // As it should be.
      } catch (Throwable surprise) {
        surprises.add(surprise + " for " + Arrays.toString(bytes));
      }
    }
    if (!surprises.isEmpty()) fail(surprises.size() + ": " + surprises.get(0));
  }

  private static Map<String, String> properties(InternalRow row) {
    MapData data = row.getMap(MessageColumns.PROPERTIES);
    Map<String, String> map = new LinkedHashMap<>();
    for (int index = 0; index < data.numElements(); index++) {
      map.put(data.keyArray().getUTF8String(index).toString(), data.valueArray().getUTF8String(index).toString());
    }
    return map;
  }
}
