package dev.millrace.spark.amqp.source;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.millrace.spark.amqp.options.SourceOptions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Times in the table are seconds. */
class HeartbeatsTest {
  private static final long SECOND = 1_000_000;

  private static Heartbeats heartbeats(double interval, double horizon) {
    return new Heartbeats(new SourceOptions.Heartbeat((long) (interval * SECOND), (long) (horizon * SECOND), 0));
  }

  @ParameterizedTest
  @CsvSource({
    "5, 5, 6, 10",
    "5, 5, 5, 10",
    "5, 5, 9.999999, 10",
    "5, 5, 0, 5",
    "5, 10, 6, 10;15",
    "5, 20, 6, 10;15;20;25",
    "2, 10, 6, 8;10;12;14;16",
    "10, 60, 59, 60;70;80;90;100;110",
    "5, 6, 6, 10;15",
    "5, 1, 6, 10",
    "5, 5, -1, 0",
  })
  void beatsGoOnWhileAWindowIsOpen(double interval, double horizon, double message, String boundaries) {
    Heartbeats heartbeats = heartbeats(interval, horizon);
    heartbeats.message((long) (message * SECOND));
    List<String> beats = new ArrayList<>();
    while (heartbeats.nextUs() != Heartbeats.NONE && beats.size() < 20) {
      long beatUs = heartbeats.nextUs();
      beats.add(Long.toString(beatUs / SECOND));
      heartbeats.beat(beatUs);
    }
    assertEquals(boundaries, String.join(";", beats));
  }

  @Test
  void withoutAMessageThereIsNone() {
    assertEquals(Heartbeats.NONE, heartbeats(5, 5).nextUs());
    assertEquals(Heartbeats.NONE, heartbeats(5, 5).dueUs(Long.MAX_VALUE - 1));
  }

  @Test
  void aMessageBehindTheBoundaryDoesInsteadOfABeat() {
    Heartbeats heartbeats = heartbeats(5, 5);
    heartbeats.message(6 * SECOND);
    heartbeats.message(10 * SECOND);
    assertEquals(15 * SECOND, heartbeats.nextUs());
  }

  @Test
  void afterAPauseOneBeatDoesForAll() {
    Heartbeats heartbeats = heartbeats(5, 20);
    heartbeats.message(6 * SECOND);
    assertEquals(Heartbeats.NONE, heartbeats.dueUs(9 * SECOND));
    assertEquals(10 * SECOND, heartbeats.dueUs(10 * SECOND));
    assertEquals(15 * SECOND, heartbeats.dueUs(19 * SECOND));
    assertEquals(25 * SECOND, heartbeats.dueUs(3600 * SECOND), "the last one that is due, not one of an hour later");
  }

  @Test
  void rateAndCreditKeepTheirBounds() {
    RateLimit limit = new RateLimit(1000, 0);
    assertEquals(100, limit.take(5000, 0));
    assertEquals(0, limit.take(5000, 0));
    assertEquals(50, limit.take(5000, 50_000_000));
    assertEquals(100, limit.take(5000, 10_000_000_000L));
    assertEquals(5000, new RateLimit(0, 0).take(5000, 0));

    CreditPolicy policy = new CreditPolicy(5000);
    assertEquals(50, policy.target());
    for (int message = 0; message < 1000; message++) policy.received(100);
    assertEquals(5000, policy.target());
    for (int message = 0; message < 1000; message++) policy.received(1 << 20);
    assertEquals(64, policy.target());
    for (int message = 0; message < 20; message++) policy.received(Integer.MAX_VALUE);
    assertEquals(1, policy.target());
  }
}
