"""Rollups of changed buckets are those of a slow and obvious walk through all samples, in whatever order they came."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from services.health.data_manipulation.roll_up import UNASSIGNED_HOLD_S, ChangedBuckets, ChangedRange, roll_up
from tests.rollup_oracle import expected
from tests.telemetry_rows import add_series, rollups, store

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
WIDTHS = {"rollups_1m": timedelta(minutes=1), "rollups_1h": HOUR, "rollups_1d": timedelta(days=1)}
UNASSIGNED_HOLD = timedelta(seconds=UNASSIGNED_HOLD_S)

Samples = dict[datetime, float | None]


def instants(within: timedelta) -> st.SearchStrategy[datetime]:
    """Some to the microsecond, many on the edges of minutes, hours and days."""
    return st.one_of(
        st.integers(0, within // timedelta(microseconds=1)).map(lambda us: START + timedelta(microseconds=us)),
        st.integers(0, within // timedelta(minutes=20)).map(lambda n: START + n * timedelta(minutes=20)),
    )


values = st.one_of(st.none(), st.floats(-1e9, 1e9), st.sampled_from([0.0, 1.0, 2.0]))
arrivals = st.lists(
    st.one_of(
        st.dictionaries(instants(timedelta(hours=30)), values, min_size=1, max_size=12),
        st.dictionaries(instants(timedelta(days=40)), values, min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=5,
)


def assert_rolled_up(conn: psycopg.Connection, series_id: int, samples: Samples, hold: timedelta) -> None:
    for table, width in WIDTHS.items():
        wanted = expected(samples, hold, width, held=table != "rollups_1m")
        found = rollups(conn, table, series_id)
        assert sorted(found) == sorted(wanted), table
        for bucket, row in wanted.items():
            assert found[bucket] == pytest.approx(row, rel=1e-9, abs=1e-6, nan_ok=True), (table, bucket)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=arrivals)
def test_late_and_disordered_arrival_gives_the_rollups_of_arrival_in_one_go(
    conn: psycopg.Connection, batches: list[Samples]
) -> None:
    with conn.transaction(force_rollback=True):
        series_id = add_series(conn)
        stored: Samples = {}
        for batch in batches:
            roll_up(conn, [store(conn, series_id, batch)])
            stored = batch | stored
            assert_rolled_up(conn, series_id, stored, UNASSIGNED_HOLD)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=arrivals)
def test_changes_of_many_series_are_rolled_up_together(conn: psycopg.Connection, batches: list[Samples]) -> None:
    with conn.transaction(force_rollback=True):
        series = [add_series(conn, f"metric {number}") for number in range(len(batches))]
        roll_up(conn, [store(conn, series_id, batch) for series_id, batch in zip(series, batches, strict=True)])
        for series_id, batch in zip(series, batches, strict=True):
            assert_rolled_up(conn, series_id, batch, UNASSIGNED_HOLD)


def test_what_was_touched_is_told_by_whole_hours(conn: psycopg.Connection) -> None:
    series_id = add_series(conn)
    touched = roll_up(conn, [store(conn, series_id, {START + timedelta(minutes=30): 1.0})])
    assert touched == [ChangedBuckets(series_id=series_id, start=START, end=START + 3 * HOUR)]


def test_no_changes_touch_nothing(conn: psycopg.Connection) -> None:
    assert roll_up(conn, []) == []


def describe_metric(
    conn: psycopg.Connection,
    series_id: int,
    valid_from: datetime,
    hold_s: float,
    *,
    rollover_at: float | None = None,
    max_per_hour: float | None = None,
) -> None:
    row = conn.execute(
        "INSERT INTO asset_types (record_source, external_id, name) VALUES ('test', %s, 'pump')"
        " RETURNING asset_type_id",
        [f"{valid_from} {hold_s}"],
    ).fetchone()
    assert row is not None
    conn.execute(
        "INSERT INTO metrics (asset_type_id, name, unit, role, sampling, max_hold_s, rollover_at, max_per_hour)"
        " SELECT %s, metric, '1', 'production_count', 'on_change', %s, %s, %s FROM series WHERE series_id = %s",
        [row[0], hold_s, rollover_at, max_per_hour, series_id],
    )
    conn.execute(
        "WITH asset AS (INSERT INTO assets (record_source, external_id, asset_type_id, name)"
        " VALUES ('test', %s, %s, 'pump') RETURNING asset_id)"
        " INSERT INTO bindings (device_id, valid_from, asset_id) SELECT device_id, %s, asset_id FROM series, asset"
        " WHERE series_id = %s",
        [f"{valid_from} {hold_s}", row[0], valid_from, series_id],
    )


def test_a_sample_holds_as_long_as_its_metric_says_at_that_time(conn: psycopg.Connection) -> None:
    series_id = add_series(conn)
    describe_metric(conn, series_id, START, 600.0)
    describe_metric(conn, series_id, START + 5 * HOUR, 60.0)
    roll_up(conn, [store(conn, series_id, {START - 5 * HOUR: 1.0, START: 2.0, START + 10 * HOUR: 3.0})])
    covered = {bucket: row[-1] for bucket, row in rollups(conn, "rollups_1h", series_id).items()}
    assert covered == {
        START - 5 * HOUR: 3600.0,
        START - 4 * HOUR: 3600.0,
        START: 600.0,
        START + 10 * HOUR: 60.0,
    }


def increases(conn: psycopg.Connection, series_id: int) -> dict[datetime, float]:
    return {bucket: row[5] for bucket, row in rollups(conn, "rollups_1h", series_id).items() if row[5]}


def test_a_counter_adds_what_it_counted_and_no_rollover_reset_or_jump(conn: psycopg.Connection) -> None:
    series_id = add_series(conn)
    describe_metric(conn, series_id, START - 5 * HOUR, 3600.0, rollover_at=65536, max_per_hour=100)
    describe_metric(conn, series_id, START + 10 * HOUR, 3600.0, rollover_at=65536, max_per_hour=100)
    counted: Samples = {
        START - HOUR: 65500.0,
        START: 65530.0,
        START + HOUR: 4.0,
        START + 2 * HOUR: 50.0,
        START + 3 * HOUR: 7.0,
        START + 5 * HOUR: 40.0,
        START + 6 * HOUR: 41.0,
        START + 6.5 * HOUR: None,
        START + 7 * HOUR: 48.0,
        START + 8 * HOUR: 5000.0,
        START + 9.5 * HOUR: 5001.0,
        START + 10 * HOUR: 5002.0,
    }
    roll_up(conn, [store(conn, series_id, counted)])
    added = {START: 30.0, START + HOUR: 10.0, START + 2 * HOUR: 46.0, START + 3 * HOUR: 7.0, START + 6 * HOUR: 1.0}
    assert increases(conn, series_id) == added
    assert rollups(conn, "rollups_1d", series_id)[START][5] == sum(added.values())
    roll_up(conn, [store(conn, series_id, {START + 4 * HOUR: 20.0})])
    assert increases(conn, series_id) == added | {START + 4 * HOUR: 13.0, START + 5 * HOUR: 20.0}
    roll_up(conn, [store(conn, series_id, {START + 4.5 * HOUR: None})])
    assert increases(conn, series_id) == added | {START + 4 * HOUR: 13.0}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=arrivals)
def test_a_counter_that_comes_late_and_disordered_adds_the_same_as_in_one_go(
    conn: psycopg.Connection, batches: list[Samples]
) -> None:
    with conn.transaction(force_rollback=True):
        series_id = add_series(conn)
        describe_metric(conn, series_id, START + 5 * HOUR, 3600.0, rollover_at=1e6, max_per_hour=1e7)
        for batch in batches:
            roll_up(conn, [store(conn, series_id, batch)])
        live = {table: rollups(conn, table, series_id) for table in WIDTHS}
        for table in WIDTHS:
            conn.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        first, last = min(min(batch) for batch in batches), max(max(batch) for batch in batches)
        roll_up(conn, [ChangedRange(series_id=series_id, range_from=first, range_through=last)])
        for table in WIDTHS:
            replayed = rollups(conn, table, series_id)
            assert sorted(live[table]) == sorted(replayed)
            for bucket, row in replayed.items():
                assert live[table][bucket] == pytest.approx(row, rel=1e-9, abs=1e-6, nan_ok=True), (table, bucket)


def test_hours_and_days_that_a_shorter_hold_no_longer_covers_go(conn: psycopg.Connection) -> None:
    series_id = add_series(conn)
    late = START + 23 * HOUR + timedelta(minutes=30)
    change = store(conn, series_id, {late: 1.0})
    roll_up(conn, [change])
    assert sorted(rollups(conn, "rollups_1d", series_id)) == [START, START + 24 * HOUR]
    describe_metric(conn, series_id, START, 60.0)
    roll_up(conn, [change])
    assert_rolled_up(conn, series_id, {late: 1.0}, timedelta(seconds=60))


def test_clocks_at_the_ends_of_time_are_rolled_up_where_they_say(conn: psycopg.Connection) -> None:
    series_id = add_series(conn)
    lost: Samples = {
        datetime(1, 1, 3, tzinfo=UTC): 1.0,
        datetime(1970, 1, 1, tzinfo=UTC): 2.0,
        datetime(9998, 1, 1, tzinfo=UTC): 3.0,
    }
    roll_up(conn, [store(conn, series_id, {at: value}) for at, value in lost.items()])
    assert_rolled_up(conn, series_id, lost, UNASSIGNED_HOLD)


def test_the_greatest_and_the_smallest_numbers_do_not_stop_the_rollup(conn: psycopg.Connection) -> None:
    series_id = add_series(conn)
    samples: Samples = {START: 1.7e308, START + HOUR: 1.7e308, START + 48 * HOUR: 5e-324}
    roll_up(conn, [store(conn, series_id, samples)])
    means = {bucket: row[0] for bucket, row in rollups(conn, "rollups_1d", series_id).items()}
    assert means == {START: 1.7e308, START + 48 * HOUR: 5e-324}


def test_the_last_hour_of_a_day_takes_the_day_along(conn: psycopg.Connection) -> None:
    series_id = add_series(conn)
    change = store(conn, series_id, {START + 23 * HOUR + timedelta(minutes=59): 1.0})
    roll_up(conn, [change])
    describe_metric(conn, series_id, START, 1.0)
    touched = ChangedRange(series_id=series_id, range_from=START + 24 * HOUR, range_through=START + 24 * HOUR)
    roll_up(conn, [touched])
    assert sorted(rollups(conn, "rollups_1d", series_id)) == [START]


def drop_raw(conn: psycopg.Connection, series_id: int, before: datetime) -> None:
    conn.execute("DELETE FROM samples WHERE series_id = %s AND observed_at < %s", [series_id, before])


def every(step: timedelta, start: datetime, end: datetime) -> Samples:
    count = (end - start) // step
    return {start + n * step: float(n % 7) for n in range(count)}


def test_a_refresh_leaves_hours_whose_raw_rows_are_gone_as_they_are(conn: psycopg.Connection) -> None:
    series_id = add_series(conn)
    samples = every(timedelta(minutes=10), START, START + 48 * HOUR)
    roll_up(conn, [store(conn, series_id, samples)])
    before = {table: rollups(conn, table, series_id) for table in WIDTHS}
    drop_raw(conn, series_id, START + 24 * HOUR)
    late: Samples = {START + 5 * HOUR + timedelta(minutes=5): 1e6, START + 23 * HOUR + timedelta(minutes=45): 1e6}
    roll_up(conn, [store(conn, series_id, late)])
    roll_up(conn, [ChangedRange(series_id=series_id, range_from=START, range_through=START + 48 * HOUR)])
    assert {table: rollups(conn, table, series_id) for table in WIDTHS} == before


def test_history_from_before_the_raw_horizon_that_comes_late_is_rolled_up(conn: psycopg.Connection) -> None:
    series_id = add_series(conn)
    lived = every(timedelta(minutes=30), START + 24 * HOUR, START + 48 * HOUR)
    roll_up(conn, [store(conn, series_id, lived)])
    drop_raw(conn, series_id, START + 40 * HOUR)
    history = every(timedelta(minutes=30), START, START + 24 * HOUR)
    for at, value in sorted(history.items(), reverse=True):
        roll_up(conn, [store(conn, series_id, {at: value})])
    hours = rollups(conn, "rollups_1h", series_id)
    wanted = expected(history | lived, UNASSIGNED_HOLD, HOUR)
    assert {bucket: row[-2:] for bucket, row in hours.items()} == {bucket: row[-2:] for bucket, row in wanted.items()}


def test_a_value_whose_raw_row_is_gone_holds_on(conn: psycopg.Connection) -> None:
    series_id = add_series(conn)
    samples: Samples = {START: 5.0, START + HOUR: 7.0, START + 2 * HOUR + timedelta(minutes=30): 8.0}
    roll_up(conn, [store(conn, series_id, samples)])
    drop_raw(conn, series_id, START + 2 * HOUR)
    later: Samples = {START + 2 * HOUR + timedelta(minutes=45): 9.0}
    roll_up(conn, [store(conn, series_id, later)])
    assert_rolled_up(conn, series_id, samples | later, UNASSIGNED_HOLD)


def test_a_repeated_message_does_not_stand_for_the_hour_that_it_came_from(conn: psycopg.Connection) -> None:
    series_id = add_series(conn)
    samples = every(timedelta(minutes=10), START, START + HOUR)
    roll_up(conn, [store(conn, series_id, samples)])
    drop_raw(conn, series_id, START + HOUR)
    repeated = max(samples)
    roll_up(conn, [store(conn, series_id, {repeated: samples[repeated]})])
    hours = rollups(conn, "rollups_1h", series_id)
    assert hours[START] == pytest.approx(expected(samples, UNASSIGNED_HOLD, HOUR)[START])
