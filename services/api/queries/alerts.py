"""Alerts: lists by keyset, and one alert with what people did to it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from services.api.database import row, rows
from shared.alert_body import ALERT_ROWS, alert_body
from shared.errors import NotFoundError

_TIMELINE = """
SELECT at, actor, action, until, reason, assigned_to FROM alert_actions WHERE alert_id = %s ORDER BY action_id
"""
IN_SCOPE = "(%(customers)s::int[] IS NULL OR a.customer_id = ANY(%(customers)s))"
_AT_SITE = """(
    a.scope_type = 'site' AND a.scope_id = %(site)s
    OR a.scope_type = 'line' AND a.scope_id IN (SELECT line_id FROM lines WHERE site_id = %(site)s)
    OR a.scope_type = 'asset' AND %(site)s = (
        SELECT p.site_id FROM placements p WHERE p.asset_id = a.scope_id AND p.valid_from <= %(now)s
        ORDER BY p.valid_from DESC LIMIT 1))"""
_CONDITIONS = {
    "customer": "a.customer_id = %(customer)s",
    "site": _AT_SITE,
    "asset": "a.scope_type = 'asset' AND a.scope_id = %(asset)s",
    "kind": "a.kind = %(kind)s",
    "tier": "a.tier = %(tier)s",
    "state": "a.state = ANY(%(state)s)",
    "owner_role": "a.owner_role = %(owner_role)s",
    "expected_before": "a.expected_at < %(expected_before)s",
    "expected_after": "a.expected_at >= %(expected_after)s",
    "shown": "a.withheld IS NULL",
    "awake": "(a.snoozed_until IS NULL OR a.snoozed_until <= %(now)s)",
    "after": "(a.pending_since, a.alert_id) < (%(after_since)s, %(after_id)s)",
}


@dataclass(frozen=True, kw_only=True)
class AlertFilters:
    """What to list; None means any. A site's alerts are its own, its lines' and its present assets'."""

    state: tuple[str, ...]
    customer: int | None = None
    site: int | None = None
    asset: int | None = None
    kind: str | None = None
    tier: str | None = None
    owner_role: str | None = None
    expected_before: datetime | None = None
    expected_after: datetime | None = None
    withheld: bool = False
    snoozed: bool = False


@dataclass(frozen=True)
class Position:
    """Where a page ended: alerts are listed by the start of their condition, newest first."""

    pending_since: datetime
    alert_id: UUID


def list_alerts(
    conn: psycopg.Connection,
    customers: list[int] | None,
    filters: AlertFilters,
    *,
    after: Position | None,
    limit: int,
    now: datetime,
) -> list[dict[str, Any]]:
    """Up to `limit` alerts after `after`, as bodies.

    An alert that comes or moves on meanwhile makes no other appear twice or never. Only one whose own start health
    corrects between two pages, as late data made it see, can: the change feed tells of that.
    """
    values: dict[str, Any] = {**filters.__dict__, "state": list(filters.state)}
    values["shown"] = None if filters.withheld else True
    values |= {"awake": None if filters.snoozed else True, "after": after, "customers": customers, "now": now}
    if after is not None:
        values |= {"after_since": after.pending_since, "after_id": after.alert_id}
    where = [IN_SCOPE, *(sql for name, sql in _CONDITIONS.items() if values[name] is not None)]
    # psycopg cannot adapt a Position, and needs it in no query.
    del values["after"]
    order = "ORDER BY a.pending_since DESC, a.alert_id DESC LIMIT %(limit)s"
    found = rows(conn, f"{ALERT_ROWS} WHERE {' AND '.join(where)} {order}", {**values, "limit": limit})
    return [alert_body(each) for each in found]


def get_alert(conn: psycopg.Connection, customers: list[int] | None, alert_id: UUID) -> dict[str, Any]:
    """One alert with what people did to it; raise NotFoundError outside the scope."""
    found = row(
        conn, f"{ALERT_ROWS} WHERE a.alert_id = %(id)s AND {IN_SCOPE}", {"id": alert_id, "customers": customers}
    )
    if found is None:
        raise NotFoundError(f"no alert {alert_id}")
    return {**alert_body(found), "actions": rows(conn, _TIMELINE, [alert_id])}
