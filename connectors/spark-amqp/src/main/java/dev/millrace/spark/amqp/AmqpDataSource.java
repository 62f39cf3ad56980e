package dev.millrace.spark.amqp;

import dev.millrace.spark.amqp.message.MessageColumns;
import java.util.Map;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.sources.DataSourceRegister;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** The format {@code amqp}: any AMQP 1.0 broker as a streaming source, and as a sink of streams and of batches. */
public final class AmqpDataSource implements TableProvider, DataSourceRegister {
  @Override
  public String shortName() {
    return "amqp";
  }

  @Override
  public StructType inferSchema(CaseInsensitiveStringMap options) {
    return MessageColumns.schema(options.containsKey("heartbeatInterval"));
  }

  @Override
  public Table getTable(StructType schema, Transform[] partitioning, Map<String, String> properties) {
    return new AmqpTable(schema);
  }

  /** A batch may be written with the rows' own columns. */
  @Override
  public boolean supportsExternalMetadata() {
    return true;
  }
}
