package dev.millrace.spark.amqp.source;

import dev.millrace.spark.amqp.message.MessageColumns;
import dev.millrace.spark.amqp.options.SourceOptions;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.read.streaming.MicroBatchStream;
import org.apache.spark.sql.types.StructType;

/** A query's reading of one address. */
public record AmqpScan(SourceOptions options) implements Scan, ScanBuilder {
  @Override
  public Scan build() {
    return this;
  }

  @Override
  public StructType readSchema() {
    return MessageColumns.schema(options.heartbeat() != null);
  }

  @Override
  public String description() {
    return "amqp " + options.address() + " at " + options.connection();
  }

  @Override
  public MicroBatchStream toMicroBatchStream(String checkpointLocation) {
    return new AmqpMicroBatchStream(options, checkpointLocation);
  }
}
