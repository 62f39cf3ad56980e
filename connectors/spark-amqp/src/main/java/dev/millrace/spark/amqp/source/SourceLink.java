package dev.millrace.spark.amqp.source;

import dev.millrace.spark.amqp.AmqpException;
import dev.millrace.spark.amqp.AmqpException.Kind;
import dev.millrace.spark.amqp.connection.AmqpConnection;
import dev.millrace.spark.amqp.connection.Refusals;
import dev.millrace.spark.amqp.options.SourceOptions;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.qpid.protonj2.buffer.ProtonBuffer;
import org.apache.qpid.protonj2.engine.IncomingDelivery;
import org.apache.qpid.protonj2.engine.Receiver;
import org.apache.qpid.protonj2.types.Symbol;
import org.apache.qpid.protonj2.types.messaging.Accepted;
import org.apache.qpid.protonj2.types.messaging.Modified;
import org.apache.qpid.protonj2.types.messaging.Rejected;
import org.apache.qpid.protonj2.types.messaging.Released;
import org.apache.qpid.protonj2.types.messaging.Source;
import org.apache.qpid.protonj2.types.messaging.Target;
import org.apache.qpid.protonj2.types.messaging.TerminusDurability;
import org.apache.qpid.protonj2.types.messaging.TerminusExpiryPolicy;
import org.apache.qpid.protonj2.types.transport.AmqpError;
import org.apache.qpid.protonj2.types.transport.DeliveryState;
import org.apache.qpid.protonj2.types.transport.ErrorCondition;
import org.apache.qpid.protonj2.types.transport.ReceiverSettleMode;
import org.apache.qpid.protonj2.types.transport.SenderSettleMode;

/**
 * The receiving link of one connection: takes deliveries, gives credit, settles, drains. What is not marked otherwise runs
 * on the connection's thread.
 */
final class SourceLink {
  /** A broker that does not answer a drain in this time is given up; one that never answered any is not asked again. */
  private static final long DRAIN_TIMEOUT_MS = 10_000;
  private static final long RATE_TICK_MS = 50;
  /** What Millrace is asked for by this capability, it stamps on each message as this annotation; Artemis has its own setting. */
  private static final Symbol INGRESS_TIME = Symbol.valueOf("ingress-time");
  private static final String INGRESS_TIME_ANNOTATION = "x-opt-ingress-time";
  /** The same for the message's number, {@link LogWriter#NUMBER_ANNOTATION}. */
  private static final Symbol SEQUENCE_NUMBER = Symbol.valueOf("sequence-number");

  /** What becomes of a delivery. */
  enum Outcome {
    ACCEPTED,
    /** No AMQP message: the broker's dead letters get it. */
    REJECTED
  }

  /**
   * What a drain has shown.
   *
   * @param empty whether the broker had nothing left to send
   * @param requestedUs when it was asked, by the clock here
   * @param sentUntilUs all that it accepted before this time was sent, by the broker's clock; negative when it does not say
   */
  record Drained(boolean empty, long requestedUs, long sentUntilUs) {}

  /** What the link tells, on the connection's thread. */
  interface Listener {
    void received(ReceivedMessage message);

    /** The broker said that each message on this link tells when it was accepted; comes before any of them. */
    void stampsPromised();

    /** A drain was answered. */
    void drained(Drained answer);

    /** The broker does not answer drains, or not as it should: it is not to be asked again. */
    void cannotDrain();

    /** Whether more may be taken; asked before credit is given. */
    boolean hasRoom();
  }

  private final AmqpConnection connection;
  private final SourceOptions options;
  private final Listener listener;
  private final RateLimit rateLimit;
  private final CreditPolicy policy;
  private final CompletableFuture<Void> attached = new CompletableFuture<>();
  private Receiver receiver;
  /** Taken and not yet settled. */
  private int inHand;
  private volatile boolean draining;
  private int drainCredit;
  private int drainReceived;
  private long drainRequestedUs;
  private boolean rateTickPending;

  SourceLink(AmqpConnection connection, SourceOptions options, RateLimit rateLimit, Listener listener) {
    this.connection = connection;
    this.options = options;
    this.rateLimit = rateLimit;
    this.listener = listener;
    this.policy = new CreditPolicy(options.credit());
  }

  /** Attaches and gives the first credit; blocks. From any other thread. */
  void attach(long timeoutMs) throws InterruptedException {
    connection.execute(this::start);
    try {
      attached.get(timeoutMs, TimeUnit.MILLISECONDS);
    } catch (ExecutionException refused) {
      throw (AmqpException) refused.getCause();
    } catch (TimeoutException late) {
      throw new AmqpException(Kind.UNREACHABLE, connection.location() + " did not answer an attach within " + timeoutMs + " ms");
    }
  }

  /** The connection was lost while the attach was under way. */
  void connectionLost(AmqpException failure) {
    attached.completeExceptionally(failure);
  }

  /** Settles messages in the order in which they came. From any thread. */
  void settle(List<ReceivedMessage> messages, List<Outcome> outcomes) {
    connection.execute(
        () -> {
          for (int index = 0; index < messages.size(); index++) {
            IncomingDelivery delivery = messages.get(index).delivery();
            if (!delivery.isSettled()) delivery.disposition(stateOf(outcomes.get(index)), true);
          }
          inHand -= messages.size();
          giveCredit();
        });
  }

  /** Whether the connection was lost over a drain. From any thread, once the connection has ended. */
  boolean endedInDrain() {
    return draining;
  }

  /** There may be room again. From any thread. */
  void resume() {
    connection.execute(this::giveCredit);
  }

