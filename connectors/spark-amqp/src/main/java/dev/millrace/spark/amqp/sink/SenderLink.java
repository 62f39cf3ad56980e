package dev.millrace.spark.amqp.sink;

import dev.millrace.spark.amqp.AmqpException;
import dev.millrace.spark.amqp.AmqpException.Kind;
import dev.millrace.spark.amqp.connection.AmqpConnection;
import dev.millrace.spark.amqp.connection.Refusals;
import java.util.ArrayDeque;
import java.util.UUID;
import org.apache.qpid.protonj2.buffer.ProtonBuffer;
import org.apache.qpid.protonj2.engine.OutgoingDelivery;
import org.apache.qpid.protonj2.engine.Sender;
import org.apache.qpid.protonj2.engine.impl.ProtonDeliveryTagGenerator;
import org.apache.qpid.protonj2.types.messaging.Accepted;
import org.apache.qpid.protonj2.types.messaging.Modified;
import org.apache.qpid.protonj2.types.messaging.Rejected;
import org.apache.qpid.protonj2.types.messaging.Released;
import org.apache.qpid.protonj2.types.messaging.Source;
import org.apache.qpid.protonj2.types.messaging.Target;
import org.apache.qpid.protonj2.types.transport.DeliveryState;
import org.apache.qpid.protonj2.types.transport.ErrorCondition;
import org.apache.qpid.protonj2.types.transport.ReceiverSettleMode;
import org.apache.qpid.protonj2.types.transport.SenderSettleMode;

/**
 * The sending link to one address. Sends as long as there is credit, and tells each message's owner the outcome. Runs on
 * the connection's thread.
 */
final class SenderLink {
  private final AmqpConnection connection;
  private final String address;
  private final Runnable onEnd;
  private final Sender sender;
  private final ArrayDeque<PendingSend> waiting = new ArrayDeque<>();
  /** The delivery whose last frames wait for the session's window; null when there is none. */
  private OutgoingDelivery partial;
  private int unsettled;

  /** @param onEnd the broker has detached the link, or never let it attach */
  SenderLink(AmqpConnection connection, String address, Runnable onEnd) {
    this.connection = connection;
    this.address = address;
    this.onEnd = onEnd;
    sender = connection.session().sender("spark-amqp-" + UUID.randomUUID());
    sender.setDeliveryTagGenerator(ProtonDeliveryTagGenerator.BUILTIN.POOLED.createGenerator());
    sender.setSource(
        new Source().setOutcomes(
            Accepted.DESCRIPTOR_SYMBOL, Rejected.DESCRIPTOR_SYMBOL, Released.DESCRIPTOR_SYMBOL, Modified.DESCRIPTOR_SYMBOL));
    sender.setTarget(new Target().setAddress(address));
    sender.setSenderSettleMode(SenderSettleMode.UNSETTLED).setReceiverSettleMode(ReceiverSettleMode.FIRST);
    sender.closeHandler(remote -> ended(remote.getRemoteCondition()));
    sender.detachHandler(remote -> ended(remote.getRemoteCondition()));
    sender.creditStateUpdateHandler(updated -> pump());
    sender.deliveryStateUpdatedHandler(this::handleOutcome);
    sender.open();
  }

  /** Nothing waits and nothing is under way, so that it may be closed. */
  boolean isIdle() {
    return waiting.isEmpty() && unsettled == 0;
  }

  void close() {
    sender.closeHandler(null).detachHandler(null);
    sender.close();
  }

  void enqueue(PendingSend send) {
    waiting.add(send);
  }

  void pump() {
    while (!waiting.isEmpty() && sender.isSendable()) {
      PendingSend send = waiting.peek();
      if (send.cancelled && partial == null) {
        waiting.poll();
        continue;
      }
      ProtonBuffer encoded = send.message.encoded();
      if (partial == null) {
        encoded.setReadOffset(0);
        partial = sender.next();
        partial.setLinkedResource(send);
        unsettled++;
      }
      partial.streamBytes(encoded, true);
      if (encoded.isReadable()) return;
      partial = null;
      waiting.poll();
    }
  }

  private void handleOutcome(OutgoingDelivery delivery) {
    DeliveryState state = delivery.getRemoteState();
    if (state == null && !delivery.isRemotelySettled()) return;
    PendingSend send = delivery.getLinkedResource();
    if (send == null) return;
    delivery.setLinkedResource(null);
    delivery.settle();
    unsettled--;
    if (state instanceof Accepted) send.owner.accepted(send);
    else if (state instanceof Rejected rejected) send.owner.failed(rejection(rejected.getError()));
    else send.owner.givenBack(send);
  }

  private AmqpException rejection(ErrorCondition condition) {
    AmqpException told = Refusals.of(connection.location() + " rejects a message to " + address, condition);
    return new AmqpException(Kind.REFUSED, told.getMessage());
  }

  private void ended(ErrorCondition condition) {
    AmqpException reason = Refusals.of(connection.location() + " does not let send to " + address, condition);
    onEnd.run();
    for (OutgoingDelivery delivery : sender.unsettled()) {
      PendingSend send = delivery.getLinkedResource();
      if (send == null) continue;
      delivery.setLinkedResource(null);
      // The one that is partly sent is first of those that wait.
      if (delivery != partial) tell(send, reason);
    }
    for (PendingSend send : waiting) tell(send, reason);
    waiting.clear();
    sender.close();
  }

  private static void tell(PendingSend send, AmqpException reason) {
    if (reason.kind() == Kind.REFUSED) send.owner.failed(reason);
    else send.owner.givenBack(send);
  }
}
