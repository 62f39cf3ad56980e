package dev.millrace.spark.amqp.wal;

/** What a record is; the code is what the file holds. */
public enum RecordKind {
  MESSAGE(1),
  HEARTBEAT(2);

  private final byte code;

  RecordKind(int code) {
    this.code = (byte) code;
  }

  byte code() {
    return code;
  }

  static RecordKind of(byte code) {
    for (RecordKind kind : values()) if (kind.code == code) return kind;
    throw new IllegalStateException("amqp: the write-ahead log has a record of unknown kind " + code);
  }
}
