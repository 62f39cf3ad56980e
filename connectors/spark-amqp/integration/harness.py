"""What the tests share: a Spark session, queries that end by themselves, a driver to be killed, a collector."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter, defaultdict
from pathlib import Path

from brokers import wait_for
from session import session

HERE = Path(__file__).resolve().parent


class Suite:
    def __init__(self, jar, wanted, quick):
        self.jar = jar
        self.wanted = wanted
        # Fewer messages and kills of each kind.
        self.quick = quick
        self.work = Path(tempfile.mkdtemp(prefix="spark-amqp-"))
        self.passed = 0
        self.failed = 0
        self.spark = session(jar)

    @staticmethod
    def line(test, broker):
        return f"{test.__name__.replace('_', ' ')} ({broker.name})"

    def wants(self, test, broker):
        return self.wanted in self.line(test, broker)

    def run(self, test, broker):
        name = self.line(test, broker)
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
        if not query.awaitTermination(240):
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


class Collector:
    """Takes what arrives on an address for as long as the test runs."""

    def __init__(self, broker, address):
        self.broker = broker
        self.address = address
        self.messages = []
        self.ended = False
        self.start()

    def start(self):
        self.process = self.broker.client("receive", self.address, 600_000, wait=False)
        threading.Thread(target=self.read, args=[self.process], daemon=True).start()

    def read(self, process):
        for line in process.stdout:
            self.messages.append((time.time(), json.loads(line)))

    def stop(self):
        self.process.kill()

    def wait_for(self, count, seconds=300):
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
