"""Figures, never a pass or a fail."""

import os
import time
from pathlib import Path


def cpu_seconds(suite):
    pid = suite.spark._jvm.java.lang.ProcessHandle.current().pid()
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def speed(suite, broker):
    """Figures, never a pass or a fail."""
    count, notes = 100_000, []
    for turn in ("cold", "warm"):
        frame = suite.spark.range(0, count, 1, 2).selectExpr("concat('m', id) AS body")
        cpu, began = cpu_seconds(suite), time.time()
        suite.send(frame, broker, "speed")
        notes.append(f"sink {turn} {figure(suite, cpu, began, count)}")
        cpu, began = cpu_seconds(suite), time.time()
        query = (
            suite.source(broker, "speed").selectExpr("time", "length(body)").writeStream.format("noop")
            .option("checkpointLocation", suite.checkpoint()).trigger(availableNow=True).start()
        )
        query.awaitTermination(90)
        taken = sum(progress["numInputRows"] for progress in query.recentProgress)
        assert taken == count, f"{taken} of {count}"
        notes.append(f"source {turn} {figure(suite, cpu, began, count)}")
    query = (
        suite.source(broker, "speed", heartbeatInterval="5 seconds").selectExpr("body").writeStream.format("noop")
        .option("checkpointLocation", suite.checkpoint()).trigger(processingTime="500 milliseconds").start()
    )
    time.sleep(5)
    cpu, began = cpu_seconds(suite), time.time()
    time.sleep(10)
    notes.append(f"idle query {(cpu_seconds(suite) - cpu) / (time.time() - began) * 100:.1f} % of a core")
    query.stop()
    return "; ".join(notes) + f"; load {os.getloadavg()[0]:.1f}"


def figure(suite, cpu, began, count):
    return f"{count / (time.time() - began):.0f}/s, {(cpu_seconds(suite) - cpu) * 1e6 / count:.0f} µs CPU"
