"""The connector in real Spark against real brokers. One line a test; the last is `N passed, N failed`."""

import argparse
import json
import os
import signal
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter, defaultdict
from pathlib import Path

from pyspark.sql.functions import count, window

from brokers import Millrace, RabbitMq, free_port, wait_for
from session import session

HERE = Path(__file__).resolve().parent
ADDRESSES = ["types", "columns", "json", "limits", "again", "windows", "max", "in", "out", "lost-in", "lost-out", "rate", "stamped", "list", "tls", "speed"]


class Suite:
    def __init__(self, jar, wanted):
        self.jar = jar
        self.wanted = wanted
        self.work = Path(tempfile.mkdtemp(prefix="spark-amqp-"))
        self.passed = 0
        self.failed = 0
        self.spark = session(jar)

    def run(self, test, broker):
        name = f"{test.__name__.replace('_', ' ')} ({broker.name})"
        if self.wanted not in name:
            return
        began = time.time()
        try:
            note = test(self, broker)
            self.passed += 1
            print(f"ok   {name}, {time.time() - began:.1f} s{'' if note is None else ': ' + note}", flush=True)
        except Exception as problem:
            self.failed += 1
            print(f"FAIL {name}: {type(problem).__name__}: {str(problem)[:1500]}", flush=True)
            if not isinstance(problem, AssertionError):
                traceback.print_exc(limit=5)
        finally:
            for query in self.spark.streams.active:
                query.stop()

    def checkpoint(self):
        return tempfile.mkdtemp(dir=self.work)

    def source(self, broker, address, **options):
        reader = self.spark.readStream.format("amqp").option("url", broker.url).option("address", broker.address(address))
        return reader.options(**options).load()

    def rows(self, frame, checkpoint=None):
        """What there is now, as rows, in batches."""
        batches = []
        query = (
            frame.writeStream.foreachBatch(lambda batch, number: batches.append(batch.collect()))
            .option("checkpointLocation", checkpoint or self.checkpoint())
            .trigger(availableNow=True)
            .start()
        )
        if not query.awaitTermination(60):
            query.stop()
            raise AssertionError("the query did not end")
        return batches

    def send(self, frame, broker, address=None, **options):
        writer = frame.write.format("amqp").mode("append").option("url", broker.url).options(**options)
        (writer if address is None else writer.option("address", broker.address(address))).save()

    def refusal(self, action):
        try:
            action()
        except Exception as problem:
            return str(problem)
        raise AssertionError("it was not refused")


def every_kind_of_message_is_a_row(suite, broker):
    broker.client("types", "types")
    rows = [row for batch in suite.rows(suite.source(broker, "types")) for row in batch]
    bodies = {row.subject: row.body for row in rows}
    expected = {
        "string": "text", "symbol": "sym", "int": "-21", "ulong": "7", "double": "21.5", "boolean": "true",
        "timestamp": "2026-01-01T00:00:00.123Z", "data": "bytes", "map": '{"a":1,"b":[2,"x"]}', "null": None, "full": "full",
    }
    if broker.name == "rabbitmq":
        # RabbitMQ carries a null as it likes.
        del bodies["null"], expected["null"]
    assert bodies == expected, bodies
    [full] = [row for row in rows if row.subject == "full"]
    shown = (full.message_id, full.correlation_id, full.reply_to, full.content_type, full.durable, full.priority)
    assert shown == ("id-1", "c-1", "r", "text/plain", True, 7), shown
    assert full.creation_time.isoformat().startswith("2026-01-01"), full.creation_time
    assert full.properties["unit"] == "C" and full.properties["number"] == "21", full.properties
    assert full.ttl is not None and 0 < full.ttl <= 600000, full.ttl
    assert full.address == broker.address("types")


