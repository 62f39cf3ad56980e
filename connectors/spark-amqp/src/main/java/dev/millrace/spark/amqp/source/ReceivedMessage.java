package dev.millrace.spark.amqp.source;

import org.apache.qpid.protonj2.engine.IncomingDelivery;

/** A delivery on its way to the log. {@code delivery} belongs to the thread of {@code link}. */
record ReceivedMessage(SourceLink link, IncomingDelivery delivery, byte[] bytes, long arrivedUs) {}
