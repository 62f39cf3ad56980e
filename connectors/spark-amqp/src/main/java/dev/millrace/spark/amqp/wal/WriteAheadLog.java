package dev.millrace.spark.amqp.wal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What was taken from the broker and is not yet in a finished batch. A record has a sequence, counted from 0 and never
 * used twice; Spark's offsets are these sequences. A message is settled with the broker after its group is on the disk,
 * so that each message is at any time with the broker, here, or in a finished batch.
 *
 * <p>What it does not do: it keeps one copy on one local disk, and it does not know messages from one another. One thread
 * appends; any thread may read.
 */
public final class WriteAheadLog implements Closeable {
  /** A segment is deleted as a whole, so small ones give disk back sooner and cost more files. */
  public static final long SEGMENT_BYTES = 16 << 20;
  /** A segment whose records are all released is left at this size already. */
  private static final long RELEASED_BYTES = 1 << 20;

  /** A record to append. */
  public record Entry(RecordKind kind, long timeUs, byte[] bytes) {}

  private final Path directory;
  private final long segmentBytes;
  private final FileChannel lockChannel;
  private final List<Segment> segments = new ArrayList<>();
  private final Times times;
  private long released;
  private long syncs;

  private WriteAheadLog(Path directory, long segmentBytes, FileChannel lockChannel) throws IOException {
    this.directory = directory;
    this.segmentBytes = segmentBytes;
    this.lockChannel = lockChannel;
    recover();
    long next = segments.isEmpty() ? 0 : segments.get(segments.size() - 1).endSequence();
    this.times = segments.isEmpty() ? Times.none() : segments.get(segments.size() - 1).times.copy();
    Segment last = segments.isEmpty() ? null : segments.get(segments.size() - 1);
    if (last == null || last.groups() > 0) segments.add(Segment.create(directory, next, times));
    this.released = segments.get(0).firstSequence;
    syncDirectory();
  }

