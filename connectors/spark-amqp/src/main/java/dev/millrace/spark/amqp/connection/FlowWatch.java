package dev.millrace.spark.amqp.connection;

import org.apache.qpid.protonj2.engine.EngineHandler;
import org.apache.qpid.protonj2.engine.EngineHandlerContext;
import org.apache.qpid.protonj2.engine.EnginePipeline;
import org.apache.qpid.protonj2.engine.IncomingAMQPEnvelope;
import org.apache.qpid.protonj2.types.Symbol;
import org.apache.qpid.protonj2.types.transport.Flow;

/**
 * Keeps what the broker's last flow said in its properties (AMQP 1.0 §2.7.4), which the engine reads and forgets. Millrace
 * answers a drain with the time up to which it has sent all.
 */
final class FlowWatch implements EngineHandler {
  private static final String NAME = "flow-watch";
  /** The engine's own name for the handler that takes performatives out of the pipeline. */
  private static final String PERFORMATIVES = "amqp";
  private static final Symbol INGRESS_TIME = Symbol.valueOf("x-opt-ingress-time");

  private long sentUntilMs = -1;

  /** What is read goes through the pipeline from its end, so this has to stand behind the handler that takes it. */
  void insertInto(EnginePipeline pipeline) {
    EngineHandler performatives = pipeline.find(PERFORMATIVES);
    pipeline.remove(PERFORMATIVES);
    pipeline.addFirst(NAME, this);
    pipeline.addFirst(PERFORMATIVES, performatives);
  }

  @Override
  public void handleRead(EngineHandlerContext context, IncomingAMQPEnvelope envelope) {
    if (envelope.getBody() instanceof Flow flow) {
      Object time = flow.hasProperties() ? flow.getProperties().get(INGRESS_TIME) : null;
      sentUntilMs = time instanceof Number number ? number.longValue() : -1;
    }
    context.fireRead(envelope);
  }

  /** As the last flow has it; -1 when it said nothing of it. */
  long sentUntilMs() {
    return sentUntilMs;
  }
}
