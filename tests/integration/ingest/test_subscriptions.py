"""What ingest asks its broker for, and what it gives up."""

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

import pytest
from psycopg.types.json import Jsonb

from services.ingest.mqtt.inbox import Inbox
from services.ingest.mqtt.persistent_session import PersistentSession
from services.ingest.mqtt.sparkplug_sessions import SparkplugSessions
from services.ingest.sparkplug.host_role import HostRole
from shared.settings import BrokerSettings
from tests.integration.ingest.rig import eventually, ingest_process, plant, publish, until, value
from tests.mosquitto import Broker

pytestmark = pytest.mark.needs_broker

_DECLARE = (
    "INSERT INTO mappings (record_source, external_id, topic_pattern, specification) VALUES ('test', 'x', %s, %s)"
)


@contextmanager
def receiving(session: PersistentSession) -> Iterator[None]:
    session.start()
    until(lambda: session.listening)
    try:
        yield
    finally:
        session.end()


def topics(inbox: Inbox, broker: Broker, *published: str) -> list[str]:
    """Topics of what comes when these are published, and one after them that is certain to come."""
    with plant(broker.url) as machine:
        publish(machine, [(topic, b"") for topic in (*published, "last")])
    heard: list[str] = []
    until(lambda: heard[-1:] == ["last"] or heard.extend(one.topic for one in inbox.take(1)))
    return heard[:-1]


class Interrupted(PersistentSession):
    """Its filters are changed by another thread in the moment after they are read."""

    def _filters(self) -> Iterable[tuple[str, int]]:
        read = list(super()._filters())
        self.subscribe(["last", "new"])
        return read


def test_a_filter_that_comes_while_the_first_ones_are_asked_for_is_asked_for_too(broker):
    inbox = Inbox()
    with receiving(Interrupted(BrokerSettings(broker_url=broker.url), inbox, ["last"])):
        assert topics(inbox, broker, "new") == ["new"]


@pytest.mark.parametrize("group", [None, "g"])
def test_a_kept_session_gives_up_what_was_retired_while_it_was_away(broker, group):
    settings = BrokerSettings(broker_url=broker.url, broker_shared_group=group)
    before, inbox = PersistentSession(settings, Inbox(), ["last", "old", "both"]), Inbox()
    with receiving(before):
        before.stop()
    after = PersistentSession(settings, inbox, ["last", "both"])
    after.retire(["old", "both"])
    with receiving(after):
        assert topics(inbox, broker, "old", "both") == ["both"]


def test_a_mapping_that_was_disabled_while_ingest_was_away_brings_nothing_any_more(database_url, conn, broker):
    mapping = {"id": "x", "topic": "{source}/{metric}", "time": {"format": "received"}, "values": [{"path": ""}]}
    conn.execute(_DECLARE, [mapping["topic"], Jsonb(mapping)])
    conn.commit()
    with ingest_process(database_url, broker.url) as ingest, plant(broker.url) as machine:
        ingest.start()
        publish(machine, [("press/force", 12.5)])
        eventually(conn, "SELECT count(*) FROM samples", 1)
        ingest.stop()
        conn.execute("UPDATE mappings SET enabled = false")
        conn.commit()
        ingest.start()
        after = {"timestamp": 1_780_000_000_000, "values": {"n": 1}}
        publish(machine, [("press/force", 13.5), ("bellwether/v1/mill/pump", after)])
        eventually(conn, "SELECT count(*) FROM samples", 2)
        assert value(conn, "SELECT count(*) FROM dead_letters") == 0


class RefusingBroker:
    """Lets every client in and grants all that it subscribes to, but for the first filter."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"mqtt://127.0.0.1:{self._listener.getsockname()[1]}"
        self.heard: list[int] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError), self._listener:
            client, _ = self._listener.accept()
            client.recv(1000)
            client.sendall(b"\x20\x03\x00\x00\x00")
            while packet := client.recv(1000):
                self.heard.append(packet[0] >> 4)
                if packet[0] == 0x82:
                    client.sendall(b"\x90\x05" + packet[2:4] + b"\x00\x87\x01")


def test_a_host_that_may_hear_no_plants_is_not_born():
    refusing = RefusingBroker()
    sessions = SparkplugSessions(BrokerSettings(broker_url=refusing.url), Inbox())
    sessions.take_role(HostRole.HOST)
    until(lambda: 8 in refusing.heard)
    sessions.take_role(HostRole.STANDBY)
    until(lambda: 14 in refusing.heard)
    assert 3 not in refusing.heard
