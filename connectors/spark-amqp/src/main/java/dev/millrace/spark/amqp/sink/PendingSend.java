package dev.millrace.spark.amqp.sink;

import dev.millrace.spark.amqp.message.OutgoingMessage;

/** A message from the moment it is handed over until the broker's outcome. */
final class PendingSend {
  final MessageSender owner;
  final OutgoingMessage message;
  /** The broker has it. Set by the owner, under its lock. */
  volatile boolean accepted;
  /** Nobody waits for it any more: it need not be sent. */
  volatile boolean cancelled;

  PendingSend(MessageSender owner, OutgoingMessage message) {
    this.owner = owner;
    this.message = message;
  }
}
