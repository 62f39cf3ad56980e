package dev.millrace.spark.amqp.options;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The options of the source and of the sink: names, defaults, meaning. The README's table is this table; a test compares
 * them.
 */
public final class OptionTable {
  /** Where an option has a meaning. */
  public enum Use {
    BOTH,
    SOURCE,
    SINK
  }

  /** One row of the table. {@code defaultText} is empty where there is no default. */
  public record Option(String name, Use use, String defaultText, String meaning) {}

  private static final List<Option> OPTIONS =
      List.of(
          new Option("url", Use.BOTH, "amqp://localhost:5672",
              "brokers, separated by commas and tried in turn: `amqp:`, `amqps:`, `ws:` or `wss:`, host, port"),
          new Option("address", Use.BOTH, "",
              "queue or topic; for the sink where rows without a column `address` go"),
          new Option("user", Use.BOTH, "", "user name for SASL PLAIN or SCRAM; without it ANONYMOUS or EXTERNAL"),
          new Option("password", Use.BOTH, "", "the user's password"),
          new Option("saslMechanisms", Use.BOTH, "",
              "only these, separated by commas, such as `SCRAM-SHA-256` or `EXTERNAL`"),
          new Option("tlsAuthorities", Use.BOTH, "",
              "PEM file with the certificates to trust; without it those of the JVM"),
          new Option("tlsTrustStore", Use.BOTH, "", "JKS or PKCS#12 file with the certificates to trust"),
          new Option("tlsTrustStorePassword", Use.BOTH, "", "its password"),
          new Option("tlsKeyStore", Use.BOTH, "", "JKS or PKCS#12 file with the client's own certificate and key"),
          new Option("tlsKeyStorePassword", Use.BOTH, "", "its password"),
          new Option("tlsVerifyHost", Use.BOTH, "true", "whether the certificate must name the host"),
          new Option("containerId", Use.BOTH, "", "AMQP container id; by default a random one"),
          new Option("connectTimeout", Use.BOTH, "30 seconds",
              "how long a first connection is tried for, over all brokers"),
          new Option("idleTimeout", Use.BOTH, "60 seconds", "a connection that is silent for so long is given up"),
          new Option("frameSizeMax", Use.BOTH, "65536", "bytes of an AMQP frame, at most"),
          new Option("subscription", Use.SOURCE, "",
              "name of a durable subscription to a topic, kept while the query is down; give `containerId` too"),
          new Option("credit", Use.SOURCE, "5000", "messages that the broker may send ahead"),
          new Option("partitions", Use.SOURCE, "4", "parts of a batch that are read in parallel, at most"),
          new Option("partitionRows", Use.SOURCE, "5000", "rows below which a batch is not divided further"),
          new Option("maxRowsPerBatch", Use.SOURCE, "0", "rows of a batch, at most; 0: no limit"),
          new Option("maxBytesPerBatch", Use.SOURCE, "67108864", "bytes of a batch, at most"),
          new Option("maxRate", Use.SOURCE, "0", "messages a second taken from the broker, at most; 0: no limit"),
          new Option("walDirectory", Use.SOURCE, "",
              "local directory of the write-ahead log; by default `wal` under the query's checkpoint"),
          new Option("walStart", Use.SOURCE, "0",
              "where a new checkpoint begins to read the log of an older one: the `sequence` of that one's last finished batch"),
          new Option("walBytesMax", Use.SOURCE, "1073741824",
              "bytes in the write-ahead log beyond which nothing more is taken from the broker"),
          new Option("timeAnnotation", Use.SOURCE, "x-opt-ingress-time",
              "message annotation with the time at which the broker accepted the message"),
          new Option("heartbeatInterval", Use.SOURCE, "",
              "the window's slide, such as `5 seconds`: adds the column `heartbeat`, and rows at the ends of open windows"),
          new Option("heartbeatHorizon", Use.SOURCE, "",
              "window length plus watermark delay, if that is not the interval"),
          new Option("heartbeatDelay", Use.SOURCE, "100 milliseconds",
              "by how much the clocks of broker and driver may differ"),
          new Option("unsettledMax", Use.SINK, "5000", "messages of a task on the way to the broker, at most"),
          new Option("sendTimeout", Use.SINK, "60 seconds",
              "a task fails when the broker takes nothing for so long"),
          new Option("durable", Use.SINK, "true", "whether rows without a column `durable` are durable messages"),
          new Option("messageIds", Use.SINK, "content",
              "`content`: a row without `message_id` gets the same id when its batch is repeated; `none`: no id"));

