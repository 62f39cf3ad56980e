package dev.millrace.spark.amqp;

import dev.millrace.spark.amqp.options.SourceOptions;
import dev.millrace.spark.amqp.sink.AmqpWriteBuilder;
import dev.millrace.spark.amqp.source.AmqpScan;
import java.util.EnumSet;
import java.util.Set;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.SupportsWrite;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.write.LogicalWriteInfo;
import org.apache.spark.sql.connector.write.WriteBuilder;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** What can be done with the format. An address cannot be read as a finished batch: reading takes messages away. */
final class AmqpTable implements SupportsRead, SupportsWrite {
  private final StructType schema;

  AmqpTable(StructType schema) {
    this.schema = schema;
  }

  @Override
  public String name() {
    return "amqp";
  }

  @Override
  @Deprecated
  public StructType schema() {
    return schema;
  }

  @Override
  public Set<TableCapability> capabilities() {
    return EnumSet.of(
        TableCapability.MICRO_BATCH_READ,
        TableCapability.STREAMING_WRITE,
        TableCapability.BATCH_WRITE,
        TableCapability.ACCEPT_ANY_SCHEMA);
  }

  @Override
  public ScanBuilder newScanBuilder(CaseInsensitiveStringMap options) {
    return new AmqpScan(SourceOptions.from(options.asCaseSensitiveMap()));
  }

  @Override
  public WriteBuilder newWriteBuilder(LogicalWriteInfo info) {
    return new AmqpWriteBuilder(info);
  }
}
