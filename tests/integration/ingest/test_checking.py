"""`bellwether ingest --check` on real parts, each broken once."""

import json
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from psycopg import sql
from psycopg.conninfo import make_conninfo
from typer.testing import CliRunner

from deploy.broker_access.grants import access
from deploy.broker_access.nats_block import nats_block, nats_refuses
from deploy.cli import app
from deploy.local.access import DATABASE_URL_FILE, write_private
from deploy.local.ports import free_port
from services.ingest.checking import Finding, check
from services.ingest.checking.finding import clock_finding
from shared.sparkplug import state_payload
from tests.certificates import Certificates, make_certificates
from tests.databases import Server
from tests.integration.broker_access.brokers import nats
from tests.integration.ingest.rig import IngestProcess, until
from tests.mosquitto import Broker, running_broker
from tests.nats import running_nats

pytestmark = pytest.mark.needs_broker

NOW_MS = 1_800_000_000_000


class Checker:
    """Runs the command with settings that are right but for what a test changes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, database_url: str, broker_url: str, spool: Path) -> None:
        self._monkeypatch = monkeypatch
        self.set(database_url=database_url, broker_url=broker_url, ingest_spool_directory=spool)

    def set(self, **settings: object) -> None:
        for name, value in settings.items():
            self._monkeypatch.setenv(f"BELLWETHER_{name.upper()}", str(value))

    def run(self) -> tuple[int, str]:
        """Exit code and output."""
        with redirect_stdout(StringIO()) as output:
            code = check(listen_s=0.3)
        return code, output.getvalue()

    def output(self) -> str:
        """The output where all is well."""
        code, output = self.run()
        assert code == 0, output
        return output

    def problem(self) -> str:
        """The one problem that was found, with what to do."""
        code, output = self.run()
        assert code == 1, output
        (found,) = [line for line in output.splitlines() if line.startswith("problem")]
        return found.removeprefix("problem").strip()


@pytest.fixture
def checker(monkeypatch: pytest.MonkeyPatch, database_url: str, broker: Broker, tmp_path: Path) -> Checker:
    return Checker(monkeypatch, database_url, broker.url, tmp_path / "spool")


def publish(broker: Broker, topic: str, payload: bytes, *, retain: bool = False) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


@pytest.fixture
def traffic(broker: Broker) -> Iterator[None]:
    """Somebody publishes all the time: what is right, and what is not."""
    ended = threading.Event()

    def go_on() -> None:
        while not ended.wait(0.02):
            right = {"timestamp": time.time_ns() // 1_000_000, "values": {"p": 1.0}}
            publish(broker, "bellwether/v1/malmo/pump", json.dumps(right).encode())
            publish(broker, "bellwether/v1/malmo/valve", b"not json")

    thread = threading.Thread(target=go_on)
    thread.start()
    yield
    ended.set()
    thread.join()


def test_where_all_is_well_it_says_so(checker):
    output = checker.output()
    assert "Nothing stands in the way." in output
    for said in (
        "schema",
        "a row was written and taken back",
        "granted at QoS 1",
        "no host of this id has said anything",
    ):
        assert said in output


@pytest.mark.usefixtures("traffic")
def test_it_says_what_would_become_of_what_it_hears(checker):
    output = checker.output()
    assert "2 topics in 0.3 s" in output
    heard, refused = re.findall(r"of the first (\d+), (\d+) would be dead letters: JSON is malformed", output)[0]
    assert int(heard) > int(refused) > 0


def test_it_stores_nothing_publishes_nothing_and_takes_nobody_s_session(
    checker: Checker, broker: Broker, conn: psycopg.Connection, database_url: str, tmp_path: Path
) -> None:
    ingest = IngestProcess(database_url, broker.url, tmp_path)
    ingest.start()
    told: list[mqtt.MQTTMessage] = []
    with listening(broker, "#", told):
        until(lambda: any(b"true" in message.payload for message in told))
        told_before = len(told)
        output = checker.output()
        assert "said online" in output
        assert "now bellwether" in output
        publish(broker, "end", b"")
        until(lambda: told[-1].topic == "end")
    assert [message.topic for message in told[told_before:]] == ["end"]
    assert not ingest.told("disconnected from the broker")
    assert conn.execute("SELECT count(*) FROM leases WHERE name = 'check'").fetchone() == (0,)
    assert ingest.stop() == 0


class listening:  # noqa: N801 - reads as a statement
    """Everything under a topic filter goes into `told`, retained messages too."""

    def __init__(self, broker: Broker, topic_filter: str, told: list[mqtt.MQTTMessage]) -> None:
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = lambda _c, _d, message: told.append(message)
        subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.on_connect = lambda client, *_: client.subscribe(topic_filter, qos=1)
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        assert subscribed.wait(10)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_it_tells_what_a_host_of_our_id_said_last(checker, broker):
    publish(broker, "spBv1.0/STATE/bellwether", state_payload(online=False, timestamp_ms=NOW_MS), retain=True)
    assert "a host of this id said offline at 2027-01-15 08:00:00 UTC" in checker.output()


def test_a_broker_that_is_away(checker):
    checker.set(broker_url=f"mqtt://127.0.0.1:{free_port()}")
    assert "start the broker" in checker.problem()


def test_an_address_that_is_none(checker):
    checker.set(broker_url="broker:1883")
    assert "the broker's address must look like" in checker.problem()


def test_a_password_that_is_wrong(checker):
    with running_broker(user="ingest", password="right") as locked:
        checker.set(broker_url=locked.url.replace("right", "wrong"))
        found = checker.problem()
    assert "Not authorized" in found
    assert "look at user, password" in found


@pytest.fixture
def certificates() -> Iterator[Certificates]:
    """Where mosquitto, which is another user, can read them."""
    with tempfile.TemporaryDirectory(prefix="bellwether-tls-") as directory:
        yield make_certificates(Path(directory))


def test_a_certificate_that_nobody_we_know_has_signed(checker, certificates):
    with running_broker(certificates=certificates) as tls:
        checker.set(broker_url=tls.url)
        assert "BELLWETHER_BROKER_CA_FILE" in checker.problem()


def test_a_plain_connection_where_tls_is_asked_for(checker, broker):
    checker.set(broker_url=f"mqtts://127.0.0.1:{broker.port}")
    assert "does that port speak TLS?" in checker.problem()


def test_a_certificate_of_ours_that_the_broker_misses(checker, certificates):
    with running_broker(certificates=certificates) as tls:
        checker.set(broker_url=tls.url, broker_ca_file=certificates.ca)
        assert "BELLWETHER_BROKER_CERT_FILE" in checker.problem()
        checker.set(broker_cert_file=certificates.client, broker_key_file=certificates.client_key)
        checker.output()


def test_a_broker_that_does_not_speak_mqtt_5(checker):
    with running_nats() as old:
        checker.set(broker_url=old.url)
        assert "BELLWETHER_BROKER_MQTT_VERSION" in checker.problem()
        checker.set(broker_mqtt_version="3.1.1")
        checker.output()


def test_topics_that_we_may_not_read(checker, tmp_path):
    rules = access(
        [], host_id="bellwether", ingest_name="ingest", telemetry=("spBv1.0/#", "umh/v1/#"), refuses=nats_refuses
    )
    (tmp_path / "rules").write_text(nats_block(rules))
    with nats(tmp_path / "rules", {"ingest": "right"}) as port:
        checker.set(broker_url=f"mqtt://ingest:right@127.0.0.1:{port}", broker_mqtt_version="3.1.1")
        found = checker.problem()
    assert found.startswith("topics bellwether/v1/#")
    assert "bellwether broker-acl" in found


def test_shared_subscriptions_where_there_are_none(checker):
    checker.set(broker_shared_group="replicas")
    assert "granted to a group of the check's own" in checker.output()
    checker.set(broker_mqtt_version="3.1.1")
    assert "set BELLWETHER_BROKER_MQTT_VERSION to 5" in checker.problem()


def test_a_database_that_is_away(checker):
    checker.set(database_url=f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    assert "start the database" in checker.problem()


def test_a_database_that_was_never_created(checker, database_server: Server):
    checker.set(database_url=database_server.url_of("never"))
    assert "`createdb never`" in checker.problem()


def test_a_database_without_our_schema(checker, database_server: Server):
    empty = database_server.empty()
    checker.set(database_url=database_server.url_of(empty))
    found = checker.problem()
    database_server.drop(empty)
    assert "version none" in found
    assert "bellwether migrate" in found


@pytest.fixture
def reader(conn: psycopg.Connection, database_url: str) -> Iterator[str]:
    """URL for a user who may only read."""
    conn.execute("CREATE ROLE checked_reader LOGIN PASSWORD 'x'")
    conn.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO checked_reader")
    conn.commit()
    yield make_conninfo(database_url, user="checked_reader", password="x")
    conn.rollback()
    conn.execute("DROP OWNED BY checked_reader")
    conn.execute("DROP ROLE checked_reader")
    conn.commit()


def test_a_user_who_may_only_read(checker, reader):
    checker.set(database_url=reader)
    _, output = checker.run()
    assert "checked_reader lacks changed_ranges: INSERT, changed_ranges: UPDATE," in output
    assert "permission denied for table leases" in output


def test_a_database_that_takes_no_writes(checker, conn: psycopg.Connection):
    name = sql.Identifier(str(conn.info.dbname))
    conn.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
    conn.commit()
    assert "cannot execute INSERT in a read-only transaction" in checker.problem()


def test_a_mapping_that_cannot_be_used(checker, conn: psycopg.Connection):
    conn.execute(
        "INSERT INTO mappings (record_source, external_id, topic_pattern, specification)"
        " VALUES ('files', 'broken', 'x', '{}')"
    )
    conn.commit()
    assert "1 of 1 cannot be used" in checker.problem()


def test_mappings_topics_are_tried_too(checker, conn: psycopg.Connection):
    specification: dict[str, Any] = {
        "id": "skid",
        "topic": "skids/{source}/{device}/data",
        "time": {"path": "ts", "format": "epoch_ms"},
        "all_values": "values",
    }
    conn.execute(
        "INSERT INTO mappings (record_source, external_id, topic_pattern, specification)"
        " VALUES ('files', 'skid', %s, %s)",
        [specification["topic"], json.dumps(specification)],
    )
    conn.commit()
    assert "skids/+/+/data" in checker.output()


def test_a_spool_that_cannot_be_written(checker, tmp_path):
    (tmp_path / "file").touch()
    checker.set(ingest_spool_directory=tmp_path / "file" / "spool")
    assert "BELLWETHER_INGEST_SPOOL_DIRECTORY" in checker.problem()


def test_a_disk_with_less_room_than_the_spool_s_bound(checker):
    checker.set(ingest_spool_limit_mb=10**9)
    assert "make room" in checker.problem()


@pytest.mark.parametrize(("ahead_s", "ok"), [(0.0, True), (-1.9, True), (2.1, False), (-3600.0, False)])
def test_clocks_that_disagree_are_a_problem(ahead_s, ok):
    assert clock_finding(ahead_s, uncertain_s=0.01).ok is ok


def test_a_slow_answer_does_not_make_a_clock_wrong():
    assert clock_finding(3.0, uncertain_s=1.5) == Finding("clock", "3.000 s ahead of the database's")


def test_addresses_that_are_missing_are_named(monkeypatch):
    monkeypatch.delenv("BELLWETHER_BROKER_URL", raising=False)
    monkeypatch.setenv("BELLWETHER_DATABASE_URL", "postgresql://127.0.0.1/none")
    assert "BELLWETHER_BROKER_URL" in str(CliRunner().invoke(app, ["ingest", "--check"]).exception)


def test_where_a_stack_runs_its_own_spool_is_checked(monkeypatch, tmp_path, database_url, broker):
    write_private(tmp_path / ".bellwether" / "demo" / DATABASE_URL_FILE, database_url)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["ingest", "--check", "--database", database_url, "--broker", broker.url])
    assert result.exit_code == 0, result.output
    assert f"{tmp_path}/.bellwether/demo/spool, 0 MB used" in result.output