  /**
   * Opens the log of a directory, which is made when it is missing. A torn tail is cut off.
   *
   * @throws IOException when the log is damaged, with the place, or another process has it open
   */
  public static WriteAheadLog open(Path directory, long segmentBytes) throws IOException {
    Files.createDirectories(directory);
    FileChannel channel =
        FileChannel.open(directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) return new WriteAheadLog(directory, segmentBytes, channel);
    } catch (OverlappingFileLockException here) {
      // Another query of this process has it.
    } catch (IOException | RuntimeException broken) {
      channel.close();
      throw broken;
    }
    channel.close();
    throw new IOException("the write-ahead log " + directory + " is in use by another query");
  }

  /** Appends records and makes them durable. Runs on one thread. */
  public void append(List<Entry> entries) throws IOException {
    if (entries.isEmpty()) return;
    int bytes = 0;
    for (Entry entry : entries) bytes = Math.addExact(bytes, Records.size(entry.bytes().length));
    ByteBuffer group = ByteBuffer.allocate(Segment.GROUP_HEAD + bytes);
    group.position(Segment.GROUP_HEAD);
    for (Entry entry : entries) Records.write(group, entry.kind(), entry.timeUs(), entry.bytes());
    group.flip();
    Segment segment = segmentToWrite();
    segment.append(group, entries.size());
    synchronized (this) {
      segment.index(entries.size(), bytes);
      for (Entry entry : entries) times.add(entry.kind(), entry.timeUs());
      syncs++;
    }
  }

  /** The sequence that the next record gets; all before it are durable. */
  public synchronized long nextSequence() {
    return last().endSequence();
  }

  /** The first sequence that can still be read. */
  public synchronized long firstSequence() {
    return segments.get(0).firstSequence;
  }

  /** A copy, as of now. */
  public synchronized Times times() {
    return times.copy();
  }

  public synchronized long syncs() {
    return syncs;
  }

  /** Bytes of the files. */
  public synchronized long bytes() {
    long bytes = 0;
    for (Segment segment : segments) bytes += segment.size();
    return bytes;
  }

  /** Whether the files hold more than this, and something in them still waits for its batch. */
  public synchronized boolean isFuller(long bytesMax) {
    return bytes() > bytesMax && released < nextSequence();
  }

  /** The end of the longest run of groups from a sequence that has at most these bytes; one group at least. */
  public synchronized long endWithin(long from, long bytesMax) {
    long bytes = 0;
    long end = from;
    for (Segment segment : segments) {
      if (segment.endSequence() <= from) continue;
      for (int group = segment.groupOf(Math.max(from, segment.firstSequence)); group < segment.groups(); group++) {
        bytes += segment.groupBytes(group);
        if (bytes > bytesMax && end > from) return end;
        end = segment.groupEnd(group);
      }
    }
    return end;
  }

  /**
   * The records from a sequence up to another, divided into blocks of nearly equal numbers of records. The same arguments
   * give the same blocks after a restart.
   *
   * @throws IllegalStateException when they are not all there
   */
  public synchronized List<byte[]> read(long from, long to, int parts) throws IOException {
    if (from < firstSequence() || to > nextSequence()) {
      throw new IllegalStateException(
          "amqp: the write-ahead log " + directory + " holds the messages " + firstSequence() + " to " + nextSequence()
              + " and not " + from + " to " + to + ": checkpoint and log are not of one query any more");
    }
    List<byte[]> blocks = new ArrayList<>(parts);
    RangeReader reader = new RangeReader(from);
    for (int part = 1; part <= parts; part++) blocks.add(reader.readTo(from + (to - from) * part / parts));
    return blocks;
  }

  /** Records before this sequence are not read again. */
  public synchronized void release(long before) throws IOException {
    released = Math.max(released, before);
    while (segments.size() > 1 && segments.get(0).endSequence() <= released) segments.remove(0).delete();
  }

  @Override
  public synchronized void close() throws IOException {
    for (Segment segment : segments) segment.close();
    lockChannel.close();
  }

  private void recover() throws IOException {
    List<Path> files;
    try (Stream<Path> found = Files.list(directory)) {
      files = found.filter(file -> file.getFileName().toString().endsWith(".wal")).sorted().toList();
    }
    for (int index = 0; index < files.size(); index++) {
      boolean isLast = index == files.size() - 1;
      Segment segment = Segment.open(files.get(index));
      if (segment == null) {
        if (!isLast) throw new IOException(files.get(index) + " is damaged at byte 0");
        Files.delete(files.get(index));
        break;
      }
      Segment.Scan scan = segment.scan();
      if (scan.problem() != null) throw new IOException(scan.problem());
      if (scan.validBytes() < scan.fileBytes()) {
        if (!isLast) throw new IOException(segment.file + " is damaged at byte " + scan.validBytes());
        segment.truncate(scan.validBytes());
      }
      if (!segments.isEmpty() && last().endSequence() != segment.firstSequence) {
        throw new IOException("between " + last().file + " and " + segment.file.getFileName() + " messages are missing");
      }
      segments.add(segment);
    }
  }

  private Segment segmentToWrite() throws IOException {
    Segment segment = last();
    boolean allReleased;
    synchronized (this) {
      allReleased = released >= segment.endSequence() && segment.size() >= RELEASED_BYTES;
    }
    if (segment.size() < segmentBytes && !allReleased) return segment;
    Segment created = Segment.create(directory, segment.endSequence(), times);
    syncDirectory();
    synchronized (this) {
      segments.add(created);
    }
    return created;
  }

  private synchronized Segment last() {
    return segments.get(segments.size() - 1);
  }

  /** A new file's name is durable only after its directory is. */
  private void syncDirectory() throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Reads on from a sequence; keeps the group it is in. */
  private final class RangeReader {
    private long next;
    private byte[] group = new byte[0];
    private int position;
    private long groupEnd;

    RangeReader(long from) throws IOException {
      next = from;
      groupEnd = from;
    }

    byte[] readTo(long end) throws IOException {
      List<byte[]> pieces = new ArrayList<>();
      int bytes = 0;
      while (next < end) {
        if (next >= groupEnd) load();
        int start = position;
        if (groupEnd <= end) {
          next = groupEnd;
          position = group.length;
        } else {
          while (next < end) skip();
        }
        byte[] piece = start == 0 && position == group.length ? group : java.util.Arrays.copyOfRange(group, start, position);
        pieces.add(piece);
        bytes = Math.addExact(bytes, piece.length);
      }
      if (pieces.size() == 1) return pieces.get(0);
      ByteBuffer block = ByteBuffer.allocate(bytes);
      for (byte[] piece : pieces) block.put(piece);
      return block.array();
    }

    private void load() throws IOException {
      for (Segment segment : segments) {
        if (next >= segment.endSequence()) continue;
        int index = segment.groupOf(next);
        group = segment.readRecords(index);
        groupEnd = segment.groupEnd(index);
        position = 0;
        long wanted = next;
        next = segment.groupFirst(index);
        while (next < wanted) skip();
        return;
      }
      throw new IllegalStateException("amqp: no segment holds message " + next);
    }

    private void skip() {
      position += 4 + ByteBuffer.wrap(group).getInt(position);
      next++;
    }
  }
}
