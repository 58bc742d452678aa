"""Alerts: lists by keyset, and one alert with what people did to it."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from services.api.database import row, rows
from services.api.queries.alert_orders import ORDERS, AlertSort, at_least
from shared.alert_body import alert_rows
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
}


@dataclass(frozen=True, kw_only=True)
class AlertFilters:
    """What to list; None means any. A site's alerts are its own, its lines' and its present assets'.

    minimum_money: in `currency`, given with it.
    """

    state: tuple[str, ...]
    customer: int | None = None
    site: int | None = None
    asset: int | None = None
    kind: str | None = None
    tier: str | None = None
    owner_role: str | None = None
    minimum_money: float | None = None
    currency: str | None = None
    expected_before: datetime | None = None
    expected_after: datetime | None = None
    withheld: bool = False
    snoozed: bool = False


@dataclass(frozen=True)
class AlertPage:
    """Bodies as JSON, and the place after which the next page begins; None where there is none."""

    bodies: list[str]
    following: list[str] | None


def page_of_alerts(
    conn: psycopg.Connection,
    customers: list[int] | None,
    filters: AlertFilters,
    *,
    sort: AlertSort,
    after: list[str] | None,
    limit: int,
    now: datetime,
) -> AlertPage:
    """Up to `limit` alerts after the place `after`.

    An alert that comes or moves on meanwhile makes no other appear twice or never. Only one whose own place changes
    between two pages, as health corrects its start, its date or what is at stake, can: the change feed tells of that.
    """
    query, values = page_query(filters, customers, sort=sort, after=after, limit=limit, now=now)
    found = conn.execute(query, values).fetchall()
    return AlertPage([body for body, _ in found[:limit]], found[limit - 1][1] if len(found) > limit else None)


def page_query(
    filters: AlertFilters,
    customers: list[int] | None,
    *,
    sort: AlertSort,
    after: list[str] | None,
    limit: int,
    now: datetime,
) -> tuple[str, dict[str, Any]]:
    """The query of a page and of one alert more, and its parameters: body as JSON and place of each."""
    order = ORDERS[sort]
    where, values = _condition(filters, customers, now)
    if after is not None:
        where, values = f"{where} AND {order.after}", {**values, "after": after}
    # Joined after the limit: what an alert is about is looked up for those of the page alone.
    chosen = f"(SELECT * FROM alerts a WHERE {where} ORDER BY {order.by} LIMIT %(limit)s)"
    query = f"SELECT body::text, place FROM ({alert_rows(chosen, f'{order.place} AS place')} ORDER BY {order.by}) p"
    return query, {**values, "limit": limit + 1}


def list_alerts(
    conn: psycopg.Connection,
    customers: list[int] | None,
    filters: AlertFilters,
    *,
    sort: AlertSort,
    limit: int,
    now: datetime,
) -> list[dict[str, Any]]:
    """The bodies of the first `limit` alerts."""
    page = page_of_alerts(conn, customers, filters, sort=sort, after=None, limit=limit, now=now)
    return [json.loads(body) for body in page.bodies]


def _condition(filters: AlertFilters, customers: list[int] | None, now: datetime) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {**filters.__dict__, "state": list(filters.state)}
    values |= {"customers": customers, "now": now}
    values |= {"shown": None if filters.withheld else True, "awake": None if filters.snoozed else True}
    where = [IN_SCOPE, *(sql for name, sql in _CONDITIONS.items() if values[name] is not None)]
    if filters.minimum_money is not None and filters.currency is not None:
        condition, parameters = at_least(filters.minimum_money, filters.currency)
        where, values = [*where, condition], {**values, **parameters}
    return " AND ".join(where), values


def get_alert(conn: psycopg.Connection, customers: list[int] | None, alert_id: UUID) -> dict[str, Any]:
    """One alert with what people did to it; raise NotFoundError outside the scope."""
    query = f"{alert_rows('alerts')} WHERE a.alert_id = %(id)s AND {IN_SCOPE}"
    found = row(conn, query, {"id": alert_id, "customers": customers})
    if found is None:
        raise NotFoundError(f"no alert {alert_id}")
    return {**found["body"], "actions": rows(conn, _TIMELINE, [alert_id])}
