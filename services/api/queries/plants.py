"""Lines and sites: their figures, rolled up along ISA-95 by the constraint of each line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import psycopg

from services.api.constraints import Constraint, constraint
from services.api.database import row, rows
from services.api.queries.customers import DEMO, customer_assessed_through
from services.api.queries.times import Machines, Period, kpis_body, site_periods
from shared.errors import NotFoundError
from shared.kpis import FailureCount, Totals, coverage, kpis, of_unknown

_OF_CUSTOMER = f"""
       c.customer_id, c.external_id AS customer_external_id, c.name AS customer_name, {DEMO} AS demo,
       m.assessed_through,
       NOT EXISTS (SELECT FROM shifts WHERE shifts.site_id = s.site_id
                   AND shifts.valid_from <= coalesce(m.assessed_through, 'infinity')) AS calendar_assumed
"""
_SITE = f"""
SELECT s.site_id AS id, s.external_id, s.record_source, s.name, s.timezone, {_OF_CUSTOMER}
FROM sites s JOIN customers c USING (customer_id) LEFT JOIN model_states m USING (customer_id)
WHERE s.site_id = %(id)s AND (%(customers)s::int[] IS NULL OR c.customer_id = ANY(%(customers)s))
"""
_LINE = f"""
SELECT l.line_id AS id, l.external_id, l.record_source, l.name, l.line_of_business,
       s.site_id, s.name AS site_name, {_OF_CUSTOMER}
FROM lines l JOIN sites s USING (site_id) JOIN customers c USING (customer_id)
LEFT JOIN model_states m USING (customer_id)
WHERE l.line_id = %(id)s AND (%(customers)s::int[] IS NULL OR c.customer_id = ANY(%(customers)s))
"""
_LINES = "SELECT line_id AS id, name FROM lines WHERE site_id = %s ORDER BY line_id"
_NAMES = "SELECT asset_id, name FROM assets WHERE asset_id = ANY(%s)"
_SITES_OF_CUSTOMER = "SELECT site_id FROM sites WHERE customer_id = %s ORDER BY site_id"


def get_line(
    conn: psycopg.Connection, customers: list[int] | None, line: int, *, days: int, per: FailureCount
) -> dict[str, Any]:
    """One line with the KPIs of its constraint over its last `days` days; raise NotFoundError outside the scope."""
    found = row(conn, _LINE, {"id": line, "customers": customers})
    if found is None:
        raise NotFoundError(f"no line {line}")
    machines = site_periods(conn, found["site_id"], line=line, days=days).get(line, {})
    names = _names(conn, machines)
    limiting = _constraint(machines)
    return {
        **{name: found[name] for name in ("id", "external_id", "record_source", "name", "line_of_business")},
        "site": {"id": found["site_id"], "name": found["site_name"]},
        **_of_customer(found),
        "constraint": _constraint_body(limiting, names),
        "kpis": kpis_body(_of_constraint(machines, limiting), per),
        "coverage": coverage([t for period in machines.values() for t in period.totals]),
        "assets": [_machine(asset, names[asset], period, limiting) for asset, period in sorted(machines.items())],
    }


def get_site(
    conn: psycopg.Connection, customers: list[int] | None, site: int, *, days: int, per: FailureCount
) -> dict[str, Any]:
    """One site with the KPIs of its lines' constraints and of its machines on no line, over its last `days` days."""
    found = row(conn, _SITE, {"id": site, "customers": customers})
    if found is None:
        raise NotFoundError(f"no site {site}")
    machines = site_periods(conn, site, line=None, days=days)
    lines = rows(conn, _LINES, [site])
    names = _names(conn, [asset for own in machines.values() for asset in own])
    return {
        **{name: found[name] for name in ("id", "external_id", "record_source", "name", "timezone")},
        **_of_customer(found),
        "kpis": kpis_body(_rolled_up(machines), per),
        "coverage": coverage([t for own in machines.values() for period in own.values() for t in period.totals]),
        "lines": [_line_of_site(line, machines.get(line["id"], {}), names) for line in lines],
    }


def get_customer_kpis(
    conn: psycopg.Connection, customers: list[int] | None, customer: int, *, days: int, per: FailureCount
) -> dict[str, Any]:
    """The KPIs of a customer: of all its sites' lines' constraints, and of its machines on no line; raise NotFoundError
    outside the scope."""
    through = customer_assessed_through(conn, customers, customer)
    sites = [each["site_id"] for each in rows(conn, _SITES_OF_CUSTOMER, [customer])]
    period = Period.over([_rolled_up(site_periods(conn, site, line=None, days=days)) for site in sites])
    return {"kpis": kpis_body(period, per), "assessed_through": through}


def _rolled_up(machines: Machines) -> Period:
    """What a site can be judged by: of each line its constraint, and each machine on no line by itself."""
    alone = list(machines.get(None, {}).values())
    of_lines = [_of_constraint(own, _constraint(own)) for line, own in machines.items() if line is not None]
    return Period.over([*of_lines, *alone])


def _totals(machines: Mapping[int, Period]) -> dict[int, Sequence[Totals]]:
    return {asset: period.totals for asset, period in machines.items()}


def _constraint(machines: Mapping[int, Period]) -> Constraint | None:
    return constraint(_totals(machines))


def _of_constraint(machines: Mapping[int, Period], limiting: Constraint | None) -> Period:
    """What the line is judged by; without a constraint its time is not known, so that no other line speaks for it."""
    if limiting is not None:
        return machines[limiting.asset_id]
    longest = max(machines.values(), key=lambda period: sum(t.pbt_s for t in period.totals), default=Period.over([]))
    return replace(longest, totals=tuple(of_unknown(t) for t in longest.totals))


def _names(conn: psycopg.Connection, assets: Iterable[int]) -> dict[int, str]:
    return dict(conn.execute(_NAMES, [list(assets)]).fetchall())


def _of_customer(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "customer": {
            "id": found["customer_id"],
            "external_id": found["customer_external_id"],
            "name": found["customer_name"],
            "demo": found["demo"],
        },
        "calendar_assumed": found["calendar_assumed"],
        "assessed_through": found["assessed_through"],
    }


def _constraint_body(limiting: Constraint | None, names: Mapping[int, str]) -> dict[str, Any] | None:
    if limiting is None:
        return None
    return {"id": limiting.asset_id, "name": names[limiting.asset_id], "by": limiting.by}


def _machine(asset: int, name: str, period: Period, limiting: Constraint | None) -> dict[str, Any]:
    return {
        "id": asset,
        "name": name,
        "availability": kpis(period.totals)["availability"].value,
        "coverage": coverage(period.totals),
        "compared_by": None if limiting is None else limiting.figures.get(asset),
    }


def _line_of_site(line: Mapping[str, Any], machines: Mapping[int, Period], names: Mapping[int, str]) -> dict[str, Any]:
    limiting = _constraint(machines)
    said = kpis(_of_constraint(machines, limiting).totals)
    return {
        "id": line["id"],
        "name": line["name"],
        "constraint": _constraint_body(limiting, names),
        "availability": said["availability"].value,
        "oee": said["oee"].value,
        "coverage": coverage([t for period in machines.values() for t in period.totals]),
    }
