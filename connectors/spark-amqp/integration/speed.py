"""Figures, never a pass or a fail. As a program: one JSON line of them, for bench/spark.mjs."""

import argparse
import json
import os
import shutil
import time
from pathlib import Path

from brokers import Millrace, wait_for
from harness import Collector, Suite

WINDOW_SECONDS = 5


def cpu_seconds(suite):
    pid = suite.spark._jvm.java.lang.ProcessHandle.current().pid()
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(suite, count, action):
    """Messages a second, and the JVM's processor time for one."""
    cpu, began = cpu_seconds(suite), time.time()
    action()
    return {"per_s": count / (time.time() - began), "cpu_us": (cpu_seconds(suite) - cpu) * 1e6 / count}


def sink(suite, broker, count):
    frame = suite.spark.range(0, count, 1, 2).selectExpr("concat('m', id) AS body")
    return measured(suite, count, lambda: suite.send(frame, broker, "speed"))


def source(suite, broker, count):
    def take():
        query = (
            suite.source(broker, "speed").selectExpr("time", "length(body)").writeStream.format("noop")
            .option("checkpointLocation", suite.checkpoint()).trigger(availableNow=True).start()
        )
        query.awaitTermination(300)
        taken = sum(progress["numInputRows"] for progress in query.recentProgress)
        assert taken == count, f"{taken} of {count}"

    return measured(suite, count, take)


def idle(suite, broker, seconds, pace):
    """Share of a core that a query takes which waits."""
    writer = suite.source(broker, "speed", heartbeatInterval="5 seconds", **pace.options).selectExpr("body").writeStream.format("noop")
    query = pace.trigger(writer.option("checkpointLocation", suite.checkpoint())).start()
    time.sleep(5)
    cpu, began = cpu_seconds(suite), time.time()
    time.sleep(seconds)
    share = (cpu_seconds(suite) - cpu) / (time.time() - began)
    query.stop()
    return share


class Pace:
    """When batches begin: by Spark's trigger, or by the source itself."""

    def __init__(self, kind):
        self.kind = kind
        self.options = {"batchInterval": "500 milliseconds"} if kind == "source" else {}

    def trigger(self, writer):
        return writer if self.kind == "source" else writer.trigger(processingTime="500 milliseconds")


def results_after_window_ends(suite, broker, windows, pace):
    """For each window, after which nothing comes: seconds from its end to its result at a receiver."""
    suite.source(broker, "windows", heartbeatInterval=f"{WINDOW_SECONDS} seconds", **pace.options).createOrReplaceTempView("paced")
    results = suite.spark.sql(
        f"""SELECT CAST(count_if(NOT heartbeat) AS STRING) AS body, map('end', CAST(unix_millis(window.end) AS STRING)) AS properties
            FROM STREAM paced WATERMARK time DELAY OF INTERVAL 0 SECONDS
            GROUP BY window(time, '{WINDOW_SECONDS} seconds') HAVING count_if(NOT heartbeat) > 0"""
    )
    writer = results.writeStream.format("amqp").option("url", broker.url).option("address", broker.address("max"))
    query = pace.trigger(writer.option("checkpointLocation", suite.checkpoint())).start()
    collector = Collector(broker, "max")
    latencies = []
    try:
        # The first window is the JVM's to get warm.
        for number in range(windows + 1):
            # Early in a window, so that it is over when nothing has come for a while.
            time.sleep(WINDOW_SECONDS - time.time() % WINDOW_SECONDS + 0.2)
            before = len(collector.messages)
            broker.client("publish", "windows", number * 20, 20)
            wait_for(lambda: len(collector.messages) > before, f"the result of window {number}")
            arrived, message = collector.messages[-1]
            latencies.append(arrived - int(message["application_properties"]["end"]) / 1000)
    finally:
        collector.stop()
        query.stop()
    return latencies[1:]


def speed(suite, broker):
    """Figures, never a pass or a fail."""
    count, notes = 100_000, []
    for turn in ("cold", "warm"):
        for measure in (sink, source):
            figure = measure(suite, broker, count)
            notes.append(f"{measure.__name__} {turn} {figure['per_s']:.0f}/s, {figure['cpu_us']:.0f} µs CPU")
    notes.append(f"idle query {idle(suite, broker, 10, Pace('trigger')) * 100:.1f} % of a core")
    return "; ".join(notes) + f"; load {os.getloadavg()[0]:.1f}"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--jar", required=True)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--messages", type=int, default=200_000)
    arguments.add_argument("--windows", type=int, default=12)
    arguments.add_argument("--idle", type=int, default=20)
    arguments.add_argument("--pace", choices=["trigger", "source"], default="source")
    given = arguments.parse_args()
    suite, broker, pace = Suite(given.jar, "", False), Millrace(["speed", "windows", "max"]), Pace(given.pace)
    try:
        broker.start()
        # One round is the JVM's to get warm.
        rounds = [(sink(suite, broker, given.messages), source(suite, broker, given.messages)) for _ in range(given.rounds + 1)][1:]
        figures = {
            "sink": [one for one, _ in rounds],
            "source": [one for _, one in rounds],
            "idle": idle(suite, broker, given.idle, pace),
            "latencies": results_after_window_ends(suite, broker, given.windows, pace),
            "spark": suite.spark.version,
        }
        print(json.dumps(figures), flush=True)
    finally:
        broker.stop()
        suite.spark.stop()
        shutil.rmtree(suite.work, ignore_errors=True)


if __name__ == "__main__":
    main()
