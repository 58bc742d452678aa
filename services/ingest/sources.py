"""What is known of the sources: to show them, and to measure how they stand."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import psycopg

from services.ingest.clocks import ClockState, judge

_LIVE_WITHIN = timedelta(minutes=5)

_LIST = """
SELECT topic_prefix, protocol, credential, customers.name, sites.name, alive, received_at, observed_through,
    clock_offset_s, clock_checked_at, coalesce(named.series, 0), coalesce(named.conflicts, 0)
FROM sources LEFT JOIN sites USING (site_id) LEFT JOIN customers USING (customer_id) LEFT JOIN (
    SELECT source_id, count(*) AS series, sum(conflicts)::bigint AS conflicts
    FROM devices JOIN series USING (device_id) LEFT JOIN sample_conflicts USING (series_id) GROUP BY source_id
) named USING (source_id)
ORDER BY topic_prefix
"""
_STANDING = (
    "SELECT extract(epoch FROM %(now)s - observed_through)::float8, clock_offset_s FROM sources"
    " WHERE received_at > %(live_since)s AND alive IS DISTINCT FROM false AND observed_through IS NOT NULL"
)


class Source(NamedTuple):
    """One source; None for what was never said, or is assigned to nobody. clock_offset_s: + is ahead of ours."""

    topic_prefix: str
    protocol: str | None
    credential: str | None
    customer: str | None
    site: str | None
    alive: bool | None
    received_at: datetime | None
    observed_through: datetime | None
    clock_offset_s: float | None
    clock_checked_at: datetime | None
    series: int
    conflicts: int

    @property
    def clock(self) -> ClockState | None:
        """Whether its clock is right enough; None where that is not known."""
        return None if self.clock_offset_s is None else judge(self.clock_offset_s)


class Standing(NamedTuple):
    """How the live sources stand: by how much the last of them lags behind us in telling its time, the clocks that are
    furthest ahead and behind, in s (NaN where there is none), and how many have which clock. stale: how many sources
    have ended their session, so that all they said holds no longer."""

    lag_s: float
    ahead_s: float
    behind_s: float
    states: Mapping[ClockState, int]
    stale: int


def list_sources(conn: psycopg.Connection) -> list[Source]:
    """All sources, by topic prefix."""
    return [Source(*row) for row in conn.execute(_LIST)]


def read_standing(conn: psycopg.Connection, now: datetime) -> Standing:
    """How the sources stand that told something new within the last five minutes and have not died since."""
    rows = conn.execute(_STANDING, {"now": now, "live_since": now - _LIVE_WITHIN}).fetchall()
    offsets = [offset for _, offset in rows if offset is not None]
    states = [judge(offset) for offset in offsets]
    return Standing(
        lag_s=max((lag for lag, _ in rows), default=math.nan),
        ahead_s=max((max(offset, 0.0) for offset in offsets), default=math.nan),
        behind_s=max((max(-offset, 0.0) for offset in offsets), default=math.nan),
        states={state: states.count(state) for state in ClockState},
        stale=conn.execute("SELECT FROM sources WHERE alive = false").rowcount,
    )
