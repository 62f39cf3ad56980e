package dev.millrace.spark.amqp.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;

final class BatchPaceTest {
  private final BatchPace pace = new BatchPace(500);

  @Test
  void theTriggerDecidesWithoutAnInterval() {
    BatchPace none = new BatchPace(0);
    assertFalse(none.isSet());
    assertEquals(0, none.waitMs(false, false, 1_000));
    assertEquals(0, none.waitMs(true, false, 1_000));
  }

  @Test
  void theFirstRowsAfterAPauseDoNotWait() {
    assertEquals(Long.MAX_VALUE, pace.waitMs(false, false, 1_000));
    assertEquals(0, pace.waitMs(true, false, 1_000));
  }

  @Test
  void rowsAreGatheredUntilTheIntervalIsOver() {
    pace.answered(true, false, 1_000);
    assertEquals(400, pace.waitMs(true, false, 1_100));
    assertEquals(0, pace.waitMs(true, false, 1_500));
  }

  @Test
  void aHeartbeatEndsTheGathering() {
    pace.answered(true, false, 1_000);
    assertEquals(0, pace.waitMs(true, true, 1_001));
  }

  @Test
  void theBatchThatFollowsAHeartbeatDoesNotWait() {
    pace.answered(true, true, 1_000);
    assertEquals(0, pace.waitMs(false, false, 1_001));
    pace.answered(false, false, 1_001);
    assertEquals(Long.MAX_VALUE, pace.waitMs(false, false, 1_002));
  }
}
