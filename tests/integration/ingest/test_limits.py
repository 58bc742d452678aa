"""What one source may make ingest keep: series, dead letters, memory."""

from collections.abc import Iterator

import psycopg
import pytest

from services.ingest.commands.dead_letters import list_dead_letters
from services.ingest.messages.readings import Decoded
from services.ingest.store.catalogue import Catalogue
from shared.database import connect
from tests.integration.ingest.messages import NOW, NOW_US, SECOND, message, reading
from tests.integration.ingest.stores import store_on
from tests.unit.ingest.messages import envelope


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with connect(database_url, application="test") as connection:
        yield connection


def value(conn: psycopg.Connection, query: str) -> object:
    row = conn.execute(query).fetchone()
    conn.commit()
    return row and row[0]


def test_a_device_that_invents_metrics_fills_no_catalogue_and_its_known_series_go_on(connection, conn):
    store = store_on(connection, series_per_source=3)
    store.write([message(reading(a=1.0, b=1.0))])
    outcome = store.write([message(reading(NOW_US + n * SECOND, **{f"invented{n}": 1.0})) for n in range(5)])
    assert [d.reason is None for d in outcome] == [True, False, False, False, False]
    store.write([message(reading(NOW_US + 9 * SECOND, a=2.0, b=2.0))])
    assert value(conn, "SELECT count(*) FROM series") == 3
    assert value(conn, "SELECT count(*) FROM samples") == 5
    assert all("has 3 series of the 3" in letter.reason for letter in list_dead_letters(conn))
    assert len(list_dead_letters(conn)) == 4


def test_a_store_that_starts_anew_counts_what_is_there(connection, conn, database_url):
    store_on(connection, series_per_source=2).write([message(reading(a=1.0), reading(device="e", a=1.0))])
    with connect(database_url, application="test") as other:
        store = store_on(other, series_per_source=2)
        told = store.write([message(reading(b=1.0)), message(reading(NOW_US + SECOND, a=1.0))])
        assert [d.reason is None for d in told] == [False, True]
        another = message(reading(source="bellwether/v1/q", a=1.0, b=1.0))
        assert store.write([another])[0].reason is None
    assert value(conn, "SELECT count(*) FROM series") == 4


def test_readings_of_nothing_make_a_source_known_and_no_devices(connection, conn):
    store_on(connection).write([message(*(reading(device=f"invented{n}") for n in range(50)))])
    assert value(conn, "SELECT count(*) FROM devices") == 0
    assert value(conn, "SELECT alive FROM sources") is True


def test_prefixes_that_somebody_invents_are_refused_beyond_a_thousand_a_day(connection, conn):
    store = store_on(connection)
    store.write([message(reading(source=f"bellwether/v1/{n}", a=1.0)) for n in range(1_005)])
    assert value(conn, "SELECT count(*) FROM sources") == 1_000
    assert value(conn, "SELECT count(*) FROM dead_letters") == 5
    assert store.write([message(reading(NOW_US + SECOND, source="bellwether/v1/7", a=1.0))])[0].reason is None


def test_devices_that_spoke_long_ago_make_room_in_memory_and_keep_their_series(connection):
    catalogue = Catalogue(10_000, cached_series=8)
    series: dict[int, set[int]] = {}
    for n in range(30):
        spoken = reading(NOW_US + n * SECOND, device=f"d{n % 10}", a=1.0, b=1.0, texts=(("c", "RUN"),))
        with connection.transaction():
            catalogue.enter(connection, [message(spoken)], NOW)
        series.setdefault(n % 10, set()).update(catalogue.device(spoken).series.values())
        assert catalogue.devices <= 4
    assert [len(found) for found in series.values()] == [3] * 10


def refused(topic: str, size: int, at_us: int = NOW_US) -> Decoded:
    return Decoded(envelope(topic, bytes(size), at_us=at_us), reason="unreadable")


def test_dead_letters_stay_within_their_bound_and_the_stream_goes_on(connection, conn, capsys):
    store = store_on(connection, dead_letters_mb=1)
    for n in range(40):
        store.write([refused(f"plant/{n}/x", 100_000), message(reading(NOW_US + n * SECOND, a=1.0))])
    kept = value(conn, "SELECT count(*) FROM dead_letters")
    assert kept == 9
    assert value(conn, "SELECT count(*) FROM samples") == 40
    assert "messages that were refused are LOST" in capsys.readouterr().out


def test_deleted_dead_letters_leave_room_for_others(connection, conn):
    store = store_on(connection, dead_letters_mb=1)
    full = [refused(f"plant/{n}/x", 100_000) for n in range(20)]
    store.write(full)
    conn.execute("DELETE FROM dead_letters")
    conn.commit()
    store.write([refused("plant/a/x", 100_000, NOW_US + 61 * SECOND)])
    assert value(conn, "SELECT count(*) FROM dead_letters") == 1


def test_what_one_topic_may_not_keep_others_still_may(connection, conn):
    store = store_on(connection, dead_letters_mb=16)
    store.write([*(refused("plant/greedy/x", 300_000) for _ in range(9)), refused("plant/modest/x", 300_000)])
    assert conn.execute("SELECT topic, count(*) FROM dead_letters GROUP BY 1 ORDER BY 1").fetchall() == [
        ("plant/greedy/x", 3), ("plant/modest/x", 1),
    ]  # fmt: skip
