"""The store on a real database."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest

from services.ingest.messages.readings import Decoded, Reading, Silence
from services.ingest.store.heartbeat import begin_session, note_session, tick_idle_sources
from services.ingest.store.store import Store
from shared.database import connect
from shared.errors import StorageError
from tests.databases import wait_until_blocked
from tests.integration.ingest.stores import store_on
from tests.unit.ingest.messages import NOW_US, envelope

SECOND = 1_000_000
DAY = 86_400 * SECOND
NOW = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=NOW_US)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with connect(database_url, application="test") as connection:
        yield store_on(connection)


def reading(
    observed_us: int = NOW_US, device: str = "d", texts=(), historical: bool = False, **values: float
) -> Reading:
    return Reading(
        "bellwether/v1/p",
        "json",
        device,
        observed_us,
        historical,
        tuple(values),
        np.array(list(values.values())),
        texts,
    )


def message(*readings: Reading, at_us: int = NOW_US, **more) -> Decoded:
    return Decoded(envelope("bellwether/v1/p/d", b"body", at_us=at_us), readings, alive=True, **more)


def samples(conn: psycopg.Connection) -> list[tuple]:
    return conn.execute(
        "SELECT name, metric, (extract(epoch FROM observed_at) * 1000000)::bigint, value, quality FROM samples"
        " JOIN series USING (series_id) JOIN devices USING (device_id) ORDER BY 1, 2, 3"
    ).fetchall()


def changes(conn: psycopg.Connection) -> list[tuple]:
    return conn.execute(
        "SELECT metric, range_from, range_through FROM changed_ranges JOIN series USING (series_id) ORDER BY change_id"
    ).fetchall()


def test_a_batch_is_stored_with_what_it_changes(store, conn):
    store.write([message(reading(a=1.5, b=-2.0)), message(reading(NOW_US + SECOND, a=2.5))])
    assert samples(conn) == [
        ("d", "a", NOW_US, 1.5, 192), ("d", "a", NOW_US + SECOND, 2.5, 192), ("d", "b", NOW_US, -2.0, 192),
    ]  # fmt: skip
    assert changes(conn) == [("a", NOW, NOW + timedelta(seconds=1)), ("b", NOW, NOW)]


def test_the_same_batch_again_stores_and_changes_nothing(store, conn):
    batch = [message(reading(a=1.0)), message(reading(NOW_US + SECOND, a=2.0, texts=(("state", "RUN"),)))]
    store.write(batch)
    store.write(batch)
    store.write(batch)
    assert len(samples(conn)) == 2
    assert len(changes(conn)) == 2
    assert (store.stored, store.repeated) == (3, 6)
    assert conn.execute("SELECT count(*) FROM samples_text").fetchone() == (1,)


def test_after_a_repeat_new_samples_go_on_being_stored(store, conn):
    store.write([message(reading(a=1.0))])
    store.write([message(reading(a=1.0)), message(reading(NOW_US + SECOND, a=2.0))])
    store.write([message(reading(NOW_US + 2 * SECOND, a=3.0))])
    store.write([message(reading(NOW_US + 3 * SECOND, a=4.0))])
    assert [value for *_, value, _ in samples(conn)] == [1.0, 2.0, 3.0, 4.0]


def test_of_two_values_for_one_instant_the_first_received_stays(store, conn):
    store.write([message(reading(a=1.0)), message(reading(a=np.nan)), message(reading(a=3.0))])
    assert samples(conn) == [("d", "a", NOW_US, 1.0, 192)]


def test_late_and_out_of_order_samples_give_the_same_rows(store, conn):
    times = [3, 1, 2, 40, 0]
    for days in times:
        store.write([message(reading(NOW_US - days * DAY, a=float(days)))])
    assert [(at, value) for _, _, at, value, _ in samples(conn)] == [
        (NOW_US - days * DAY, float(days)) for days in sorted(times, reverse=True)
    ]
    assert conn.execute("SELECT observed_through FROM sources").fetchone() == (NOW,)


def test_no_value_is_null_with_quality_0(store, conn):
    store.write([message(reading(a=np.nan, b=1.0))])
    assert samples(conn) == [("d", "a", NOW_US, None, 0), ("d", "b", NOW_US, 1.0, 192)]


def test_texts_and_great_integers_live_in_their_own_table(store, conn):
    store.write([message(reading(texts=(("state", "RUN"), ("counter", -(10**30) + 1))))])
    rows = conn.execute(
        "SELECT metric, text_value, integer_value FROM samples_text JOIN series USING (series_id) ORDER BY metric"
    ).fetchall()
    assert rows == [("counter", None, -(10**30) + 1), ("state", "RUN", None)]


def test_no_value_of_a_text_ends_the_text_also_for_a_store_that_starts_anew(store, conn, database_url):
    store.write([message(reading(texts=(("state", "RUN"),)))])
    with connect(database_url, application="test") as other:
        store_on(other).write([message(reading(NOW_US + SECOND, state=np.nan))])
    assert conn.execute("SELECT text_value, quality FROM samples_text ORDER BY observed_at").fetchall() == [
        ("RUN", 192), (None, 0),
    ]  # fmt: skip
    assert samples(conn) == []


def test_a_dead_letter_keeps_topic_bytes_reason_and_time(store, conn):
    refused = Decoded(envelope("t\ud800", b"\x00\xff", retained=True), reason="bad \x00")
    store.write([message(reading(a=1.0)), refused])
    rows = conn.execute("SELECT topic, payload, qos, retained, reason, received_at FROM dead_letters").fetchall()
    assert rows == [("t\\ud800", b"\x00\xff", 1, True, "bad \\x00", NOW)]
    assert len(samples(conn)) == 1


def test_a_message_that_the_database_refuses_becomes_a_dead_letter_and_the_others_are_stored(store, conn):
    good = [message(reading(NOW_US + n * SECOND, a=float(n))) for n in range(5)]
    poison = message(reading(**{"no\x00name": 1.0}))
    outcome = store.write([*good[:3], poison, *good[3:]])
    assert len(samples(conn)) == 5
    assert [d.reason is not None for d in outcome] == [False, False, False, True, False, False]
    ((reason,),) = conn.execute("SELECT reason FROM dead_letters").fetchall()
    assert "the database refuses it" in reason


def test_a_lost_connection_stores_nothing_and_says_so(store, conn):
    conn.execute("SELECT pg_terminate_backend(%s)", [store.conn.info.backend_pid])
    with pytest.raises(StorageError):
        store.write([message(reading(a=1.0))])
    assert samples(conn) == []


def test_a_schema_that_is_not_ours_makes_no_dead_letters_and_a_rollback_forgets_new_series(store, conn):
    conn.execute("ALTER TABLE dead_letters RENAME TO elsewhere")
    conn.commit()
    with pytest.raises(StorageError):
        store.write([Decoded(envelope("t", b""), reason="x")._replace(readings=(reading(a=1.0),))])
    conn.execute("ALTER TABLE elsewhere RENAME TO dead_letters")
    conn.commit()
    store.write([message(reading(a=1.0))])
    assert samples(conn) == [("d", "a", NOW_US, 1.0, 192)]


def test_a_reader_of_two_tables_and_a_batch_that_needs_room_in_both_do_not_block_each_other_for_good(
    store, conn, database_url
):
    conn.execute("SELECT count(*) FROM samples_text").fetchone()
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(store.write, [message(reading(a=1.0, texts=(("state", "RUN"),)))])
        wait_until_blocked(database_url, store.conn, unless=written.done)
        conn.execute("SELECT count(*) FROM samples").fetchone()
        conn.commit()
        written.result(timeout=10)
    assert samples(conn) == [("d", "a", NOW_US, 1.0, 192)]


def presence(conn: psycopg.Connection) -> tuple:
    """Of the one source: received_at and observed_through in seconds since NOW, and whether it is alive."""
    query = "SELECT extract(epoch FROM received_at - %(now)s)::int, extract(epoch FROM observed_through - %(now)s)::int"
    row = conn.execute(f"{query}, alive FROM sources", {"now": NOW}).fetchone()
    conn.commit()
    assert row is not None
    return row


def test_a_source_remembers_its_newest_time_and_when_that_was_received(store, conn):
    store.write([message(reading(NOW_US - SECOND, a=1.0))])
    assert presence(conn) == (0, -1, True)
    assert conn.execute("SELECT protocol, first_seen_at FROM sources").fetchall() == [("json", NOW)]
    store.write([message(reading(NOW_US + SECOND, a=1.0), at_us=NOW_US + 2 * SECOND)])
    assert presence(conn) == (2, 1, True)


def test_data_older_than_the_newest_and_deaths_say_only_whether_the_source_is_alive(store, conn):
    store.write([message(reading(a=1.0))])
    death = Decoded(
        envelope("t", b"", at_us=NOW_US + SECOND), silences=(Silence("bellwether/v1/p", None, None),), alive=False
    )
    store.write([death])
    assert presence(conn) == (0, 0, False)
    store.write([message(reading(NOW_US - DAY, a=1.0), reading(a=1.0), at_us=NOW_US + 5 * SECOND)])
    assert presence(conn) == (0, 0, True)


def test_a_source_that_is_heard_before_it_tells_a_time_starts_with_its_first_time(store, conn):
    conn.execute("INSERT INTO sources (topic_prefix) VALUES ('bellwether/v1/p')")
    conn.commit()
    silence = Silence("bellwether/v1/p", None, None)
    store.write([Decoded(envelope("t", b""), silences=(silence,), alive=False)])
    assert presence(conn) == (0, None, False)
    store.write([message(reading(NOW_US - DAY, a=1.0), at_us=NOW_US + SECOND)])
    assert presence(conn) == (1, -86_400, True)


def test_history_loaded_behind_a_silent_source_does_not_hold_its_event_time_up(store, conn):
    store.write([message(reading(a=1.0))])
    hour = timedelta(hours=1)
    store.write([message(reading(NOW_US - DAY, a=1.0), at_us=NOW_US + 3600 * SECOND - SECOND)])
    assert tick_idle_sources(conn, NOW, NOW + hour) == 1
    assert conn.execute("SELECT observed_at FROM ticks").fetchall() == [(NOW + hour,)]


def test_a_source_known_from_records_keeps_its_row(store, conn):
    conn.execute("INSERT INTO sources (topic_prefix) VALUES ('bellwether/v1/p')")
    conn.commit()
    store.write([message(reading(a=1.0))])
    assert conn.execute("SELECT protocol, first_seen_at FROM sources").fetchall() == [("json", NOW)]


def test_a_death_ends_every_series_of_the_source_on_its_own_clock(store, conn):
    store.write(
        [message(reading(NOW_US - 900 * DAY, a=1.0, texts=(("state", "RUN"),)), reading(NOW_US, "other", b=1.0))]
    )
    conn.execute("UPDATE sources SET observed_through = %s", [NOW - timedelta(days=900)])
    conn.commit()
    death = Decoded(
        envelope("t", b"", at_us=NOW_US + 60 * SECOND), silences=(Silence("bellwether/v1/p", None, None),), alive=False
    )
    store.write([death])
    at = NOW_US - 900 * DAY + 60 * SECOND
    assert [row for row in samples(conn) if row[3] is None] == [("d", "a", at, None, 0), ("other", "b", at, None, 0)]
    assert conn.execute("SELECT text_value, quality FROM samples_text ORDER BY observed_at").fetchall()[-1] == (None, 0)
    assert conn.execute("SELECT alive FROM sources").fetchone() == (False,)


def test_a_devices_death_ends_only_its_own_series(store, conn):
    store.write([message(reading(a=1.0), reading(NOW_US, "other", b=1.0))])
    silence = Silence("bellwether/v1/p", "other", NOW_US + SECOND)
    store.write([Decoded(envelope("t", b""), silences=(silence,))])
    assert [row for row in samples(conn) if row[3] is None] == [("other", "b", NOW_US + SECOND, None, 0)]


def test_nothing_ends_of_a_source_that_said_nothing_before(store, conn):
    silence = Silence("bellwether/v1/p", None, NOW_US - 1)
    store.write([message(reading(a=1.0), silences=(silence,))])
    assert [value for *_, value, _ in samples(conn)] == [1.0]


def test_a_birth_right_after_a_death_is_not_ended_by_it(store, conn):
    store.write([message(reading(a=1.0))])
    death = Decoded(
        envelope("t", b"", at_us=NOW_US + SECOND), silences=(Silence("bellwether/v1/p", None, None),), alive=False
    )
    store.write([death, message(reading(NOW_US + 2 * SECOND, a=2.0), at_us=NOW_US + 2 * SECOND)])
    assert [value for *_, value, _ in samples(conn)] == [1.0, None, 2.0]
    assert conn.execute("SELECT alive FROM sources").fetchone() == (True,)


def test_units_that_a_device_gives_are_noted(store, conn):
    store.write([message(reading(a=1.0))])
    store.write([message(reading(NOW_US + SECOND, a=1.0)._replace(units=(("a", "degC"),)))])
    assert conn.execute("SELECT unit FROM series").fetchall() == [("degC",)]


def test_an_idle_source_gets_ticks_after_the_grace_and_a_busy_one_none(store, conn):
    store.write([message(reading(NOW_US - 900 * DAY, a=1.0))])
    conn.execute("UPDATE sources SET observed_through = %s", [NOW - timedelta(days=900)])
    minutes = [timedelta(minutes=m) for m in (0, 9, 10, 12, 13)]
    counts = [tick_idle_sources(conn, NOW, NOW + m) for m in minutes]
    assert counts == [0, 0, 0, 1, 1]
    ticks = conn.execute("SELECT observed_at, received_at FROM ticks ORDER BY tick_id").fetchall()
    assert ticks[0] == (NOW - timedelta(days=900) + timedelta(minutes=12), NOW + timedelta(minutes=12))
    conn.execute("UPDATE sources SET received_at = %s", [NOW + timedelta(minutes=14)])
    assert tick_idle_sources(conn, NOW, NOW + timedelta(minutes=14, seconds=59)) == 0


def test_a_session_says_from_when_until_when_ingest_listened(conn):
    session = begin_session(conn, NOW)
    note_session(conn, session, NOW + timedelta(seconds=10))
    rows = conn.execute("SELECT session_id, started_at, seen_at FROM ingest_sessions").fetchall()
    assert rows == [(session, NOW, NOW + timedelta(seconds=10))]
