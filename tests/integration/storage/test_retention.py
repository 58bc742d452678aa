"""Raw rows go when their source has moved on, and not before they are rolled up and assessed."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from services.health.data_manipulation.retention import Retention, drop_expired
from services.health.data_manipulation.roll_up import roll_up
from tests.telemetry_rows import add_series, assign, observed, rollups, store

OLD = datetime(2013, 3, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def raw(conn: psycopg.Connection, series_id: int) -> int:
    row = conn.execute("SELECT count(*) FROM samples WHERE series_id = %s", [series_id]).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def series_id(conn: psycopg.Connection) -> int:
    """A series of an assigned source, with samples long ago, rolled up."""
    series = add_series(conn)
    roll_up(conn, [store(conn, series, {OLD: 1.0, OLD + HOUR: 2.0})])
    return series


def test_raw_rows_go_ninety_days_behind_their_source(conn: psycopg.Connection, series_id: int) -> None:
    assign(conn, series_id)
    observed(conn, series_id, OLD + timedelta(days=89), assessed=True)
    assert drop_expired(conn, Retention()) == []
    observed(conn, series_id, OLD + timedelta(days=130), assessed=True)
    assert len(drop_expired(conn, Retention())) == 1
    assert raw(conn, series_id) == 0


def test_hours_and_days_are_kept_for_good_and_minutes_for_two_years(conn: psycopg.Connection, series_id: int) -> None:
    assign(conn, series_id)
    before = rollups(conn, "rollups_1h", series_id), rollups(conn, "rollups_1d", series_id)
    observed(conn, series_id, OLD + timedelta(days=720), assessed=True)
    drop_expired(conn, Retention())
    assert len(rollups(conn, "rollups_1m", series_id)) == 2
    observed(conn, series_id, OLD + timedelta(days=3000), assessed=True)
    drop_expired(conn, Retention())
    assert rollups(conn, "rollups_1m", series_id) == {}
    assert (rollups(conn, "rollups_1h", series_id), rollups(conn, "rollups_1d", series_id)) == before


def test_what_is_not_assessed_stays(conn: psycopg.Connection, series_id: int) -> None:
    assign(conn, series_id)
    observed(conn, series_id, OLD + timedelta(days=1000), assessed=False)
    assert drop_expired(conn, Retention()) == []


def test_what_is_not_rolled_up_stays(conn: psycopg.Connection, series_id: int) -> None:
    assign(conn, series_id)
    observed(conn, series_id, OLD + timedelta(days=1000), assessed=True)
    conn.execute(
        "INSERT INTO changed_ranges (series_id, range_from, range_through, received_at) VALUES (%s, %s, %s, now())",
        [series_id, OLD, OLD],
    )
    assert "samples" not in " ".join(drop_expired(conn, Retention(minutes=None)))
    assert raw(conn, series_id) == 2


def test_what_nobody_is_assigned_to_stays(conn: psycopg.Connection, series_id: int) -> None:
    observed(conn, series_id, OLD + timedelta(days=1000), assessed=False)
    assert drop_expired(conn, Retention()) == []


def test_a_source_that_lags_keeps_what_it_shares_with_one_that_is_ahead(
    conn: psycopg.Connection, series_id: int
) -> None:
    assign(conn, series_id)
    observed(conn, series_id, OLD + timedelta(days=1000), assessed=True)
    other = add_series(conn, source="bellwether/v1/replayed")
    assign(conn, other)
    roll_up(conn, [store(conn, other, {OLD: 5.0})])
    observed(conn, other, OLD, assessed=True)
    assert drop_expired(conn, Retention(minutes=None)) == []
    observed(conn, other, OLD + timedelta(days=1000), assessed=True)
    assert len(drop_expired(conn, Retention(minutes=None))) == 1


def test_rows_of_a_clock_gone_astray_go_too(conn: psycopg.Connection) -> None:
    series_id = add_series(conn)
    assign(conn, series_id)
    roll_up(conn, [store(conn, series_id, {datetime(1970, 1, 1, tzinfo=UTC): 1.0})])
    observed(conn, series_id, OLD, assessed=True)
    drop_expired(conn, Retention())
    assert raw(conn, series_id) == 0


def test_days_stay_when_a_deployment_lets_their_hours_go(conn: psycopg.Connection, series_id: int) -> None:
    assign(conn, series_id)
    before = rollups(conn, "rollups_1d", series_id)
    observed(conn, series_id, OLD + timedelta(days=3000), assessed=True)
    drop_expired(conn, Retention(hours=timedelta(days=365)))
    assert rollups(conn, "rollups_1h", series_id) == {}
    roll_up(conn, [store(conn, series_id, {OLD + 5 * HOUR: 9.0})])
    assert rollups(conn, "rollups_1d", series_id) == before
