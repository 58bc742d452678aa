"""Write assessed episodes into the alerts, and each change into the feed, beside what people do at the same time."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from services.health.advisory_generation.alert_kinds import KINDS
from services.health.assessment import AlertContent, Episode, Issued, PersonAction
from services.health.saving.alert_matching import StoredAlert, matched, merged, retired, withdrawn
from services.health.saving.showing_saving import save_showing
from shared.alert_body import alert_bodies
from shared.alerts import AlertLife, AlertState, Resolution
from shared.changes import Change, append_changes

# What a person did before health first saw it was done in view of what was assessed then.
_DATE_ACTIONS = """
UPDATE alert_actions x SET effective_at = m.assessed_through FROM alerts a JOIN model_states m USING (customer_id)
WHERE a.alert_id = x.alert_id AND a.customer_id = %(customer)s AND x.effective_at IS NULL
"""
_ACTIONS = """
SELECT a.kind, a.scope_type, a.scope_id, a.pending_since, x.at, x.effective_at, x.actor, x.action, x.until, x.reason,
       x.assigned_to,
       CASE WHEN x.action = 'resolve' THEN a.resolution END AS resolution
FROM alert_actions x JOIN alerts a USING (alert_id)
WHERE a.customer_id = %(customer)s AND x.effective_at IS NOT NULL ORDER BY x.action_id
"""
_LOCKED = """
SELECT a.*, CASE WHEN state = 'resolved' THEN (
    SELECT max(coalesce(x.effective_at, a.resolved_at)) FROM alert_actions x
    WHERE x.alert_id = a.alert_id AND x.action = 'resolve') END AS dismissed_at
FROM alerts a WHERE customer_id = %(customer)s AND (resolved_at IS NULL OR resolved_at >= %(since)s) FOR UPDATE
"""
_NEW_VERSION = "UPDATE alerts SET version = version + 1, updated_at = %(now)s WHERE alert_id = ANY(%(alerts)s)"
_LIFE = tuple(AlertLife.__dataclass_fields__)


def date_actions(conn: psycopg.Connection, customer_id: int) -> None:
    """Date what people have done since in event time, before an assessment moves on."""
    conn.execute(_DATE_ACTIONS, {"customer": customer_id})


def read_actions(conn: psycopg.Connection, customer_id: int) -> tuple[PersonAction, ...]:
    """What people did to the customer's alerts, oldest first, each dated in event time."""
    date_actions(conn, customer_id)
    with conn.cursor(row_factory=dict_row) as cur:
        rows = cur.execute(_ACTIONS, {"customer": customer_id}).fetchall()
    return tuple(
        PersonAction(**row | {"resolution": None if row["resolution"] is None else Resolution(row["resolution"])})
        for row in rows
    )


def save_alerts(
    conn: psycopg.Connection,
    customer_id: int,
    episodes: Sequence[Episode],
    *,
    since: datetime,
    through: datetime,
    now: datetime,
) -> int:
    """Make the customer's alerts of [since, through) equal to the episodes; return how many rows changed.

    The rows are locked first, so that a person's step comes wholly before or after. No row is deleted: an alert that
    the data no longer support is resolved as `data_gap` at `through`, one of a kind that is none any more as
    `duplicate`. The feed is appended last in the transaction.
    """
    with conn.cursor(row_factory=dict_row) as cur:
        rows = {row["alert_id"]: row for row in cur.execute(_LOCKED, {"customer": customer_id, "since": since})}
    found = matched([_stored(row) for row in rows.values()], episodes, since)
    wanted: dict[UUID, dict[str, Any]] = {}
    for alert in found.unsupported:
        if alert.kind not in KINDS:
            over = retired(alert, through)
            wanted[alert.alert_id] = {} if over is None else _life_columns(over)
            continue
        life = withdrawn(alert, through)
        wanted[alert.alert_id] = _issued_columns(None) | ({} if life is None else _life_columns(life))
    for alert, episode in found.same:
        wanted[alert.alert_id] = _life_columns(merged(alert, episode.life)) | _said_columns(episode)
    changed = {
        alert_id: columns
        for alert_id, columns in wanted.items()
        if any(rows[alert_id][column] != value for column, value in columns.items())
    }
    told = {alert_id: _transition(rows[alert_id], columns) for alert_id, columns in changed.items()}
    # What ends goes first: only one episode of a kind and scope may live at a time.
    for alert_id in sorted(changed, key=lambda i: changed[i]["state"] != AlertState.RESOLVED):
        _update(conn, alert_id, changed[alert_id], now)
    for episode in found.new:
        told[_insert(conn, customer_id, episode, now)] = "opened"
    show(conn, customer_id, told, since=since, through=through, now=now)
    return len(told)