def every_column_is_a_part_of_the_message(suite, broker):
    frame = suite.spark.sql(
        f"""SELECT '{broker.address('columns')}' AS address, 'b' AS body, 's' AS subject, 'id' AS message_id, 'c' AS correlation_id,
            'r' AS reply_to, 't' AS content_type, TIMESTAMP '2026-01-01 00:00:00' AS creation_time, true AS durable, 7 AS priority,
            600000L AS ttl, map('k', 'v') AS properties"""
    )
    suite.send(frame, broker)
    suite.send(suite.spark.sql("SELECT X'0102' AS body"), broker, "columns")
    first, second = broker.client("receive", "columns")
    assert first["body"] == "b" and first["application_properties"] == {"k": "v"}, first
    shown = [first[name] for name in ("subject", "message_id", "correlation_id", "reply_to", "content_type", "durable", "priority")]
    assert shown == ["s", "id", "c", "r", "t", True, 7], shown
    assert second["body"] == {"data": "0102"} and len(second["message_id"]) == 24, second


def other_columns_are_json(suite, broker):
    suite.send(suite.spark.sql("SELECT 'd1' AS device, 21.5D AS celsius, CAST(NULL AS INT) AS nothing"), broker, "json")
    [message] = broker.client("receive", "json")
    assert message["body"] == '{"device":"d1","celsius":21.5}', message


def batches_keep_their_limit_and_restarts_their_place(suite, broker):
    broker.client("publish", "limits", 0, 1000)
    checkpoint = suite.checkpoint()
    batches = suite.rows(suite.source(broker, "limits", maxRowsPerBatch="300"), checkpoint)
    assert all(len(batch) <= 300 for batch in batches), [len(batch) for batch in batches]
    assert sorted(row.body for batch in batches for row in batch) == sorted(f"m{number}" for number in range(1000))
    broker.client("publish", "limits", 1000, 10)
    again = [row.body for batch in suite.rows(suite.source(broker, "limits"), checkpoint) for row in batch]
    assert sorted(again) == sorted(f"m{number}" for number in range(1000, 1010)), again


def the_rate_is_kept(suite, broker):
    broker.client("publish", "rate", 0, 1500)
    began = time.time()
    batches = suite.rows(suite.source(broker, "rate", maxRate="500"))
    seconds = time.time() - began
    assert sum(len(batch) for batch in batches) == 1500
    assert seconds > 2.5, f"1500 messages at 500/s took {seconds:.1f} s"


def a_broker_of_the_list_that_is_down_is_passed_over(suite, broker):
    url = f"amqp://127.0.0.1:{free_port()},{broker.url}"
    frame = suite.spark.sql("SELECT 'x' AS body")
    frame.write.format("amqp").mode("append").option("url", url).option("address", broker.address("list")).save()
    source = suite.spark.readStream.format("amqp").option("url", url).option("address", broker.address("list")).load()
    assert [row.body for batch in suite.rows(source) for row in batch] == ["x"]


def errors_say_what_is_wrong(suite, broker):
    def read(**options):
        reader = suite.spark.readStream.format("amqp").options(**options)
        return suite.rows(reader.load())

    told = suite.refusal(lambda: read(adress="a"))
    assert "unknown option adress; did you mean address?" in told, told
    assert "option address is missing" in suite.refusal(lambda: read(url=broker.url))
    closed = f"amqp://127.0.0.1:{free_port()}"
    told = suite.refusal(lambda: read(url=closed, address="a", connectTimeout="1 second"))
    assert closed in told and "refused" in told.lower(), told
    told = suite.refusal(lambda: suite.send(suite.spark.sql("SELECT 'x' AS body, 1 AS other"), broker, "list"))
    assert "either body or other columns" in told, told
    if broker.name != "millrace":
        return
    told = suite.refusal(lambda: read(url=broker.url, address="undeclared"))
    assert "amqp:not-found" in told and "undeclared" in told, told
    told = suite.refusal(lambda: suite.send(suite.spark.sql("SELECT 'x' AS body"), broker, "undeclared"))
    assert "amqp:not-found" in told, told


