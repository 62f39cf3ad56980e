"""kill -9 of driver and broker under load: nothing is lost, and what comes twice can be told."""

import time

from harness import Collector, Relay
from relay import relay


def the_driver_is_killed(suite, broker):
    kills, count, checkpoint = (1, 3000, suite.checkpoint()) if suite.quick else (3, 12000, suite.checkpoint())
    publisher = broker.client("publish", "in", 0, count, 300, wait=False)
    collector = Collector(broker, "out")
    driver = None
    try:
        for kill in range(kills):
            driver = Relay(suite, broker, "in", "out", checkpoint)
            # In the middle of things: some batches after it began.
            collector.wait_for(collector.count() + 500 + 300 * kill)
            driver.kill()
        driver = Relay(suite, broker, "in", "out", checkpoint)
        collector.wait_for(count)
        assert publisher.wait(240) == 0
        return collector.judge(count)
    finally:
        publisher.kill()
        collector.stop()
        if driver is not None:
            driver.kill()


def the_broker_is_killed(suite, broker):
    """The messages that it stored survive it, and the query finds it again."""
    count = 2000 if suite.quick else 6000
    relay(suite.spark, broker.url, broker.address("lost-in"), broker.address("lost-out"), suite.checkpoint())
    collector = None
    try:
        for kill in range(2):
            broker.client("publish", "lost-in", kill * count, count)
            broker.kill()
            time.sleep(0.5)
            broker.start()
        count *= 2
        collector = Collector(broker, "lost-out")
        collector.wait_for(count)
        return collector.judge(count)
    finally:
        if collector is not None:
            collector.stop()
