"""Python Proton in the part of a user: one command a run, JSON lines on standard output.

    proton_client.py send|receive|browse|drain|subscribe|transaction HOST:PORT ADDRESS [options]
"""

import argparse
import json
import sys

from proton import Delivery, Message, Terminus
from proton.handlers import MessagingHandler, TransactionHandler
from proton.reactor import AtLeastOnce, AtMostOnce, Container, Copy, LinkOption
from proton.utils import BlockingConnection, LinkDetached, SendException


def show(value):
    print(json.dumps(value, default=str), flush=True)


def described(message, delivery):
    body = message.body
    kind = type(body).__name__
    if isinstance(body, (bytes, bytearray, memoryview)):
        body = bytes(body).decode("utf-8", "replace")
        kind = "bytes"
    length = len(body) if isinstance(body, str) else 0
    return {
        "body": body if length <= 1000 else body[:1000],
        "bodyType": kind,
        "bodyLength": length,
        "address": message.address,
        "subject": message.subject,
        "durable": message.durable,
        "deliveryCount": message.delivery_count,
        "firstAcquirer": message.first_acquirer,
        "properties": message.properties or {},
    }


def send(options):
    connection = BlockingConnection(options.server, timeout=options.timeout)
    level = AtMostOnce() if options.presettled else AtLeastOnce()
    sender = connection.create_sender(options.address, options=level)
    properties = dict(item.split("=", 1) for item in options.property)
    bodies = ["x" * options.size] * options.count if options.size else [line.rstrip("\n") for line in sys.stdin]
    for body in bodies:
        message = Message(body=body, durable=options.durable, properties=properties or None, subject=options.subject)
        try:
            delivery = sender.send(message)
            outcome = "presettled" if options.presettled else str(delivery.remote_state).lower()
            show({"outcome": outcome})
        except SendException as refused:
            show({"outcome": str(refused.state).lower()})
    connection.close()


class DurableSource(LinkOption):
    """A subscription that outlives its link: terminus durable, never expiring."""

    def apply(self, link):
        link.source.durability = Terminus.DELIVERIES
        link.source.expiry_policy = Terminus.EXPIRE_NEVER


def settle(receiver, outcome):
    if outcome == "accept":
        receiver.accept()
    elif outcome == "reject":
        receiver.reject()
    elif outcome == "release":
        receiver.release(delivered=False)
    else:
        delivery = receiver.fetcher.unsettled.popleft()
        delivery.local.failed = outcome == "modify-failed"
        delivery.local.undeliverable = outcome == "modify-undeliverable"
        delivery.update(Delivery.MODIFIED)
        delivery.settle()


def receive(options):
    connection = BlockingConnection(options.server, timeout=options.timeout, container=container_named(options.container))
    link_options = [Copy()] if options.browse else []
    if options.durable_subscription:
        link_options.append(DurableSource())
    receiver = connection.create_receiver(options.address, name=options.name, options=link_options or None)
    print("attached", file=sys.stderr, flush=True)
    for _ in range(options.count):
        try:
            message = receiver.receive(timeout=options.timeout)
        except Exception as error:  # the time-out: what came so far is the answer
            if type(error).__name__ != "Timeout":
                raise
            break
        show(described(message, None))
        settle(receiver, options.outcome)
    # A link that its client closes is done with; one that only its connection ends may be durable, and stays.
    if not options.leave_open:
        receiver.close()
    connection.close()


def container_named(name):
    if name is None:
        return None
    container = Container()
    container.container_id = name
    return container


class Drain(MessagingHandler):
    """Grants more credit than there are messages and asks the server to use it up or give it back."""

    def __init__(self, options):
        super().__init__(prefetch=0, auto_accept=True)
        self.options = options
        self.received = 0

    def on_start(self, event):
        self.connection = event.container.connect(self.options.server, reconnect=False)
        self.receiver = event.container.create_receiver(self.connection, self.options.address)

    def on_link_opened(self, event):
        event.receiver.drain(100)

    def on_message(self, event):
        self.received += 1
        show(described(event.message, event.delivery))

    def on_link_flow(self, event):
        if event.receiver and event.receiver.credit == 0 and not event.receiver.draining():
            self.finish()

    def on_drained(self, event):
        self.finish()

    def finish(self):
        if self.receiver.drain_mode:
            self.receiver.drain_mode = False
            show({"drained": True, "received": self.received, "credit": self.receiver.credit})
            self.connection.close()


class Transaction(MessagingHandler, TransactionHandler):
    """Asks for a transaction, shows what the server answers, then sends on the same connection."""

    def __init__(self, options):
        super().__init__(auto_settle=True)
        self.options = options
        self.answered = False

    def on_start(self, event):
        self.container = event.container
        self.connection = event.container.connect(self.options.server, reconnect=False)

    def on_connection_opened(self, event):
        if not self.answered:
            self.container.declare_transaction(self.connection, handler=self)

    def answer(self, condition, description):
        if self.answered:
            return
        self.answered = True
        show({"condition": condition, "description": description})
        self.sender = self.container.create_sender(self.connection, self.options.address)

    def on_transaction_declared(self, event):
        self.answer(None, "declared")

    def on_link_error(self, event):
        condition = event.link.remote_condition
        self.answer(condition.name, condition.description)

    def on_link_closing(self, event):
        condition = event.link.remote_condition
        self.answer(condition.name if condition else None, condition.description if condition else None)

    def on_connection_error(self, event):
        condition = event.connection.remote_condition
        show({"connectionClosed": condition.name, "description": condition.description})

    def on_sendable(self, event):
        if self.answered and event.sender == getattr(self, "sender", None) and not getattr(self, "sent", False):
            self.sent = True
            event.sender.send(Message(body="after"))

    def on_accepted(self, event):
        if getattr(self, "sent", False):
            show({"afterwards": "accepted"})
            self.connection.close()


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["send", "receive", "browse", "drain", "transaction"])
    parser.add_argument("server")
    parser.add_argument("address")
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=10)
    parser.add_argument("--size", type=int, default=0)
    parser.add_argument("--durable", action="store_true")
    parser.add_argument("--presettled", action="store_true")
    parser.add_argument("--subject")
    parser.add_argument("--property", action="append", default=[])
    parser.add_argument("--outcome", default="accept")
    parser.add_argument("--container")
    parser.add_argument("--name")
    parser.add_argument("--durable-subscription", action="store_true")
    parser.add_argument("--leave-open", action="store_true")
    options = parser.parse_args()
    options.browse = options.command == "browse"
    return options


def main():
    options = parse()
    try:
        if options.command == "send":
            send(options)
        elif options.command in ("receive", "browse"):
            receive(options)
        else:
            handler = Drain(options) if options.command == "drain" else Transaction(options)
            Container(handler).run()
    except LinkDetached as detached:
        show({"detached": detached.condition, "description": str(detached)})


main()
