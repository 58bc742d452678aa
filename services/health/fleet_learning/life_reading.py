"""Read the lives of one type's machines from what assessments kept of their days."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby

import numpy as np
import psycopg

from services.health.block import Floats
from services.health.prognostic_assessment.remaining_life.life_days import LifeDays
from services.health.prognostic_assessment.remaining_life.lives import Life, lives_of

_DAYS = """
SELECT asset_id, day, readings, terms, deviation, confidence, renewed
FROM life_days JOIN assets USING (asset_id) JOIN asset_types t USING (asset_type_id)
WHERE t.name = %(type)s AND day < %(through)s::date ORDER BY asset_id, day
"""
_FAILURES = """
SELECT t.name, true, asset_id, at FROM events JOIN assets ON scope_type = 'asset' AND scope_id = asset_id
JOIN asset_types t USING (asset_type_id) WHERE kind = 'failure' AND t.name = ANY(%(types)s)
UNION
SELECT t.name, false, asset_id, started_at FROM state_intervals JOIN assets USING (asset_id)
JOIN asset_types t USING (asset_type_id)
WHERE failure AND coalesce(cause, 'unknown') NOT IN ('customer', 'external', 'operator') AND t.name = ANY(%(types)s)
ORDER BY 3, 4
"""
_STANDS_WITH = """
SELECT DISTINCT ON (asset_id) asset_id, customer_id
FROM placements JOIN sites USING (site_id) JOIN assets USING (asset_id) JOIN asset_types t USING (asset_type_id)
WHERE t.name = ANY(%(types)s) ORDER BY asset_id, valid_from DESC
"""
# Somebody acted in time: what would have come of the machine nobody knows.
AVERTED = """
SELECT scope_id, resolved_at FROM alerts
WHERE scope_type = 'asset' AND resolution = 'averted' AND resolved_at < %(through)s
"""
_EPOCH = date(1970, 1, 1)
Row = tuple[int, date, dict[str, float], dict[str, float], float | None, float | None, bool]


@dataclass(frozen=True, kw_only=True)
class Failures:
    """Failures of one type's machines, by asset and then by time: those that anybody recorded, and those seen.

    stands_with: each asset's customer.
    """

    told: tuple[tuple[int, datetime], ...]
    seen: tuple[tuple[int, datetime], ...]
    stands_with: Mapping[int, int]

    def before(self, through: datetime) -> list[tuple[int, datetime]]:
        """What a customer recorded of its machines of the type; of a customer that recorded none, what was seen."""
        told = [(asset_id, at) for asset_id, at in self.told if at < through]
        recording = {self.stands_with.get(asset_id) for asset_id, _ in told}
        seen = [(a, at) for a, at in self.seen if at < through and self.stands_with.get(a) not in recording]
        return sorted([*told, *seen])


def read_failures(conn: psycopg.Connection, asset_types: Sequence[str]) -> dict[str, Failures]:
    """All failures of some types."""
    found: dict[tuple[str, bool], list[tuple[int, datetime]]] = defaultdict(list)
    for name, told, asset_id, at in conn.execute(_FAILURES, {"types": list(asset_types)}):
        found[name, told].append((asset_id, at))
    stands_with: dict[int, int] = dict(conn.execute(_STANDS_WITH, {"types": list(asset_types)}).fetchall())
    return {
        name: Failures(told=tuple(found[name, True]), seen=tuple(found[name, False]), stands_with=stands_with)
        for name in asset_types
    }


def read_lives(conn: psycopg.Connection, asset_type: str, through: datetime) -> list[Life]:
    """All lives of the type's machines before an UTC midnight."""
    failures = read_failures(conn, [asset_type])[asset_type].before(through)
    found: list[Life] = []
    asked = {"type": asset_type, "through": through}
    averted = {(asset_id, at.astimezone(UTC).date()) for asset_id, at in conn.execute(AVERTED, asked)}
    for asset_id, rows in groupby(conn.execute(_DAYS, asked), key=lambda row: row[0]):
        own = np.array([day_number(at) for failed, at in failures if failed == asset_id])
        days = [(*row[:6], row[6] or (asset_id, row[1]) in averted) for row in rows]
        found += lives_of(_life_days(days), own, asset_id)
    return found


def day_number(at: datetime) -> float:
    """Days since 1970-01-01, with the day's fraction."""
    return at.astimezone(UTC).timestamp() / 86_400


def _life_days(rows: Sequence[Row]) -> LifeDays:
    metrics, readings = _columns([row[2] for row in rows])
    terms, settings = _columns([row[3] for row in rows])
    return LifeDays(
        day=np.array([(row[1] - _EPOCH).days for row in rows], dtype=np.float64),
        metrics=metrics,
        values=readings,
        terms=terms,
        terms_mean=settings,
        deviation=np.array([np.nan if row[4] is None else row[4] for row in rows]),
        confidence=np.array([np.nan if row[5] is None else row[5] for row in rows]),
        renewed=np.array([row[6] for row in rows], dtype=np.bool_),
    )


def _columns(said: Sequence[dict[str, float]]) -> tuple[tuple[str, ...], Floats]:
    names = tuple(sorted({name for row in said for name in row}))
    nan = float("nan")
    return names, np.array([[row.get(name, nan) for name in names] for row in said]).reshape(len(said), len(names))
