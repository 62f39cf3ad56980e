"""Python Proton logs in, sends one message to ADDRESS and takes it back; its body on standard output.

    proton_login.py URL ADDRESS --mechanism PLAIN [--user U --password P] [--authority F [--certificate F --key F]]
"""

import argparse
import sys

from proton import ConnectionException, Message, SSLDomain
from proton.utils import BlockingConnection

parser = argparse.ArgumentParser()
parser.add_argument("url")
parser.add_argument("address")
parser.add_argument("--mechanism", required=True)
parser.add_argument("--user")
parser.add_argument("--password")
parser.add_argument("--authority")
parser.add_argument("--certificate")
parser.add_argument("--key")
options = parser.parse_args()

domain = None
if options.authority:
    domain = SSLDomain(SSLDomain.MODE_CLIENT)
    domain.set_trusted_ca_db(options.authority)
    domain.set_peer_authentication(SSLDomain.VERIFY_PEER_NAME)
    if options.certificate:
        domain.set_credentials(options.certificate, options.key, None)
try:
    connection = BlockingConnection(
        options.url,
        timeout=10,
        ssl_domain=domain,
        allowed_mechs=options.mechanism,
        user=options.user,
        password=options.password,
    )
    connection.create_sender(options.address).send(Message(body="by " + options.mechanism))
    receiver = connection.create_receiver(options.address)
    print(receiver.receive(timeout=10).body)
    receiver.accept()
    connection.close()
except ConnectionException as refused:
    print(refused, file=sys.stderr)
    sys.exit(3)
