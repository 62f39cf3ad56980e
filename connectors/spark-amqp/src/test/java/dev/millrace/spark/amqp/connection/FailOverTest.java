package dev.millrace.spark.amqp.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.spark.amqp.AmqpException;
import dev.millrace.spark.amqp.options.ConnectionOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FailOverTest {
  private static int closedPort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Test
  void allBrokersAreTriedUntilTheDeadlineAndTheLastReasonIsTold() throws IOException {
    int first = closedPort();
    int second = closedPort();
    FailOver failOver =
        new FailOver(ConnectionOptions.of(Map.of("url", "amqp://127.0.0.1:" + first + ",amqp://127.0.0.1:" + second)));
    AmqpException failure =
        assertThrows(AmqpException.class, () -> failOver.connect(lost -> {}, System.currentTimeMillis() + 300));
    assertEquals(AmqpException.Kind.UNREACHABLE, failure.kind());
    assertTrue(List.of(first, second).stream().anyMatch(port -> failure.getMessage().contains(":" + port)), failure.getMessage());
  }

  @Test
  void somethingThatIsNoBrokerIsGivenUpInTime() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      FailOver failOver = new FailOver(ConnectionOptions.of(Map.of("url", "amqp://127.0.0.1:" + silent.getLocalPort())));
      AmqpException failure =
          assertThrows(AmqpException.class, () -> failOver.connect(lost -> {}, System.currentTimeMillis() + 200));
      assertTrue(failure.getMessage().contains("did not answer"), failure.getMessage());
    }
  }
}
