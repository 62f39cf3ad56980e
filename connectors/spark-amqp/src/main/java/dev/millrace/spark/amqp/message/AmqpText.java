package dev.millrace.spark.amqp.message;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.qpid.protonj2.buffer.ProtonBuffer;
import org.apache.qpid.protonj2.types.Binary;
import org.apache.qpid.protonj2.types.Decimal128;
import org.apache.qpid.protonj2.types.Decimal32;
import org.apache.qpid.protonj2.types.Decimal64;
import org.apache.qpid.protonj2.types.DescribedType;

/**
 * AMQP values as text, as Millrace's own engine shows them, so that a job has equal rows on both: strings as they are,
 * numbers as decimals without needless digits, times in ISO 8601, maps and lists as JSON, null as nothing.
 */
final class AmqpText {
  private static final DateTimeFormatter ISO =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  private AmqpText() {}

  static String of(Object value) {
    if (value == null) return "";
    if (value instanceof Binary binary) return new String(bytes(binary), StandardCharsets.UTF_8);
    if (value instanceof ProtonBuffer buffer) return new String(bytes(buffer), StandardCharsets.UTF_8);
    if (isStructured(value)) return json(value);
    return plain(value);
  }

  static byte[] bytes(Binary binary) {
    byte[] bytes = binary.asByteArray();
    return bytes == null ? new byte[0] : bytes;
  }

  static byte[] bytes(ProtonBuffer buffer) {
    byte[] bytes = new byte[buffer.getReadableBytes()];
    buffer.copyInto(buffer.getReadOffset(), bytes, 0, bytes.length);
    return bytes;
  }

  static String json(Object value) {
    StringBuilder text = new StringBuilder();
    writeJson(text, value);
    return text.toString();
  }

  private static boolean isStructured(Object value) {
    return value instanceof Map || value instanceof List || value.getClass().isArray()
        || value instanceof DescribedType described && isStructured(described.getDescribed());
  }

  private static String plain(Object value) {
    if (value instanceof Double || value instanceof Float) return number(((Number) value).doubleValue());
    if (value instanceof Date date) return ISO.format(Instant.ofEpochMilli(date.getTime()));
    if (value instanceof Decimal32 || value instanceof Decimal64 || value instanceof Decimal128) return hexadecimal(value);
    if (value instanceof DescribedType described) return of(described.getDescribed());
    return value.toString();
  }

  /** As ECMAScript writes a Number: 21, 0.1, 1e+21. */
  static String number(double value) {
    if (Double.isNaN(value)) return "NaN";
    if (Double.isInfinite(value)) return value > 0 ? "Infinity" : "-Infinity";
    if (value == 0) return "0";
    BigDecimal decimal = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    int exponent = decimal.precision() - decimal.scale() - 1;
    if (exponent >= -6 && exponent < 21) return decimal.toPlainString();
    String digits = decimal.unscaledValue().abs().toString();
    String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
    return (value < 0 ? "-" : "") + mantissa + "e" + (exponent < 0 ? "-" : "+") + Math.abs(exponent);
  }

  private static String hexadecimal(Object decimal) {
    if (decimal instanceof Decimal32 value) return HexFormat.of().toHexDigits(value.getBits());
    if (decimal instanceof Decimal64 value) return HexFormat.of().toHexDigits(value.getBits());
    Decimal128 value = (Decimal128) decimal;
    return HexFormat.of().toHexDigits(value.getMostSignificantBits())
        + HexFormat.of().toHexDigits(value.getLeastSignificantBits());
  }

  private static void writeJson(StringBuilder text, Object value) {
    if (value == null) text.append("null");
    else if (value instanceof Map<?, ?> map) writeObject(text, map);
    else if (value instanceof List<?> list) writeArray(text, list);
    else if (value.getClass().isArray()) writeArray(text, elements(value));
    else if (value instanceof DescribedType described) writeJson(text, described.getDescribed());
    else if (value instanceof Boolean) text.append(value);
    else if (value instanceof Binary binary) writeString(text, Base64.getEncoder().encodeToString(bytes(binary)));
    else if (value instanceof ProtonBuffer buffer) writeString(text, Base64.getEncoder().encodeToString(bytes(buffer)));
    else if (value instanceof Double || value instanceof Float) writeNumber(text, ((Number) value).doubleValue());
    else if (isDecimal(value)) writeString(text, hexadecimal(value));
    else if (value instanceof Number) text.append(value);
    else writeString(text, plain(value));
  }

  private static boolean isDecimal(Object value) {
    return value instanceof Decimal32 || value instanceof Decimal64 || value instanceof Decimal128;
  }

  /** JSON has no word for what is no finite number. */
  private static void writeNumber(StringBuilder text, double value) {
    text.append(Double.isFinite(value) ? number(value) : "null");
  }

  private static List<Object> elements(Object array) {
    int length = java.lang.reflect.Array.getLength(array);
    List<Object> elements = new ArrayList<>(length);
    for (int index = 0; index < length; index++) elements.add(java.lang.reflect.Array.get(array, index));
    return elements;
  }

  private static void writeObject(StringBuilder text, Map<?, ?> map) {
    text.append('{');
    boolean first = true;
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      if (!first) text.append(',');
      first = false;
      writeString(text, of(entry.getKey()));
      text.append(':');
      writeJson(text, entry.getValue());
    }
    text.append('}');
  }

  private static void writeArray(StringBuilder text, List<?> values) {
    text.append('[');
    for (int index = 0; index < values.size(); index++) {
      if (index > 0) text.append(',');
      writeJson(text, values.get(index));
    }
    text.append(']');
  }

  /** RFC 8259 §7. */
  private static void writeString(StringBuilder text, String value) {
    text.append('"');
    for (int index = 0; index < value.length(); index++) {
      char character = value.charAt(index);
      switch (character) {
        case '"' -> text.append("\\\"");
        case '\\' -> text.append("\\\\");
        case '\n' -> text.append("\\n");
        case '\r' -> text.append("\\r");
        case '\t' -> text.append("\\t");
        case '\b' -> text.append("\\b");
        case '\f' -> text.append("\\f");
        default -> {
          if (character < 0x20) text.append(String.format("\\u%04x", (int) character));
          else text.append(character);
        }
      }
    }
    text.append('"');
  }
}
