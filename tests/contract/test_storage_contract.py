"""One schema and one set of queries on both engines."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.errors import UniqueViolation

from services.health.data_manipulation.retention import Retention, drop_expired
from services.health.data_manipulation.roll_up import UNASSIGNED_HOLD_S, roll_up
from shared.migrations import engine_of, ensure_partitions, ensure_partitions_for, migrate
from shared.migrations.engines import TIME_TABLES, time_parts
from tests.rollup_oracle import expected
from tests.telemetry_rows import add_series, assign, observed, rollups, store

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WIDTHS = {"rollups_1m": timedelta(minutes=1), "rollups_1h": HOUR, "rollups_1d": DAY}


def hourly(start: datetime, hours: int) -> dict[datetime, float | None]:
    return {start + n * HOUR: float(n % 5) for n in range(hours)}


def stored(conn: psycopg.Connection, series_id: int) -> dict[datetime, float | None]:
    rows = conn.execute("SELECT observed_at, value FROM samples WHERE series_id = %s", [series_id])
    return dict(rows.fetchall())


def assert_rolled_up(conn: psycopg.Connection, series_id: int, samples: dict[datetime, float | None]) -> None:
    for table, width in WIDTHS.items():
        wanted = expected(samples, timedelta(seconds=UNASSIGNED_HOLD_S), width, held=table != "rollups_1m")
        found = rollups(conn, table, series_id)
        assert sorted(found) == sorted(wanted), table
        assert all(found[bucket] == pytest.approx(row, nan_ok=True) for bucket, row in wanted.items()), table


def test_migrations_lay_the_tables_out_as_the_engine_wants_them(conn: psycopg.Connection, engine: str) -> None:
    assert engine_of(conn) == engine.removesuffix("-server")
    if engine != "postgresql":
        hypertables = conn.execute(
            "SELECT hypertable_name FROM timescaledb_information.hypertables WHERE compression_enabled"
        )
        assert {name for (name,) in hypertables} == set(TIME_TABLES)


def test_migrating_again_changes_nothing(contract_url: str) -> None:
    migrate(contract_url)


def test_a_sample_is_known_by_its_series_and_time(conn: psycopg.Connection) -> None:
    series_id = add_series(conn)
    store(conn, series_id, {START: 1.0})
    with pytest.raises(UniqueViolation), conn.transaction():
        conn.execute(
            "INSERT INTO samples (series_id, observed_at, received_at, value, quality, historical)"
            " VALUES (%s, %s, now(), 2, 192, false)",
            [series_id, START],
        )
    assert stored(conn, series_id) == {START: 1.0}


def test_a_repeated_message_stores_nothing_twice(conn: psycopg.Connection) -> None:
    series_id = add_series(conn)
    store(conn, series_id, {START: 1.0, START + HOUR: 2.0})
    store(conn, series_id, {START: 9.0, START + 2 * HOUR: 3.0})
    assert stored(conn, series_id) == {START: 1.0, START + HOUR: 2.0, START + 2 * HOUR: 3.0}


def test_text_and_large_integers_are_stored_exactly(conn: psycopg.Connection) -> None:
    ensure_partitions(conn, "samples_text", START, START + HOUR)
    with conn.cursor() as cur:
        cur.executemany(
            "INSERT INTO samples_text (series_id, observed_at, received_at, text_value, integer_value, quality,"
            " historical) VALUES (1, %s, now(), %s, %s, 192, false)",
            [(START, "RUN: läuft", None), (START + HOUR, None, 2**64 - 1)],
        )
    rows = conn.execute("SELECT text_value, integer_value FROM samples_text ORDER BY observed_at").fetchall()
    assert rows == [("RUN: läuft", None), (None, 2**64 - 1)]


def test_rollups_are_time_weighted_whatever_the_order_of_arrival(conn: psycopg.Connection) -> None:
    series_id = add_series(conn)
    samples = hourly(START, 60) | {START + 70 * HOUR: None, START + 75 * HOUR: 4.0}
    batches = [dict(list(samples.items())[n::3]) for n in (2, 0, 1)]
    for batch in batches:
        roll_up(conn, [store(conn, series_id, batch)])
    assert_rolled_up(conn, series_id, samples)


def test_any_time_between_the_years_1_and_9999_can_be_stored(conn: psycopg.Connection) -> None:
    series_id = add_series(conn)
    lost: dict[datetime, float | None] = {
        datetime(1, 1, 3, tzinfo=UTC): 1.0,
        datetime(1970, 1, 1, tzinfo=UTC): 2.0,
        datetime(9998, 1, 1, tzinfo=UTC): 3.0,
    }
    store(conn, series_id, lost)
    assert stored(conn, series_id) == lost
    assert len(time_parts(conn, "samples")) <= 3


def test_scattered_times_make_room_for_themselves_alone(conn: psycopg.Connection) -> None:
    ensure_partitions_for(conn, "samples", [(START, START), (START.replace(year=2013), START.replace(year=2013))])
    assert len(time_parts(conn, "samples")) <= 3


def test_rows_written_without_room_made_for_them_move_when_it_is_made(conn: psycopg.Connection) -> None:
    conn.execute("INSERT INTO samples VALUES (1, %s, now(), 5, 192, false)", [START])
    ensure_partitions(conn, "samples", START, START)
    ensure_partitions(conn, "samples", START, START)
    assert stored(conn, 1) == {START: 5.0}


def test_a_time_zone_does_not_move_a_sample_to_another_month(conn: psycopg.Connection) -> None:
    conn.execute("SET timezone = 'Pacific/Auckland'")
    edge = datetime(2026, 3, 31, 23, 59, tzinfo=UTC)
    series_id = add_series(conn)
    roll_up(conn, [store(conn, series_id, {edge: 1.0, edge + timedelta(minutes=2): 2.0})])
    conn.execute("SET timezone = 'UTC'")
    assert_rolled_up(conn, series_id, {edge: 1.0, edge + timedelta(minutes=2): 2.0})


def test_old_rows_are_compressed_and_late_ones_still_find_their_place(conn: psycopg.Connection, engine: str) -> None:
    series_id = add_series(conn)
    old = datetime(2020, 6, 1, tzinfo=UTC)
    samples = hourly(old, 200)
    roll_up(conn, [store(conn, series_id, samples)])
    conn.commit()
    if engine != "postgresql":
        compress(conn)
    store(conn, series_id, dict.fromkeys(samples, 99.0))
    late: dict[datetime, float | None] = {old + timedelta(minutes=30): 7.0}
    roll_up(conn, [store(conn, series_id, late)])
    assert stored(conn, series_id) == samples | late
    assert_rolled_up(conn, series_id, samples | late)


def compress(conn: psycopg.Connection) -> None:
    """Run the compression policies as the server's own scheduler would, and see that they did something."""
    jobs = conn.execute(
        "SELECT job_id FROM timescaledb_information.jobs"
        " WHERE proc_name IN ('policy_compression', 'policy_columnstore')"
    ).fetchall()
    assert len(jobs) == len(TIME_TABLES)
    conn.commit()
    conn.autocommit = True
    for (job_id,) in jobs:
        conn.execute("CALL run_job(%s)", [job_id])
    conn.autocommit = False
    compressed = conn.execute("SELECT DISTINCT hypertable_name FROM timescaledb_information.chunks WHERE is_compressed")
    assert {name for (name,) in compressed} >= {"samples", "rollups_1m", "rollups_1h"}


def test_retention_drops_what_its_source_has_let_go_of(conn: psycopg.Connection, engine: str) -> None:
    series_id = add_series(conn)
    assign(conn, series_id)
    old, recent = datetime(2020, 6, 1, tzinfo=UTC), datetime(2020, 12, 1, tzinfo=UTC)
    samples = hourly(old, 48) | hourly(recent, 48)
    roll_up(conn, [store(conn, series_id, samples)])
    observed(conn, series_id, recent + 2 * DAY, assessed=True)
    conn.commit()
    if engine != "postgresql":
        compress(conn)
    assert drop_expired(conn, Retention())
    assert stored(conn, series_id) == hourly(recent, 48)
    roll_up(conn, [store(conn, series_id, {old + timedelta(minutes=30): 1e6})])
    hours = rollups(conn, "rollups_1h", series_id)
    wanted = expected(samples, timedelta(seconds=UNASSIGNED_HOLD_S), HOUR)
    assert sorted(hours) == sorted(wanted)
    assert all(hours[bucket] == pytest.approx(row, nan_ok=True) for bucket, row in wanted.items())
