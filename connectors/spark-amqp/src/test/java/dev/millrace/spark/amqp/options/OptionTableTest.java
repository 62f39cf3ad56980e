package dev.millrace.spark.amqp.options;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptionTableTest {
  private static String refusal(Map<String, String> options) {
    return assertThrows(IllegalArgumentException.class, () -> SourceOptions.from(options)).getMessage();
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
    "adress | did you mean address?",
    "adddress | did you mean address?",
    "credits | did you mean credit?",
    "heartbeat | did you mean heartbeatInterval?",
    "maxRowsPerTrigger | did you mean maxRowsPerBatch?",
    "username | did you mean user?",
  })
  void anUnknownOptionIsRefusedWithTheLikelyOne(String name, String hint) {
    String message = refusal(Map.of("address", "a", name, "x"));
    assertTrue(message.contains("unknown option " + name + "; " + hint), message);
  }

  @Test
  void anUnknownOptionThatIsLikeNoneGetsNoGuess() {
    assertEquals("amqp: unknown option zzzzqqqq", refusal(Map.of("address", "a", "zzzzqqqq", "x")));
  }

  @Test
  void anOptionOfTheSinkIsRefusedByTheSource() {
    assertTrue(refusal(Map.of("address", "a", "messageIds", "none")).contains("messageIds is one of the sink"));
  }

  @Test
  void theSourceNeedsAnAddress() {
    assertTrue(refusal(Map.of()).contains("option address is missing"));
  }

  @Test
  void sparksOwnOptionsAndOtherCasesAreTaken() {
    SourceOptions options = SourceOptions.from(Map.of("ADDRESS", "a", "checkpointLocation", "/c", "path", "p", "Credit", "7"));
    assertEquals("a", options.address());
    assertEquals(7, options.credit());
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
    "credit | 0 | at least 1",
    "credit | many | a whole number",
    "maxRate | -1 | at least 0",
    "tlsVerifyHost | yes | true or false",
    "connectTimeout | 5 | a duration",
    "connectTimeout | 99999999999999 days | a shorter duration",
    "url | http://h:1 | no URL of amqp:",
    "heartbeatHorizon | 5 seconds | needed beside heartbeatHorizon",
    "subscription | s | containerId",
    "password | p | needed beside password",
  })
  void aWrongValueIsToldWithWhatWouldBeRight(String name, String value, String told) {
    String message = refusal(Map.of("address", "a", name, value));
    assertTrue(message.contains(told), message);
  }

  @Test
  void urlsAreAListWithDefaultPorts() {
    ConnectionOptions options =
        SourceOptions.from(Map.of("address", "a", "url", "amqp://u:p@one, amqps://two,broker:7, ws://[::1]:8080/x")).connection();
    assertEquals(
        List.of(
            new BrokerLocation("one", 5672, false, false, "/amqp"),
            new BrokerLocation("two", 5671, true, false, "/amqp"),
            new BrokerLocation("broker", 7, false, false, "/amqp"),
            new BrokerLocation("::1", 8080, false, true, "/x")),
        options.locations());
    assertEquals("u", options.user());
    assertEquals("p", options.password());
    assertFalse(options.toString().contains("p@"), "a password must not be logged");
  }

  @Test
  void whoGivesAUserDoesNotBecomeAnonymous() {
    ConnectionOptions named = SourceOptions.from(Map.of("address", "a", "user", "u", "password", "p")).connection();
    assertFalse(named.saslMechanisms().contains("ANONYMOUS"));
    assertTrue(named.saslMechanisms().contains("PLAIN"));
    ConnectionOptions nameless = SourceOptions.from(Map.of("address", "a")).connection();
    assertEquals(List.of("EXTERNAL", "ANONYMOUS"), nameless.saslMechanisms());
    ConnectionOptions chosen = SourceOptions.from(Map.of("address", "a", "saslMechanisms", "EXTERNAL, PLAIN")).connection();
    assertEquals(List.of("EXTERNAL", "PLAIN"), chosen.saslMechanisms());
  }

  @Test
  void aWrongUrlDoesNotRepeatThePassword() {
    assertFalse(refusal(Map.of("address", "a", "url", "http://u:secret@h")).contains("secret"));
  }

  @Test
  void theHorizonIsTheIntervalUnlessGiven() {
    Map<String, String> given = Map.of("address", "a", "heartbeatInterval", "5 seconds");
    assertEquals(new SourceOptions.Heartbeat(5_000_000, 5_000_000, 100_000), SourceOptions.from(given).heartbeat());
    assertNull(SourceOptions.from(Map.of("address", "a")).heartbeat());
  }

  @Test
  void theReadmeHasTheTable() throws IOException {
    String readme = Files.readString(Path.of("README.md"));
    for (OptionTable.Option option : OptionTable.options()) {
      String value = option.defaultText().isEmpty() ? "" : "`" + option.defaultText() + "`";
      String row = "| `" + option.name() + "` | " + value + " | " + option.meaning() + " |";
      assertTrue(readme.contains(row.replace("|  |", "| |")), "README.md lacks the row: " + row);
    }
  }
}
