package dev.millrace.spark.amqp.sink;

import dev.millrace.spark.amqp.message.MessageEncoder;
import dev.millrace.spark.amqp.message.RowShape;
import dev.millrace.spark.amqp.options.SinkOptions;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.write.DataWriter;
import org.apache.spark.sql.connector.write.DataWriterFactory;
import org.apache.spark.sql.connector.write.streaming.StreamingDataWriterFactory;

/** What travels to the executors. {@code query} is the streaming query's id, which outlives restarts. */
record AmqpWriterFactory(RowShape shape, SinkOptions options, String query)
    implements DataWriterFactory, StreamingDataWriterFactory {
  @Override
  public DataWriter<InternalRow> createWriter(int partitionId, long taskId) {
    return createWriter(partitionId, taskId, 0);
  }

  @Override
  public DataWriter<InternalRow> createWriter(int partitionId, long taskId, long epochId) {
    MessageEncoder encoder = new MessageEncoder(shape, options, query, epochId, partitionId);
    return new AmqpDataWriter(encoder, new MessageSender(options));
  }
}
