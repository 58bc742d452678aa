"""Replaying dead letters where the broker has rules: as one who may, and as ingest, who may not."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from deploy.broker_access.grants import access
from deploy.broker_access.mosquitto_file import mosquitto_file, mosquitto_refuses
from services.ingest.commands.dead_letters import list_dead_letters, replay
from shared.errors import BrokerError
from shared.settings import BrokerSettings
from tests.integration.broker_access.brokers import Client, mosquitto

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TOPIC = "bellwether/v1/malmo/pump"

pytestmark = pytest.mark.needs_broker


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    rules = access(
        [],
        host_id="bellwether",
        ingest_name="ingest",
        replay_name="replayer",
        telemetry=("bellwether/v1/#",),
        refuses=mosquitto_refuses,
    )
    (tmp_path / "rules").write_text(mosquitto_file(rules))
    with mosquitto(tmp_path / "rules", {"ingest": "one", "replayer": "two"}) as started:
        yield started


@pytest.fixture
def letter(conn: psycopg.Connection) -> int:
    row = conn.execute(
        "INSERT INTO dead_letters (received_at, topic, payload, qos, retained, reason)"
        " VALUES (%s, %s, '', 1, false, 'x') RETURNING dead_letter_id",
        [NOW, TOPIC],
    ).fetchone()
    assert row is not None
    conn.commit()
    return int(row[0])


def test_what_the_broker_refuses_is_not_marked_as_replayed(conn, port, letter):
    settings = BrokerSettings(broker_url=f"mqtt://ingest:one@127.0.0.1:{port}")
    with pytest.raises(BrokerError, match=r"refuses dead letter .* --replay-user"):
        replay(conn, [letter], settings, NOW)
    assert [one.dead_letter_id for one in list_dead_letters(conn)] == [letter]


def test_who_may_publish_telemetry_replays_it_to_ingest(conn, port, letter):
    ingest = Client(port, "ingest", "one")
    ingest.subscribe("bellwether/v1/#")
    assert replay(conn, [letter], BrokerSettings(broker_url=f"mqtt://replayer:two@127.0.0.1:{port}"), NOW) == 1
    assert ingest.wait_for(TOPIC) == [TOPIC]
    assert list_dead_letters(conn) == []
    ingest.close()
