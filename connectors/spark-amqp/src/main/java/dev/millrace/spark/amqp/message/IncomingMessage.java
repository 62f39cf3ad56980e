package dev.millrace.spark.amqp.message;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.qpid.protonj2.buffer.ProtonBuffer;
import org.apache.qpid.protonj2.buffer.impl.ProtonByteArrayBufferAllocator;
import org.apache.qpid.protonj2.codec.DecodeException;
import org.apache.qpid.protonj2.codec.Decoder;
import org.apache.qpid.protonj2.codec.DecoderState;
import org.apache.qpid.protonj2.codec.decoders.ProtonDecoderFactory;
import org.apache.qpid.protonj2.types.Binary;
import org.apache.qpid.protonj2.types.Symbol;
import org.apache.qpid.protonj2.types.messaging.AmqpSequence;
import org.apache.qpid.protonj2.types.messaging.AmqpValue;
import org.apache.qpid.protonj2.types.messaging.Data;
import org.apache.qpid.protonj2.types.messaging.Header;
import org.apache.qpid.protonj2.types.messaging.MessageAnnotations;
import org.apache.qpid.protonj2.types.messaging.Properties;
import org.apache.qpid.protonj2.types.messaging.Section;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * An encoded message, decoded as far as it is asked for. One is used for many messages; what it gives of the body may
 * share the bytes of the block. One thread.
 */
public final class IncomingMessage {
  private static final int VBIN8 = 0xa0;
  private static final int STR8 = 0xa1;
  private static final int VBIN32 = 0xb0;
  private static final int STR32 = 0xb1;
  private static final int NULL = 0x40;
  private static final int TIMESTAMP = 0x83;
  private static final int MAP8 = 0xc1;
  private static final int MAP32 = 0xd1;

  private final MessageSections sections = new MessageSections();
  private final Decoder decoder = ProtonDecoderFactory.create();
  private final DecoderState decoderState = decoder.newDecoderState();
  private byte[] bytes;
  private int end;
  private Header header;
  private Properties properties;
  private Map<Symbol, Object> annotations;
  private boolean bodyFound;
  /** The body's bytes where they are; when {@code bodyStart} is negative there is none. */
  private byte[] bodySource;
  private int bodyStart;
  private int bodyEnd;

  /** @throws MalformedMessageException when the bytes are no message */
  public void reset(byte[] source, int start, int limit) {
    sections.scan(source, start, limit);
    bytes = source;
    end = limit;
    header = null;
    properties = null;
    annotations = null;
    bodyFound = false;
  }

  /**
   * Decodes all that a row can ask for, so that no later reader meets a message that it cannot read.
   *
   * @throws MalformedMessageException when a section is not what its descriptor says
   */
  public void check() {
    sections.checkValues();
    header();
    properties();
    applicationProperties();
    findBody();
  }

  Header header() {
    if (header == null) {
      header = sections.has(MessageSections.HEADER) ? decode(sections.start(MessageSections.HEADER), Header.class) : new Header();
    }
    return header;
  }

  Properties properties() {
    if (properties == null) {
      properties = sections.has(MessageSections.PROPERTIES)
          ? decode(sections.start(MessageSections.PROPERTIES), Properties.class)
          : new Properties();
    }
    return properties;
  }

  /** In their order; times as {@link Date}, which the library's own decoding would make numbers. */
  Map<String, Object> applicationProperties() {
    if (!sections.has(MessageSections.APPLICATION_PROPERTIES)) return Map.of();
    try {
      ProtonBuffer buffer = buffer(sections.value(MessageSections.APPLICATION_PROPERTIES));
      int constructor = buffer.readByte() & 0xff;
      if (constructor != MAP8 && constructor != MAP32) throw new MalformedMessageException("application properties are a map");
      buffer.advanceReadOffset(constructor == MAP8 ? 1 : 4);
      int entries = (constructor == MAP8 ? buffer.readByte() & 0xff : buffer.readInt()) / 2;
      Map<String, Object> properties = new LinkedHashMap<>();
      for (; entries > 0; entries--) {
        String name = decoder.readString(buffer, decoderState);
        properties.put(name == null ? "" : name, readValue(buffer));
      }
      return properties;
    } catch (DecodeException | ClassCastException | IndexOutOfBoundsException wrong) {
      throw new MalformedMessageException("the application properties cannot be decoded: " + wrong.getMessage(), wrong);
    }
  }

  private Object readValue(ProtonBuffer buffer) {
    boolean isTime = (buffer.getByte(buffer.getReadOffset()) & 0xff) == TIMESTAMP;
    Object value = decoder.readObject(buffer, decoderState);
    return isTime ? new Date((Long) value) : value;
  }

  /** Times that the message was sent before, by which a redelivery is told. */
  public long deliveryCount() {
    return header().getDeliveryCount();
  }

  /** The time in milliseconds that an annotation holds, as timestamp or number; -1 when there is none. */
  public long timeAnnotationMs(Symbol name) {
    Object value = annotations().get(name);
    return value instanceof Date date ? date.getTime() : numberOf(value);
  }

