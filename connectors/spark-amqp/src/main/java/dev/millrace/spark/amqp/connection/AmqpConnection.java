package dev.millrace.spark.amqp.connection;

import dev.millrace.spark.amqp.AmqpException;
import dev.millrace.spark.amqp.AmqpException.Kind;
import dev.millrace.spark.amqp.options.BrokerLocation;
import dev.millrace.spark.amqp.options.ConnectionOptions;
import java.io.IOException;
import java.security.Principal;
import java.security.cert.CertificateException;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import javax.security.sasl.SaslException;
import org.apache.qpid.protonj2.buffer.ProtonBuffer;
import org.apache.qpid.protonj2.client.TransportOptions;
import org.apache.qpid.protonj2.client.transport.IOContext;
import org.apache.qpid.protonj2.client.transport.Transport;
import org.apache.qpid.protonj2.client.transport.TransportListener;
import org.apache.qpid.protonj2.engine.Connection;
import org.apache.qpid.protonj2.engine.Engine;
import org.apache.qpid.protonj2.engine.EngineFactory;
import org.apache.qpid.protonj2.engine.Session;
import org.apache.qpid.protonj2.engine.sasl.client.SaslAuthenticator;
import org.apache.qpid.protonj2.engine.sasl.client.SaslCredentialsProvider;
import org.apache.qpid.protonj2.engine.sasl.client.SaslMechanismSelector;
import org.apache.qpid.protonj2.types.Symbol;
import org.apache.qpid.protonj2.types.transport.ErrorCondition;

/**
 * One connection to one broker with one session, on a thread of its own. It lives once: after a failure there is a new one.
 *
 * <p>The engine is used directly, not the library's blocking client: that one hands each message and each settlement
 * across threads and flushes the socket for each. Here a batch is one task, one flush, and dispositions leave in ranges.
 *
 * <p>{@link #session} and everything made from it is touched by the connection's thread only: inside {@link #execute},
 * {@link #schedule} and the engine's handlers.
 */
public final class AmqpConnection {
  private final BrokerLocation location;
  private final ConnectionOptions options;
  private final Consumer<AmqpException> onFailure;
  private final CompletableFuture<Void> opened = new CompletableFuture<>();
  private final RangeDispositions dispositions = new RangeDispositions();
  private final FlowWatch flows = new FlowWatch();
  private IOContext io;
  private Transport transport;
  private Engine engine;
  private Connection connection;
  private Session session;
  private boolean written;
  private volatile boolean ended;

  /**
   * @param onFailure told once, on the connection's thread, when an opened connection is lost; not after {@link #close}
   */
  public AmqpConnection(BrokerLocation location, ConnectionOptions options, Consumer<AmqpException> onFailure) {
    this.location = location;
    this.options = options;
    this.onFailure = onFailure;
  }

  /**
   * Connects and opens connection and session; blocks until that is done.
   *
   * @throws AmqpException when there is no way to the broker, or it refuses; the connection is then closed
   */
  public void open(long timeoutMs) throws InterruptedException {
    TransportOptions transportOptions =
        new TransportOptions()
            .allowNativeIO(false)
            .connectTimeout((int) Math.min(Integer.MAX_VALUE, timeoutMs))
            .useWebSockets(location.webSocket());
    if (location.webSocket()) transportOptions.webSocketPath(location.path());
    io = IOContext.create(transportOptions, TransportSecurity.of(options.tls(), location.tls()), "amqp-" + location);
    try {
      transport = io.newTransport().connect(location.host(), location.port(), new Listener());
      opened.get(timeoutMs, TimeUnit.MILLISECONDS);
    } catch (TimeoutException late) {
      close();
      throw new AmqpException(Kind.UNREACHABLE, location + " did not answer within " + timeoutMs + " ms");
    } catch (ExecutionException failed) {
      close();
      throw (AmqpException) failed.getCause();
    } catch (IOException failed) {
      close();
      throw new AmqpException(Kind.UNREACHABLE, location + " cannot be reached: " + failed.getMessage(), failed);
    } catch (InterruptedException interrupted) {
      close();
      throw interrupted;
    }
  }

  public BrokerLocation location() {
    return location;
  }

  public boolean isEnded() {
    return ended;
  }

  public Session session() {
    return session;
  }

  /**
   * Whether the broker stands a drain (§2.6.7). RabbitMQ 3's plugin ends the session instead, or answers with credit left.
   * On the connection's thread.
   */
  public boolean canDrain() {
    Map<Symbol, Object> properties = connection.getRemoteProperties();
    if (properties == null) return true;
    String product = String.valueOf(properties.get(Symbol.valueOf("product")));
    String version = String.valueOf(properties.get(Symbol.valueOf("version")));
    return !(product.equals("RabbitMQ") && version.startsWith("3."));
  }

  /**
   * The time, in milliseconds by the broker's clock, before which it has accepted nothing that it has not sent, as its last
   * flow said; -1 when that said nothing. On the connection's thread.
   */
  public long sentUntilMs() {
    return flows.sentUntilMs();
  }

  /** Runs a task on the connection's thread and then sends what it wrote. Does nothing once the connection has ended. */
  public void execute(Runnable task) {
    if (ended) return;
    try {
      io.ioScheduler().execute(() -> run(task));
    } catch (RejectedExecutionException endedMeanwhile) {
      // Whoever needs to know is told by onFailure.
    }
  }

