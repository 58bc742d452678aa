"""Where the two engines differ: the layout in time of the telemetry tables. Nowhere else.

TimescaleDB   hypertables with columnstore and a compression policy; chunks come by themselves.
PostgreSQL    range partitions of whole UTC months or years, made by `ensure_partitions` before rows are written,
              and a DEFAULT partition for the clocks of machines that think it is 1970 or 9999.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, LiteralString, NamedTuple

import psycopg
import sqlalchemy
from psycopg import sql


class TimeLayout(NamedTuple):
    """How one table is cut in time: its time column, the months of a partition, the days of a chunk."""

    column: LiteralString
    partition_months: int
    chunk_days: int
    columnstore_after_days: int


TIME_TABLES: dict[str, TimeLayout] = {
    "samples": TimeLayout("observed_at", 1, 7, 14),
    "samples_text": TimeLayout("observed_at", 1, 7, 14),
    "rollups_1m": TimeLayout("bucket", 1, 28, 28),
    "rollups_1h": TimeLayout("bucket", 12, 364, 364),
    "rollups_1d": TimeLayout("bucket", 12, 3640, 3640),
}

# Outside these years rows go to the DEFAULT partition: a clock that fell back to 1970 or 1980 makes no partitions.
_FIRST_YEAR, _END_YEAR = 1990, 2100


class TimePart(NamedTuple):
    """One stretch of a telemetry table that can be dropped at once. `start` and `end` None: the DEFAULT partition."""

    relation: str
    start: datetime | None
    end: datetime | None


def engine_of(conn: psycopg.Connection) -> str:
    """`timescaledb` or `postgresql`: how the telemetry tables are laid out, or would be if there are none yet."""
    row = conn.execute(
        "SELECT NOT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('samples') AND relkind = 'p')"
        " AND EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')"
    ).fetchone()
    return "timescaledb" if row and row[0] else "postgresql"


def driver_of(connection: sqlalchemy.Connection) -> psycopg.Connection:
    """The psycopg connection under one of SQLAlchemy's, in the same transaction."""
    conn = connection.connection.driver_connection
    if not isinstance(conn, psycopg.Connection):
        raise TypeError(f"migrations run on psycopg connections, not on {type(conn).__name__}")
    return conn


def create_extension(conn: psycopg.Connection) -> None:
    """Create TimescaleDB's extension where the server has it installed and loaded; else do nothing."""
    conn.execute("""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
                AND current_setting('timescaledb.disable_load', true) IS NOT NULL
            THEN CREATE EXTENSION IF NOT EXISTS timescaledb;
            END IF;
        END $$""")


def partitioning(conn: psycopg.Connection, table: str) -> dict[str, Any]:
    """Keywords that `op.create_table` needs so that the table can be laid out in time."""
    if engine_of(conn) == "timescaledb":
        return {}
    return {"postgresql_partition_by": f"RANGE ({TIME_TABLES[table].column})"}


def lay_out(conn: psycopg.Connection, table: str) -> None:
    """Lay a table just created out in time: a hypertable with columnstore, or a DEFAULT partition."""
    if engine_of(conn) == "postgresql":
        default, parent = sql.Identifier(f"{table}_default"), sql.Identifier(table)
        conn.execute(sql.SQL("CREATE TABLE {} PARTITION OF {} DEFAULT").format(default, parent))
        return
    layout = TIME_TABLES[table]
    conn.execute(
        "SELECT create_hypertable(%s::regclass, by_range(%s, make_interval(days => %s)),"
        " create_default_indexes => false)",
        [table, layout.column, layout.chunk_days],
    )
    conn.execute(
        sql.SQL(
            "ALTER TABLE {} SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id',"
            " timescaledb.compress_orderby = {})"
        ).format(sql.Identifier(table), sql.Literal(layout.column))
    )
    conn.execute(
        "SELECT add_compression_policy(%s::regclass, make_interval(days => %s))",
        [table, layout.columnstore_after_days],
    )


def ensure_partitions(conn: psycopg.Connection, table: str, start: datetime, through: datetime) -> None:
    """Make what is missing of a table's partitions for the instants from `start` through `through`.

    One cheap query when nothing is missing, and on TimescaleDB always. Any number of writers may call it at once,
    before they write the rows. What it makes locks readers out of the table's DEFAULT partition until the commit, so
    a writer of several tables does best to call it outside of a transaction. A call that spans decades makes
    partitions for all of them: give scattered instants to `ensure_partitions_for`.
    """
    ensure_partitions_for(conn, table, [(start, through)])


