"""Windows over the time of messages: each ends, and none misses a message."""

import time
from collections import defaultdict

from pyspark.sql.functions import count, expr, window

from brokers import wait_for
from harness import Collector


def the_last_window_ends_when_the_source_goes_idle(suite, broker):
    suite.source(broker, "windows", heartbeatInterval="5 seconds").createOrReplaceTempView("windows")
    results = suite.spark.sql(
        """SELECT CAST(max(CAST(substr(body, 2) AS INT)) FILTER (WHERE NOT heartbeat) AS STRING) AS body,
                  map('end', CAST(unix_millis(window.end) AS STRING), 'count', CAST(count_if(NOT heartbeat) AS STRING)) AS properties
           FROM STREAM windows WATERMARK time DELAY OF INTERVAL 0 SECONDS
           GROUP BY window(time, '5 seconds')
           HAVING count_if(NOT heartbeat) > 0"""
    )
    latencies = []
    (
        results.writeStream.format("amqp").option("url", broker.url).option("address", broker.address("max"))
        .option("checkpointLocation", suite.checkpoint()).trigger(processingTime="500 milliseconds").start()
    )
    query = suite.spark.streams.active[0]
    wait_for(lambda: query.lastProgress is not None and query.lastProgress["batchId"] >= 0, "a first batch")
    collector = Collector(broker, "max")
    total, rounds = 0, 2 if suite.quick else 3
    for number in range(rounds):
        broker.client("publish", "windows", total, 200, 100)
        total += 200
        counted = lambda: sum(int(message["application_properties"]["count"]) for _, message in collector.messages)
        wait_for(lambda: counted() >= total, f"the last window of round {number}; counted {counted()} of {total}")
        arrived, message = collector.messages[-1]
        latencies.append(arrived - int(message["application_properties"]["end"]) / 1000)
    time_is = query.lastProgress["sources"][0]["metrics"]["timeIs"]
    assert time_is == ("accepted" if broker.stamps else "arrived"), time_is
    collector.stop()
    lines = collector.messages
    counts = [message for _, message in lines]
    counted = sum(int(message["application_properties"]["count"]) for message in counts)
    assert counted == total, f"{counted} of {total} counted: {counts}"
    assert max(int(message["body"]) for message in counts) == total - 1
    return "last result after the window's end: " + ", ".join(f"{latency:.2f} s" for latency in latencies)


