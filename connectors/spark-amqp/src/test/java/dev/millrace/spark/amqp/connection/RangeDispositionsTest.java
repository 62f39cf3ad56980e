package dev.millrace.spark.amqp.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.apache.qpid.protonj2.buffer.ProtonBuffer;
import org.apache.qpid.protonj2.buffer.ProtonBufferAllocator;
import org.apache.qpid.protonj2.engine.Connection;
import org.apache.qpid.protonj2.engine.Engine;
import org.apache.qpid.protonj2.engine.EngineFactory;
import org.apache.qpid.protonj2.engine.EngineHandler;
import org.apache.qpid.protonj2.engine.EngineHandlerContext;
import org.apache.qpid.protonj2.engine.IncomingDelivery;
import org.apache.qpid.protonj2.engine.OutgoingAMQPEnvelope;
import org.apache.qpid.protonj2.engine.OutgoingDelivery;
import org.apache.qpid.protonj2.engine.Receiver;
import org.apache.qpid.protonj2.engine.Sender;
import org.apache.qpid.protonj2.engine.Session;
import org.apache.qpid.protonj2.types.messaging.Accepted;
import org.apache.qpid.protonj2.types.messaging.Released;
import org.apache.qpid.protonj2.types.messaging.Source;
import org.apache.qpid.protonj2.types.messaging.Target;
import org.apache.qpid.protonj2.types.transport.DeliveryState;
import org.apache.qpid.protonj2.types.transport.Disposition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two engines in one process: ours receives, the other sends; noted are the disposition frames that go out. */
class RangeDispositionsTest {
  private final Engine receiving = EngineFactory.PROTON.createNonSaslEngine();
  private final Engine sending = EngineFactory.PROTON.createNonSaslEngine();
  private final RangeDispositions dispositions = new RangeDispositions();
  private final List<String> frames = new ArrayList<>();
  private final List<IncomingDelivery> deliveries = new ArrayList<>();
  private Receiver receiver;
  private Sender sender;

  @BeforeEach
  void connect() {
    // What the engine writes goes through the last that was put first.
    receiving.pipeline().addFirst("notes", new Notes());
    receiving.pipeline().addFirst(RangeDispositions.NAME, dispositions);
    receiving.outputHandler((ProtonBuffer output, Runnable done) -> pass(output, done, sending));
    sending.outputHandler((ProtonBuffer output, Runnable done) -> pass(output, done, receiving));
    receiving.errorHandler(failed -> {
      throw new AssertionError(failed.failureCause());
    });
    Connection remote = sending.start();
    remote.sessionOpenHandler(Session::open);
    remote.senderOpenHandler(
        opened -> {
          sender = opened;
          opened.setSource(opened.getRemoteSource()).setTarget((Target) opened.getRemoteTarget());
          opened.open();
        });
    remote.openHandler(Connection::open);
    Connection connection = receiving.start();
    connection.open();
    Session session = connection.session();
    session.open();
    receiver = session.receiver("test");
    receiver.setSource(new Source().setAddress("a")).setTarget(new Target());
    receiver.deliveryReadHandler(deliveries::add);
    receiver.open();
    receiver.addCredit(100);
    for (int count = 0; count < 10; count++) {
      sender.next().setTag(new byte[] {(byte) count}).writeBytes(ProtonBufferAllocator.defaultAllocator().copy(new byte[] {1}));
    }
    assertEquals(10, deliveries.size());
  }

  @Test
  void aRunOfSettlementsIsOneFrame() {
    for (IncomingDelivery delivery : deliveries) settle(delivery, Accepted.getInstance());
    assertEquals(List.of(), frames, "nothing before the flush");
    dispositions.flush();
    assertEquals(List.of("0-9 Accepted"), frames);
    assertTrue(sender.unsettled().stream().allMatch(OutgoingDelivery::isRemotelySettled));
  }

  @Test
  void gapsAndOtherOutcomesBeginAnotherFrame() {
    settle(deliveries.get(0), Accepted.getInstance());
    settle(deliveries.get(1), Accepted.getInstance());
    settle(deliveries.get(2), Released.getInstance());
    settle(deliveries.get(4), Released.getInstance());
    settle(deliveries.get(5), Released.getInstance());
    settle(deliveries.get(3), Accepted.getInstance());
    dispositions.flush();
    dispositions.flush();
    assertEquals(List.of("0-1 Accepted", "2 Released", "4-5 Released", "3 Accepted"), frames);
  }

  @Test
  void anotherFrameDoesNotOvertake() {
    settle(deliveries.get(0), Accepted.getInstance());
    settle(deliveries.get(1), Accepted.getInstance());
    receiver.addCredit(1);
    assertEquals(List.of("0-1 Accepted"), frames);
  }

  private static void settle(IncomingDelivery delivery, DeliveryState state) {
    delivery.disposition(state, true);
  }

  private static void pass(ProtonBuffer output, Runnable done, Engine to) {
    to.accept(output);
    if (done != null) done.run();
  }

  private final class Notes implements EngineHandler {
    @Override
    public void handleWrite(EngineHandlerContext context, OutgoingAMQPEnvelope envelope) {
      if (envelope.getBody() instanceof Disposition disposition) {
        String range = disposition.getFirst() + (disposition.hasLast() ? "-" + disposition.getLast() : "");
        frames.add(range + " " + disposition.getState().getClass().getSimpleName());
      }
      context.fireWrite(envelope);
    }
  }
}
