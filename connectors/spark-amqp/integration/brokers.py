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


def wait_for(condition, what, seconds=120.0):
    """Waits are generous: a machine that has other things to do is slow, and not wrong."""
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

    # Whether it stamps messages with the time at which it accepted them.
    stamps = False
    # Set where it speaks TLS and knows the user guest.
    tls_port = None

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
        output, errors = process.communicate(timeout=300)
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
    stamps = True

    def __init__(self, addresses):
        super().__init__()
        self.others = (free_port(), free_port())
        self.document = self.directory / "addresses.json"
        documents = [
            {"apiVersion": "millrace.dev/v1", "kind": "Address", "metadata": {"name": name}, "spec": {"type": "topic" if name.startswith("topic") else "queue"}}
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


class Artemis(Broker):
    """Apache ActiveMQ Artemis out of .cache, with its stamps of time, SASL PLAIN and TLS; others are guests."""

    name = "artemis"
    stamps = True

    def __init__(self, addresses, tls_files):
        super().__init__()
        self.tls_port = free_port()
        self.instance = self.directory / "instance"
        self.addresses = addresses
        self.tls_files = tls_files

    @staticmethod
    def home():
        return next(iter(sorted((ROOT / ".cache/artemis").glob("apache-artemis-*/bin/artemis"))), None)

    @classmethod
    def is_installed(cls):
        return cls.home() is not None

    def address(self, name):
        return name

    def create(self):
        command = [str(self.home()), "create", str(self.instance), "--silent", "--name", "spark-amqp", "--user", "guest"]
        command += ["--password", "guest", "--require-login", "--host", "127.0.0.1", "--default-port", str(self.port), "--nio"]
        command += ["--no-autotune", "--no-amqp-acceptor", "--no-mqtt-acceptor", "--no-hornetq-acceptor", "--no-stomp-acceptor"]
        command += ["--no-web", "--java-memory", "512M", "--queues", ",".join(self.addresses)]
        subprocess.run(command, check=True, capture_output=True)
        store = self.directory / "broker.p12"
        export = ["openssl", "pkcs12", "-export", "-in", str(self.tls_files / "certificate.pem"), "-inkey", str(self.tls_files / "key.pem")]
        subprocess.run([*export, "-out", str(store), "-passout", "pass:secret"], check=True, capture_output=True)
        settings = self.instance / "etc/broker.xml"
        secure = f"sslEnabled=true;keyStorePath={store};keyStoreType=PKCS12;keyStorePassword=secret;protocols=AMQP"
        text = settings.read_text()
        text = text.replace("</acceptors>", f'<acceptor name="tls">tcp://127.0.0.1:{self.tls_port}?{secure}</acceptor></acceptors>', 1)
        stamped = '<address-setting match="#"><enable-ingress-timestamp>true</enable-ingress-timestamp>'
        settings.write_text(text.replace('<address-setting match="#">', stamped, 1))
        modules = "org.apache.activemq.artemis.spi.core.security.jaas"
        # Who gives no password is a guest; who gives one has to give the right one.
        (self.instance / "etc/login.config").write_text(
            f"""activemq {{
              {modules}.GuestLoginModule sufficient credentialsInvalidate=true
                org.apache.activemq.jaas.guest.user="guest" org.apache.activemq.jaas.guest.role="amq";
              {modules}.PropertiesLoginModule required
                org.apache.activemq.jaas.properties.user="artemis-users.properties"
                org.apache.activemq.jaas.properties.role="artemis-roles.properties";
            }};"""
        )

    def start(self):
        if not self.instance.exists():
            self.create()
        log = self.directory / "output"
        with open(log, "ab") as output:
            self.process = subprocess.Popen([str(self.instance / "bin/artemis"), "run"], stdout=output, stderr=output, start_new_session=True)
        self.wait_for(lambda: listens(self.port) and listens(self.tls_port), log)

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        wait_for(lambda: not listens(self.port), "artemis's end")

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


class RabbitMq(Broker):
    """Debian's RabbitMQ 3 with its plugin for AMQP 1.0: durable queues, SASL PLAIN, TLS."""

    name = "rabbitmq"
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
        self.wait_for(lambda: (own / "output").read_bytes().count(b"completed with") > done, own / "output")
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
