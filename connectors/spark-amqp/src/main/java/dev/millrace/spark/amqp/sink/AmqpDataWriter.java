package dev.millrace.spark.amqp.sink;

import dev.millrace.spark.amqp.AmqpException;
import dev.millrace.spark.amqp.message.MessageEncoder;
import java.io.IOException;
import java.io.InterruptedIOException;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.write.DataWriter;
import org.apache.spark.sql.connector.write.WriterCommitMessage;

/** Sends the rows of one partition of a batch; its commit is that the broker has accepted all of them. */
final class AmqpDataWriter implements DataWriter<InternalRow> {
  /** There is nothing for the driver to do: what is accepted is with the broker. */
  private record Sent() implements WriterCommitMessage {}

  private final MessageEncoder encoder;
  private final MessageSender sender;

  AmqpDataWriter(MessageEncoder encoder, MessageSender sender) {
    this.encoder = encoder;
    this.sender = sender;
  }

  @Override
  public void write(InternalRow row) throws IOException {
    try {
      sender.send(encoder.encode(row));
    } catch (AmqpException failed) {
      throw new IOException("amqp: " + failed.getMessage(), failed);
    } catch (InterruptedException interrupted) {
      throw interrupted();
    }
  }

  @Override
  public WriterCommitMessage commit() throws IOException {
    try {
      sender.finish();
      return new Sent();
    } catch (AmqpException failed) {
      throw new IOException("amqp: " + failed.getMessage(), failed);
    } catch (InterruptedException interrupted) {
      throw interrupted();
    }
  }

  @Override
  public void abort() {
    // Messages that were accepted stay; the batch is repeated with the same ids.
  }

  @Override
  public void close() {
    sender.close();
  }

  private static IOException interrupted() {
    Thread.currentThread().interrupt();
    return new InterruptedIOException("amqp: the task was ended while it waited for the broker");
  }
}
