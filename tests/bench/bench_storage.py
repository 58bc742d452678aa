"""What a sample takes on disk, and what a change costs to roll up as history grows.

`python -m tests.bench.bench_storage [--only SCENARIO] [--engine timescale]`. `bytes-readings` and `bytes-noise` store
a million samples; on TimescaleDB, named by BELLWETHER_TEST_TIMESCALE_URL, they are then compressed. `refresh` rolls the
same hour up behind a day, a month and a year of history.
"""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median

import numpy as np
import psycopg

from services.health.data_acquisition.change_intake import newest_change, take_changes
from services.ingest.batch.binary_copy import SAMPLE_COLUMNS
from shared.migrations import ensure_partitions
from tests.bench.database import ENGINES, bench_database
from tests.bench.figures import Figure, report
from tests.bench.storage_history import SERIES, Floats, copies, noise, readings

_END = datetime(2026, 6, 1, tzinfo=UTC)
_DAY, _HOUR, _SECOND_US = timedelta(days=1), timedelta(hours=1), 1_000_000
_STORED_INSTANTS = 100_000
_DAYS = {"day": 1, "month": 30, "year": 365}
_REFRESHES = 15
_AT_ONCE = 5_000

# An index a level deeper and twelve partitions instead of one to plan for: what a database may cost for holding more.
_YEAR_TO_DAY = 1.5


def stored_bytes(engine: str, scenario: str, values_of: Callable[[int, np.random.Generator], Floats]) -> list[Figure]:
    """Bytes a sample: table, index, and on TimescaleDB the columnstore that replaces both."""
    values = values_of(_STORED_INSTANTS, np.random.default_rng(1))
    with bench_database(engine) as url, psycopg.connect(url, autocommit=True) as conn:
        _load(conn, _END - timedelta(seconds=10 * _STORED_INSTANTS), _END, 10 * _SECOND_US, values)
        table, index = _sizes(conn, engine)
        figures = [
            _figure(engine, scenario, "table_bytes", table / values.size, "bytes/sample"),
            _figure(engine, scenario, "index_bytes", index / values.size, "bytes/sample"),
        ]
        if engine == "timescale":
            conn.execute("SELECT compress_chunk(chunk) FROM show_chunks('samples') AS chunk")
            columnstore = sum(_sizes(conn, engine)) / values.size
            figures.append(_figure(engine, scenario, "columnstore_bytes", columnstore, "bytes/sample"))
    return figures


def refresh(engine: str) -> list[Figure]:
    """Seconds to roll up one hour of all series, the median of many times, with ever more history before it."""
    seconds: dict[str, float] = {}
    with bench_database(engine) as url, psycopg.connect(url, autocommit=True) as conn:
        _enter_series(conn)
        until = _END
        for name, days in _DAYS.items():
            start = _END - days * _DAY
            instants = int((until - start).total_seconds() // 60)
            _load(conn, start, until, 60 * _SECOND_US, readings(instants, np.random.default_rng(days)))
            _roll_up_all(conn, start, until)
            if engine == "timescale":
                _compress_before(conn, _END - 14 * _DAY)
            conn.execute("VACUUM ANALYZE")
            seconds[name] = median(_refreshed(conn) for _ in range(_REFRESHES))
            until = start
    ratio = seconds["year"] / seconds["day"]
    return [
        *(_figure(engine, "refresh", f"{name}_s", value, "s") for name, value in seconds.items()),
        _figure(engine, "refresh", "year_to_day", ratio, "1", _YEAR_TO_DAY),
    ]


SCENARIOS: dict[str, Callable[[str], list[Figure]]] = {
    "bytes-readings": lambda engine: stored_bytes(engine, "bytes-readings", readings),
    "bytes-noise": lambda engine: stored_bytes(engine, "bytes-noise", noise),
    "refresh": refresh,
}


def _figure(engine: str, scenario: str, metric: str, value: float, unit: str, at_most: float | None = None) -> Figure:
    name = scenario if engine == "postgres" else f"{scenario}-{engine}"
    return Figure(bench="storage", scenario=name, metric=metric, value=value, unit=unit, target=at_most, at_most=True)


def _load(conn: psycopg.Connection, start: datetime, end: datetime, every_us: int, values: Floats) -> None:
    ensure_partitions(conn, "samples", start, end)
    for data in copies(_us(start), _us(end), every_us, values):
        with conn.cursor() as cur, cur.copy(f"COPY samples ({SAMPLE_COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(data)


def _sizes(conn: psycopg.Connection, engine: str) -> tuple[int, int]:
    """Bytes of the table and of its indexes, all partitions or chunks together."""
    if engine == "timescale":
        query = "SELECT sum(table_bytes + toast_bytes), sum(index_bytes) FROM hypertable_detailed_size('samples')"
    else:
        query = (
            "SELECT sum(pg_table_size(relid)), sum(pg_indexes_size(relid)) FROM pg_partition_tree('samples')"
            " WHERE isleaf"
        )
    row = conn.execute(query).fetchone()
    if row is None:
        raise AssertionError("the table has no size")
    return int(row[0]), int(row[1])


def _enter_series(conn: psycopg.Connection) -> None:
    conn.execute("INSERT INTO sources (topic_prefix) VALUES ('bellwether/v1/bench')")
    conn.execute("INSERT INTO devices (source_id, name) SELECT source_id, 'machine' FROM sources")
    conn.execute(
        "INSERT INTO series (device_id, metric)"
        " SELECT device_id, 'metric_' || n FROM devices, generate_series(1, %s) AS n",
        [SERIES],
    )


def _compress_before(conn: psycopg.Connection, end: datetime) -> None:
    conn.execute(
        "SELECT compress_chunk(chunk, if_not_compressed => true)"
        " FROM show_chunks('samples', older_than => %s) AS chunk",
        [end],
    )


def _roll_up_all(conn: psycopg.Connection, start: datetime, end: datetime) -> None:
    _note_changes(conn, start, end - timedelta(microseconds=1))
    _take(conn)


def _refreshed(conn: psycopg.Connection) -> float:
    """Seconds to take in that noon's hour of the last day changed."""
    _note_changes(conn, _END - _DAY / 2, _END - _DAY / 2 + _HOUR)
    began = time.perf_counter()
    _take(conn)
    return time.perf_counter() - began


def _note_changes(conn: psycopg.Connection, start: datetime, through: datetime) -> None:
    conn.execute(
        "INSERT INTO changed_ranges (series_id, range_from, range_through, received_at)"
        " SELECT series_id, %s, %s, %s FROM series",
        [start, through, _END],
    )


def _take(conn: psycopg.Connection) -> None:
    newest = newest_change(conn)
    while take_changes(conn, newest=newest, most=_AT_ONCE, hours=10 * _AT_ONCE, now=_END):
        pass


def _us(at: datetime) -> int:
    return int(at.timestamp()) * _SECOND_US


def main() -> None:
    """Run the scenarios asked for and report them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted(SCENARIOS))
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0])
    options = parser.parse_args()
    names = [options.only] if options.only else list(SCENARIOS)
    figures: list[Figure] = []
    for number, name in enumerate(names, 1):
        sys.stderr.write(f"{number} of {len(names)}: {name}\n")
        figures += SCENARIOS[name](options.engine)
    report(figures)


if __name__ == "__main__":
    main()
