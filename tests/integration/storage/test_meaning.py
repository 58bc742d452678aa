"""From message to rollup: how long what a device said is known, and what its counter made."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from services.health.data_manipulation.roll_up import ChangedRange, roll_up
from services.ingest.decoding.decoder import Decoder
from services.ingest.messages.readings import Decoded, Silence
from services.ingest.store.store import Store
from shared.database import connect
from tests.integration.ingest.stores import store_on
from tests.telemetry_rows import rollups
from tests.unit.ingest.messages import NOW_MS, NOW_US, envelope

START = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=NOW_US // 3_600_000_000 * 3_600_000_000)
START_MS = NOW_MS // 3_600_000 * 3_600_000
TOPIC = "bellwether/v1/mill/saw"
PREFIX, DEVICE = "bellwether/v1/mill", "saw"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with connect(database_url, application="test") as connection:
        yield store_on(connection)


def said(minutes: float, **values: object) -> Decoded:
    at_ms = START_MS + round(minutes * 60_000)
    decoded = Decoder().decode(envelope(TOPIC, {"timestamp": at_ms, "values": values}, at_us=at_ms * 1000))
    assert decoded.reason is None, decoded.reason
    return decoded


def died(minutes: float) -> Decoded:
    at_us = START_MS * 1000 + round(minutes * 60_000_000)
    return Decoded(envelope(TOPIC, b"", at_us=at_us), silences=(Silence(PREFIX, DEVICE, at_us),), alive=False)


def declare(conn: psycopg.Connection, metric: str, hold_minutes: float, max_per_hour: float | None = None) -> None:
    conn.execute(
        "WITH kind AS (INSERT INTO asset_types (record_source, external_id, name) VALUES ('test', 'saw', 'saw')"
        " RETURNING asset_type_id), asset AS (INSERT INTO assets (record_source, external_id, asset_type_id, name)"
        " SELECT 'test', 'saw', asset_type_id, 'saw' FROM kind RETURNING asset_id), meant AS (INSERT INTO metrics"
        " (asset_type_id, name, unit, role, sampling, max_hold_s, max_per_hour)"
        " SELECT asset_type_id, %s, '1', 'production_count', 'on_change', %s, %s FROM kind)"
        " INSERT INTO bindings (device_id, valid_from, asset_id) SELECT device_id, '-infinity', asset_id"
        " FROM devices, asset",
        [metric, 60 * hold_minutes, max_per_hour],
    )


def known_minutes(conn: psycopg.Connection) -> dict[int, tuple[float, float | None]]:
    """Hour after the start to the minutes of it that are covered, and the increase; of the one series there is."""
    (series_id,) = conn.execute("SELECT series_id FROM series").fetchone() or (0,)
    ranges = conn.execute("DELETE FROM changed_ranges RETURNING series_id, range_from, range_through").fetchall()
    roll_up(conn, [ChangedRange(series_id=s, range_from=first, range_through=last) for s, first, last in ranges])
    found = rollups(conn, "rollups_1h", series_id)
    return {(bucket - START) // timedelta(hours=1): (row[-1] / 60, row[5]) for bucket, row in found.items()}


def test_a_value_by_exception_holds_until_its_session_dies(conn: psycopg.Connection, store: Store) -> None:
    store.write([said(0, count=10)])
    declare(conn, "count", hold_minutes=240)
    assert known_minutes(conn) == {0: (60, 0), 1: (60, 0), 2: (60, 0), 3: (60, 0)}
    store.write([died(90)])
    assert known_minutes(conn) == {0: (60, 0), 1: (30, 0)}


def test_without_a_word_of_its_end_it_holds_for_its_greatest_hold_and_no_longer(
    conn: psycopg.Connection, store: Store
) -> None:
    store.write([said(0, count=10)])
    declare(conn, "count", hold_minutes=90)
    assert known_minutes(conn) == {0: (60, 0), 1: (30, 0)}


def test_null_ends_a_value_and_the_next_one_begins_anew(conn: psycopg.Connection, store: Store) -> None:
    store.write([said(0, count=10), said(15, count=None), said(45, count=12)])
    declare(conn, "count", hold_minutes=15)
    assert known_minutes(conn) == {0: (30, 0)}


def test_what_was_made_while_a_session_was_dead_is_nobodys_until_its_history_comes(
    conn: psycopg.Connection, store: Store
) -> None:
    store.write([said(0, count=10), said(5, count=15), died(10), said(130, count=115)])
    declare(conn, "count", hold_minutes=30, max_per_hour=60)
    assert known_minutes(conn) == {0: (10, 5), 2: (30, 0)}
    store.write([said(minutes, count=15 + round(100 * (minutes - 10) / 120)) for minutes in range(11, 130, 20)])
    assert known_minutes(conn) == {0: (59, 38), 1: (60, 50), 2: (40, 16)}
