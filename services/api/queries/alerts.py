"""Alerts: lists by keyset, one alert, and what people do to one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from services.api.database import row, rows
from shared.alert_body import ALERT_ROWS, alert_bodies, alert_body
from shared.alerts import AlertLife, AlertState, Resolution, Step, transition
from shared.changes import Change, append_changes
from shared.errors import ConflictError, NotFoundError

# What a person does, and how the feed tells of it beside health's opened, updated, resolved and reopened.
_TRANSITIONS = {"acknowledge": "acknowledged", "snooze": "snoozed", "resolve": "resolved"}
_IN_SCOPE = "(%(customers)s::int[] IS NULL OR a.customer_id = ANY(%(customers)s))"
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
    where = [_IN_SCOPE, *(sql for name, sql in _CONDITIONS.items() if values[name] is not None)]
    # psycopg cannot adapt a Position, and needs it in no query.
    del values["after"]
    order = "ORDER BY a.pending_since DESC, a.alert_id DESC LIMIT %(limit)s"
    found = rows(conn, f"{ALERT_ROWS} WHERE {' AND '.join(where)} {order}", {**values, "limit": limit})
    return [alert_body(each) for each in found]


def get_alert(conn: psycopg.Connection, customers: list[int] | None, alert_id: UUID) -> dict[str, Any]:
    """One alert with what people did to it; raise NotFoundError outside the scope."""
    found = row(
        conn, f"{ALERT_ROWS} WHERE a.alert_id = %(id)s AND {_IN_SCOPE}", {"id": alert_id, "customers": customers}
    )
    if found is None:
        raise NotFoundError(f"no alert {alert_id}")
    actions = rows(
        conn,
        "SELECT at, actor, action, until, reason FROM alert_actions WHERE alert_id = %s ORDER BY action_id",
        [alert_id],
    )
    return {**alert_body(found), "actions": actions}


@dataclass(frozen=True, kw_only=True)
class PersonsAction:
    """What a person does to an alert, in wall time."""

    step: Step
    action: str
    actor: str
    until: datetime | None = None
    reason: str | None = None


def take_action(
    conn: psycopg.Connection,
    customers: list[int] | None,
    alert_id: UUID,
    *,
    action: PersonsAction,
    versions: frozenset[int] | None,
    now: datetime,
) -> None:
    """Move an alert under its row lock; record who did it and tell the change feed, all in one transaction.

    `versions` are those the caller has seen, None for whichever there is. An action that changes nothing is not
    recorded again. Raises NotFoundError, ConflictError for another version, InvalidActionError.
    """
    found = row(
        conn,
        f"SELECT a.* FROM alerts a WHERE a.alert_id = %(id)s AND {_IN_SCOPE} FOR UPDATE",
        {"id": alert_id, "customers": customers},
    )
    if found is None:
        raise NotFoundError(f"no alert {alert_id}")
    if versions is not None and found["version"] not in versions:
        raise ConflictError(f"the alert is at version {found['version']} now")
    before = _life(found)
    after = transition(before, action.step, now)
    if after == before:
        return
    _save(conn, alert_id, after, now)
    conn.execute(
        "INSERT INTO alert_actions (alert_id, at, actor, action, until, reason) VALUES (%s, %s, %s, %s, %s, %s)",
        [alert_id, now, action.actor, action.action, action.until, action.reason],
    )
    body = alert_bodies(conn, [alert_id])[alert_id]
    append_changes(conn, [Change(found["customer_id"], "alert", str(alert_id), _TRANSITIONS[action.action], body)], now)


def _life(found: dict[str, Any]) -> AlertLife:
    resolution = found["resolution"]
    return AlertLife(
        state=AlertState(found["state"]),
        pending_since=found["pending_since"],
        opened_at=found["opened_at"],
        acknowledged_at=found["acknowledged_at"],
        acknowledged_by=found["acknowledged_by"],
        resolved_at=found["resolved_at"],
        resolution=None if resolution is None else Resolution(resolution),
        snoozed_until=found["snoozed_until"],
        snooze_reason=found["snooze_reason"],
    )


def _save(conn: psycopg.Connection, alert_id: UUID, life: AlertLife, now: datetime) -> None:
    conn.execute(
        "UPDATE alerts SET state = %(state)s, resolution = %(resolution)s, acknowledged_at = %(acknowledged_at)s,"
        " acknowledged_by = %(acknowledged_by)s, resolved_at = %(resolved_at)s, snoozed_until = %(snoozed_until)s,"
        " snooze_reason = %(snooze_reason)s, version = version + 1, updated_at = %(now)s"
        " WHERE alert_id = %(alert_id)s",
        {**life.__dict__, "now": now, "alert_id": alert_id},
    )
