package dev.millrace.spark.amqp.message;

/**
 * Where the sections of an encoded message lie (AMQP 1.0 §3.2). Looks at constructors and sizes alone and decodes nothing,
 * so that what nobody asks for costs nothing.
 */
final class MessageSections {
  static final int HEADER = 0x70;
  static final int DELIVERY_ANNOTATIONS = 0x71;
  static final int MESSAGE_ANNOTATIONS = 0x72;
  static final int PROPERTIES = 0x73;
  static final int APPLICATION_PROPERTIES = 0x74;
  static final int DATA = 0x75;
  static final int SEQUENCE = 0x76;
  static final int VALUE = 0x77;
  static final int FOOTER = 0x78;

  private static final int COUNT = FOOTER - HEADER + 1;
  private static final int DESCRIBED = 0x00;
  private static final int SMALL_ULONG = 0x53;
  private static final int ULONG = 0x80;

  private final int[] starts = new int[COUNT];
  private final int[] values = new int[COUNT];
  /** How often the section occurs; more than once only Data and AmqpSequence (§3.2). */
  private final int[] counts = new int[COUNT];
  private byte[] bytes;
  private int end;

  /** @throws MalformedMessageException when the sections cannot be told apart */
  void scan(byte[] source, int from, int to) {
    bytes = source;
    end = to;
    java.util.Arrays.fill(counts, 0);
    int at = from;
    while (at < to) {
      int start = at;
      if (unsigned(at++) != DESCRIBED) throw new MalformedMessageException("a section begins with a descriptor");
      int code = descriptor(at);
      at = skip(at);
      int index = code - HEADER;
      if (index < 0 || index >= COUNT) throw new MalformedMessageException("0x" + Integer.toHexString(code) + " is no section");
      if (counts[index]++ == 0) {
        starts[index] = start;
        values[index] = at;
      }
      at = skip(at);
    }
  }

  boolean has(int section) {
    return counts[section - HEADER] > 0;
  }

  int count(int section) {
    return counts[section - HEADER];
  }

  /** Where the first such section's descriptor begins. */
  int start(int section) {
    return starts[section - HEADER];
  }

  /** Where the first such section's value begins, at its constructor. */
  int value(int section) {
    return values[section - HEADER];
  }

  private int descriptor(int at) {
    int constructor = unsigned(at);
    if (constructor == SMALL_ULONG) return unsigned(at + 1);
    if (constructor != ULONG) throw new MalformedMessageException("a section has a descriptor that is no ulong");
    for (int index = 1; index < 8; index++) {
      if (unsigned(at + index) != 0) throw new MalformedMessageException("a section has an unknown descriptor");
    }
    return unsigned(at + 8);
  }

  /** Behind the value whose constructor is at this place (§1.2): its upper half says how wide it is. */
  private int skip(int at) {
    int constructor = unsigned(at);
    int next =
        switch (constructor >>> 4) {
          case 0x0 -> described(constructor, at);
          case 0x4 -> at + 1;
          case 0x5 -> at + 2;
          case 0x6 -> at + 3;
          case 0x7 -> at + 5;
          case 0x8 -> at + 9;
          case 0x9 -> at + 17;
          case 0xa, 0xc, 0xe -> at + 2 + unsigned(at + 1);
          case 0xb, 0xd, 0xf -> at + 5 + size(at + 1);
          default -> throw new MalformedMessageException("0x" + Integer.toHexString(constructor) + " is no constructor");
        };
    if (next > end || next < at) throw new MalformedMessageException("a value is longer than the message");
    return next;
  }

  private int described(int constructor, int at) {
    if (constructor != DESCRIBED) throw new MalformedMessageException("0x" + Integer.toHexString(constructor) + " is no constructor");
    if (at + 1 < end && bytes[at + 1] == 0) throw new MalformedMessageException("a descriptor is described itself");
    return skip(skip(at + 1));
  }

  private int size(int at) {
    int size = unsigned(at) << 24 | unsigned(at + 1) << 16 | unsigned(at + 2) << 8 | unsigned(at + 3);
    if (size < 0) throw new MalformedMessageException("a value is longer than the message");
    return size;
  }

  private int unsigned(int at) {
    if (at >= end) throw new MalformedMessageException("the message ends within a section");
    return bytes[at] & 0xff;
  }
}
