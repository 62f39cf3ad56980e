package dev.millrace.spark.amqp.connection;

import java.util.Objects;
import org.apache.qpid.protonj2.engine.AMQPPerformativeEnvelopePool;
import org.apache.qpid.protonj2.engine.EngineHandler;
import org.apache.qpid.protonj2.engine.EngineHandlerContext;
import org.apache.qpid.protonj2.engine.OutgoingAMQPEnvelope;
import org.apache.qpid.protonj2.types.transport.Disposition;

/**
 * Joins dispositions of consecutive deliveries into one frame with {@code first} and {@code last} (AMQP 1.0 §2.7.6).
 *
 * <p>The engine writes a frame for each delivery. This stands before everything it writes: a disposition waits until one
 * that does not continue it, another performative, or {@link #flush}. So settling a batch costs a frame, not thousands.
 * Runs on the connection's thread.
 */
final class RangeDispositions implements EngineHandler {
  static final String NAME = "range-dispositions";

  private final AMQPPerformativeEnvelopePool<OutgoingAMQPEnvelope> pool =
      AMQPPerformativeEnvelopePool.outgoingEnvelopePool(4);
  private EngineHandlerContext context;
  /** The range that waits; null when none does. Delivery ids are serial numbers that wrap at 2^32 (§2.8.7). */
  private Disposition held;
  private int heldChannel;
  private int heldLast;

  @Override
  public void handlerAdded(EngineHandlerContext added) {
    context = added;
  }

  @Override
  public void handleWrite(EngineHandlerContext writing, OutgoingAMQPEnvelope envelope) {
    if (!(envelope.getBody() instanceof Disposition disposition)) {
      flush();
      writing.fireWrite(envelope);
      return;
    }
    int first = (int) disposition.getFirst();
    int last = disposition.hasLast() ? (int) disposition.getLast() : first;
    if (!continues(disposition, envelope.getChannel(), first)) {
      flush();
      held = disposition.copy();
      heldChannel = envelope.getChannel();
    }
    heldLast = last;
    envelope.release();
  }

  /** Writes what waits. To be called before the transport is flushed. */
  void flush() {
    if (held == null) return;
    Disposition range = held;
    held = null;
    if (heldLast != (int) range.getFirst()) range.setLast(heldLast);
    context.fireWrite(pool.take(range, heldChannel, null));
  }

  private boolean continues(Disposition disposition, int channel, int first) {
    return held != null
        && channel == heldChannel
        && first == heldLast + 1
        && disposition.getRole() == held.getRole()
        && disposition.getSettled() == held.getSettled()
        && Objects.equals(disposition.getState(), held.getState());
  }
}