def credentials_and_tls(suite, broker):
    authorities = str(suite.work / "tls" / "certificate.pem")
    frame = suite.spark.sql("SELECT 'x' AS body")
    address = broker.address("tls")

    def send(**options):
        frame.write.format("amqp").mode("append").options(address=address, connectTimeout="10 seconds", **options).save()

    secure = f"amqps://localhost:{broker.tls_port}"
    send(url=secure, user="guest", password="guest", tlsAuthorities=authorities)
    source = suite.spark.readStream.format("amqp").options(url=secure, user="guest", password="guest", address=address)
    assert [row.body for batch in suite.rows(source.option("tlsAuthorities", authorities).load()) for row in batch] == ["x"]
    told = suite.refusal(lambda: send(url=broker.url, user="guest", password="wrong"))
    assert "refuses user guest" in told, told
    told = suite.refusal(lambda: send(url=secure, user="guest", password="guest", connectTimeout_="x"))
    assert "unknown option connectTimeout_; did you mean connectTimeout?" in told, told
    told = suite.refusal(lambda: send(url=secure, user="guest", password="guest"))
    assert "is not trusted" in told, told
    told = suite.refusal(lambda: send(url=secure.replace("localhost", "127.0.0.1"), user="guest", password="guest", tlsAuthorities=authorities))
    assert "is not trusted" in told and "127.0.0.1" in told, told


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
    wait_for(lambda: query.lastProgress is not None and query.lastProgress["batchId"] >= 0, "a first batch", 60)
    collector = Collector(broker, "max")
    total, rounds = 0, 3
    for number in range(rounds):
        broker.client("publish", "windows", total, 200, 100)
        total += 200
        counted = lambda: sum(int(message["application_properties"]["count"]) for _, message in collector.messages)
        wait_for(lambda: counted() >= total, f"the last window of round {number}; counted {counted()} of {total}", 30)
        arrived, message = collector.messages[-1]
        latencies.append(arrived - int(message["application_properties"]["end"]) / 1000)
    collector.stop()
    lines = collector.messages
    counts = [message for _, message in lines]
    counted = sum(int(message["application_properties"]["count"]) for message in counts)
    assert counted == total, f"{counted} of {total} counted: {counts}"
    assert max(int(message["body"]) for message in counts) == total - 1
    return "last result after the window's end: " + ", ".join(f"{latency:.2f} s" for latency in latencies)


class Collector:
    """Takes what arrives on an address for as long as the test runs."""

    def __init__(self, broker, address):
        self.broker = broker
        self.address = address
        self.messages = []
        self.ended = False
        self.start()

    def start(self):
        self.process = self.broker.client("receive", self.address, 300_000, wait=False)
        threading.Thread(target=self.read, args=[self.process], daemon=True).start()

    def read(self, process):
        for line in process.stdout:
            self.messages.append((time.time(), json.loads(line)))

    def stop(self):
        self.process.kill()

    def wait_for(self, count, seconds=120):
        """Until so many different bodies came."""
        try:
            wait_for(lambda: self.count() >= count, f"{count} messages", seconds)
        except AssertionError as late:
            raise AssertionError(f"{late}; {self.count()} came") from late

    def count(self):
        return len({message["body"] for _, message in list(self.messages)})

    def judge(self, count):
        """All of them arrived, and what came twice can be told."""
        wait_for(lambda: time.time() - self.messages[-1][0] > 1, "an end", 30)
        bodies = Counter(message["body"] for _, message in self.messages)
        missing = [f"m{number}" for number in range(count) if f"m{number}" not in bodies]
        assert not missing, f"{len(missing)} of {count} lost: {missing[:10]}"
        by_id = defaultdict(set)
        for _, message in self.messages:
            by_id[message["message_id"]].add(message["body"])
        assert all(len(same) == 1 for same in by_id.values()), "one id for two messages"
        repeated = len(self.messages) - len(by_id)
        again = len(by_id) - len(bodies)
        return f"{count} sent on, 0 lost, {repeated} repeated with their ids, {again} given twice by the broker"


