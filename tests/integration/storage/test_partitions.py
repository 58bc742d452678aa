"""Writers make the partitions that they need, any number of writers at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import psycopg

from shared.database import connect
from shared.migrations import engine_of, ensure_partitions
from shared.migrations.engines import time_parts
from tests.databases import wait_until_blocked

START = datetime(2026, 3, 1, tzinfo=UTC)


def test_writers_that_need_the_same_partition_make_it_once(database_url: str) -> None:
    ready = Barrier(4)

    def write(series_id: int) -> None:
        with connect(database_url, application="test") as conn:
            ready.wait()
            ensure_partitions(conn, "samples", START, START + timedelta(days=100))
            conn.execute("INSERT INTO samples VALUES (%s, %s, now(), 5, 192, false)", [series_id, START])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    with connect(database_url, application="test") as conn:
        assert conn.execute("SELECT count(*) FROM samples").fetchone() == (4,)
        made = [part.start for part in time_parts(conn, "samples") if part.start is not None]
        assert len(made) == (4 if engine_of(conn) == "postgresql" else 1)


def test_readers_go_on_while_a_partition_is_made(database_url: str, conn: psycopg.Connection) -> None:
    ensure_partitions(conn, "samples", START, START)
    conn.execute("INSERT INTO samples VALUES (1, %s, now(), 5, 192, false)", [START])
    conn.commit()
    with connect(database_url, application="writer") as writer:
        ensure_partitions(writer, "samples", START.replace(year=2027), START.replace(year=2027))
        conn.execute("SET lock_timeout = '1s'")
        seen = conn.execute(
            "SELECT value FROM samples WHERE observed_at >= %s AND observed_at < %s",
            [START, START + timedelta(days=1)],
        ).fetchall()
    assert seen == [(5.0,)]


def test_who_has_read_one_table_can_make_room_in_another_while_the_first_gets_a_partition(
    database_url: str, conn: psycopg.Connection
) -> None:
    conn.execute("SELECT count(*) FROM samples").fetchone()
    with ThreadPoolExecutor(1) as pool, connect(database_url, application="writer") as writer:
        made = pool.submit(ensure_partitions, writer, "samples", START, START)
        wait_until_blocked(database_url, writer, unless=made.done)
        ensure_partitions(conn, "rollups_1h", START, START)
        conn.commit()
        made.result(timeout=10)
        writer.commit()


def test_fifteen_years_make_a_bounded_number_of_partitions(conn: psycopg.Connection) -> None:
    for table in ("samples", "rollups_1h"):
        ensure_partitions(conn, table, START, START + timedelta(days=15 * 365))
    assert len(time_parts(conn, "samples")) <= 182
    assert len(time_parts(conn, "rollups_1h")) <= 17
