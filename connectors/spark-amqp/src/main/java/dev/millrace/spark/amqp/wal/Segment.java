package dev.millrace.spark.amqp.wal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * One file of the log: a head, then groups of records. A group is what one sync made durable.
 *
 * <pre>
 *   head    magic u64 | first sequence i64 | newest time i64 | newest message's time i64 | crc32c u32
 *   group   magic u32 | bytes u32 | records u32 | crc32c of the rest of this head and of the records u32 | records
 * </pre>
 *
 * The times in the head are those before the first record, so that they survive when older segments are deleted.
 */
final class Segment implements Closeable {
  static final int HEAD = 8 + 8 + 8 + 8 + 4;
  static final int GROUP_HEAD = 4 + 4 + 4 + 4;
  private static final long MAGIC = 0x4d_52_57_41_4c_0d_0a_01L;
  private static final int GROUP_MAGIC = 0x4d_52_57_47;

  /** What a scan found. {@code validBytes} is where the last whole group ends. */
  record Scan(long validBytes, long fileBytes, String problem) {}

  final Path file;
  final long firstSequence;
  final Times times;
  private final FileChannel channel;
  private long size;
  /** Of each group: the sequence after its last record, and where its records begin and end. */
  private long[] ends = new long[64];
  private long[] starts = new long[64];
  private int[] lengths = new int[64];
  private int groups;

  private Segment(Path file, long firstSequence, Times times, FileChannel channel) {
    this.file = file;
    this.firstSequence = firstSequence;
    this.times = times;
    this.channel = channel;
    this.size = HEAD;
  }

