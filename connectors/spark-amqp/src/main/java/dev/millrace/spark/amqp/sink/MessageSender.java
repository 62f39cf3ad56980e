package dev.millrace.spark.amqp.sink;

import dev.millrace.spark.amqp.AmqpException;
import dev.millrace.spark.amqp.AmqpException.Kind;
import dev.millrace.spark.amqp.message.OutgoingMessage;
import dev.millrace.spark.amqp.options.SinkOptions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Sends one writer's messages and knows which of them the broker has. Messages go ahead in pieces without waiting for
 * their outcomes; when the connection is lost, all that were not accepted are sent again, in their order, with the ids
 * that they had.
 *
 * <p>The writer's thread calls {@link #send}, {@link #finish} and {@link #close}; the connection's thread the rest.
 */
final class MessageSender {
  /** Messages handed to the connection's thread at a time: waking it for each would cost more than sending. */
  private static final int PIECE = 256;
  private static final long RETRY_MS = 100;

  private final SinkOptions options;
  private final SinkConnections.Slot slot;
  private SinkConnection connection;
  /** Sent or to be sent, oldest first; accepted ones are dropped from the front. */
  private final ArrayDeque<PendingSend> pending = new ArrayDeque<>();
  private List<PendingSend> piece = new ArrayList<>(PIECE);

  /** Guards the fields below it. */
  private final Object lock = new Object();
  private int unsettled;
  private boolean lost;
  private AmqpException failure;
  private AmqpException lossReason;
  private List<PendingSend> returned = new ArrayList<>();
  private long progressMs = System.currentTimeMillis();

  MessageSender(SinkOptions options) {
    this.options = options;
    this.slot = SinkConnections.join(options.connection());
  }

  /** @throws AmqpException when the broker refuses a message, or takes nothing for as long as the option says */
  void send(OutgoingMessage message) throws InterruptedException {
    PendingSend send = new PendingSend(this, message);
    pending.add(send);
    piece.add(send);
    int count;
    synchronized (lock) {
      count = ++unsettled;
    }
    if (piece.size() >= PIECE || count >= options.unsettledMax()) submit();
    if (count >= options.unsettledMax()) awaitUnsettled(options.unsettledMax() / 2);
    while (!pending.isEmpty() && pending.peek().accepted) pending.poll();
  }

  /** Waits until the broker has all. */
  void finish() throws InterruptedException {
    submit();
    awaitUnsettled(0);
    pending.clear();
  }

  /** What the broker does not have yet is not sent. */
  void close() {
    for (PendingSend send : pending) send.cancelled = true;
    if (connection != null) connection.leave(this);
    slot.leave();
  }

  void accepted(PendingSend send) {
    synchronized (lock) {
      // A message that was sent again may have two outcomes; it counts once.
      if (send.accepted) return;
      send.accepted = true;
      unsettled--;
      progressMs = System.currentTimeMillis();
      if (unsettled == 0 || unsettled == options.unsettledMax() / 2) lock.notifyAll();
    }
  }

  /** Released or modified: the broker may take it later. */
  void givenBack(PendingSend send) {
    synchronized (lock) {
      if (!send.accepted) returned.add(send);
      lock.notifyAll();
    }
  }

  void failed(AmqpException reason) {
    synchronized (lock) {
      if (failure == null) failure = reason;
      lock.notifyAll();
    }
  }

  void connectionLost(AmqpException reason) {
    synchronized (lock) {
      lost = true;
      lossReason = reason;
      lock.notifyAll();
    }
  }

  private void submit() throws InterruptedException {
    if (piece.isEmpty()) return;
    List<PendingSend> sends = piece;
    piece = new ArrayList<>(PIECE);
    if (connection == null) reconnect();
    else connection.send(sends);
  }

  private void awaitUnsettled(int most) throws InterruptedException {
    while (true) {
      List<PendingSend> again = null;
      boolean reconnect = false;
      synchronized (lock) {
        if (failure != null) throw failure;
        if (unsettled <= most) return;
        checkProgress();
        if (lost) reconnect = true;
        else if (!returned.isEmpty()) {
          again = returned;
          returned = new ArrayList<>();
        } else lock.wait(Math.min(1_000, options.sendTimeoutMs()));
      }
      if (reconnect) reconnect();
      else if (again != null) {
        Thread.sleep(RETRY_MS);
        connection.send(again);
      }
    }
  }

  private void checkProgress() {
    if (System.currentTimeMillis() - progressMs <= options.sendTimeoutMs()) return;
    String reason = lossReason == null ? "" : "; last: " + lossReason.getMessage();
    throw new AmqpException(
        Kind.UNREACHABLE,
        "the broker took none of " + unsettled + " messages within " + options.sendTimeoutMs() + " ms: is the address full?" + reason);
  }

  /** Joins the connection that is up now, and sends all that is not accepted. */
  private void reconnect() throws InterruptedException {
    while (true) {
      if (connection != null) connection.leave(this);
      synchronized (lock) {
        lost = false;
        returned.clear();
      }
      long deadlineMs = System.currentTimeMillis() + options.connection().connectTimeoutMs();
      connection = slot.connect(deadlineMs);
      if (connection.join(this)) break;
    }
    List<PendingSend> again = new ArrayList<>();
    for (PendingSend send : pending) if (!send.accepted) again.add(send);
    synchronized (lock) {
      unsettled = again.size();
      progressMs = System.currentTimeMillis();
    }
    piece = new ArrayList<>(PIECE);
    connection.send(again);
  }
}
