package dev.millrace.spark.amqp.message;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.NullType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.TimestampType;

/**
 * Which part of a message each column of a row is: message columns by name; either {@code body}, or other columns that
 * become a JSON object, never both.
 */
public final class RowShape implements Serializable {
  private static final long serialVersionUID = 1L;
  /** The row has no such column. */
  static final int ABSENT = -1;

  private final StructType schema;
  private final Map<String, Integer> ordinals = new HashMap<>();
  private final List<Integer> jsonOrdinals = new ArrayList<>();

  private RowShape(StructType schema) {
    this.schema = schema;
  }

  /**
   * @param addressGiven whether the option {@code address} says where rows without a column {@code address} go
   * @throws IllegalArgumentException when no message can be made of such rows, with the column and what would be right
   */
  public static RowShape of(StructType schema, boolean addressGiven) {
    RowShape shape = new RowShape(schema);
    List<String> problems = new ArrayList<>();
    StructField[] fields = schema.fields();
    for (int ordinal = 0; ordinal < fields.length; ordinal++) {
      StructField column = MessageColumns.writable(fields[ordinal].name());
      if (column == null) {
        shape.jsonOrdinals.add(ordinal);
      } else if (shape.ordinals.putIfAbsent(column.name(), ordinal) != null) {
        problems.add("two columns are named " + column.name());
      } else if (!accepts(column.name(), fields[ordinal].dataType())) {
        problems.add("column " + column.name() + " must be " + wanted(column.name(), column.dataType()) + ", not "
            + fields[ordinal].dataType().sql());
      }
    }
    checkBody(shape, fields, problems);
    if (!addressGiven && !shape.ordinals.containsKey("address")) {
      problems.add("rows have no column address, and there is no option address to send them to");
    }
    if (!problems.isEmpty()) throw new IllegalArgumentException("amqp: " + String.join("; ", problems));
    return shape;
  }

  private static void checkBody(RowShape shape, StructField[] fields, List<String> problems) {
    boolean hasBody = shape.ordinals.containsKey(MessageColumns.BODY_NAME);
    if (!hasBody && shape.jsonOrdinals.isEmpty()) {
      problems.add("rows need a column body, or other columns, which become a JSON object");
    }
    if (!hasBody || shape.jsonOrdinals.isEmpty()) return;
    String other = fields[shape.jsonOrdinals.get(0)].name();
    boolean readOnly = MessageColumns.isReadOnly(other);
    problems.add("a message has either body or other columns, and rows have body and " + other
        + (readOnly ? ", which is read only: drop(" + MessageColumns.readOnly() + ") first" : ""));
  }

  int ordinal(String column) {
    return ordinals.getOrDefault(column, ABSENT);
  }

  /** The type of the column {@code body} is BINARY. */
  boolean bodyIsBinary() {
    int body = ordinal(MessageColumns.BODY_NAME);
    return body != ABSENT && schema.fields()[body].dataType() instanceof BinaryType;
  }

  boolean isLong(int ordinal) {
    return schema.fields()[ordinal].dataType() instanceof LongType;
  }

  /** The columns of the JSON object; empty when there is a column {@code body}. */
  StructType jsonSchema() {
    StructType json = new StructType();
    for (int ordinal : jsonOrdinals) json = json.add(schema.fields()[ordinal]);
    return json;
  }

  int[] jsonOrdinals() {
    return jsonOrdinals.stream().mapToInt(Integer::intValue).toArray();
  }

  DataType type(int ordinal) {
    return schema.fields()[ordinal].dataType();
  }

  private static boolean accepts(String column, DataType type) {
    if (type instanceof NullType) return true;
    return switch (column) {
      case MessageColumns.BODY_NAME -> type instanceof StringType || type instanceof BinaryType;
      case "creation_time" -> type instanceof TimestampType;
      case "durable" -> type instanceof BooleanType;
      case "priority" -> type instanceof IntegerType;
      case "ttl" -> type instanceof LongType || type instanceof IntegerType;
      case "properties" -> type instanceof MapType map
          && map.keyType() instanceof StringType && map.valueType() instanceof StringType;
      default -> type instanceof StringType;
    };
  }

  private static String wanted(String column, DataType type) {
    return column.equals(MessageColumns.BODY_NAME) ? "STRING or BINARY" : type.sql();
  }
}
