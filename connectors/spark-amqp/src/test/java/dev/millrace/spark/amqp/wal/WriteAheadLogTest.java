package dev.millrace.spark.amqp.wal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.spark.amqp.wal.WriteAheadLog.Entry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WriteAheadLogTest {
  private static final long SMALL_SEGMENT = 200;

  @TempDir Path directory;

  private static Entry entry(long number) {
    return new Entry(RecordKind.MESSAGE, 1_000 + number, ("message " + number).getBytes(StandardCharsets.UTF_8));
  }

  private static List<Entry> entries(long from, long to) {
    List<Entry> entries = new ArrayList<>();
    for (long number = from; number < to; number++) entries.add(entry(number));
    return entries;
  }

  private static List<String> texts(List<byte[]> blocks) {
    List<String> texts = new ArrayList<>();
    for (byte[] block : blocks) {
      for (Records records = new Records(block); records.next(); ) {
        texts.add(new String(records.bytes(), records.start(), records.end() - records.start(), StandardCharsets.UTF_8));
      }
    }
    return texts;
  }

  private static List<String> expected(long from, long to) {
    return entries(from, to).stream().map(entry -> new String(entry.bytes(), StandardCharsets.UTF_8)).toList();
  }

  private List<Path> segments() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(".wal")).sorted().toList();
    }
  }

  private WriteAheadLog open() throws IOException {
    return WriteAheadLog.open(directory, SMALL_SEGMENT);
  }

  private void fill(int groups, int size) throws IOException {
    try (WriteAheadLog log = open()) {
      for (int group = 0; group < groups; group++) log.append(entries((long) group * size, (long) (group + 1) * size));
    }
  }

  @Test
  void whatWasAppendedIsReadInAnyPartsBeforeAndAfterARestart() throws IOException {
    fill(20, 3);
    try (WriteAheadLog log = open()) {
      assertEquals(60, log.nextSequence());
      assertTrue(segments().size() > 3, "several segments");
      for (int parts = 1; parts <= 7; parts++) {
        assertEquals(expected(5, 47), texts(log.read(5, 47, parts)));
        assertEquals(parts, log.read(5, 47, parts).size());
      }
      assertEquals(expected(0, 60), texts(log.read(0, 60, 1)));
      assertEquals(List.of(), texts(log.read(60, 60, 2)));
    }
  }

  @Test
  void theSameRangeGivesTheSameBlocks() throws IOException {
    fill(5, 7);
    List<byte[]> before;
    try (WriteAheadLog log = open()) {
      before = log.read(3, 30, 4);
    }
    try (WriteAheadLog log = open()) {
      List<byte[]> after = log.read(3, 30, 4);
      for (int part = 0; part < 4; part++) assertArrayEquals(before.get(part), after.get(part));
    }
  }

  @Test
  void releasedSegmentsAreDeletedAndSequencesGoOn() throws IOException {
    fill(20, 3);
    try (WriteAheadLog log = open()) {
      log.release(60);
      assertEquals(1, segments().size());
      assertThrows(IllegalStateException.class, () -> log.read(0, 3, 1));
    }
    try (WriteAheadLog log = open()) {
      assertEquals(60, log.nextSequence());
      log.append(entries(60, 62));
      assertEquals(expected(60, 62), texts(log.read(60, 62, 1)));
    }
  }

  @Test
  void timesSurviveWhenTheirSegmentIsDeleted() throws IOException {
    try (WriteAheadLog log = open()) {
      assertEquals(Times.NONE, log.times().newestUs());
      log.append(List.of(new Entry(RecordKind.MESSAGE, 7, new byte[0]), new Entry(RecordKind.HEARTBEAT, 10, new byte[0])));
    }
    for (int restart = 0; restart < 3; restart++) {
      try (WriteAheadLog log = open()) {
        assertEquals(10, log.times().newestUs());
        assertEquals(7, log.times().newestMessageUs());
        log.release(2);
      }
    }
  }

  @Test
  void aTailThatIsTornAnywhereIsCutAtTheLastWholeGroup() throws IOException {
    try (WriteAheadLog log = WriteAheadLog.open(directory, 1 << 20)) {
      log.append(entries(0, 2));
      log.append(entries(2, 5));
    }
    Path file = segments().get(0);
    byte[] whole = Files.readAllBytes(file);
    int secondGroup = whole.length - lastGroupBytes(3);
    for (int length = whole.length - 1; length >= Segment.HEAD; length--) {
      Files.write(file, Arrays.copyOf(whole, length));
      for (Path other : segments()) if (!other.equals(file)) Files.delete(other);
      long left = length >= secondGroup ? 2 : 0;
      try (WriteAheadLog log = open()) {
        assertEquals(left, log.nextSequence(), "cut at " + length);
        log.append(entries(left, left + 1));
        assertEquals(expected(0, left + 1), texts(log.read(0, left + 1, 1)));
      }
    }
  }

  @Test
  void aHeadThatIsTornIsANewSegment() throws IOException {
    fill(1, 1);
    byte[] head = Files.readAllBytes(segments().get(0));
    for (int length = 0; length < Segment.HEAD; length++) {
      Path next = directory.resolve(String.format("%020d.wal", 1));
      Files.write(next, Arrays.copyOf(head, length));
      try (WriteAheadLog log = open()) {
        assertEquals(1, log.nextSequence());
      }
      Files.delete(next);
    }
  }

  @Test
  void aFlippedBitBeforeTheEndStopsTheStartWithThePlace() throws IOException {
    try (WriteAheadLog log = WriteAheadLog.open(directory, 1 << 20)) {
      log.append(entries(0, 2));
      log.append(entries(2, 5));
    }
    Path file = segments().get(0);
    byte[] whole = Files.readAllBytes(file);
    for (int place = Segment.HEAD; place < whole.length - lastGroupBytes(3); place++) {
      byte[] damaged = whole.clone();
      damaged[place] ^= 0x10;
      Files.write(file, damaged);
      String message = assertThrows(IOException.class, this::open).getMessage();
      assertTrue(message.contains("damaged at byte " + Segment.HEAD), message);
    }
  }

  @Test
  void damageInAnOlderSegmentStopsTheStart() throws IOException {
    fill(20, 3);
    Path first = segments().get(0);
    byte[] whole = Files.readAllBytes(first);
    Files.write(first, Arrays.copyOf(whole, whole.length - 1));
    assertTrue(assertThrows(IOException.class, this::open).getMessage().contains("damaged"));
  }

  @Test
  void aMissingSegmentStopsTheStart() throws IOException {
    fill(20, 3);
    Files.delete(segments().get(1));
    assertTrue(assertThrows(IOException.class, this::open).getMessage().contains("missing"));
  }

  @Test
  void oneQueryAtATime() throws IOException {
    try (WriteAheadLog log = open()) {
      assertTrue(assertThrows(IOException.class, this::open).getMessage().contains("in use"));
      assertEquals(0, log.nextSequence());
    }
    open().close();
  }

  @Test
  void batchesAreCutAtGroups() throws IOException {
    fill(10, 2);
    try (WriteAheadLog log = open()) {
      long groupBytes = 2L * Records.size("message 0".length());
      assertEquals(2, log.endWithin(0, 1), "one group at least");
      assertEquals(6, log.endWithin(0, 3 * groupBytes));
      assertEquals(8, log.endWithin(3, 3 * groupBytes), "a group that was begun counts whole");
      assertEquals(20, log.endWithin(0, Long.MAX_VALUE));
    }
  }

  @Test
  void fullUntilAllIsReleased() throws IOException {
    try (WriteAheadLog log = open()) {
      log.append(entries(0, 30));
      assertTrue(log.isFuller(100));
      log.release(30);
      assertTrue(!log.isFuller(100));
    }
  }

  /** Seeded: appends, releases and restarts with torn tails at random; a model says what must be there. */
  @Test
  void simulatedCrashesLoseNothingThatWasSynced() throws IOException {
    for (int seed = 1; seed <= 60; seed++) {
      Random random = new Random(seed);
      long next = 0;
      long released = 0;
      for (int run = 0; run < 6; run++) {
        try (WriteAheadLog log = open()) {
          assertEquals(next, log.nextSequence(), "seed " + seed);
          for (int step = random.nextInt(8); step > 0; step--) {
            int count = 1 + random.nextInt(6);
            log.append(entries(next, next + count));
            next += count;
            if (random.nextInt(4) == 0) log.release(released += random.nextInt((int) (next - released) + 1));
          }
          assertEquals(expected(released, next), texts(log.read(released, next, 3)), "seed " + seed);
        }
        if (random.nextBoolean()) tear(random);
      }
      for (Path file : segments()) Files.delete(file);
    }
  }

  /** As a crash within an append leaves it: bytes of a group that was never completed. */
  private void tear(Random random) throws IOException {
    List<Path> files = segments();
    Path last = files.get(files.size() - 1);
    byte[] whole = Files.readAllBytes(last);
    byte[] torn = Arrays.copyOf(whole, whole.length + random.nextInt(40));
    for (int index = whole.length; index < torn.length; index++) torn[index] = (byte) (random.nextBoolean() ? 0 : random.nextInt());
    Files.write(last, torn);
  }

  private static int lastGroupBytes(int records) {
    return Segment.GROUP_HEAD + records * Records.size("message 0".length());
  }
}