class Relay:
    """A driver in processes of its own: Python's and the JVM's."""

    def __init__(self, suite, broker, source, target, checkpoint):
        self.errors = suite.work / "relay.log"
        command = [sys.executable, str(HERE / "relay.py"), suite.jar, broker.url, broker.address(source), broker.address(target), checkpoint]
        with open(self.errors, "ab") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True, cwd=HERE)
        # The JVM may say something of its own first.
        self.jvm = next((int(line) for line in self.process.stdout if line.strip().isdigit()), None)
        assert self.jvm is not None, "the relay did not start: " + self.problem()

    def kill(self):
        """-9, without a chance to do anything."""
        for pid in (self.jvm, self.process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        wait_for(lambda: not Path(f"/proc/{self.jvm}").exists(), "the driver's end")

    def problem(self):
        lines = [line for line in self.errors.read_text().splitlines() if "WARN" not in line and "\tat " not in line]
        return " ".join(lines[-5:])


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
    wait_for(lambda: sum(row.rows for row in found if not row.heartbeat) == 21, f"21 rows in closed windows: {found}", 60)
    metrics = query.lastProgress["sources"][0]["metrics"]
    assert metrics["timeIs"] == "accepted", metrics
    starts = {int(row.window.start.timestamp() * 1000) for row in found if not row.heartbeat}
    expected = {(hour_ago + number) // 5000 * 5000 for number in range(20)}
    assert starts == expected, f"the one that came late counts with the rest: {starts} and not {expected}"
    return f"{metrics['connectionsTotal']} connection, {metrics['heartbeatsTotal']} heartbeats"


def the_driver_is_killed(suite, broker):
    count, checkpoint = 12000, suite.checkpoint()
    publisher = broker.client("publish", "in", 0, count, 300, wait=False)
    collector = Collector(broker, "out")
    relay = None
    try:
        for kill in range(3):
            relay = Relay(suite, broker, "in", "out", checkpoint)
            # In the middle of things: some batches after it began.
            collector.wait_for(collector.count() + 500 + 300 * kill)
            relay.kill()
        relay = Relay(suite, broker, "in", "out", checkpoint)
        collector.wait_for(count)
        assert publisher.wait(60) == 0
        return collector.judge(count)
    finally:
        publisher.kill()
        collector.stop()
        relay.kill()


def the_broker_is_killed(suite, broker):
    """Messages that the broker stored survive it; where it stores none, the query finds it again."""
    count, checkpoint = 6000, suite.checkpoint()
    relay = Relay(suite, broker, "lost-in", "lost-out", checkpoint)
    collector = None
    try:
        for kill in range(2):
            broker.client("publish", "lost-in", kill * count, count)
            broker.kill()
            time.sleep(0.5)
            broker.start()
        count *= 2
        if not broker.keeps_messages:
            count = 100
            broker.client("publish", "lost-in", 0, count)
        collector = Collector(broker, "lost-out")
        collector.wait_for(count)
        return collector.judge(count)
    finally:
        if collector is not None:
            collector.stop()
        relay.kill()


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


TESTS = [
    every_kind_of_message_is_a_row,
    every_column_is_a_part_of_the_message,
    other_columns_are_json,
    batches_keep_their_limit_and_restarts_their_place,
    the_rate_is_kept,
    a_broker_of_the_list_that_is_down_is_passed_over,
    errors_say_what_is_wrong,
    the_last_window_ends_when_the_source_goes_idle,
    the_brokers_stamp_is_the_time,
    the_driver_is_killed,
    the_broker_is_killed,
    speed,
]


def make_certificate(directory):
    directory.mkdir()
    names = "subjectAltName=DNS:localhost"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", names]
    command += ["-keyout", str(directory / "key.pem"), "-out", str(directory / "certificate.pem")]
    subprocess.run(command, check=True, capture_output=True)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--jar", required=True)
    arguments.add_argument("--only", default="", help="tests whose line contains this")
    given = arguments.parse_args()
    suite = Suite(given.jar, given.only)
    make_certificate(suite.work / "tls")
    brokers = [(Millrace(ADDRESSES), TESTS)]
    if RabbitMq.is_installed():
        brokers.append((RabbitMq(ADDRESSES, suite.work / "tls"), [*TESTS, credentials_and_tls]))
    else:
        print("skip everything against RabbitMQ: it is not installed", flush=True)
    for broker, tests in brokers:
        try:
            broker.start()
            for test in tests:
                suite.run(test, broker)
        finally:
            broker.stop()
    suite.spark.stop()
    shutil.rmtree(suite.work, ignore_errors=True)
    print(f"{suite.passed} passed, {suite.failed} failed")
    sys.exit(0 if suite.failed == 0 else 1)


if __name__ == "__main__":
    main()
