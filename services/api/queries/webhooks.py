"""Webhooks, their secrets and their deliveries. Row security shows those of keys that see no more than who asks."""

import base64
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg

from services.api.cursors import feed_cursor
from services.api.database import row, rows
from services.api.keys import ApiKey
from shared.errors import NotFoundError

OLD_SECRET_COUNTS_FOR: Final = timedelta(hours=24)
FILTERS: Final = ("transitions", "tiers", "kinds", "owner_roles", "customer_id")
_SHOWN = f"""
SELECT w.webhook_id AS id, w.url, {", ".join(f"w.{name}" for name in FILTERS)}, w.reason, w.key_id, w.created_at,
       CASE WHEN k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > %(now)s) THEN w.state ELSE 'ended' END
       AS state, w.cursor, (SELECT at_after FROM feed_bounds(w.cursor)) AS cursor_at
FROM webhooks w JOIN api_keys k USING (key_id)
"""
_CREATE = f"""
INSERT INTO webhooks (webhook_id, key_id, customers, url, {", ".join(FILTERS)}, state, cursor, created_at)
VALUES (%(id)s, %(key_id)s, %(customers)s, %(url)s, {", ".join(f"%({name})s" for name in FILTERS)}, 'active',
        %(cursor)s, %(now)s)
"""
_DELIVERIES = """
SELECT message_id AS id, sequence, state, attempts, created_at, last_attempt_at, next_attempt_at, status, problem
FROM webhook_deliveries WHERE webhook_id = %(webhook)s
"""
_BEFORE = " AND (created_at, message_id) < (%(at)s, %(id)s)"


def create_webhook(
    conn: psycopg.Connection, key: ApiKey, asked: Mapping[str, Any], *, last: int, now: datetime
) -> tuple[dict[str, Any], str]:
    """The new webhook, which begins after change `last` of the feed, and its secret."""
    webhook_id = f"wh_{secrets.token_hex(8)}"
    values = {**asked, "id": webhook_id, "key_id": key.key_id, "customers": key.customers, "cursor": last, "now": now}
    conn.execute(_CREATE, values)
    return get_webhook(conn, webhook_id, now=now), _add_secret(conn, webhook_id, now)


def last_change(conn: psycopg.Connection) -> int:
    """The end of the feed, as far as it may be seen."""
    found = row(conn, "SELECT coalesce(max(sequence), 0) AS last FROM changes", {})
    assert found is not None  # noqa: S101 - an aggregate always has its row
    return int(found["last"])


def get_webhook(conn: psycopg.Connection, webhook_id: str, *, now: datetime) -> dict[str, Any]:
    """One webhook as it stands; raise NotFoundError where there is none for who asks."""
    found = row(conn, f"{_SHOWN} WHERE w.webhook_id = %(id)s", {"id": webhook_id, "now": now})
    if found is None:
        raise NotFoundError(f"no webhook {webhook_id}")
    return _with_cursor(found)


def list_webhooks(conn: psycopg.Connection, *, after: str, limit: int, now: datetime) -> list[dict[str, Any]]:
    """Webhooks by id."""
    query = f"{_SHOWN} WHERE w.webhook_id > %(after)s ORDER BY w.webhook_id LIMIT %(limit)s"
    return [_with_cursor(each) for each in rows(conn, query, {"after": after, "limit": limit, "now": now})]


def change_webhook(
    conn: psycopg.Connection, webhook_id: str, columns: Mapping[str, Any], *, now: datetime
) -> dict[str, Any]:
    """The webhook after these columns were set; turned on again, it forgets why it was disabled."""
    get_webhook(conn, webhook_id, now=now)
    if columns:
        reason = ", reason = NULL" if columns.get("state") == "active" else ""
        assigned = ", ".join(f"{name} = %({name})s" for name in columns)
        conn.execute(f"UPDATE webhooks SET {assigned}{reason} WHERE webhook_id = %(id)s", {**columns, "id": webhook_id})
    return get_webhook(conn, webhook_id, now=now)


def delete_webhook(conn: psycopg.Connection, webhook_id: str, *, now: datetime) -> dict[str, Any]:
    """The webhook as it was; it, its secrets and its deliveries are gone."""
    found = get_webhook(conn, webhook_id, now=now)
    conn.execute("DELETE FROM webhooks WHERE webhook_id = %s", [webhook_id])
    return found


def rotate_secret(conn: psycopg.Connection, webhook_id: str, *, now: datetime) -> tuple[dict[str, Any], str, datetime]:
    """The webhook, its new secret, and until when the one before counts, too."""
    found, until = get_webhook(conn, webhook_id, now=now), now + OLD_SECRET_COUNTS_FOR
    conn.execute("UPDATE webhook_secrets SET until = %s WHERE webhook_id = %s AND until IS NULL", [until, webhook_id])
    return found, _add_secret(conn, webhook_id, now), until


def add_trial(conn: psycopg.Connection, webhook_id: str, *, now: datetime) -> dict[str, Any]:
    """A delivery that carries no change, to be sent once and at once."""
    get_webhook(conn, webhook_id, now=now)
    message = f"msg_{secrets.token_hex(16)}"
    conn.execute(
        "INSERT INTO webhook_deliveries (message_id, webhook_id, created_at, state, attempts, next_attempt_at)"
        " VALUES (%s, %s, %s, 'pending', 0, %s)",
        [message, webhook_id, now, now],
    )
    found = row(conn, f"{_DELIVERIES} AND message_id = %(message)s", {"webhook": webhook_id, "message": message})
    assert found is not None  # noqa: S101 - inserted just now
    return found


def list_deliveries(
    conn: psycopg.Connection, webhook_id: str, *, before: tuple[datetime, str] | None, limit: int, now: datetime
) -> list[dict[str, Any]]:
    """Deliveries of the last 30 days, the newest first."""
    get_webhook(conn, webhook_id, now=now)
    at, message = before or (None, None)
    query = (
        f"{_DELIVERIES}{'' if before is None else _BEFORE} ORDER BY created_at DESC, message_id DESC LIMIT %(limit)s"
    )
    return rows(conn, query, {"webhook": webhook_id, "at": at, "id": message, "limit": limit})


def _add_secret(conn: psycopg.Connection, webhook_id: str, now: datetime) -> str:
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    conn.execute(
        "INSERT INTO webhook_secrets (secret, webhook_id, created_at) VALUES (%s, %s, %s)", [secret, webhook_id, now]
    )
    return secret


def _with_cursor(found: dict[str, Any]) -> dict[str, Any]:
    at = found.pop("cursor_at")
    return {**found, "cursor": feed_cursor(found["cursor"], at)}
