"""Samples that came again with another value: note them, list them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import psycopg

from services.ingest.store.samples import Conflict

# A batch whose commit was unknown comes again as it was, with the same times of receipt: then nothing is counted.
_NOTE = (
    "INSERT INTO sample_conflicts AS noted (series_id, conflicts, first_at, last_at, last_observed_at, kept, offered)"
    " SELECT * FROM unnest(%s::int[], %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[],"
    " %s::text[], %s::text[]) ON CONFLICT (series_id) DO UPDATE SET conflicts = noted.conflicts + excluded.conflicts,"
    " first_at = least(noted.first_at, excluded.first_at), last_at = excluded.last_at,"
    " last_observed_at = excluded.last_observed_at, kept = excluded.kept, offered = excluded.offered"
    " WHERE (noted.last_at, noted.last_observed_at) IS DISTINCT FROM (excluded.last_at, excluded.last_observed_at)"
    " RETURNING series_id"
)
_LIST = """
SELECT topic_prefix, devices.name, metric, conflicts, first_at, last_at, last_observed_at, kept, offered
FROM sample_conflicts JOIN series USING (series_id) JOIN devices USING (device_id) JOIN sources USING (source_id)
WHERE %(source)s::text IS NULL OR topic_prefix = %(source)s ORDER BY last_at DESC, series_id LIMIT %(limit)s
"""


class ConflictingSeries(NamedTuple):
    """A series of which samples came again with another value: how many, received from when until when, and the last
    of them: the device's time, the value that is stored, and the one that is not (None: "no value")."""

    source: str
    device: str
    metric: str
    conflicts: int
    first_at: datetime
    last_at: datetime
    last_observed_at: datetime
    kept: str | None
    offered: str | None


def note_conflicts(conn: psycopg.Connection, conflicts: Sequence[Conflict]) -> int:
    """Add to what is noted of each series; return how many samples that were, without those noted already."""
    by_series: dict[int, Conflict] = {}
    for conflict in conflicts:
        before = by_series.get(conflict.series_id)
        by_series[conflict.series_id] = conflict if before is None else _together(before, conflict)
    if not by_series:
        return 0
    rows = [by_series[series_id] for series_id in sorted(by_series)]
    noted = conn.execute(_NOTE, [list(column) for column in zip(*rows, strict=True)]).fetchall()
    return sum(by_series[series_id].samples for (series_id,) in noted)


def list_conflicts(conn: psycopg.Connection, *, source: str | None = None, limit: int = 50) -> list[ConflictingSeries]:
    """The series with conflicts, the latest received first; `source`: of that topic prefix only."""
    return [ConflictingSeries(*row) for row in conn.execute(_LIST, {"source": source, "limit": limit})]


def _together(one: Conflict, other: Conflict) -> Conflict:
    last = max(one, other, key=lambda conflict: conflict.last_at)
    return last._replace(samples=one.samples + other.samples, first_at=min(one.first_at, other.first_at))
