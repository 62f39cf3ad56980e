"""A Proton client that lives through kills of its server, with a ledger on standard output.

    kill_client.py send HOST:PORT ADDRESS --producer NAME [--rate N] [--window N] [--numbers BASE] [--size N] [--resend]
    kill_client.py receive HOST:PORT ADDRESS [--container C --name N] [--hold N] [--credit N]

One line for each event, in the order in which they happened to this client:

    C                      its link is open            D                  its connection is lost
    S seq time             message `seq` is written    A seq time         … and accepted: the server owes it from now on
    X seq outcome          … and refused
    R time count body      a message came (body up to 400 characters, count as in its header)
    T time                 all that came so far is accepted and settled

A message that was written and not accepted when the connection was lost is in doubt, and not sent again: the server may
have it once or not at all. With --resend it is sent again, first of all, with the same message-id: for an address that knows
duplicates. With
--numbers the bodies are numbers that are unique for each base. The end of standard input ends a receiver, and a sender once nothing is unsettled.
"""

import argparse
import sys
import threading
import time

from proton import Message, Terminus
from proton.handlers import MessagingHandler
from proton.reactor import AtLeastOnce, Container, LinkOption

RETRY_SECONDS = 0.05
TICK_SECONDS = 0.01
QUIET_SECONDS = 0.15


def write(*fields):
    sys.stdout.write(" ".join(str(field) for field in fields) + "\n")


def body_of(producer, sequence, size):
    """Mostly 100 bytes; some need several reads, a few several frames. All of `size` where that is given."""
    head = f"{producer}|{sequence}|"
    if size is not None:
        return head + "x" * (size - len(head))
    size = 70_000 if sequence % 997 == 996 else 3_000 if sequence % 101 == 100 else 100
    return head + "x" * (size - len(head))


class DurableSource(LinkOption):
    """A subscription that outlives its link: terminus durable, never expiring."""

    def apply(self, link):
        link.source.durability = Terminus.DELIVERIES
        link.source.expiry_policy = Terminus.EXPIRE_NEVER


class Client(MessagingHandler):
    def __init__(self, options, **handler_options):
        super().__init__(**handler_options)
        self.options = options
        self.connected = False
        self.stopping = threading.Event()

    def on_start(self, event):
        self.container = event.container
        if self.options.container:
            self.container.container_id = self.options.container
        self.connect()
        self.container.schedule(TICK_SECONDS, self)

    def connect(self):
        self.connection = self.container.connect(self.options.server, reconnect=False, heartbeat=10)
        self.open_link()

    def on_timer_task(self, event):
        if self.connection is None:
            self.connect_at -= TICK_SECONDS
            if self.connect_at <= 0:
                self.connect()
        self.tick()
        sys.stdout.flush()
        if self.is_done():
            self.container.stop()
        else:
            self.container.schedule(TICK_SECONDS, self)

    def lost(self):
        if self.connection is None:
            return
        if self.connected:
            write("D")
        self.connected = False
        self.connection = None
        self.connect_at = RETRY_SECONDS
        self.disconnected()

    def on_transport_error(self, event):
        if event.connection is None or event.connection == self.connection:
            self.lost()

    def on_disconnected(self, event):
        if event.connection == self.connection:
            self.lost()

    def on_link_opened(self, event):
        self.connected = True
        write("C")

    def on_link_error(self, event):
        # Documents may come a moment after the listener: try again.
        print("link refused:", event.link.remote_condition, file=sys.stderr, flush=True)
        connection, self.connected = self.connection, False
        self.lost()
        connection.close()

    def on_connection_error(self, event):
        print("connection closed:", event.connection.remote_condition, file=sys.stderr, flush=True)


