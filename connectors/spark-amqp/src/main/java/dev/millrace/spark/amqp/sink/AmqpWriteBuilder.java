package dev.millrace.spark.amqp.sink;

import dev.millrace.spark.amqp.message.RowShape;
import dev.millrace.spark.amqp.options.SinkOptions;
import org.apache.spark.sql.connector.write.BatchWrite;
import org.apache.spark.sql.connector.write.DataWriterFactory;
import org.apache.spark.sql.connector.write.LogicalWriteInfo;
import org.apache.spark.sql.connector.write.PhysicalWriteInfo;
import org.apache.spark.sql.connector.write.Write;
import org.apache.spark.sql.connector.write.WriterCommitMessage;
import org.apache.spark.sql.connector.write.streaming.StreamingDataWriterFactory;
import org.apache.spark.sql.connector.write.streaming.StreamingWrite;
import org.apache.spark.sql.internal.connector.SupportsStreamingUpdateAsAppend;

/**
 * A write, checked before anything runs. In update mode each changed row is one more message. There is nothing to commit:
 * a task has ended well when the broker has accepted its messages.
 */
public final class AmqpWriteBuilder implements SupportsStreamingUpdateAsAppend {
  private final AmqpWriterFactory factory;

  public AmqpWriteBuilder(LogicalWriteInfo info) {
    SinkOptions options = SinkOptions.from(info.options().asCaseSensitiveMap());
    factory = new AmqpWriterFactory(RowShape.of(info.schema(), options.address() != null), options, info.queryId());
  }

  @Override
  public Write build() {
    return new AmqpWrite(factory);
  }

  private record AmqpWrite(AmqpWriterFactory factory) implements Write {
    @Override
    public String description() {
      String address = factory.options().address();
      return "amqp " + (address == null ? "by the column address" : address) + " at " + factory.options().connection();
    }

    @Override
    public BatchWrite toBatch() {
      return new ToBatch(factory);
    }

    @Override
    public StreamingWrite toStreaming() {
      return new ToStream(factory);
    }
  }

  private record ToBatch(AmqpWriterFactory factory) implements BatchWrite {
    @Override
    public DataWriterFactory createBatchWriterFactory(PhysicalWriteInfo info) {
      return factory;
    }

    /** Two tries of a task send messages of the same ids; there is nothing to choose between them. */
    @Override
    public boolean useCommitCoordinator() {
      return false;
    }

    @Override
    public void commit(WriterCommitMessage[] messages) {
      // See the class.
    }

    @Override
    public void abort(WriterCommitMessage[] messages) {
      // What was accepted cannot be taken back.
    }
  }

  private record ToStream(AmqpWriterFactory factory) implements StreamingWrite {
    @Override
    public StreamingDataWriterFactory createStreamingWriterFactory(PhysicalWriteInfo info) {
      return factory;
    }

    @Override
    public boolean useCommitCoordinator() {
      return false;
    }

    @Override
    public void commit(long epochId, WriterCommitMessage[] messages) {
      // See the class.
    }

    @Override
    public void abort(long epochId, WriterCommitMessage[] messages) {
      // What was accepted cannot be taken back.
    }
  }
}
