package dev.millrace.spark.amqp.source;

import org.apache.spark.sql.connector.read.InputPartition;

/** Records of the log, which travel to the executor with its task: executors need no way to the driver's disk. */
record RecordBlock(byte[] records) implements InputPartition {}
