package dev.millrace.spark.amqp.connection;

import dev.millrace.spark.amqp.AmqpException;
import dev.millrace.spark.amqp.AmqpException.Kind;
import java.util.Set;
import org.apache.qpid.protonj2.types.transport.ErrorCondition;

/** Error conditions as exceptions. The conditions that time or another broker can mend are not refusals. */
public final class Refusals {
  private static final Set<String> MAY_PASS =
      Set.of(
          "amqp:connection:forced",
          "amqp:internal-error",
          "amqp:link:detach-forced",
          "amqp:resource-limit-exceeded",
          "amqp:resource-locked",
          "amqp:connection:redirect",
          "amqp:link:stolen");

  private Refusals() {}

  /** @param condition null when the broker gave no reason */
  public static AmqpException of(String what, ErrorCondition condition) {
    if (condition == null || condition.getCondition() == null) {
      return new AmqpException(Kind.UNREACHABLE, what + " without a reason");
    }
    String name = condition.getCondition().toString();
    String description = condition.getDescription();
    Kind kind = MAY_PASS.contains(name) ? Kind.UNREACHABLE : Kind.REFUSED;
    return new AmqpException(kind, what + ": " + name + (description == null ? "" : ": " + description));
  }
}
