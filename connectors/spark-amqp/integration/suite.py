"""The connector in real Spark against real brokers. One line a test; the last is `N passed, N failed`."""

import argparse
import shutil
import subprocess
import sys

import kill_tests
import message_tests
import window_tests
from brokers import Artemis, Millrace, RabbitMq
from harness import Suite
from speed import speed

ADDRESSES = [
    "types", "columns", "json", "limits", "again", "windows", "max", "in", "out", "lost-in", "lost-out", "rate", "stamped", "list", "tls",
    "speed", "topic-counted", "topic-killed",
]
TESTS = [
    message_tests.every_kind_of_message_is_a_row,
    message_tests.every_column_is_a_part_of_the_message,
    message_tests.other_columns_are_json,
    message_tests.batches_keep_their_limit_and_restarts_their_place,
    message_tests.the_rate_is_kept,
    message_tests.a_broker_of_the_list_that_is_down_is_passed_over,
    message_tests.errors_say_what_is_wrong,
    message_tests.credentials_and_tls,
    window_tests.the_last_window_ends_when_the_source_goes_idle,
    window_tests.the_brokers_stamp_is_the_time,
    window_tests.every_window_has_its_messages,
    window_tests.no_window_misses_a_message_when_the_broker_is_killed,
    kill_tests.the_driver_is_killed,
    kill_tests.the_broker_is_killed,
    speed,
]
# Of the second broker: what differs from broker to broker.
QUICK = {
    "artemis": [
        message_tests.every_kind_of_message_is_a_row,
        message_tests.every_column_is_a_part_of_the_message,
        message_tests.credentials_and_tls,
        window_tests.the_last_window_ends_when_the_source_goes_idle,
        window_tests.the_brokers_stamp_is_the_time,
        kill_tests.the_broker_is_killed,
    ],
    "rabbitmq": [],
}


def make_certificate(directory):
    directory.mkdir()
    names = "subjectAltName=DNS:localhost"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", names]
    command += ["-keyout", str(directory / "key.pem"), "-out", str(directory / "certificate.pem")]
    subprocess.run(command, check=True, capture_output=True)


def selected(broker, quick):
    tests = QUICK.get(broker.name, TESTS) if quick else TESTS
    if quick and broker.name == "millrace":
        tests = [test for test in tests if test is not speed]
    return [test for test in tests if broker.tls_port is not None or test is not message_tests.credentials_and_tls]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--jar", required=True)
    arguments.add_argument("--only", default="", help="tests whose line contains this")
    arguments.add_argument("--quick", action="store_true", help="Millrace and Artemis, without figures")
    given = arguments.parse_args()
    suite = Suite(given.jar, given.only, given.quick)
    make_certificate(suite.work / "tls")
    brokers = [Millrace(ADDRESSES)]
    for other in (Artemis, RabbitMq):
        if other.is_installed():
            brokers.append(other(ADDRESSES, suite.work / "tls"))
        elif not given.quick or QUICK[other.name]:
            print(f"skip everything against {other.name}: it is not installed", flush=True)
    for broker in brokers:
        tests = [test for test in selected(broker, given.quick) if suite.wants(test, broker)]
        try:
            if tests:
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
