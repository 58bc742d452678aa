"""What may be forgotten, and when: by each source's own event time, after roll-up and assessment.

Rows go a chunk or partition at a time, when all sources with rows in it let them go. A source lets go of what is
older than its watermark less the time to keep, is rolled up, and is assessed; one that no record assigns to a
customer yet keeps everything, so that it can be assigned later without losing its history.
"""

from dataclasses import dataclass
from datetime import timedelta

import psycopg
from psycopg import sql
from psycopg.errors import LockNotAvailable

from services.health.charge import Fence, unfenced
from shared.migrations.engines import TIME_TABLES, TimePart, drop_part, time_parts

_HORIZONS = """
WITH horizons AS (
    SELECT sources.source_id, date_trunc('day', least(
        greatest(observed_through, (SELECT max(observed_at) FROM ticks WHERE ticks.source_id = sources.source_id))
            - %(keep)s,
        (SELECT coalesce(max(assessed_through), '-infinity') FROM model_states
         WHERE model_states.customer_id = sites.customer_id),
        (SELECT coalesce(min(range_from), 'infinity') FROM changed_ranges
         JOIN series USING (series_id) JOIN devices USING (device_id) WHERE devices.source_id = sources.source_id),
        (SELECT coalesce(min(changed_from), 'infinity') FROM assessments_due
         WHERE assessments_due.customer_id = sites.customer_id)
    ), 'UTC') AS horizon
    FROM sources LEFT JOIN sites USING (site_id)
)
"""

_KEPT_BY_SOMEONE = (
    _HORIZONS
    + """
SELECT EXISTS (
    SELECT FROM horizons JOIN devices USING (source_id) JOIN series USING (device_id)
    WHERE horizon < %(end)s AND EXISTS (
        SELECT FROM {table} AS kept
        WHERE kept.series_id = series.series_id AND kept.{column} >= %(start)s AND kept.{column} < %(end)s
    )
)
"""
)

_DELETE_STRAYED = (
    _HORIZONS
    + """
DELETE FROM {part} AS strayed USING horizons, devices, series
WHERE series.series_id = strayed.series_id AND devices.device_id = series.device_id
    AND horizons.source_id = devices.source_id AND strayed.{column} < horizon
"""
)


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long to keep what, in event time; None is for good."""

    raw: timedelta | None = timedelta(days=90)
    minutes: timedelta | None = timedelta(days=730)
    hours: timedelta | None = None
    days: timedelta | None = None

    def of(self, table: str) -> timedelta | None:
        """How long to keep rows of one of the telemetry tables."""
        return {
            "samples": self.raw,
            "samples_text": self.raw,
            "rollups_1m": self.minutes,
            "rollups_1h": self.hours,
            "rollups_1d": self.days,
        }[table]


def drop_expired(conn: psycopg.Connection, retention: Retention, fence: Fence = unfenced) -> list[str]:
    """Drop all chunks or partitions that nobody keeps; return their names. Each goes in a transaction of its own.

    One that somebody reads at length stays until the next time. Call it outside a transaction.
    """
    dropped = []
    for table in TIME_TABLES:
        keep = retention.of(table)
        if keep is None:
            continue
        for part in time_parts(conn, table):
            if part.start is None:
                _delete_strayed(conn, table, part, keep, fence)
            elif _drop_if_expired(conn, table, part, keep, fence):
                dropped.append(part.relation)
    conn.commit()
    return dropped


def _drop_if_expired(conn: psycopg.Connection, table: str, part: TimePart, keep: timedelta, fence: Fence) -> bool:
    """Look first, then again with writers locked out: late data may be on its way in."""
    if _kept_by_someone(conn, table, part, keep):
        return False
    conn.commit()
    try:
        with conn.transaction():
            fence(conn)
            conn.execute("SET LOCAL lock_timeout = '2s'")
            conn.execute(sql.SQL("LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table)))
            if _kept_by_someone(conn, table, part, keep):
                return False
            drop_part(conn, table, part)
    except LockNotAvailable:
        return False
    return True


def _kept_by_someone(conn: psycopg.Connection, table: str, part: TimePart, keep: timedelta) -> bool:
    query = sql.SQL(_KEPT_BY_SOMEONE).format(
        table=sql.Identifier(table), column=sql.Identifier(TIME_TABLES[table].column)
    )
    row = conn.execute(query, {"keep": keep, "start": part.start, "end": part.end}).fetchone()
    return row is None or bool(row[0])


def _delete_strayed(conn: psycopg.Connection, table: str, part: TimePart, keep: timedelta, fence: Fence) -> None:
    """Rows of clocks gone astray are in the DEFAULT partition, few enough to delete one by one."""
    query = sql.SQL(_DELETE_STRAYED).format(
        part=sql.Identifier(part.relation), column=sql.Identifier(TIME_TABLES[table].column)
    )
    with conn.transaction():
        fence(conn)
        conn.execute(query, {"keep": keep})
