package dev.millrace.spark.amqp.options;

import java.io.Serializable;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** One broker of the fail-over list. {@code path} is only used by WebSockets. */
public record BrokerLocation(String host, int port, boolean tls, boolean webSocket, String path)
    implements Serializable {
  private static final Map<String, Integer> PORTS = Map.of("amqp", 5672, "amqps", 5671, "ws", 80, "wss", 443);

  /** User and password that an URL brought; the options of that name go before them. */
  record Credentials(String user, String password) {}

  /** What a list of URLs says. */
  record Parsed(List<BrokerLocation> locations, Credentials credentials) {}

  static Parsed parseList(String text) {
    List<BrokerLocation> locations = new ArrayList<>();
    Credentials credentials = null;
    for (String part : text.split(",")) {
      if (part.isBlank()) continue;
      URI uri = parse(part.trim());
      String scheme = uri.getScheme().toLowerCase(Locale.ROOT);
      int port = uri.getPort() < 0 ? PORTS.get(scheme) : uri.getPort();
      boolean tls = scheme.equals("amqps") || scheme.equals("wss");
      String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/amqp" : uri.getRawPath();
      String host = uri.getHost().startsWith("[") ? uri.getHost().substring(1, uri.getHost().length() - 1) : uri.getHost();
      locations.add(new BrokerLocation(host, port, tls, scheme.startsWith("ws"), path));
      if (credentials == null && uri.getUserInfo() != null) {
        String[] halves = uri.getUserInfo().split(":", 2);
        credentials = new Credentials(halves[0], halves.length == 2 ? halves[1] : "");
      }
    }
    if (locations.isEmpty()) throw OptionReader.wrong("url", text, "at least one URL");
    return new Parsed(List.copyOf(locations), credentials);
  }

  private static URI parse(String text) {
    String whole = text.contains("://") ? text : "amqp://" + text;
    try {
      URI uri = new URI(whole);
      if (uri.getHost() != null && PORTS.containsKey(uri.getScheme().toLowerCase(Locale.ROOT))) return uri;
    } catch (URISyntaxException notAUrl) {
      // Told below; the text may hold a password, so it is not repeated.
    }
    throw new IllegalArgumentException(
        "amqp: option url has a part that is no URL of amqp:, amqps:, ws: or wss:, such as amqp://host:5672");
  }

  @Override
  public String toString() {
    String scheme = webSocket ? (tls ? "wss" : "ws") : tls ? "amqps" : "amqp";
    return scheme + "://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port + (webSocket ? path : "");
  }
}
