package dev.millrace.spark.amqp.source;

import java.util.concurrent.atomic.LongAdder;

/** What the source counted since it started; shown in the query's progress. */
final class SourceStatistics {
  final LongAdder messagesReceived = new LongAdder();
  final LongAdder messagesAccepted = new LongAdder();
  final LongAdder messagesRejected = new LongAdder();
  final LongAdder messagesRedelivered = new LongAdder();
  /** Came again after they had been logged, and were accepted without being logged again. */
  final LongAdder messagesKnown = new LongAdder();
  final LongAdder heartbeats = new LongAdder();
  final LongAdder connections = new LongAdder();
  /** The broker that is connected to; null while there is none. */
  volatile String connectedTo;
  /** Why there is no connection; null while there is one. */
  volatile String lastProblem;
}
