package dev.millrace.spark.amqp.source;

import dev.millrace.spark.amqp.message.MessageRow;
import dev.millrace.spark.amqp.wal.RecordKind;
import dev.millrace.spark.amqp.wal.Records;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;

/** Turns records into rows, on the executors. */
record RecordReaderFactory(String address, boolean heartbeats) implements PartitionReaderFactory {
  @Override
  public PartitionReader<InternalRow> createReader(InputPartition partition) {
    return new RowReader(new Records(((RecordBlock) partition).records()), new MessageRow(address, heartbeats), heartbeats);
  }

  /** One row object for all: Spark copies what it keeps. */
  private static final class RowReader implements PartitionReader<InternalRow> {
    private final Records records;
    private final MessageRow row;
    private final boolean heartbeats;

    RowReader(Records records, MessageRow row, boolean heartbeats) {
      this.records = records;
      this.row = row;
      this.heartbeats = heartbeats;
    }

    @Override
    public boolean next() {
      while (records.next()) {
        if (records.kind() == RecordKind.MESSAGE) {
          row.message(records.bytes(), records.start(), records.end(), records.timeUs());
          return true;
        }
        // A log with heartbeats may be read by a query that was started again without them.
        if (!heartbeats) continue;
        row.heartbeat(records.timeUs());
        return true;
      }
      return false;
    }

    @Override
    public InternalRow get() {
      return row;
    }

    @Override
    public void close() {
      // The records are in memory and go with the task.
    }
  }
}
