"""What a fleet tells while the health benchmark runs: a sample a minute of every number, a state every five minutes."""

from datetime import datetime, timedelta

import numpy as np
import psycopg

from services.ingest.batch.binary_copy import SAMPLE_COLUMNS, Columns, samples_as_copy
from shared.migrations.engines import ensure_partitions_for
from tests.bench.health_fleet import TODAY, Fleet

STEP = timedelta(minutes=5)
_MINUTE_US = 60_000_000


def tell_morning(conn: psycopg.Connection, fleet: Fleet, until: datetime) -> None:
    """The day so far as it is stored by then: hourly rollups of the whole hours, and the states."""
    hours = [TODAY - timedelta(hours=1), until - timedelta(hours=1)]
    ensure_partitions_for(conn, "rollups_1h", [(TODAY - timedelta(days=1), until)])
    conn.execute(
        "INSERT INTO rollups_1h SELECT s, h, 50 + random(), 49, 51, 50, h + interval '59 minutes', 100, 60, 3600"
        " FROM generate_series(%s, %s, interval '1 hour') h, unnest(%s::int[]) s",
        [*hours, [int(number) for number in fleet.numbers.ravel()]],
    )
    at = TODAY - STEP
    while at < until:
        _tell_states(conn, fleet, at)
        at += STEP
    _come_to(conn, until - STEP)


def tell(conn: psycopg.Connection, fleet: Fleet, since: datetime) -> None:
    """Five minutes from `since` on, in one transaction, as ingest stores them; the next minute's samples end them."""
    random = np.random.default_rng(int(since.timestamp()))
    with conn.transaction():
        first = int(since.timestamp()) * 1_000_000
        at = first + _MINUTE_US * np.arange(5, dtype=np.int64)
        series = fleet.numbers.ravel()
        numbers = np.repeat(series, 5)
        ensure_partitions_for(conn, "samples", [(since, since)])
        columns = Columns(
            numbers,
            np.tile(at, series.size),
            np.full(numbers.size, first + 5 * _MINUTE_US),
            50 + random.standard_normal(numbers.size),
            np.full(numbers.size, 192, np.int16),
            np.zeros(numbers.size, np.bool_),
        )
        with conn.cursor() as cur, cur.copy(f"COPY samples ({SAMPLE_COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(samples_as_copy(columns))
        _note(conn, series, since, since + timedelta(minutes=4))
        _tell_states(conn, fleet, since)
        _note(conn, fleet.states, since, since)
        _come_to(conn, since + STEP)


def _tell_states(conn: psycopg.Connection, fleet: Fleet, at: datetime) -> None:
    """Nine of ten machines run; which one stands changes from hour to hour."""
    ensure_partitions_for(conn, "samples_text", [(at, at)])
    conn.execute(
        "INSERT INTO samples_text (series_id, observed_at, received_at, text_value, quality, historical)"
        " SELECT s, %(at)s, %(at)s, CASE WHEN (n + %(hour)s) %% 10 = 0 THEN 'WAIT' ELSE 'RUN' END, 192, false"
        " FROM unnest(%(series)s::int[]) WITH ORDINALITY AS t (s, n)",
        {"at": at, "hour": at.hour, "series": [int(number) for number in fleet.states]},
    )


def _note(conn: psycopg.Connection, series: np.ndarray, since: datetime, through: datetime) -> None:
    conn.execute(
        "INSERT INTO changed_ranges (series_id, range_from, range_through, received_at)"
        " SELECT unnest(%s::int[]), %s, %s, %s",
        [[int(number) for number in series], since, through, through],
    )


def _come_to(conn: psycopg.Connection, at: datetime) -> None:
    """The sources' clocks stand at this instant; those of silent ones by ticks."""
    told = {"at": at, "yesterday": TODAY - timedelta(hours=12, minutes=30)}
    conn.execute(
        "UPDATE sources SET observed_through = %(at)s, received_at = %(at)s WHERE NOT topic_prefix ^@ 'silent'", told
    )
    conn.execute(
        "UPDATE sources SET observed_through = %(yesterday)s, received_at = %(yesterday)s"
        " WHERE topic_prefix ^@ 'silent'",
        told,
    )
    conn.execute(
        "INSERT INTO ticks (source_id, observed_at, received_at) SELECT source_id, %(at)s, %(at)s FROM sources"
        " WHERE topic_prefix ^@ 'silent'",
        told,
    )
