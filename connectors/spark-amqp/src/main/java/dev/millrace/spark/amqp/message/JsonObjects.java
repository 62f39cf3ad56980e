package dev.millrace.spark.amqp.message;

import java.io.StringWriter;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.json.JSONOptions;
import org.apache.spark.sql.catalyst.json.JacksonGenerator;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;

/** The columns of a row that are no message columns as one JSON object, as {@code to_json} writes it, times in UTC. */
final class JsonObjects {
  private final int[] ordinals;
  private final DataType[] types;
  private final StringWriter text = new StringWriter();
  private final JacksonGenerator generator;
  private final Object[] values;
  private final InternalRow object;

  JsonObjects(RowShape shape) {
    StructType schema = shape.jsonSchema();
    ordinals = shape.jsonOrdinals();
    types = new DataType[ordinals.length];
    for (int index = 0; index < ordinals.length; index++) types[index] = shape.type(ordinals[index]);
    JSONOptions options = new JSONOptions(scala.collection.immutable.Map$.MODULE$.empty(), "UTC", "");
    generator = new JacksonGenerator(schema, text, options);
    values = new Object[ordinals.length];
    object = new GenericInternalRow(values);
  }

  String write(InternalRow row) {
    for (int index = 0; index < ordinals.length; index++) {
      values[index] = row.isNullAt(ordinals[index]) ? null : row.get(ordinals[index], types[index]);
    }
    generator.write(object);
    generator.flush();
    String written = text.toString();
    text.getBuffer().setLength(0);
    return written;
  }
}