  /** So many first letters in common make a likely name. */
  private static final int ALIKE = 8;

  /** Spark's own, which come with every reader and writer. */
  private static final Set<String> OF_SPARK = Set.of("path", "checkpointlocation", "queryname", "__ask_", "paths");

  private OptionTable() {}

  public static List<Option> options() {
    return OPTIONS;
  }

  /**
   * The options with the names as the table spells them.
   *
   * @throws IllegalArgumentException for a name that is not in the table, or has no meaning there, with the likely one
   */
  public static Map<String, String> checked(Map<String, String> given, Use use) {
    Map<String, String> known = new LinkedHashMap<>();
    List<String> problems = new ArrayList<>();
    for (Map.Entry<String, String> entry : given.entrySet()) {
      String name = entry.getKey();
      if (OF_SPARK.contains(name.toLowerCase(Locale.ROOT))) continue;
      Option option = find(name);
      if (option == null) problems.add("unknown option " + name + suggestion(name));
      else if (option.use() != Use.BOTH && use != Use.BOTH && option.use() != use) {
        String place = option.use() == Use.SOURCE ? "source" : "sink";
        problems.add("option " + option.name() + " is one of the " + place + " and has no meaning here");
      } else known.put(option.name(), entry.getValue().trim());
    }
    if (!problems.isEmpty()) throw new IllegalArgumentException("amqp: " + String.join("; ", problems));
    return known;
  }

  static String defaultOf(String name) {
    Option option = find(name);
    if (option == null) throw new AssertionError("no option " + name);
    return option.defaultText();
  }

  private static Option find(String name) {
    for (Option option : OPTIONS) if (option.name().equalsIgnoreCase(name)) return option;
    return null;
  }

  private static String suggestion(String name) {
    String wanted = name.toLowerCase(Locale.ROOT);
    String nearest = null;
    int least = Integer.MAX_VALUE;
    for (Option option : OPTIONS) {
      String candidate = option.name().toLowerCase(Locale.ROOT);
      boolean alike = candidate.contains(wanted) || wanted.contains(candidate) || sameStart(wanted, candidate) >= ALIKE;
      int distance = alike ? 1 : editDistance(wanted, candidate);
      if (distance < least) {
        least = distance;
        nearest = option.name();
      }
    }
    return least <= Math.max(2, wanted.length() / 3) ? "; did you mean " + nearest + "?" : "";
  }

  private static int sameStart(String one, String other) {
    int length = 0;
    while (length < Math.min(one.length(), other.length()) && one.charAt(length) == other.charAt(length)) length++;
    return length;
  }

  /** Levenshtein's distance, two rows at a time. */
  private static int editDistance(String from, String to) {
    int[] previous = new int[to.length() + 1];
    for (int column = 0; column <= to.length(); column++) previous[column] = column;
    for (int row = 1; row <= from.length(); row++) {
      int[] current = new int[to.length() + 1];
      current[0] = row;
      for (int column = 1; column <= to.length(); column++) {
        int replaced = previous[column - 1] + (from.charAt(row - 1) == to.charAt(column - 1) ? 0 : 1);
        current[column] = Math.min(replaced, 1 + Math.min(previous[column], current[column - 1]));
      }
      previous = current;
    }
    return previous[to.length()];
  }
}