  /** Asks the broker to send what it has and to use up the rest of the credit (§2.6.7). From any thread. */
  void drain(long nowUs) {
    connection.execute(() -> startDrain(nowUs));
  }

  private void start() {
    String subscription = options.subscription();
    String name = subscription != null ? subscription : "spark-amqp-" + UUID.randomUUID();
    receiver = connection.session().receiver(name);
    receiver.setSource(source()).setTarget(new Target());
    if (options.timeAnnotation().equals(INGRESS_TIME_ANNOTATION)) receiver.setDesiredCapabilities(INGRESS_TIME, SEQUENCE_NUMBER);
    receiver.setSenderSettleMode(SenderSettleMode.UNSETTLED).setReceiverSettleMode(ReceiverSettleMode.FIRST);
    receiver.openHandler(this::handleOpen);
    receiver.closeHandler(remote -> ended(remote.getRemoteCondition()));
    receiver.detachHandler(remote -> ended(remote.getRemoteCondition()));
    receiver.deliveryReadHandler(this::handleDelivery);
    receiver.deliveryAbortedHandler(aborted -> aborted.settle());
    receiver.creditStateUpdateHandler(updated -> handleCredit());
    receiver.open();
  }

  private Source source() {
    Source source = new Source().setAddress(options.address());
    source.setOutcomes(
        Accepted.DESCRIPTOR_SYMBOL, Rejected.DESCRIPTOR_SYMBOL, Released.DESCRIPTOR_SYMBOL, Modified.DESCRIPTOR_SYMBOL);
    source.setDefaultOutcome(Released.getInstance());
    if (options.subscription() == null) return source;
    return source
        .setDurable(TerminusDurability.UNSETTLED_STATE)
        .setExpiryPolicy(TerminusExpiryPolicy.NEVER)
        .setDistributionMode(Symbol.valueOf("copy"))
        .setCapabilities(Symbol.valueOf("topic"));
  }

  /** A source of null in the answer announces a detach with the reason (§2.6.3). */
  private void handleOpen(Receiver remote) {
    if (remote.getRemoteSource() == null) return;
    Symbol[] offered = remote.getRemoteOfferedCapabilities();
    if (offered != null && Arrays.asList(offered).contains(INGRESS_TIME)) listener.stampsPromised();
    attached.complete(null);
    giveCredit();
  }

  private void ended(ErrorCondition condition) {
    AmqpException refusal =
        Refusals.of(connection.location() + " does not let receive from " + options.address(), condition);
    if (!attached.completeExceptionally(refusal)) connection.fail(refusal);
  }

  private void handleDelivery(IncomingDelivery delivery) {
    if (delivery.isPartial()) {
      // Frees the session's window for the frames that follow; the bytes stay with the delivery.
      delivery.claimAvailableBytes();
      return;
    }
    ProtonBuffer buffer = delivery.readAll();
    byte[] bytes = new byte[buffer == null ? 0 : buffer.getReadableBytes()];
    if (buffer != null) {
      buffer.readBytes(bytes, 0, bytes.length);
      buffer.close();
    }
    inHand++;
    if (draining) drainReceived++;
    policy.received(bytes.length);
    listener.received(new ReceivedMessage(this, delivery, bytes, MessageReceiver.nowUs()));
  }

  private void giveCredit() {
    if (receiver == null || !receiver.isRemotelyOpen() || draining || !listener.hasRoom()) return;
    int wanted = policy.target() - receiver.getCredit() - inHand;
    if (!policy.isWorthGiving(wanted) && !(rateLimit.isLimited() && wanted > 0)) return;
    int credit = rateLimit.take(wanted, System.nanoTime());
    if (credit > 0) receiver.addCredit(credit);
    if (credit < wanted && !rateTickPending) {
      rateTickPending = true;
      connection.schedule(
          () -> {
            rateTickPending = false;
            giveCredit();
          },
          RATE_TICK_MS);
    }
  }

  private void startDrain(long nowUs) {
    if (draining || receiver == null || !receiver.isRemotelyOpen()) return;
    if (!connection.canDrain()) {
      listener.cannotDrain();
      return;
    }
    if (receiver.getCredit() == 0) {
      // Without credit nothing would come, so nothing would be proven.
      giveCredit();
      if (receiver.getCredit() == 0) return;
    }
    draining = true;
    drainCredit = receiver.getCredit();
    drainReceived = 0;
    drainRequestedUs = nowUs;
    receiver.drain();
    long requestedUs = nowUs;
    connection.schedule(() -> drainOverdue(requestedUs), DRAIN_TIMEOUT_MS);
  }

  private void handleCredit() {
    if (!draining || receiver.isDraining()) return;
    draining = false;
    long sentUntilMs = connection.sentUntilMs();
    listener.drained(new Drained(drainReceived < drainCredit, drainRequestedUs, sentUntilMs < 0 ? -1 : sentUntilMs * 1_000));
    giveCredit();
  }

  private void drainOverdue(long requestedUs) {
    if (!draining || drainRequestedUs != requestedUs) return;
    listener.cannotDrain();
    connection.fail(
        new AmqpException(Kind.UNREACHABLE, connection.location() + " did not answer a drain within " + DRAIN_TIMEOUT_MS + " ms"));
  }

  private static DeliveryState stateOf(Outcome outcome) {
    if (outcome == Outcome.ACCEPTED) return Accepted.getInstance();
    return new Rejected().setError(new ErrorCondition(AmqpError.DECODE_ERROR, "no AMQP message"));
  }
}
