"""One asset: where it stands, how it runs, how it wears."""

from datetime import date, datetime
from typing import Any

import psycopg

from services.api.database import row, rows
from services.api.queries.customers import DEMO, STATE, asset_state
from services.api.queries.times import asset_period, kpis_body
from shared.errors import NotFoundError
from shared.kpis import FailureCount

# Where it stands today, by the wall's clock; an asset that was moved is its new customer's from that day on.
_ASSET = f"""
SELECT a.asset_id AS id, a.external_id, a.record_source, a.name, a.serial, a.commissioned_on, t.name AS asset_type,
       p.site_id, s.name AS site_name, p.line_id, l.name AS line_name, {DEMO} AS demo,
       c.customer_id, c.external_id AS customer_external_id, c.name AS customer_name, m.assessed_through,
       i.state, i.started_at, i.cause, i.failure,
       NOT EXISTS (SELECT FROM shifts WHERE shifts.site_id = p.site_id
                   AND shifts.valid_from <= coalesce(m.assessed_through, 'infinity')) AS calendar_assumed
FROM assets a
JOIN asset_types t USING (asset_type_id)
LEFT JOIN LATERAL (SELECT site_id, line_id FROM placements WHERE asset_id = a.asset_id AND valid_from <= %(today)s
                   ORDER BY valid_from DESC LIMIT 1) p ON true
LEFT JOIN sites s ON s.site_id = p.site_id
LEFT JOIN lines l ON l.line_id = p.line_id
LEFT JOIN customers c ON c.customer_id = s.customer_id
LEFT JOIN model_states m ON m.customer_id = c.customer_id
{STATE}
WHERE a.asset_id = %(asset)s AND (%(customers)s::int[] IS NULL OR c.customer_id = ANY(%(customers)s))
"""
_SIGNALS = """
SELECT kind, day, value, confidence, expected_at, expected_low, expected_high, evidence FROM signals
WHERE customer_id = %(customer)s AND scope_type = 'asset' AND scope_id = %(asset)s AND day > %(after)s
ORDER BY kind, day
"""


def get_asset(
    conn: psycopg.Connection, customers: list[int] | None, asset: int, *, days: int, per: FailureCount, today: date
) -> dict[str, Any]:
    """One asset with KPIs and signals of its last `days` days; raise NotFoundError outside the scope."""
    found = row(conn, _ASSET, {"asset": asset, "customers": customers, "today": today})
    if found is None:
        raise NotFoundError(f"no asset {asset}")
    of = {"asset": asset, "customer": found["customer_id"], "days": days}
    kpis = kpis_body(asset_period(conn, asset, found["customer_id"], days=days), per)
    return {
        **{name: found[name] for name in ("id", "external_id", "record_source", "name", "serial", "commissioned_on")},
        "asset_type": found["asset_type"],
        "customer": _customer(found),
        "site": _place(found, "site"),
        "line": _place(found, "line"),
        "state": asset_state(found),
        "calendar_assumed": found["calendar_assumed"],
        "kpis": kpis,
        "signals": _signals(conn, of),
        "assessed_through": found["assessed_through"],
    }


def customer_of(conn: psycopg.Connection, customers: list[int] | None, asset: int, *, today: date) -> int:
    """The customer at whose site an asset stands; raise NotFoundError outside the scope or without a site."""
    found = row(conn, _ASSET, {"asset": asset, "customers": customers, "today": today})
    if found is None or found["customer_id"] is None:
        raise NotFoundError(f"no asset {asset}")
    return int(found["customer_id"])


def _customer(found: dict[str, Any]) -> dict[str, Any] | None:
    if found["customer_id"] is None:
        return None
    return {
        "id": found["customer_id"],
        "external_id": found["customer_external_id"],
        "name": found["customer_name"],
        "demo": found["demo"],
    }


def _place(found: dict[str, Any], what: str) -> dict[str, Any] | None:
    number = found[f"{what}_id"]
    return None if number is None else {"id": number, "name": found[f"{what}_name"]}


def _signals(conn: psycopg.Connection, of: dict[str, Any]) -> list[dict[str, Any]]:
    newest = row(
        conn,
        "SELECT max(day) - %(days)s::int AS after FROM signals"
        " WHERE customer_id = %(customer)s AND scope_type = 'asset' AND scope_id = %(asset)s",
        of,
    )
    if newest is None or newest["after"] is None:
        return []
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for each in rows(conn, _SIGNALS, {**of, "after": newest["after"]}):
        by_kind.setdefault(each["kind"], []).append(each)
    return [_signal(history) for history in by_kind.values()]


def _signal(history: list[dict[str, Any]]) -> dict[str, Any]:
    newest = history[-1]
    at: datetime | None = newest["expected_at"]
    return {
        **{name: newest[name] for name in ("kind", "day", "value", "confidence", "evidence")},
        "expected": None if at is None else {"at": at, "low": newest["expected_low"], "high": newest["expected_high"]},
        "history": [{"day": each["day"], "value": each["value"]} for each in history],
    }
