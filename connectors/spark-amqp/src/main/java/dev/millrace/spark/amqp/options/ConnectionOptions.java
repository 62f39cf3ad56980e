package dev.millrace.spark.amqp.options;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * How a broker is reached. Equal options share one pooled connection. Times are milliseconds, absent texts null.
 */
public record ConnectionOptions(
    List<BrokerLocation> locations,
    String user,
    String password,
    List<String> saslMechanisms,
    Tls tls,
    String containerId,
    long connectTimeoutMs,
    int idleTimeoutMs,
    int frameSizeMax)
    implements Serializable {

  /** Files of certificates; null where the JVM's own are meant. */
  public record Tls(
      String authorities,
      String trustStore,
      String trustStorePassword,
      String keyStore,
      String keyStorePassword,
      boolean verifyHost)
      implements Serializable {}

  /**
   * Who gives a user must not become an anonymous one because the broker offers that first: a wrong password would go
   * unseen, and so would a right one.
   */
  private static final List<String> WITH_PASSWORD = List.of("SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN");

  private static final List<String> WITHOUT_PASSWORD = List.of("EXTERNAL", "ANONYMOUS");

  static ConnectionOptions from(OptionReader reader) {
    BrokerLocation.Parsed urls = BrokerLocation.parseList(reader.text("url"));
    String user = reader.text("user");
    String password = reader.text("password");
    if (user == null && urls.credentials() != null) {
      user = urls.credentials().user();
      password = urls.credentials().password();
    }
    if (user == null && password != null) throw OptionReader.wrong("user", "empty", "needed beside password");
    String mechanisms = reader.text("saslMechanisms");
    return new ConnectionOptions(
        urls.locations(),
        user,
        user != null && password == null ? "" : password,
        mechanisms != null
            ? Arrays.stream(mechanisms.split(",")).map(String::trim).toList()
            : user != null ? WITH_PASSWORD : WITHOUT_PASSWORD,
        new Tls(
            reader.text("tlsAuthorities"),
            reader.text("tlsTrustStore"),
            reader.text("tlsTrustStorePassword"),
            reader.text("tlsKeyStore"),
            reader.text("tlsKeyStorePassword"),
            reader.flag("tlsVerifyHost")),
        reader.text("containerId"),
        reader.durationMs("connectTimeout"),
        (int) Math.min(Integer.MAX_VALUE, reader.durationMs("idleTimeout")),
        reader.integer("frameSizeMax", 512));
  }

  public static ConnectionOptions of(Map<String, String> checked) {
    return from(new OptionReader(checked));
  }

  /** Says nothing of the password: options end up in logs and plans. */
  @Override
  public String toString() {
    return locations + (user == null ? "" : " as " + user);
  }
}
