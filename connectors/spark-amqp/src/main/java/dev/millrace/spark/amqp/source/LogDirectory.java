package dev.millrace.spark.amqp.source;

import dev.millrace.spark.amqp.options.SourceOptions;
import java.net.URI;
import java.nio.file.Path;

/** Where a query's write-ahead log is. */
final class LogDirectory {
  private LogDirectory() {}

  /**
   * @param checkpoint the source's part of the checkpoint, such as {@code file:/data/checkpoint/sources/0}
   * @throws IllegalArgumentException when it is on a file system without a sync, and no other directory was named
   */
  static Path of(SourceOptions options, String checkpoint) {
    org.apache.hadoop.fs.Path location = new org.apache.hadoop.fs.Path(checkpoint);
    if (options.walDirectory() != null) {
      return Path.of(options.walDirectory()).resolve("source-" + location.getName());
    }
    URI uri = location.toUri();
    String scheme = uri.getScheme();
    if (scheme == null || scheme.equals("file")) return Path.of(uri.getPath()).resolve("wal");
    throw new IllegalArgumentException(
        "amqp: the checkpoint " + checkpoint + " is not on a local disk, where single writes are made durable: name a directory"
            + " on a disk that outlives the driver by the option walDirectory");
  }
}