  static Segment create(Path directory, long firstSequence, Times times) throws IOException {
    Path file = directory.resolve(String.format("%020d.wal", firstSequence));
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.READ, StandardOpenOption.WRITE);
    ByteBuffer head = ByteBuffer.allocate(HEAD);
    head.putLong(MAGIC).putLong(firstSequence).putLong(times.newestUs()).putLong(times.newestMessageUs());
    head.putInt(checksum(head.array(), 0, HEAD - 4)).flip();
    write(channel, head, 0);
    channel.force(true);
    return new Segment(file, firstSequence, times.copy(), channel);
  }

  /** @return null when the head was never completely written, which only happens before a first record was */
  static Segment open(Path file) throws IOException {
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
    ByteBuffer head = ByteBuffer.allocate(HEAD);
    read(channel, head, 0);
    if (head.hasRemaining() || head.getLong(0) != MAGIC || head.getInt(HEAD - 4) != checksum(head.array(), 0, HEAD - 4)) {
      long bytes = channel.size();
      channel.close();
      if (bytes > HEAD) throw new IOException(file + " is damaged at byte 0: it has no head of a write-ahead log");
      return null;
    }
    return new Segment(file, head.getLong(8), new Times(head.getLong(16), head.getLong(24)), channel);
  }

  /** Reads all groups into the index and the times, up to the first that is not whole. */
  Scan scan() throws IOException {
    long fileBytes = channel.size();
    while (true) {
      ByteBuffer group = readGroup(size, fileBytes);
      if (group == null) break;
      int records = 0;
      Records cursor = new Records(Arrays.copyOfRange(group.array(), GROUP_HEAD, group.limit()));
      while (cursor.next()) {
        records++;
        times.add(cursor.kind(), cursor.timeUs());
      }
      index(records, group.limit() - GROUP_HEAD);
    }
    String problem = size < fileBytes && wholeGroupAfter(size + 1, fileBytes) ? file + " is damaged at byte " + size : null;
    return new Scan(size, fileBytes, problem);
  }

  /** A torn group at the end was never acknowledged to the broker, so it is cut off. */
  void truncate(long bytes) throws IOException {
    channel.truncate(bytes);
    channel.force(true);
  }

  /** Writes a group and makes it durable. It can be read after {@link #index}. */
  void append(ByteBuffer group, int records) throws IOException {
    int bytes = group.limit() - GROUP_HEAD;
    group.putInt(0, GROUP_MAGIC).putInt(4, bytes).putInt(8, records);
    group.putInt(12, groupChecksum(group));
    group.position(0);
    write(channel, group, size);
    channel.force(false);
  }

  void index(int records, int bytes) {
    if (groups == ends.length) {
      ends = Arrays.copyOf(ends, groups * 2);
      starts = Arrays.copyOf(starts, groups * 2);
      lengths = Arrays.copyOf(lengths, groups * 2);
    }
    ends[groups] = endSequence() + records;
    starts[groups] = size + GROUP_HEAD;
    lengths[groups] = bytes;
    groups++;
    size += GROUP_HEAD + bytes;
  }

  long size() {
    return size;
  }

  long endSequence() {
    return groups == 0 ? firstSequence : ends[groups - 1];
  }

  /** The group that holds a sequence of this segment. */
  int groupOf(long sequence) {
    int found = Arrays.binarySearch(ends, 0, groups, sequence);
    return found >= 0 ? found + 1 : -found - 1;
  }

  int groups() {
    return groups;
  }

  long groupFirst(int group) {
    return group == 0 ? firstSequence : ends[group - 1];
  }

  long groupEnd(int group) {
    return ends[group];
  }

  int groupBytes(int group) {
    return lengths[group];
  }

  byte[] readRecords(int group) throws IOException {
    ByteBuffer records = ByteBuffer.allocate(lengths[group]);
    read(channel, records, starts[group]);
    if (records.hasRemaining()) throw new IOException(file + " ends before byte " + (starts[group] + lengths[group]));
    return records.array();
  }

  void delete() throws IOException {
    channel.close();
    Files.deleteIfExists(file);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** The whole group at this place, its head included, or null. */
  private ByteBuffer readGroup(long position, long fileBytes) throws IOException {
    ByteBuffer head = ByteBuffer.allocate(GROUP_HEAD);
    read(channel, head, position);
    if (head.hasRemaining() || head.getInt(0) != GROUP_MAGIC) return null;
    int bytes = head.getInt(4);
    if (bytes < 0 || bytes > fileBytes - position - GROUP_HEAD) return null;
    ByteBuffer group = ByteBuffer.allocate(GROUP_HEAD + bytes);
    read(channel, group, position);
    group.flip();
    return group.limit() == GROUP_HEAD + bytes && group.getInt(12) == groupChecksum(group) ? group : null;
  }

  /** Tells damage from a torn tail: behind a tail that was never completed there is no whole group. */
  private boolean wholeGroupAfter(long from, long fileBytes) throws IOException {
    int stretch = 1 << 16;
    for (long at = from; at < fileBytes; at += stretch) {
      ByteBuffer bytes = ByteBuffer.allocate(stretch + 3);
      read(channel, bytes, at);
      bytes.flip();
      for (int place = 0; place + 4 <= bytes.limit(); place++) {
        if (bytes.getInt(place) == GROUP_MAGIC && readGroup(at + place, fileBytes) != null) return true;
      }
    }
    return false;
  }

  private static int groupChecksum(ByteBuffer group) {
    CRC32C crc = new CRC32C();
    crc.update(group.array(), 4, 8);
    crc.update(group.array(), GROUP_HEAD, group.limit() - GROUP_HEAD);
    return (int) crc.getValue();
  }

  private static int checksum(byte[] bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }

  private static void write(FileChannel channel, ByteBuffer source, long position) throws IOException {
    long at = position;
    while (source.hasRemaining()) at += channel.write(source, at);
  }

  private static void read(FileChannel channel, ByteBuffer target, long position) throws IOException {
    long at = position;
    while (target.hasRemaining()) {
      int count = channel.read(target, at);
      if (count < 0) return;
      at += count;
    }
  }
}
