package dev.millrace.spark.amqp.sink;

import dev.millrace.spark.amqp.AmqpException;
import dev.millrace.spark.amqp.connection.AmqpConnection;
import dev.millrace.spark.amqp.connection.FailOver;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A connection that the writers of a JVM share, with a link for each address that rows went to lately. */
final class SinkConnection {
  /** A job whose rows name ever new addresses must not hold a link to each. */
  private static final int LINKS_MAX = 500;

  /** In the order of use; on the connection's thread. */
  private final Map<String, SenderLink> links = new LinkedHashMap<>(16, 0.75f, true);
  private final Set<MessageSender> users = ConcurrentHashMap.newKeySet();
  private final AmqpConnection connection;

  private SinkConnection(FailOver failOver, long deadlineMs) throws InterruptedException {
    connection = failOver.connect(this::lost, deadlineMs);
  }

  /** @throws AmqpException when no broker of the list takes the connection until the deadline */
  static SinkConnection open(FailOver failOver, long deadlineMs) throws InterruptedException {
    return new SinkConnection(failOver, deadlineMs);
  }

  boolean isEnded() {
    return connection.isEnded();
  }

  /** @return false when the connection has ended meanwhile, and its users were told already */
  boolean join(MessageSender user) {
    users.add(user);
    return !connection.isEnded();
  }

  void leave(MessageSender user) {
    users.remove(user);
  }

  /** Sends in this order, for each address. From any thread. */
  void send(List<PendingSend> sends) {
    connection.execute(
        () -> {
          List<SenderLink> touched = new ArrayList<>(1);
          for (PendingSend send : sends) {
            SenderLink link = link(send.message.address());
            link.enqueue(send);
            if (!touched.contains(link)) touched.add(link);
          }
          for (SenderLink link : touched) link.pump();
        });
  }

  void close() {
    connection.close();
  }

  private SenderLink link(String address) {
    SenderLink link = links.get(address);
    if (link != null) return link;
    closeIdleLink();
    SenderLink created = new SenderLink(connection, address, () -> links.remove(address));
    links.put(address, created);
    return created;
  }

  private void closeIdleLink() {
    if (links.size() < LINKS_MAX) return;
    for (Iterator<SenderLink> each = links.values().iterator(); each.hasNext(); ) {
      SenderLink link = each.next();
      if (!link.isIdle()) continue;
      each.remove();
      link.close();
      return;
    }
  }

  private void lost(AmqpException reason) {
    for (MessageSender user : users) user.connectionLost(reason);
  }
}
