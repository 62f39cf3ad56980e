package dev.millrace.spark.amqp.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.spark.amqp.source.Completeness.TimeSource;
import dev.millrace.spark.amqp.source.SourceLink.Drained;
import org.junit.jupiter.api.Test;

final class CompletenessTest {
  private static final long DELAY_US = 100_000;
  private final Completeness completeness = new Completeness(DELAY_US);

  @Test
  void nothingIsCompleteWhileItIsNotKnownWhereTimeIsFrom() {
    assertEquals(TimeSource.UNKNOWN, completeness.timeSource());
    assertFalse(completeness.covers(0));
    assertFalse(completeness.coversHere(0));
  }

  @Test
  void nothingArrivesInThePast() {
    completeness.message(false);
    assertTrue(completeness.covers(Long.MAX_VALUE));
    assertFalse(completeness.coversHere(0), "what waits with the broker is not here");
  }

  @Test
  void stampedMessagesAreCompleteUpToADrainThatFoundNothingMore() {
    completeness.message(true);
    assertFalse(completeness.drained(new Drained(false, 5_000_000, -1)));
    assertFalse(completeness.covers(1));
    assertTrue(completeness.drained(new Drained(true, 5_000_000, -1)));
    assertTrue(completeness.covers(5_000_000));
    assertFalse(completeness.covers(5_000_001));
    assertTrue(completeness.coversHere(5_000_000));
    assertEquals(DELAY_US, completeness.delayUs());
  }

  @Test
  void aPromiseIsKeptByTheBrokersOwnWordAlone() {
    completeness.promise();
    assertEquals(TimeSource.ACCEPTED, completeness.timeSource());
    assertFalse(completeness.drained(new Drained(true, 5_000_000, -1)), "it has something that it cannot send now");
    assertFalse(completeness.covers(1));
    assertTrue(completeness.drained(new Drained(true, 5_000_000, 4_000_000)));
    assertTrue(completeness.covers(4_000_000));
    assertFalse(completeness.covers(4_000_001));
    assertTrue(completeness.coversHere(5_000_000));
    assertFalse(completeness.coversHere(5_000_001));
  }

  @Test
  void theDelayFollowsTheBrokersClock() {
    completeness.promise();
    assertEquals(1_000, completeness.delayUs());
    completeness.drained(new Drained(true, 5_000_000, 4_000_000));
    assertEquals(1_001_000, completeness.delayUs(), "behind by a second");
    completeness.drained(new Drained(true, 6_000_000, 9_000_000));
    assertEquals(-2_999_000, completeness.delayUs(), "ahead by three");
  }

  @Test
  void whatWasProvenStaysWhenAnotherBrokerTakesOver() {
    completeness.promise();
    completeness.drained(new Drained(true, 5_000_000, 4_000_000));
    completeness.newLink();
    assertTrue(completeness.covers(4_000_000));
    assertEquals(DELAY_US, completeness.delayUs());
    assertTrue(completeness.drained(new Drained(true, 7_000_000, -1)));
    assertTrue(completeness.covers(7_000_000));
    completeness.drained(new Drained(true, 6_000_000, -1));
    assertTrue(completeness.covers(7_000_000), "an answer that is late takes nothing back");
  }
}