def the_brokers_stamp_is_the_time(suite, broker):
    """And with it the last window ends only when the broker has nothing left, which is asked by a drain."""
    hour_ago = int(time.time() * 1000) - 3_600_000
    broker.client("stamped", "stamped", 0, 20, hour_ago)
    broker.client("stamped", "stamped", 20, 1, hour_ago - 10_000)
    windows = (
        suite.source(broker, "stamped", heartbeatInterval="5 seconds", timeAnnotation="x-opt-test-time")
        .withWatermark("time", "0 seconds").groupBy("heartbeat", window("time", "5 seconds")).agg(count("*").alias("rows"))
    )
    found = []
    query = (
        windows.writeStream.foreachBatch(lambda batch, number: found.extend(batch.collect()))
        .option("checkpointLocation", suite.checkpoint()).start()
    )
    wait_for(lambda: sum(row.rows for row in found if not row.heartbeat) == 21, f"21 rows in closed windows: {found}")
    metrics = query.lastProgress["sources"][0]["metrics"]
    assert metrics["timeIs"] == "accepted", metrics
    starts = {int(row.window.start.timestamp() * 1000) for row in found if not row.heartbeat}
    expected = {(hour_ago + number) // 5000 * 5000 for number in range(20)}
    assert starts == expected, f"the one that came late counts with the rest: {starts} and not {expected}"
    return f"{metrics['connectionsTotal']} connection, {metrics['heartbeatsTotal']} heartbeats"


PUBLISHERS = 4
WINDOW_MS = 1000


class Counting:
    """A query over windows of a second of a topic, and a second subscription that says which message belongs to which."""

    def __init__(self, suite, broker, topic):
        self.suite, self.broker, self.topic = suite, broker, topic
        self.checkpoint = suite.checkpoint()
        self.published = 0
        self.found = []
        # Subscriptions keep what comes from now on.
        suite.rows(self.source(), self.checkpoint)
        broker.client("audit", topic, 0)

    def source(self, **options):
        options.update(subscription="counting", containerId=f"spark-{self.topic}", heartbeatInterval="1 second")
        return self.suite.source(self.broker, self.topic, **options).selectExpr("body", "time", "heartbeat")

    def publish(self, seconds, rate):
        """Several publishers at once; waits until all is accepted."""
        each = seconds * rate
        publishers = []
        for _ in range(PUBLISHERS):
            publishers.append(self.broker.client("publish", self.topic, self.published, each, rate, wait=False))
            self.published += each
        for publisher in publishers:
            assert publisher.wait(300) == 0, publisher.stderr.read()

    def start(self, **options):
        windows = (
            self.source(**options).withWatermark("time", "0 seconds").groupBy(window("time", "1 second"))
            .agg(expr("count_if(NOT heartbeat) AS rows"), expr("collect_list(body) FILTER (WHERE NOT heartbeat) AS bodies"))
        )
        self.query = (
            windows.writeStream.foreachBatch(lambda batch, number: self.found.extend(row for row in batch.collect() if row.rows > 0))
            .option("checkpointLocation", self.suite.checkpoint()).trigger(processingTime="200 milliseconds").start()
        )

    def bodies(self):
        return {body for row in list(self.found) for body in row.bodies}

    def counted(self):
        return len(self.bodies())

    def wait_for(self, messages):
        wait_for(lambda: self.counted() >= messages, f"{messages} messages in closed windows; {self.counted()} are", 300)

    def windows(self):
        """What Spark found in each window, and what belongs there by the broker's stamps."""
        dropped = sum(operator["numRowsDroppedByWatermark"] for progress in self.query.recentProgress for operator in progress["stateOperators"])
        self.query.stop()
        assert dropped == 0, f"Spark dropped {dropped} rows as late"
        found, expected = defaultdict(list), defaultdict(set)
        for row in self.found:
            found[round(row.window.start.timestamp() * 1000)] += row.bodies
        for message in self.broker.client("audit", self.topic, self.published):
            expected[message["time"] // WINDOW_MS * WINDOW_MS].add(message["body"])
        assert sum(len(bodies) for bodies in expected.values()) == self.published
        return found, expected


def every_window_has_its_messages(suite, broker):
    """A backlog of many windows of several publishers, and then live ones: by the broker's own stamps, message by message."""
    if broker.name != "millrace":
        return "its subscriptions are of another kind"
    counting = Counting(suite, broker, "topic-counted")
    counting.publish(6, 250)
    counting.start()
    counting.publish(4 if suite.quick else 12, 250)
    counting.wait_for(counting.published)
    found, expected = counting.windows()
    for start in sorted({*found, *expected}):
        assert sorted(found[start]) == sorted(expected[start]), (
            f"window {start}: {len(found[start])} instead of {len(expected[start])}, first {sorted(set(found[start]) ^ expected[start])[:5]}"
        )
    return f"{counting.published} messages in {len(expected)} windows, each in its own"


def no_window_misses_a_message_when_the_broker_is_killed(suite, broker):
    """What comes again after the kill counts once more, in the window that is open then; nothing leaves its own window."""
    if broker.name != "millrace":
        return "its subscriptions are of another kind"
    counting = Counting(suite, broker, "topic-killed")
    counting.publish(6, 250)
    counting.start(maxRate="1000")
    for kill in range(1 if suite.quick else 3):
        counting.wait_for(counting.counted() + 500)
        broker.kill()
        broker.start()
    counting.publish(3, 250)
    counting.wait_for(counting.published)
    found, expected = counting.windows()
    earlier, again = set(), 0
    for start in sorted({*found, *expected}):
        missing = expected[start] - set(found[start])
        assert not missing, f"window {start} lacks {len(missing)} of {len(expected[start])}: {sorted(missing)[:5]}"
        strange = set(found[start]) - expected[start] - earlier
        assert not strange, f"window {start} has {len(strange)} of later windows: {sorted(strange)[:5]}"
        again += len(found[start]) - len(expected[start])
        earlier |= expected[start]
    return f"{counting.published} messages in {len(expected)} windows, none missing, {again} counted again"
