"""The composed broker: its own configuration and script on a real mosquitto, in a directory and on ports of its own."""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from deploy.broker_access.grants import Access
from deploy.broker_access.mosquitto_file import mosquitto_file
from deploy.local.ports import free_port
from tests.certificates import Certificates
from tests.integration.broker_access.brokers import await_listening

COMPOSE = Path(__file__).resolve().parents[3] / "deploy" / "compose"
INGEST_PASSWORD = "only-for-this-test"
_PATH = os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin"
_WITHIN_S = 15.0
_LISTENERS = ("1883", "1884", "8883")


class ComposedBroker:
    """mosquitto as the composition starts it. `ports` are by the numbers that the shipped files name."""

    def __init__(
        self, directory: Path, rules: Access, certificates: Certificates | None, users: Mapping[str, str]
    ) -> None:
        self.directory = directory
        self.ports = {name: free_port() for name in _LISTENERS}
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("config", "data", "secrets", "acl", "certificates"):
            (directory / name).mkdir(parents=True)
        for name in ("mosquitto.conf", "listener-tls.conf", "broker-start.sh"):
            self._ship(name)
        (directory / "acl" / "rules").write_text(mosquitto_file(rules))
        (directory / "secrets" / "passwords").touch()
        for user, password in users.items():
            self._set_password(user, password)
        if certificates is not None:
            names = {
                "ca.pem": certificates.ca,
                "server.pem": certificates.server,
                "server.key": certificates.server_key,
            }
            for name, made in names.items():
                shutil.copy(made, directory / "certificates" / name)

    def start(self) -> None:
        script = self.directory / "config" / "broker-start.sh"
        environment = {"PATH": _PATH, "BELLWETHER_BROKER_PASSWORD": INGEST_PASSWORD}
        self._process = subprocess.Popen(["sh", str(script)], env=environment, stderr=subprocess.DEVNULL)
        await_listening(self.ports["1883"], self._process)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
            self._process = None

    def add_user(self, name: str, password: str) -> None:
        """As broker-start.sh tells an operator to."""
        assert self._process is not None
        self._set_password(name, password)
        self._process.send_signal(1)

    def _set_password(self, name: str, password: str) -> None:
        passwords = self.directory / "secrets" / "passwords"
        subprocess.run(["mosquitto_passwd", "-b", str(passwords), name, password], check=True, env={"PATH": _PATH})

    def _ship(self, name: str) -> None:
        """A shipped file with its places and ports moved; mosquitto started as root stays root, to read them."""
        text = (COMPOSE / name).read_text().replace("/mosquitto/", f"{self.directory}/")
        for number, port in self.ports.items():
            text = text.replace(f"listener {number}", f"listener {port} 127.0.0.1")
        text = text.replace("allow_anonymous false", "allow_anonymous false\nuser root")
        (self.directory / "config" / name).write_text(text)


@contextmanager
def composed_broker(
    directory: Path,
    rules: Access,
    certificates: Certificates | None = None,
    users: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[ComposedBroker]:
    """A started one, which knows ingest and `users` with their passwords."""
    broker = ComposedBroker(directory, rules, certificates, users)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


class Client:
    """An MQTT 5 client that has been let in. `received` are topics and payloads that came, in order."""

    def __init__(self, port: int, user: str, password: str, *, client_id: str = "", kept: bool = False) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.cut_off = threading.Event()
        self._changed = threading.Condition()
        self._subscribed = False
        self.mqtt = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion.MQTTv5)
        self.mqtt.username_pw_set(user, password)
        self.mqtt.on_message = self._on_message
        self.mqtt.on_subscribe = self._on_subscribe
        self.mqtt.on_disconnect = lambda *_: self.cut_off.set()
        connected = threading.Event()
        # mosquitto takes up new passwords a moment after its signal; paho tries again by itself.
        self.mqtt.on_connect = lambda _c, _d, _f, reason, _p: None if reason.is_failure else connected.set()
        session = Properties(PacketTypes.CONNECT)
        session.SessionExpiryInterval = 3600 if kept else 0
        self.mqtt.connect("127.0.0.1", port, clean_start=not kept, properties=session)
        self.mqtt.loop_start()
        assert connected.wait(_WITHIN_S), f"{user} is not let in"
        self.cut_off.clear()

    def subscribe(self, topic_filter: str) -> "Client":
        with self._changed:
            self.mqtt.subscribe(topic_filter, qos=1)
            assert self._changed.wait_for(lambda: self._subscribed, _WITHIN_S)
        return self

    def publish(self, topic: str, payload: bytes = b"{}", qos: int = 1) -> None:
        self.mqtt.publish(topic, payload, qos=qos).wait_for_publish(_WITHIN_S)

    def wait_for(self, topic: str) -> list[str]:
        """The topics of all that came, once this one did."""
        with self._changed:
            assert self._changed.wait_for(lambda: topic in self.topics, _WITHIN_S), self.topics
            return self.topics

    def wait_until(self, holds: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(holds, _WITHIN_S), self.received

    @property
    def topics(self) -> list[str]:
        return [topic for topic, _ in self.received]

    def close(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        with self._changed:
            self.received.append((message.topic, bytes(message.payload)))
            self._changed.notify_all()

    def _on_subscribe(self, *_: object) -> None:
        with self._changed:
            self._subscribed = True
            self._changed.notify_all()
