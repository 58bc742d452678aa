"""Several processes share what the broker keeps, and none leaves anything behind when it goes."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from structlog.testing import capture_logs

from services.ingest.mqtt.inbox import Inbox
from services.ingest.mqtt.persistent_session import PersistentSession
from services.ingest.mqtt.sparkplug_sessions import SparkplugSessions
from services.ingest.sparkplug.host_role import HostRole
from shared.errors import SetupError
from shared.settings import BrokerSettings
from tests.integration.ingest.rig import IngestProcess, eventually, ingest_process, plant, publish, until, value

pytestmark = pytest.mark.needs_broker

_NUMBERS = "SELECT count(*) FROM samples"


def messages(first: int, count: int) -> list[tuple[str, object]]:
    start = 1_780_000_000_000
    return [
        ("bellwether/v1/mill/pump", {"timestamp": start + n * 1000, "values": {"n": n}})
        for n in range(first, first + count)
    ]


def has_session(port: int, client_id: str) -> bool:
    """Whether the broker keeps a session for this client, which is then taken over."""
    present: list[bool] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion.MQTTv5)
    client.on_connect = lambda _client, _data, flags, _reason, _properties: present.append(flags.session_present)
    client.connect("127.0.0.1", port, clean_start=False)
    client.loop_start()
    until(lambda: present != [])
    client.disconnect()
    client.loop_stop()
    return present[0]


def received(ingest: IngestProcess) -> float:
    return ingest.metric("bellwether_ingest_received_total", lane="persistent")


def test_two_processes_share_the_load_and_one_that_goes_strands_nothing(database_url, conn, broker):
    group = {"broker_shared_group": "bellwether"}
    with (
        ingest_process(database_url, broker.url, broker_client_id="one", **group) as one,
        ingest_process(database_url, broker.url, broker_client_id="two", **group) as two,
        plant(broker.url) as machine,
    ):
        one.start()
        two.start("ingest")
        publish(machine, messages(0, 1000))
        eventually(conn, _NUMBERS, 1000)
        assert received(one) + received(two) == 1000
        assert min(received(one), received(two)) > 300
        feeding = threading.Thread(target=lambda: [publish(machine, messages(n, 100)) for n in range(1000, 6000, 100)])
        feeding.start()
        until(lambda: value(conn, _NUMBERS) > 1500)  # type: ignore[operator]
        assert two.stop() == 0
        feeding.join()
        eventually(conn, _NUMBERS, 6000)
        assert not has_session(broker.port, "two-ingest")
        assert one.metric("bellwether_ingest_samples_total", outcome="repeated") == 0


def test_one_that_is_killed_finds_its_own_again(database_url, conn, broker):
    group = {"broker_shared_group": "bellwether"}
    with (
        ingest_process(database_url, broker.url, broker_client_id="one", **group) as one,
        ingest_process(database_url, broker.url, broker_client_id="two", **group) as two,
        plant(broker.url) as machine,
    ):
        one.start()
        two.start("ingest")
        two.kill()
        publish(machine, messages(0, 500))
        until(lambda: value(conn, _NUMBERS) > 0)  # type: ignore[operator]
        two.start("ingest")
        eventually(conn, _NUMBERS, 500)


def test_a_process_that_joins_a_group_stops_receiving_everything(database_url, conn, broker):
    with (
        ingest_process(database_url, broker.url, broker_client_id="one") as alone,
        ingest_process(database_url, broker.url, broker_client_id="one", broker_shared_group="g") as one,
        ingest_process(database_url, broker.url, broker_client_id="two", broker_shared_group="g") as two,
        plant(broker.url) as machine,
    ):
        alone.start()
        alone.stop()
        one.start()
        two.start("ingest")
        time.sleep(0.5)
        publish(machine, messages(0, 400))
        eventually(conn, _NUMBERS, 400)
        assert received(one) + received(two) == 400


def test_a_group_needs_mqtt_5():
    settings = BrokerSettings(broker_url="mqtt://localhost", broker_mqtt_version="3.1.1", broker_shared_group="g")
    with pytest.raises(SetupError, match="BELLWETHER_BROKER_SHARED_GROUP needs MQTT 5"):
        PersistentSession(settings, Inbox(), ())


@pytest.mark.slow
def test_two_processes_of_one_client_id_say_what_is_wrong(database_url, broker):
    with (
        ingest_process(database_url, broker.url, broker_client_id="same") as one,
        ingest_process(database_url, broker.url, broker_client_id="same") as two,
    ):
        one.start()
        two.start("ingest")
        until(lambda: any("BELLWETHER_BROKER_CLIENT_ID" in event["event"] for event in one.events()))


class TakingBroker:
    """Lets every client in, and tells it at once that its session was taken over."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.connected = 0
        self.url = f"mqtt://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                client.recv(1000)
                self.connected += 1
                client.sendall(b"\x20\x03\x00\x00\x00" + b"\xe0\x02\x8e\x00")
                client.close()


@pytest.fixture
def taking_broker() -> Iterator[TakingBroker]:
    broker = TakingBroker()
    yield broker
    broker.close()


def test_a_session_that_was_taken_over_is_not_taken_back_at_once(taking_broker):
    settings = BrokerSettings(broker_url=taking_broker.url, broker_client_id="same")
    session = PersistentSession(settings, Inbox(), ())
    with capture_logs() as logs:
        session.start()
        until(lambda: logs != [] and logs[-1]["log_level"] == "critical")
        assert (logs[-1]["client_id"], logs[-1]["coming_back_after_s"]) == ("same-ingest", 60)
        time.sleep(2)
        assert taking_broker.connected == 1
    session.stop()


def test_a_host_whose_session_was_taken_over_steps_down(taking_broker):
    settings = BrokerSettings(broker_url=taking_broker.url, broker_client_id="same")
    sessions = SparkplugSessions(settings, Inbox())
    with capture_logs() as logs:
        until(lambda: sessions.take_role(HostRole.HOST) or any(log["log_level"] == "critical" for log in logs))
        assert (logs[-1]["client_id"], logs[-1]["coming_back_after_s"]) == ("same-host", 60)
        for _ in range(20):
            sessions.take_role(HostRole.HOST)
            time.sleep(0.1)
        assert taking_broker.connected == 1
    sessions.take_role(HostRole.STANDBY)
