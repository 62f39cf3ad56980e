package dev.millrace.spark.amqp.wal;

import java.nio.ByteBuffer;

/**
 * Records one after another, as they lie in the log and as they travel to the executors.
 *
 * <pre>
 *   length u32     bytes of what follows
 *   kind   u8      1 message, 2 heartbeat
 *   time   i64     microseconds since the epoch
 *   bytes          a message: as it came, AMQP 1.0 §3.2; a heartbeat: none
 * </pre>
 */
public final class Records {
  static final int HEAD = 4 + 1 + 8;

  private final ByteBuffer block;
  private RecordKind kind;
  private long timeUs;
  private int start;
  private int end;

  /** A cursor before the first record of a block. */
  public Records(byte[] block) {
    this.block = ByteBuffer.wrap(block);
  }

  static int size(int bytes) {
    return HEAD + bytes;
  }

  static void write(ByteBuffer target, RecordKind kind, long timeUs, byte[] bytes) {
    target.putInt(1 + 8 + bytes.length).put(kind.code()).putLong(timeUs).put(bytes);
  }

  /** Goes to the next record; false when there is none. */
  public boolean next() {
    if (!block.hasRemaining()) return false;
    int length = block.getInt();
    kind = RecordKind.of(block.get());
    timeUs = block.getLong();
    start = block.position();
    end = start + length - 1 - 8;
    block.position(end);
    return true;
  }

  public RecordKind kind() {
    return kind;
  }

  public long timeUs() {
    return timeUs;
  }

  /** The block that the record lies in, from {@link #start} to {@link #end}. */
  public byte[] bytes() {
    return block.array();
  }

  public int start() {
    return start;
  }

  public int end() {
    return end;
  }
}
