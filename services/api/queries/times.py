"""Times of machines summed over days, for KPIs: of one machine, of a line, of a site."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from services.api.database import rows
from services.api.queries.customers import stood_at
from shared.kpis import COLUMNS, INPUTS, FailureCount, Totals, coverage, kpis, summed
from shared.stays import STAYS

_SUMS = ", ".join(f"sum(d.{name})::float8 AS {name}" for name in COLUMNS)
_SAME_INPUTS = ", ".join(f"d.{name} IS NULL" for name in INPUTS)
_OF_ASSET = f"""
WITH d AS (
    SELECT d.* FROM times_daily d
    WHERE d.asset_id = %(asset)s AND {stood_at("d.asset_id", "d.day")} = %(customer)s
    ORDER BY d.day DESC LIMIT %(days)s)
SELECT d.asset_id, count(*) AS days, min(day) AS first_day, max(day) AS last_day, {_SUMS}
FROM d GROUP BY d.asset_id, {_SAME_INPUTS}
"""
# When machines stood there, and their newest day in that time, are read from keys alone; then only the days asked for.
_OF_SITE = f"""
WITH stays AS (
    SELECT *, coalesce(until, 'infinity') AS ended FROM {STAYS} p
    WHERE asset_id IN (SELECT asset_id FROM placements WHERE site_id = %(site)s)
      AND site_id = %(site)s AND (%(line)s::int IS NULL OR line_id = %(line)s)),
newest AS (
    SELECT max(last) AS day FROM stays s, LATERAL (
        SELECT max(day) AS last FROM times_daily
        WHERE asset_id = s.asset_id AND day >= s.valid_from AND day < s.ended) own)
SELECT s.line_id, d.asset_id, count(*) AS days, min(d.day) AS first_day, max(d.day) AS last_day, {_SUMS}
FROM stays s, newest n, LATERAL (
    SELECT * FROM times_daily WHERE asset_id = s.asset_id AND day < s.ended
        AND day >= greatest(s.valid_from, n.day - %(days)s::int + 1) OFFSET 0) d
GROUP BY s.line_id, d.asset_id, {_SAME_INPUTS} ORDER BY s.line_id, d.asset_id
"""
_TIMES = ("pot", "planned", "pbt", "apt", "asut", "aupt", "adet", "adot", "unknown", "stopped", "failed", "repair")
_DOWN = ("supplier", "customer", "external", "operator", "unknown")
_IF_SENT = ("aubt", "aoet", "pmt", "cmt")


@dataclass(frozen=True, kw_only=True)
class Period:
    """Totals of some machines, and the days that they are of; days: of the machine that has most of them."""

    totals: tuple[Totals, ...]
    days: int
    first_day: date | None
    last_day: date | None

    @classmethod
    def of_machine(cls, found: Sequence[Mapping[str, Any]]) -> "Period":
        """The period of one machine from its rows, of which each has other inputs."""
        return cls(
            totals=tuple(Totals(**{name: each[name] for name in COLUMNS}) for each in found),
            days=sum(each["days"] for each in found),
            first_day=min((each["first_day"] for each in found), default=None),
            last_day=max((each["last_day"] for each in found), default=None),
        )

    @classmethod
    def over(cls, periods: Sequence["Period"]) -> "Period":
        """The periods of several machines as one."""
        return cls(
            totals=tuple(t for period in periods for t in period.totals),
            days=max((period.days for period in periods), default=0),
            first_day=min((p.first_day for p in periods if p.first_day is not None), default=None),
            last_day=max((p.last_day for p in periods if p.last_day is not None), default=None),
        )


def asset_period(conn: psycopg.Connection, asset: int, customer: int | None, *, days: int) -> Period:
    """The last `days` days of an asset for which times exist at its customer."""
    return Period.of_machine(rows(conn, _OF_ASSET, {"asset": asset, "customer": customer, "days": days}))


Machines = dict[int | None, dict[int, Period]]


def site_periods(conn: psycopg.Connection, site: int, *, line: int | None, days: int) -> Machines:
    """Line, None for machines on no line, to asset to its days there among the last `days` days of the site or line."""
    by_asset: dict[tuple[int | None, int], list[dict[str, Any]]] = defaultdict(list)
    for each in rows(conn, _OF_SITE, {"site": site, "line": line, "days": days}):
        by_asset[each["line_id"], each["asset_id"]].append(each)
    found: Machines = defaultdict(dict)
    for (of_line, asset), own in by_asset.items():
        found[of_line][asset] = Period.of_machine(own)
    return dict(found)


def kpis_body(period: Period, per: FailureCount) -> dict[str, Any]:
    """The KPIs of a period as they are shown."""
    said = kpis(period.totals, per=per)
    sums = summed(period.totals)
    some = bool(period.totals)

    def shown(column: str) -> float | None:
        declared = any(getattr(t, column) is not None for t in period.totals)
        return sums[column] if declared else None

    times = {name: sums[f"{name}_s"] / 3600 if some else None for name in _TIMES}
    times |= {f"{cause}_down": sums[f"{cause}_down_s"] / 3600 if some else None for cause in _DOWN}
    sent = {name: shown(f"{name}_s") for name in _IF_SENT}
    return {
        "days": period.days,
        "first_day": period.first_day,
        "last_day": period.last_day,
        "coverage": coverage(period.totals),
        **{name: kpi.value for name, kpi in said.items()},
        "coverages": {name: kpi.coverage for name, kpi in said.items()},
        "implausible": [name for name, kpi in said.items() if kpi.implausible],
        "failures": int(sums["failures"]) if some else None,
        **{name: shown(name) for name in ("produced", "good", "scrapped", "reworked", "inspected", "first_pass")},
        "times_h": times | {name: None if value is None else value / 3600 for name, value in sent.items()},
    }