def ensure_partitions_for(conn: psycopg.Connection, table: str, ranges: Iterable[tuple[datetime, datetime]]) -> None:
    """As `ensure_partitions`, for many ranges, without what lies between them."""
    months = TIME_TABLES[table].partition_months
    wanted = {bounds for start, through in ranges for bounds in _bounds(start, through, months)}
    if not _missing(conn, table, wanted):
        return
    with conn.transaction():
        # What attaching takes anyway, now for the look and the making: a lock of this table's own, so that nobody who
        # has read this table ever waits here for one who makes room in another.
        conn.execute(sql.SQL("LOCK TABLE ONLY {} IN SHARE UPDATE EXCLUSIVE MODE").format(sql.Identifier(table)))
        for start, end in _missing(conn, table, wanted):
            _make_partition(conn, table, start, end)


def time_parts(conn: psycopg.Connection, table: str) -> list[TimePart]:
    """All chunks or partitions of a table, oldest first; the DEFAULT partition, if any, comes last."""
    if engine_of(conn) == "timescaledb":
        query = (
            "SELECT format('%%I.%%I', chunk_schema, chunk_name), greatest(range_start, '0001-01-02Z'),"
            " least(range_end, '9999-12-30Z')"
            " FROM timescaledb_information.chunks"
            " WHERE hypertable_schema = current_schema() AND hypertable_name = %s ORDER BY range_start"
        )
        return [TimePart(*row) for row in conn.execute(query, [table])]
    names = [
        str(row[0])
        for row in conn.execute("SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = %s::regclass", [table])
    ]
    months = TIME_TABLES[table].partition_months
    parts = [TimePart(name, *_bounds_of_name(name, table, months)) for name in names if not name.endswith("_default")]
    return [*sorted(parts, key=lambda part: part.relation), TimePart(f"{table}_default", None, None)]


def drop_part(conn: psycopg.Connection, table: str, part: TimePart) -> None:
    """Drop one chunk or partition with all its rows; the DEFAULT partition cannot be dropped (ValueError)."""
    if part.start is None or part.end is None:
        raise ValueError(f"{part.relation} is the DEFAULT partition: delete its rows instead")
    if engine_of(conn) == "timescaledb":
        conn.execute(
            "SELECT drop_chunks(%s::regclass, older_than => %s::timestamptz, newer_than => %s::timestamptz)",
            [table, part.end, part.start],
        )
        return
    conn.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(part.relation)))


def _bounds(start: datetime, through: datetime, months: int) -> Iterator[tuple[datetime, datetime]]:
    first = max(_month_number(start.astimezone(UTC)), _FIRST_YEAR * 12) // months
    last = min(_month_number(through.astimezone(UTC)), _END_YEAR * 12 - 1) // months
    for number in range(first, last + 1):
        yield _month(number * months), _month((number + 1) * months)


def _month_number(at: datetime) -> int:
    return at.year * 12 + at.month - 1


def _month(number: int) -> datetime:
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def _name(table: str, start: datetime) -> str:
    return f"{table}_p{start:%Y_%m}"


def _bounds_of_name(name: str, table: str, months: int) -> tuple[datetime, datetime]:
    year, month = name.removeprefix(f"{table}_p").split("_")
    number = int(year) * 12 + int(month) - 1
    return _month(number), _month(number + months)


def _missing(
    conn: psycopg.Connection, table: str, wanted: set[tuple[datetime, datetime]]
) -> list[tuple[datetime, datetime]]:
    by_name = {_name(table, start): (start, end) for start, end in wanted}
    rows = conn.execute(
        "SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass(name) IS NULL"
        " AND (SELECT relkind = 'p' FROM pg_class WHERE oid = %s::regclass)",
        [list(by_name), table],
    )
    return sorted(by_name[name] for (name,) in rows)


def _make_partition(conn: psycopg.Connection, table: str, start: datetime, end: datetime) -> None:
    """Attach a new partition: unlike CREATE TABLE … PARTITION OF this does not lock out the table's readers."""
    names = {
        "parent": sql.Identifier(table),
        "part": sql.Identifier(_name(table, start)),
        "default": sql.Identifier(f"{table}_default"),
        "column": sql.Identifier(TIME_TABLES[table].column),
        "start": sql.Literal(start),
        "end": sql.Literal(end),
    }
    for statement in (
        "CREATE TABLE {part} (LIKE {parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
        "WITH strayed AS (DELETE FROM {default} WHERE {column} >= {start} AND {column} < {end} RETURNING *)"
        " INSERT INTO {part} SELECT * FROM strayed",
        "ALTER TABLE {parent} ATTACH PARTITION {part} FOR VALUES FROM ({start}) TO ({end})",
    ):
        conn.execute(sql.SQL(statement).format(**names))