class Sender(Client):
    def __init__(self, options):
        super().__init__(options, auto_settle=True)
        self.sequence = 0
        self.unsettled = {}
        self.again = []
        self.due = 0.0

    def open_link(self):
        self.sender = self.container.create_sender(self.connection, self.options.address, options=AtLeastOnce())

    def tick(self):
        self.due = min(self.due + self.options.rate * TICK_SECONDS, self.options.rate)
        # The server stamps what it reads with the time at which its turn began, which may be a little before it was sent: no
        # reading is sent where that decides about its window.
        if self.options.numbers is not None and time.time() % 1 < QUIET_SECONDS:
            return
        while (
            self.connected
            and (self.again or not self.stopping.is_set())
            and self.due >= 1
            and self.sender.credit > 0
            and len(self.unsettled) < self.options.window
        ):
            self.due -= 1
            if self.again:
                self.write(self.again.pop(0))
                continue
            self.write(self.sequence)
            write("S", self.sequence, f"{time.time():.4f}")
            self.sequence += 1

    def write(self, sequence):
        message = Message(body=self.body(sequence), durable=True)
        if self.options.resend:
            message.id = f"{self.options.producer}|{sequence}"
        self.unsettled[self.sender.send(message)] = sequence

    def body(self, sequence):
        if self.options.numbers is None:
            return body_of(self.options.producer, sequence, self.options.size)
        # As conformance/harness/known-windows.ts: unique for each base and sequence, spread over all of INT.
        prime = 2_147_483_647
        return str(pow((self.options.numbers * 1_000_000 + sequence + 1) * 1_103_515_245, 5, prime))

    def outcome(self, event, refused=None):
        sequence = self.unsettled.pop(event.delivery, None)
        if sequence is None:
            return
        if refused is None:
            write("A", sequence, f"{time.time():.4f}")
        else:
            write("X", sequence, refused)

    def on_accepted(self, event):
        self.outcome(event)

    def on_rejected(self, event):
        condition = event.delivery.remote.condition
        self.outcome(event, condition.name if condition else "rejected")

    def on_released(self, event):
        self.outcome(event, "released")

    def disconnected(self):
        if self.options.resend:
            self.again = sorted(set(self.again) | set(self.unsettled.values()))
        self.unsettled.clear()

    def is_done(self):
        return self.stopping.is_set() and self.connected and not self.unsettled and not self.again


class Receiver(Client):
    """Settles in runs of `hold`, or what waits at each tick when that is less: runs of dispositions and single ones."""

    def __init__(self, options):
        super().__init__(options, prefetch=0, auto_accept=False)
        self.waiting = []
        self.ticks = 0

    def open_link(self):
        durable = [DurableSource()] if self.options.name else None
        self.receiver = self.container.create_receiver(
            self.connection, self.options.address, name=self.options.name, options=durable
        )
        self.receiver.flow(self.options.credit)

    def on_message(self, event):
        body = event.message.body
        if isinstance(body, (bytes, memoryview)):
            body = bytes(body).decode()
        write("R", f"{time.time():.4f}", event.message.delivery_count, str(body)[:400])
        self.waiting.append(event.delivery)
        if len(self.waiting) >= self.options.hold:
            self.settle_waiting()

    def settle_waiting(self):
        for delivery in self.waiting:
            self.accept(delivery)
        self.receiver.flow(len(self.waiting))
        self.waiting.clear()
        write("T", f"{time.time():.4f}")

    def tick(self):
        self.ticks += 1
        if self.connected and self.waiting and self.ticks % 20 == 0:
            self.settle_waiting()

    def disconnected(self):
        self.waiting.clear()

    def is_done(self):
        return self.stopping.is_set()


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["send", "receive"])
    parser.add_argument("server")
    parser.add_argument("address")
    parser.add_argument("--producer", default="proton")
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--window", type=int, default=100)
    parser.add_argument("--numbers", type=int)
    parser.add_argument("--size", type=int)
    parser.add_argument("--resend", action="store_true")
    parser.add_argument("--container")
    parser.add_argument("--name")
    parser.add_argument("--hold", type=int, default=50)
    parser.add_argument("--credit", type=int, default=200)
    return parser.parse_args()


def main():
    options = parse()
    handler = Sender(options) if options.command == "send" else Receiver(options)

    def watch():
        sys.stdin.read()
        handler.stopping.set()

    threading.Thread(target=watch, daemon=True).start()
    Container(handler).run()
    sys.stdout.flush()


main()
