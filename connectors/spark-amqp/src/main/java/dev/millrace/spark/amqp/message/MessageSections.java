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

  private static final int LIST8 = 0xc0;
  private static final int MAP8 = 0xc1;
  private static final int LIST32 = 0xd0;
  private static final int MAP32 = 0xd1;
  private static final int ARRAY8 = 0xe0;
  private static final int ARRAY32 = 0xf0;
  private static final int DEPTH_MAX = 32;
  private static final int EMPTY_ELEMENTS_MAX = 256;

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

  /** Checks the first of each section, and of a body all. */
  void checkValues() {
    for (int index = 0; index < COUNT; index++) {
      if (counts[index] > 0) checkValue(values[index], 0);
    }
    if (counts[SEQUENCE - HEADER] > 1) checkRest(values[SEQUENCE - HEADER]);
  }

  /** Sections from this value on. */
  private void checkRest(int value) {
    for (int at = skip(value); at < end; ) {
      at = skip(at + 1);
      checkValue(at, 0);
      at = skip(at);
    }
  }

  /**
   * Checks the value at this place to its last element: a list, map or array has as many elements as it says, and ends
   * with the last. The library makes room for as many as a count says before it reads one, so a wrong count of a hostile
   * sender would cost all memory.
   */
  private int checkValue(int at, int depth) {
    if (depth > DEPTH_MAX) throw new MalformedMessageException("values are nested deeper than " + DEPTH_MAX);
    int next = skip(at);
    int constructor = unsigned(at);
    switch (constructor) {
      case DESCRIBED -> checkValue(checkValue(at + 1, depth + 1), depth + 1);
      case LIST8, MAP8 -> checkElements(at + 3, unsigned(at + 2), next, depth);
      case LIST32, MAP32 -> checkElements(at + 9, size(at + 5), next, depth);
      case ARRAY8 -> checkArray(at + 3, unsigned(at + 2), next);
      case ARRAY32 -> checkArray(at + 9, size(at + 5), next);
      default -> {
        // The size was all there is to check.
      }
    }
    return next;
  }

  private void checkElements(int start, int count, int behind, int depth) {
    int at = start;
    for (int element = 0; element < count; element++) {
      if (at >= behind) throw new MalformedMessageException("a list or map has fewer elements than it says");
      at = checkValue(at, depth + 1);
    }
    if (at != behind) throw new MalformedMessageException("a list or map has more bytes than elements");
  }

  /** Elements of an array share one constructor (§1.6.24); those without bytes could be any number. */
  private void checkArray(int start, int count, int behind) {
    int bytes = behind - start;
    if (bytes < 1 || count > Math.max(bytes, EMPTY_ELEMENTS_MAX)) {
      throw new MalformedMessageException("an array has fewer elements than it says");
    }
    int elements = unsigned(start);
    boolean isCompound = elements >>> 4 >= 0xc;
    if (isCompound && count > 0) throw new MalformedMessageException("arrays of lists, maps or arrays are not taken");
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
