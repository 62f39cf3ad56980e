package dev.millrace.spark.amqp.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.apache.spark.sql.connector.read.streaming.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SequenceOffsetTest {
  /** As Spark's SerializedOffset: the text, and nothing of the class that wrote it. */
  private static Offset fromCheckpoint(String json) {
    return new Offset() {
      @Override
      public String json() {
        return json;
      }
    };
  }

  @Test
  void anOffsetOfTheCheckpointIsTakenByItsText() {
    SequenceOffset offset = new SequenceOffset(42);
    assertEquals("{\"sequence\":42}", offset.json());
    assertEquals(42, SequenceOffset.of(offset).sequence());
    assertEquals(42, SequenceOffset.of(fromCheckpoint(offset.json())).sequence());
    assertEquals(offset, fromCheckpoint(offset.json()), "Spark compares them by their text");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "42", "{\"sequence\":-1}", "{\"offset\":42}", "{\"sequence\":42,\"more\":1}"})
  void anotherSourcesOffsetIsRefused(String json) {
    String told = assertThrows(IllegalArgumentException.class, () -> SequenceOffset.of(fromCheckpoint(json))).getMessage();
    assertTrue(told.contains("of another source"), told);
  }
}
