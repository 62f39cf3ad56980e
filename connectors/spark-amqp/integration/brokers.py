"""The brokers that the tests run against, as processes on free ports of the loopback address."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, what, seconds=30.0):
    end = time.time() + seconds
    while time.time() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"timed out after {seconds:.0f} s: {what}")


def listens(port):
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Broker:
    """start, kill (-9) and stop; addresses by a name that tests choose."""

    def __init__(self):
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="spark-amqp-broker-"))
        self.process = None

    @property
    def url(self):
        return f"amqp://127.0.0.1:{self.port}"

    def client(self, command, address, *arguments, wait=True):
        """The independent client; the lines that it printed, decoded."""
        call = ["node", str(HERE / "client.mjs"), command, str(self.port), self.address(address), *map(str, arguments)]
        process = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if not wait:
            return process
        output, errors = process.communicate(timeout=120)
        if process.returncode != 0:
            raise AssertionError(f"client {command} {address}: {errors.strip()}")
        return [json.loads(line) for line in output.splitlines()]

    def wait_for(self, ready, log, seconds=120):
        """Until it is ready; what it wrote when it ended instead."""
        def ready_or_ended():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended: {log.read_text(errors='replace')[-1500:]}")
            return ready()

        wait_for(ready_or_ended, self.name, seconds)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Millrace(Broker):
    """Addresses that begin with `undeclared` do not exist."""

    name = "millrace"
    keeps_messages = True

    def __init__(self, addresses):
        super().__init__()
        self.others = (free_port(), free_port())
        self.document = self.directory / "addresses.json"
        documents = [
            {"apiVersion": "millrace.dev/v1", "kind": "Address", "metadata": {"name": name}, "spec": {"type": "queue"}}
            for name in addresses
        ]
        self.document.write_text("\n---\n".join(json.dumps(document) for document in documents))

    def address(self, name):
        return name

    def start(self):
        mqtt, http = self.others
        command = ["node", str(ROOT / "apps/cli/bin/millrace.js"), "serve", "--amqp-port", str(self.port)]
        command += ["--mqtt-port", str(mqtt), "--http-port", str(http), "--apply", str(self.document)]
        command += ["--data", str(self.directory / "data")]
        log = self.directory / "log"
        with open(log, "ab") as output:
            before = output.tell()
            self.process = subprocess.Popen(command, cwd=self.directory, stdout=output, stderr=output)
        self.wait_for(lambda: b"millrace ready" in log.read_bytes()[before:] and listens(self.port), log)


class RabbitMq(Broker):
    """Debian's RabbitMQ 3 with its plugin for AMQP 1.0: durable queues, SASL PLAIN, TLS."""

    name = "rabbitmq"
    keeps_messages = True
    COMMAND = "/usr/lib/rabbitmq/bin/rabbitmq-server"

    def __init__(self, addresses, tls_files):
        super().__init__()
        self.tls_port = free_port()
        self.epmd_port = free_port()
        lines = [f"listeners.tcp.1 = 127.0.0.1:{self.port}", "amqp1_0.default_user = guest"]
        lines += [f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}", f"ssl_options.certfile = {tls_files / 'certificate.pem'}"]
        lines += [f"ssl_options.keyfile = {tls_files / 'key.pem'}", f"ssl_options.cacertfile = {tls_files / 'certificate.pem'}"]
        # A queue that a client names first is not durable, so they are made beforehand.
        queues = [{"name": name, "vhost": "/", "durable": True, "auto_delete": False, "arguments": {}} for name in addresses]
        users = [{"name": "guest", "password": "guest", "tags": "administrator"}]
        permissions = [{"user": "guest", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}]
        definitions = {"vhosts": [{"name": "/"}], "users": users, "permissions": permissions, "queues": queues}
        (self.directory / "definitions.json").write_text(json.dumps(definitions))
        lines += [f"load_definitions = {self.directory / 'definitions.json'}"]
        (self.directory / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
        (self.directory / "enabled_plugins").write_text("[rabbitmq_amqp1_0].\n")

    @classmethod
    def is_installed(cls):
        return os.path.exists(cls.COMMAND)

    def address(self, name):
        return "/amq/queue/" + name

    def start(self):
        own = self.directory
        environment = {
            **os.environ,
            "HOME": str(own),
            "RABBITMQ_NODENAME": f"spark-amqp-{self.port}@localhost",
            "RABBITMQ_CONFIG_FILE": str(own / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(own / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(own / "mnesia"),
            "RABBITMQ_LOG_BASE": str(own / "log"),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1",
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        self.environment = environment
        log = open(own / "output", "ab")
        # A process group of its own: the virtual machine is a child of the script.
        self.process = subprocess.Popen([self.COMMAND], env=environment, stdout=log, stderr=log, start_new_session=True)
        done = (own / "output").read_bytes().count(b"completed with")
        wait_for(lambda: (own / "output").read_bytes().count(b"completed with") > done, "rabbitmq", 90)
        wait_for(lambda: listens(self.port), "rabbitmq's port")

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        wait_for(lambda: not listens(self.port), "rabbitmq's end")

    def stop(self):
        if self.process is not None:
            self.kill()
            # The port mapper is a process of its own that outlives its nodes.
            subprocess.run(["epmd", "-port", str(self.epmd_port), "-kill"], capture_output=True, check=False)
        shutil.rmtree(self.directory, ignore_errors=True)
