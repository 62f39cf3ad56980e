package dev.millrace.spark.amqp.connection;

import dev.millrace.spark.amqp.options.ConnectionOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.apache.qpid.protonj2.client.SslOptions;

/** The TLS options as the transport wants them. The files must be on every executor. */
final class TransportSecurity {
  private TransportSecurity() {}

  /** @throws IllegalArgumentException when a file cannot be read or holds something else */
  static SslOptions of(ConnectionOptions.Tls tls, boolean enabled) {
    SslOptions options = new SslOptions().sslEnabled(enabled).verifyHost(tls.verifyHost());
    // TLS 1.0 and 1.1 are withdrawn (RFC 8996).
    options.enabledProtocols("TLSv1.3", "TLSv1.2");
    if (enabled) options.sslContextOverride(context(tls));
    return options;
  }

  private static SSLContext context(ConnectionOptions.Tls tls) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keyManagers(tls), trustManagers(tls), null);
      return context;
    } catch (GeneralSecurityException | IOException problem) {
      throw new IllegalArgumentException("amqp: the TLS options cannot be used: " + problem, problem);
    }
  }

  private static KeyManager[] keyManagers(ConnectionOptions.Tls tls) throws GeneralSecurityException, IOException {
    if (tls.keyStore() == null) return null;
    char[] password = characters(tls.keyStorePassword());
    KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(load(tls.keyStore(), password), password);
    return factory.getKeyManagers();
  }

  /** Null stands for the certificates that come with the JVM. */
  private static TrustManager[] trustManagers(ConnectionOptions.Tls tls) throws GeneralSecurityException, IOException {
    KeyStore trusted;
    if (tls.authorities() != null) trusted = authorities(Path.of(tls.authorities()));
    else if (tls.trustStore() != null) trusted = load(tls.trustStore(), characters(tls.trustStorePassword()));
    else return null;
    TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(trusted);
    return factory.getTrustManagers();
  }

  private static KeyStore authorities(Path file) throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream input = Files.newInputStream(file)) {
      int count = 0;
      for (Certificate certificate : CertificateFactory.getInstance("X.509").generateCertificates(input)) {
        store.setCertificateEntry("authority-" + count++, certificate);
      }
      if (count == 0) throw new IOException(file + " holds no certificate");
    }
    return store;
  }

  /** Tells JKS from PKCS#12 by what the file holds. */
  private static KeyStore load(String file, char[] password) throws GeneralSecurityException, IOException {
    return KeyStore.getInstance(Path.of(file).toFile(), password);
  }

  private static char[] characters(String password) {
    return password == null ? new char[0] : password.toCharArray();
  }
}
