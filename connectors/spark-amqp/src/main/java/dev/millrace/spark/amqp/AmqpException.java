package dev.millrace.spark.amqp;

/**
 * What the broker or the way to it refused.
 *
 * <p>{@link Kind} decides what happens next: the unreachable is tried again at the next location, the refused is told to
 * the user at once, because trying again would bring the same answer.
 */
public class AmqpException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Whether trying again can help. */
  public enum Kind {
    /** No connection, or a lost one. */
    UNREACHABLE,
    /** Credentials, a missing address, a right that is not given, a message that is not taken. */
    REFUSED
  }

  private final Kind kind;

  public AmqpException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  public AmqpException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
