package dev.millrace.spark.amqp.message;

import org.apache.qpid.protonj2.buffer.ProtonBuffer;

/** A row as an encoded message and where it goes. {@code encoded} is read from offset 0 for each try to send it. */
public record OutgoingMessage(String address, ProtonBuffer encoded) {}
