"""Read what machines of one type did at each customer that lets itself be compared with others.

Only customers whose data use names BENCHMARKING give their figures, and only they are told any.
"""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import psycopg

from services.health.prognostic_assessment.peer_learning import MonthSums
from services.health.prognostic_assessment.peer_levels import (
    ASKED_SHARE,
    DOWN_SHARE,
    EFFECTIVENESS_LOSS,
    FIGURES,
    GOOD_PER_HOUR,
    QUALITY_LOSS,
)
from shared.records.vocabulary import BENCHMARKING, CAUSES
from shared.stays import STAYS, lasted_on

YEAR = timedelta(days=365)
# A machine's days, each at the customer with whom it stood.
_OF_MEMBERS = f"""
FROM times_daily d JOIN assets USING (asset_id) JOIN asset_types t USING (asset_type_id)
JOIN {STAYS} p ON p.asset_id = d.asset_id AND {lasted_on("p", "d.day")}
JOIN sites USING (site_id) JOIN customers c USING (customer_id)
WHERE '{BENCHMARKING}' = ANY(c.data_use)
"""
# A day counts where half of its planned time is known: so a history that is filled in is seen to grow.
_DAYS = f"""
SELECT t.name, date_trunc('quarter', d.day)::date, customer_id, count(*)
{_OF_MEMBERS} AND d.pbt_s > 0 AND d.unknown_s <= 0.5 * d.pbt_s GROUP BY 1, 2, 3
"""
_KNOWN_H = "(d.pbt_s - d.unknown_s) / 3600"
# Each figure's part and whole, in hours and units; null on days that do not have it.
_SUMS = {
    DOWN_SHARE: ("d.stopped_s / 3600", _KNOWN_H),
    GOOD_PER_HOUR: ("d.good", f"CASE WHEN d.good IS NOT NULL THEN {_KNOWN_H} END"),
    ASKED_SHARE: ("(d.apt_s + d.asut_s + d.stopped_s - d.customer_down_s) / 3600", _KNOWN_H),
    **{f"{cause}_down": (f"d.{cause}_down_s / 3600", _KNOWN_H) for cause in CAUSES},
    EFFECTIVENESS_LOSS: (
        "(d.counted_apt_s - d.planned_run_s) / 3600",
        f"CASE WHEN d.counted_apt_s IS NOT NULL AND d.planned_run_s IS NOT NULL THEN {_KNOWN_H} END",
    ),
    QUALITY_LOSS: (
        "coalesce(d.planned_run_s, d.counted_apt_s, d.apt_s) / 3600 * (1 - least(d.good / nullif(d.produced, 0), 1))",
        f"CASE WHEN d.produced > 0 AND d.good IS NOT NULL THEN {_KNOWN_H} END",
    ),
}
_COLUMNS = ", ".join(f"sum({part}), sum({whole})" for part, whole in (_SUMS[name] for name in FIGURES))
_MONTHS = f"""
SELECT customer_id, c.segment, date_trunc('month', d.day)::date, sum(d.pbt_s) / 3600, sum({_KNOWN_H}), {_COLUMNS}
{_OF_MEMBERS} AND t.name = %(type)s AND d.day >= %(since)s AND d.day < %(through)s GROUP BY 1, 2, 3 ORDER BY 1, 3
"""
Row = tuple[Any, ...]


def read_member_days(conn: psycopg.Connection) -> dict[str, dict[date, dict[int, int]]]:
    """Known machine days of each type by quarter and customer."""
    found: dict[str, dict[date, dict[int, int]]] = defaultdict(lambda: defaultdict(dict))
    for name, first, customer_id, count in conn.execute(_DAYS):
        found[name][first][customer_id] = count
    return found


def read_months(conn: psycopg.Connection, asset_type: str, through: datetime) -> list[MonthSums]:
    """The months of the year up to a UTC midnight, by customer."""
    day = through.astimezone(UTC).date()
    by_customer: dict[tuple[int, str | None], list[Row]] = defaultdict(list)
    for row in conn.execute(_MONTHS, {"type": asset_type, "since": day - YEAR, "through": day}):
        by_customer[row[:2]].append(row[3:])
    return [_sums(*who, rows) for who, rows in by_customer.items()]


def _sums(customer_id: int, segment: str | None, rows: list[Row]) -> MonthSums:
    columns = np.array(rows, dtype=np.float64).T
    return MonthSums(
        customer_id=customer_id,
        segment=segment,
        planned_h=columns[0],
        known_h=columns[1],
        parts=dict(zip(FIGURES, columns[2::2], strict=True)),
        wholes=dict(zip(FIGURES, columns[3::2], strict=True)),
    )
