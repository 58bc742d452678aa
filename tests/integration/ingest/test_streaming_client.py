"""The short cut past paho, against a real mosquitto and against a broker that is slow to answer a ping."""

import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from services.ingest.mqtt.packets import Publish
from services.ingest.mqtt.streaming_client import StreamingClient
from tests.certificates import Certificates, make_certificates
from tests.integration.ingest.rig import plant, publish, until
from tests.mosquitto import running_broker

pytestmark = pytest.mark.needs_broker


class Subscriber:
    """A session that is kept; what it receives and how often it was connected and disconnected."""

    def __init__(self, version: str = "5", certificates: Certificates | None = None) -> None:
        protocol = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}[version]
        self.received: list[Publish] = []
        self.granted = threading.Event()
        self.lost = threading.Event()
        self._clean_session = None if version == "5" else False
        self.client = StreamingClient(
            CallbackAPIVersion.VERSION2,
            client_id="s",
            protocol=protocol,
            clean_session=self._clean_session,
            manual_ack=True,
        )
        if certificates is not None:
            self.client.tls_set(str(certificates.ca), str(certificates.client), str(certificates.client_key))
        self.client.deliver_to(self.received.append)
        self.client.on_connect = lambda *_: self.client.subscribe("#", qos=1)
        self.client.on_subscribe = lambda *_: self.granted.set()
        self.client.on_disconnect = lambda *_: self.lost.set()

    @contextmanager
    def connected(self, host: str, port: int, keepalive: int = 60) -> Iterator["Subscriber"]:
        if self._clean_session is None:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 3600
            self.client.connect(host, port, keepalive, clean_start=False, properties=properties)
        else:
            self.client.connect(host, port, keepalive)
        self.client.loop_start()
        try:
            assert self.granted.wait(10)
            yield self
        finally:
            self.client.disconnect()
            self.client.loop_stop()


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_messages_of_all_sizes_come_once_and_what_is_acknowledged_is_not_sent_again(broker, version):
    sent = [(f"t/{n}", "x" * size) for n, size in enumerate([0, 1, 200, 70_000, 3_000_000, 5])]
    with Subscriber(version).connected("127.0.0.1", broker.port) as subscriber, plant(broker.url) as machine:
        publish(machine, sent, qos=0)
        publish(machine, sent)
        until(lambda: len(subscriber.received) == 12)
        by_qos = [[m for m in subscriber.received if m.qos == qos] for qos in (0, 1)]
        for messages in by_qos:
            assert [(m.topic, m.payload.strip(b'"').decode()) for m in messages] == sent
        subscriber.client.acknowledge([m.mid for m in by_qos[1][:4]])
        time.sleep(0.2)
    with Subscriber(version).connected("127.0.0.1", broker.port) as subscriber:
        until(lambda: len(subscriber.received) == 2)
        assert [m.topic for m in subscriber.received] == ["t/4", "t/5"]


def test_by_tls_too():
    with tempfile.TemporaryDirectory(prefix="bellwether-tls-") as directory:
        certificates = make_certificates(Path(directory))
        for file in Path(directory).iterdir():
            file.chmod(0o644)
        files = {
            "broker_ca_file": str(certificates.ca),
            "broker_cert_file": str(certificates.client),
            "broker_key_file": str(certificates.client_key),
        }
        with (
            running_broker(certificates=certificates) as broker,
            Subscriber(certificates=certificates).connected("localhost", broker.port) as subscriber,
            plant(broker.url, **files) as machine,
        ):
            publish(machine, [(f"t/{n}", "x" * 20_000) for n in range(200)], qos=0)
            until(lambda: len(subscriber.received) == 200)


def test_a_broker_whose_answer_to_a_ping_waits_behind_messages_is_not_given_up():
    with socket.create_server(("127.0.0.1", 0)) as server:
        subscriber = Subscriber("3.1.1")
        broker = threading.Thread(target=_never_answer_pings, args=(server, 4.0))
        broker.start()
        with subscriber.connected("127.0.0.1", server.getsockname()[1], keepalive=1):
            assert not subscriber.lost.wait(3)
            assert len(subscriber.received) > 10
            broker.join()


def _never_answer_pings(server: socket.socket, for_s: float) -> None:
    connection, _ = server.accept()
    connection.recv(1000)
    connection.sendall(b"\x20\x02\x00\x00")
    connection.recv(1000)
    connection.sendall(b"\x90\x03\x00\x01\x00")
    ending = time.monotonic() + for_s
    while time.monotonic() < ending:
        connection.sendall(b"\x30\x04\x00\x01tx")
        time.sleep(0.1)