  public void schedule(Runnable task, long delayMs) {
    if (ended) return;
    try {
      io.ioScheduler().schedule(() -> run(task), delayMs, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException endedMeanwhile) {
      // As above.
    }
  }

  /** Fails the connection as if it had been lost. On the connection's thread. */
  public void fail(AmqpException failure) {
    if (ended) return;
    end();
    if (!opened.completeExceptionally(failure)) onFailure.accept(failure);
  }

  /** Closes in order when the peer still listens, for a second at most. From any thread but the connection's. */
  public void close() {
    if (ended || io == null) return;
    CompletableFuture<Void> closed = new CompletableFuture<>();
    execute(
        () -> {
          try {
            if (connection != null && opened.isDone() && !opened.isCompletedExceptionally()) {
              connection.closeHandler(remote -> closed.complete(null));
              connection.close();
            } else closed.complete(null);
          } catch (RuntimeException alreadyFailed) {
            closed.complete(null);
          }
        });
    try {
      closed.get(1, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException unanswered) {
      // The socket is closed all the same.
    }
    end();
  }

  private void run(Runnable task) {
    if (ended) return;
    try {
      task.run();
      flush();
    } catch (RuntimeException broken) {
      fail(failure(broken));
    }
  }

  private void end() {
    ended = true;
    try {
      // As a task of its own: the engine may be in the middle of a frame.
      io.ioScheduler().execute(this::shutDown);
    } catch (RejectedExecutionException alreadyDown) {
      // Then it has been done.
    }
    io.shutdownAsync();
  }

  private void shutDown() {
    try {
      if (engine != null && !engine.isFailed()) engine.shutdown();
    } catch (RuntimeException alreadyDown) {
      // There is nothing left to do with it.
    }
    try {
      if (transport != null) transport.close();
    } catch (IOException | RuntimeException alreadyClosed) {
      // That was the aim.
    }
  }

  private void flush() {
    if (engine == null || ended) return;
    dispositions.flush();
    if (!written) return;
    written = false;
    try {
      transport.flush();
    } catch (IOException lost) {
      fail(failure(lost));
    }
  }

  private void start() {
    engine = EngineFactory.PROTON.createEngine();
    flows.insertInto(engine.pipeline());
    engine.pipeline().addFirst(RangeDispositions.NAME, dispositions);
    engine.outputHandler(this::write);
    engine.errorHandler(failed -> fail(failure(failed.failureCause())));
    SaslMechanismSelector selector = new SaslMechanismSelector(options.saslMechanisms());
    engine.saslDriver().client().setListener(new SaslAuthenticator(selector, new Credentials()));
    connection = engine.connection();
    connection.setContainerId(
        options.containerId() != null ? options.containerId() : "spark-amqp-" + UUID.randomUUID());
    connection.setHostname(location.host());
    connection.setMaxFrameSize(options.frameSizeMax());
    // §2.4.5: half of the time after which we give up, so that the peer's frames come in time.
    connection.setIdleTimeout(options.idleTimeoutMs() / 2);
    connection.openHandler(remote -> openSession());
    connection.closeHandler(remote -> fail(refusal("closed the connection", remote.getRemoteCondition())));
    connection.tickAuto(io.ioScheduler());
    engine.start();
    connection.open();
    flush();
  }

  private void openSession() {
    session = connection.session();
    session.openHandler(remote -> opened.complete(null));
    session.closeHandler(remote -> fail(refusal("ended the session", remote.getRemoteCondition())));
    session.open();
  }

  private void write(ProtonBuffer output, Runnable onComplete) {
    try {
      transport.write(output, onComplete);
      written = true;
    } catch (IOException lost) {
      fail(failure(lost));
    }
  }

  private AmqpException failure(Throwable cause) {
    if (cause instanceof AmqpException told) return told;
    for (Throwable at = cause; at != null; at = at.getCause()) {
      if (at instanceof SaslException) {
        String who = options.user() == null ? "an anonymous user" : "user " + options.user();
        return new AmqpException(Kind.REFUSED, location + " refuses " + who + ": " + at.getMessage(), cause);
      }
      if (at instanceof CertificateException) {
        return new AmqpException(Kind.REFUSED, location + " is not trusted: " + at.getMessage(), cause);
      }
    }
    String reason = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    return new AmqpException(Kind.UNREACHABLE, "no connection with " + location + ": " + reason, cause);
  }

  private AmqpException refusal(String what, ErrorCondition condition) {
    return Refusals.of(location + " " + what, condition);
  }

  /** What the transport tells; its thread is the connection's. */
  private final class Listener implements TransportListener {
    @Override
    public void transportInitialized(Transport initialized) {
      transport = initialized;
    }

    @Override
    public void transportConnected(Transport connected) {
      transport = connected;
      run(AmqpConnection.this::start);
    }

    @Override
    public void transportRead(ProtonBuffer incoming) {
      if (ended) return;
      run(
          () -> {
            // The engine takes what it can use; several frames may be in one read.
            do {
              engine.ingest(incoming);
            } while (!ended && incoming.isReadable() && engine.isWritable());
          });
    }

    @Override
    public void transportError(Throwable cause) {
      if (!ended) fail(failure(cause));
    }
  }

  private final class Credentials implements SaslCredentialsProvider {
    @Override
    public String vhost() {
      return location.host();
    }

    @Override
    public String username() {
      return options.user();
    }

    @Override
    public String password() {
      return options.password();
    }

    @Override
    public Principal localPrincipal() {
      return transport.getLocalPrincipal();
    }
  }
}
