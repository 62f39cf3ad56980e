package dev.millrace.spark.amqp.source;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class LoggedMessagesTest {
  @Test
  void knowsWhatComesAgain() {
    LoggedMessages logged = new LoggedMessages(10);
    assertTrue(logged.add(1, 1_000));
    assertTrue(logged.add(2, 1_000));
    assertFalse(logged.add(1, 1_000));
    assertFalse(logged.add(2, 1_000));
  }

  @Test
  void anotherLifeOfABrokerCountsAnew() {
    LoggedMessages logged = new LoggedMessages(10);
    assertTrue(logged.add(1, 1_000));
    assertTrue(logged.add(1, 2_000));
  }

  @Test
  void whatHasNoNumberOrNoTimeIsAlwaysNew() {
    LoggedMessages logged = new LoggedMessages(10);
    for (int times = 0; times < 2; times++) {
      assertTrue(logged.add(0, 1_000));
      assertTrue(logged.add(-1, 1_000));
      assertTrue(logged.add(7, -1));
    }
  }

  @Test
  void forgetsWhatTheBrokerCannotHoldUnsettledAnyMore() {
    LoggedMessages logged = new LoggedMessages(5);
    for (int number = 1; number <= 11; number++) assertTrue(logged.add(number, 1_000));
    for (int number = 2; number <= 11; number++) assertFalse(logged.add(number, 1_000), "number " + number);
    assertTrue(logged.add(1, 1_000));
  }
}
