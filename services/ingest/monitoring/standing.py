"""How the live sources stand, as the database knows it."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import psycopg

from services.ingest.batch.device_clocks import ClockState, judge

_LIVE_WITHIN = timedelta(minutes=5)
_STANDING = (
    "SELECT extract(epoch FROM %(now)s - observed_through)::float8, clock_offset_s FROM sources"
    " WHERE received_at > %(live_since)s AND alive IS DISTINCT FROM false AND observed_through IS NOT NULL"
)


class Standing(NamedTuple):
    """How the live sources stand: by how much the last of them lags behind us in telling its time, the clocks that are
    furthest ahead and behind, in s (NaN where there is none), and how many have which clock. stale: how many sources
    have ended their session, so that all they said holds no longer."""

    lag_s: float
    ahead_s: float
    behind_s: float
    states: Mapping[ClockState, int]
    stale: int


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