def show(
    conn: psycopg.Connection,
    customer_id: int,
    told: Mapping[UUID, str],
    *,
    since: datetime,
    through: datetime,
    now: datetime,
) -> None:
    """Decide again which of the customer's alerts are shown since `since`, and tell the feed of those that are.

    told: alerts that changed otherwise in this transaction, and how. An alert that is shown for the first time is
    `opened` to whoever follows, or `resolved` where it is over; what is held back is told of to nobody. The feed is
    appended last in the transaction.
    """
    turned = save_showing(conn, customer_id, since=since, through=through)
    conn.execute(_NEW_VERSION, {"alerts": [i for i in turned if i not in told], "now": now})
    bodies = alert_bodies(conn, list({*told, *turned}))
    feed = []
    for alert_id, body in bodies.items():
        was, becomes = turned.get(alert_id, (body["withheld"] is None,) * 2)
        if was or becomes:
            first = "opened" if body["resolved_at"] is None else "resolved"
            transition = told.get(alert_id, "updated") if was else first
            feed.append(Change(customer_id, "alert", str(alert_id), transition, body))
    append_changes(conn, feed, now)


def _stored(row: dict[str, Any]) -> StoredAlert:
    life = {column: row[column] for column in _LIFE}
    life["state"] = AlertState(life["state"])
    life["resolution"] = None if life["resolution"] is None else Resolution(life["resolution"])
    return StoredAlert(
        alert_id=row["alert_id"],
        kind=row["kind"],
        scope_type=row["scope_type"],
        scope_id=row["scope_id"],
        life=AlertLife(**life),
        dismissed_at=row["dismissed_at"],
    )


def _life_columns(life: AlertLife) -> dict[str, Any]:
    return {column: getattr(life, column) for column in _LIFE}


def _said_columns(episode: Episode) -> dict[str, Any]:
    """What the alert says now, and what it said when it opened."""
    return _content_columns(episode.content) | _issued_columns(episode.issued)


def _issued_columns(issued: Issued | None) -> dict[str, Any]:
    """What the alert said when it opened; all null for one that the data do not support: the record leaves it out."""
    return {f"issued_{name}": getattr(issued, name, None) for name in Issued.__dataclass_fields__}


def _content_columns(content: AlertContent) -> dict[str, Any]:
    columns = {name: getattr(content, name) for name in AlertContent.__dataclass_fields__ if name != "stake"}
    stake = asdict(content.stake)
    named = {name: stake.pop(name) for name in ("currency", "basis")}
    columns["assessed_tier"] = columns.pop("tier")
    return columns | named | {f"stake_{name}": value for name, value in stake.items()}


def _transition(before: dict[str, Any], after: dict[str, Any]) -> str:
    was, becomes = before["state"] == AlertState.RESOLVED, after["state"] == AlertState.RESOLVED
    if becomes and not was:
        return "resolved"
    if was and not becomes:
        return "reopened"
    return "updated"


def _storable(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: Jsonb(value) if isinstance(value, dict) else value for name, value in columns.items()}


def _update(conn: psycopg.Connection, alert_id: UUID, columns: dict[str, Any], now: datetime) -> None:
    assignments = ", ".join(f"{column} = %({column})s" for column in columns)
    conn.execute(
        f"UPDATE alerts SET {assignments}, version = version + 1, updated_at = %(now)s WHERE alert_id = %(alert)s",
        _storable(columns) | {"now": now, "alert": alert_id},
    )


def _insert(conn: psycopg.Connection, customer_id: int, episode: Episode, now: datetime) -> UUID:
    """Insert a new alert; where an alert that moved has taken its identity, the next one derived from it."""
    columns = _life_columns(episode.life) | _said_columns(episode)
    columns |= {"customer_id": customer_id, "kind": episode.kind, "version": 1, "updated_at": now}
    columns["tier"] = columns["assessed_tier"]
    columns |= {"scope_type": episode.scope_type, "scope_id": episode.scope_id}
    names = ", ".join(["alert_id", *columns])
    values = ", ".join(["%(alert_id)s", *(f"%({column})s" for column in columns)])
    alert_id = episode.alert_id(customer_id)
    statement = f"INSERT INTO alerts ({names}) VALUES ({values}) ON CONFLICT (alert_id) DO NOTHING"
    while conn.execute(statement, _storable(columns) | {"alert_id": alert_id}).rowcount == 0:
        alert_id = uuid5(alert_id, "next")
    return alert_id