  /** The number that an annotation holds; -1 when there is none. */
  public long numberAnnotation(Symbol name) {
    return numberOf(annotations().get(name));
  }

  private static long numberOf(Object value) {
    return value instanceof Number number ? number.longValue() : -1;
  }

  private Map<Symbol, Object> annotations() {
    if (annotations == null) {
      Map<Symbol, Object> found =
          sections.has(MessageSections.MESSAGE_ANNOTATIONS)
              ? decode(sections.start(MessageSections.MESSAGE_ANNOTATIONS), MessageAnnotations.class).getValue()
              : null;
      annotations = found == null ? Map.of() : found;
    }
    return annotations;
  }

  /** The body as text, NULL when there is none. Bytes that are no UTF-8 become U+FFFD. */
  UTF8String bodyText() {
    findBody();
    if (bodyStart < 0) return null;
    UTF8String text = UTF8String.fromBytes(bodySource, bodyStart, bodyEnd - bodyStart);
    return text.isValid() ? text : text.makeValid();
  }

  byte[] bodyBytes() {
    findBody();
    return bodyStart < 0 ? null : Arrays.copyOfRange(bodySource, bodyStart, bodyEnd);
  }

  private void findBody() {
    if (bodyFound) return;
    bodyFound = true;
    bodyStart = -1;
    if (sections.has(MessageSections.VALUE)) findValue(sections.value(MessageSections.VALUE));
    else if (sections.count(MessageSections.DATA) == 1) findInPlace(sections.value(MessageSections.DATA));
    else if (sections.has(MessageSections.DATA)) body(joinedData());
    else if (sections.has(MessageSections.SEQUENCE)) body(utf8(AmqpText.json(sequences())));
  }

  /** Strings and bytes are taken as they lie, which nearly all bodies are. */
  private void findValue(int at) {
    int constructor = bytes[at] & 0xff;
    if (constructor == NULL || findInPlace(at)) return;
    Object value = decode(sections.start(MessageSections.VALUE), AmqpValue.class).getValue();
    if (constructor == TIMESTAMP) value = new Date((Long) value);
    if (value == null) return;
    if (value instanceof Binary binary) body(AmqpText.bytes(binary));
    else body(utf8(AmqpText.of(value)));
  }

  private boolean findInPlace(int at) {
    int constructor = bytes[at] & 0xff;
    if (constructor == STR8 || constructor == VBIN8) {
      bodySource = bytes;
      bodyStart = at + 2;
      bodyEnd = bodyStart + (bytes[at + 1] & 0xff);
      return true;
    }
    if (constructor == STR32 || constructor == VBIN32) {
      bodySource = bytes;
      bodyStart = at + 5;
      bodyEnd = bodyStart + ((bytes[at + 1] & 0xff) << 24 | (bytes[at + 2] & 0xff) << 16 | (bytes[at + 3] & 0xff) << 8 | bytes[at + 4] & 0xff);
      return true;
    }
    return false;
  }

  private byte[] joinedData() {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    for (Section<?> section : bodySections(MessageSections.DATA)) {
      if (section instanceof Data data && data.getValue() != null) joined.writeBytes(data.getValue());
    }
    return joined.toByteArray();
  }

  /** A list for each AmqpSequence section (§3.2.7). */
  private List<Object> sequences() {
    return bodySections(MessageSections.SEQUENCE).stream()
        .map(section -> (Object) ((AmqpSequence<?>) section).getValue())
        .toList();
  }

  private List<Section<?>> bodySections(int code) {
    java.util.ArrayList<Section<?>> found = new java.util.ArrayList<>();
    ProtonBuffer buffer = buffer(sections.start(code));
    try {
      for (int count = sections.count(code); count > 0; ) {
        Section<?> section = (Section<?>) decoder.readObject(buffer, decoderState);
        boolean wanted = code == MessageSections.DATA ? section instanceof Data : section instanceof AmqpSequence;
        if (!wanted) continue;
        found.add(section);
        count--;
      }
    } catch (DecodeException | ClassCastException | IndexOutOfBoundsException wrong) {
      throw new MalformedMessageException("the body cannot be decoded: " + wrong.getMessage(), wrong);
    }
    return found;
  }

  private void body(byte[] found) {
    bodySource = found;
    bodyStart = 0;
    bodyEnd = found.length;
  }

  private static byte[] utf8(String text) {
    return text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
  }

  private <T> T decode(int start, Class<T> type) {
    try {
      return decoder.readObject(buffer(start), decoderState, type);
    } catch (RuntimeException wrong) {
      throw new MalformedMessageException(type.getSimpleName() + " cannot be decoded: " + wrong.getMessage(), wrong);
    } finally {
      decoderState.reset();
    }
  }

  private ProtonBuffer buffer(int start) {
    return ProtonByteArrayBufferAllocator.wrapped(bytes, start, end - start);
  }
}
