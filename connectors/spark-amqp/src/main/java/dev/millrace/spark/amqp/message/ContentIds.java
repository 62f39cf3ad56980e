package dev.millrace.spark.amqp.message;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

/**
 * Message ids by content: SHA-256 of query, batch, partition, address, message and the ordinal among equal messages,
 * cut to 144 bits, as 24 characters.
 *
 * <p>When Spark computes a batch again, the same rows get the same ids, in whatever order they come (SPARK-28650), so a
 * broker with duplicate detection, or a reader, recognises what it has. A row number would give the id of one row to
 * another. The partition is in it because equal rows of different partitions are different messages and count apart.
 * One for each partition of a batch.
 */
final class ContentIds {
  private static final int ID_BYTES = 18;

  private final MessageDigest digest;
  private final byte[] scope;
  /** How many equal messages there were. By 64 bits of their hash: a collision costs recognition, never a message. */
  private final Map<Long, Integer> occurrences = new HashMap<>();

  ContentIds(String query, long batch, int partition) {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError("every JVM has SHA-256", impossible);
    }
    byte[] name = query.getBytes(StandardCharsets.UTF_8);
    scope = ByteBuffer.allocate(name.length + 12).put(name).putLong(batch).putInt(partition).array();
  }

  String next(String address, byte[] message, int length) {
    digest.update(scope);
    digest.update(address.getBytes(StandardCharsets.UTF_8));
    digest.update((byte) 0);
    digest.update(message, 0, length);
    byte[] content = digest.digest();
    int ordinal = occurrences.merge(ByteBuffer.wrap(content).getLong(), 1, Integer::sum);
    if (ordinal > 1) {
      digest.update(content);
      digest.update(ByteBuffer.allocate(4).putInt(0, ordinal));
      content = digest.digest();
    }
    return Base64.getUrlEncoder().encodeToString(java.util.Arrays.copyOf(content, ID_BYTES));
  }
}
