package dev.millrace.spark.amqp.message;

/** Bytes that are no AMQP message. The message is rejected, so that the broker keeps it among the dead letters. */
public final class MalformedMessageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public MalformedMessageException(String message) {
    super(message);
  }

  public MalformedMessageException(String message, Throwable cause) {
    super(message, cause);
  }
}
