"""What people do to an alert: moved under its row lock, kept in its timeline, told by the feed, in one transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from services.api.database import row
from services.api.queries.alerts import IN_SCOPE
from shared.alert_body import alert_bodies
from shared.alerts import AlertLife, AlertState, Resolution, Step, Unacknowledge, transition
from shared.changes import Change, append_changes
from shared.errors import ConflictError, InvalidActionError, NotFoundError

# What a person does, and how the feed tells of it beside health's opened, updated, resolved and reopened.
_TRANSITIONS = {
    "acknowledge": "acknowledged",
    "unacknowledge": "unacknowledged",
    "assign": "assigned",
    "comment": "commented",
    "snooze": "snoozed",
    "unsnooze": "unsnoozed",
    "resolve": "resolved",
}
_LAST = "SELECT action FROM alert_actions WHERE alert_id = %(id)s ORDER BY action_id DESC LIMIT 1"
_RECORD = """
INSERT INTO alert_actions (alert_id, at, actor, action, until, reason, assigned_to)
VALUES (%(id)s, %(at)s, %(actor)s, %(action)s, %(until)s, %(reason)s, %(assigned_to)s)
"""


@dataclass(frozen=True, kw_only=True)
class PersonsAction:
    """What a person does to an alert, in wall time. step: None for a comment, which moves nothing."""

    step: Step | None
    action: str
    actor: str
    until: datetime | None = None
    reason: str | None = None
    assigned_to: str | None = None


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
        f"SELECT a.* FROM alerts a WHERE a.alert_id = %(id)s AND {IN_SCOPE} FOR UPDATE",
        {"id": alert_id, "customers": customers},
    )
    if found is None:
        raise NotFoundError(f"no alert {alert_id}")
    if versions is not None and found["version"] not in versions:
        raise ConflictError(f"the alert is at version {found['version']} now")
    before = _life(found)
    if action.step is not None:
        after = transition(before, action.step, now)
        if after == before:
            return
        if isinstance(action.step, Unacknowledge):
            _require_nothing_since(conn, alert_id)
        _save(conn, alert_id, after)
    conn.execute("UPDATE alerts SET version = version + 1, updated_at = %s WHERE alert_id = %s", [now, alert_id])
    conn.execute(_RECORD, {**action.__dict__, "step": None, "id": alert_id, "at": now})
    body = alert_bodies(conn, [alert_id])[alert_id]
    append_changes(conn, [Change(found["customer_id"], "alert", str(alert_id), _TRANSITIONS[action.action], body)], now)


def _require_nothing_since(conn: psycopg.Connection, alert_id: UUID) -> None:
    last = row(conn, _LAST, {"id": alert_id})
    if last is not None and last["action"] != "acknowledge":
        raise InvalidActionError(
            f"after it was acknowledged somebody went on ({last['action']}): that cannot be taken back any more"
        )


def _life(found: dict[str, Any]) -> AlertLife:
    resolution = found["resolution"]
    typed = {"state": AlertState(found["state"]), "resolution": None if resolution is None else Resolution(resolution)}
    return AlertLife(**{name: found[name] for name in AlertLife.__dataclass_fields__} | typed)


def _save(conn: psycopg.Connection, alert_id: UUID, life: AlertLife) -> None:
    conn.execute(
        "UPDATE alerts SET state = %(state)s, resolution = %(resolution)s, acknowledged_at = %(acknowledged_at)s,"
        " acknowledged_by = %(acknowledged_by)s, resolved_at = %(resolved_at)s, snoozed_until = %(snoozed_until)s,"
        " snooze_reason = %(snooze_reason)s, assigned_to = %(assigned_to)s WHERE alert_id = %(alert_id)s",
        {**life.__dict__, "alert_id": alert_id},
    )
