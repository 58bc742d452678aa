"""What the database knows of deliveries: whose turn it is, what comes next, and how it went.

A webhook is in the charge of one worker at a time: its row names the holder until a minute is over, so that others take
it up after a worker that died or hangs, and no two send to one receiver at once. Only who still holds it writes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import psycopg
from psycopg.rows import class_row, dict_row

from services.webhooks.retrying import Answer, Decision
from shared.askers import become_asker

_HELD_FOR: Final = timedelta(seconds=60)
_KEPT_FOR: Final = timedelta(days=30)
_CLAIM = """
UPDATE webhooks SET held_by = %(holder)s, held_until = %(until)s WHERE webhook_id = (
    SELECT w.webhook_id FROM webhooks w JOIN api_keys k USING (key_id)
    WHERE w.state = 'active' AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > %(now)s)
    AND (w.held_until IS NULL OR w.held_until <= %(now)s)
    AND (EXISTS (SELECT FROM webhook_deliveries d WHERE d.webhook_id = w.webhook_id
                 AND d.state = 'pending' AND d.next_attempt_at <= %(now)s)
         OR (w.cursor < (SELECT max(sequence) FROM changes)
             AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.webhook_id = w.webhook_id
                             AND d.state = 'pending' AND d.sequence IS NOT NULL)))
    ORDER BY w.held_until NULLS FIRST, w.webhook_id LIMIT 1 FOR UPDATE OF w SKIP LOCKED)
RETURNING webhook_id, url, customers, transitions, tiers, kinds, owner_roles, customer_id, cursor,
    (SELECT url FROM public_address) AS public_url,
    (SELECT array_agg(s.secret ORDER BY s.created_at DESC) FROM webhook_secrets s
     WHERE s.webhook_id = webhooks.webhook_id AND (s.until IS NULL OR s.until > %(now)s)) AS secrets
"""
_DUE = """
SELECT message_id, sequence, attempts, created_at FROM webhook_deliveries
WHERE webhook_id = %(webhook)s AND state = 'pending'
AND next_attempt_at <= %(now)s ORDER BY sequence NULLS FIRST LIMIT 1
"""
_LAST = "SELECT coalesce(max(sequence), 0) FROM changes"
_NEXT = """
SELECT sequence FROM changes WHERE sequence > %(cursor)s AND sequence <= %(last)s
AND (%(transitions)s::text[] IS NULL OR transition = ANY(%(transitions)s))
AND (%(tiers)s::text[] IS NULL OR body->>'tier' = ANY(%(tiers)s))
AND (%(kinds)s::text[] IS NULL OR body->>'kind' = ANY(%(kinds)s))
AND (%(owner_roles)s::text[] IS NULL OR body->>'owner_role' = ANY(%(owner_roles)s))
AND (%(customer_id)s::int IS NULL OR customer_id = %(customer_id)s)
ORDER BY sequence LIMIT 1
"""
_CHANGE = "SELECT sequence, at, customer_id, subject, subject_id, transition, body FROM changes WHERE sequence = %s"
_BEGIN = """
INSERT INTO webhook_deliveries (message_id, webhook_id, sequence, created_at, state, attempts, next_attempt_at)
VALUES (%(message)s, %(webhook)s, %(sequence)s, %(now)s, 'pending', 0, %(now)s)
ON CONFLICT (message_id) DO UPDATE SET state = 'pending', attempts = 0, next_attempt_at = excluded.next_attempt_at
"""
_MOVE_ON = "UPDATE webhooks SET cursor = %s WHERE webhook_id = %s AND held_by = %s AND cursor = %s"
_RELEASE = """
UPDATE webhooks SET held_by = NULL, held_until = %(now)s,
    state = CASE WHEN %(disable)s::text IS NULL THEN state ELSE 'disabled' END,
    reason = coalesce(%(disable)s, reason)
WHERE webhook_id = %(webhook)s AND held_by = %(holder)s
"""
_SETTLE = """
UPDATE webhook_deliveries SET state = %(state)s, attempts = attempts + 1, next_attempt_at = %(next)s,
    last_attempt_at = %(now)s, status = %(status)s, problem = %(problem)s WHERE message_id = %(message)s
"""
_FORGET = "DELETE FROM webhook_deliveries WHERE webhook_id = %s AND state <> 'pending' AND created_at < %s"


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A webhook that this worker holds."""

    webhook_id: str
    url: str
    customers: list[int] | None
    secrets: list[str]
    """What to sign with: after a rotation, for a while, the old one too."""
    transitions: list[str] | None
    tiers: list[str] | None
    kinds: list[str] | None
    owner_roles: list[str] | None
    customer_id: int | None
    cursor: int
    public_url: str | None


@dataclass(frozen=True, kw_only=True)
class Due:
    """A delivery whose time has come; sequence None for a trial."""

    message_id: str
    sequence: int | None
    attempts: int
    created_at: datetime


def claim(conn: psycopg.Connection, holder: str, now: datetime) -> Claimed | None:
    """A webhook with something to do, held for a minute; the one that waited longest first."""
    with conn.cursor(row_factory=class_row(Claimed)) as cur:
        return cur.execute(_CLAIM, {"holder": holder, "now": now, "until": now + _HELD_FOR}).fetchone()


def due_delivery(conn: psycopg.Connection, webhook: Claimed, holder: str, now: datetime) -> Due | None:
    """What to send now: a trial, what is to be tried again, or the next change of the feed that the webhook wants."""
    found = _due(conn, webhook, now)
    if found is not None:
        return found
    with conn.transaction():
        last = _number(conn, _LAST)
    with conn.transaction():
        become_asker(conn, webhook.customers)
        wanted = conn.execute(_NEXT, {**webhook.__dict__, "last": last}).fetchone()
    sequence = last if wanted is None else wanted[0]
    with conn.transaction():
        if conn.execute(_MOVE_ON, [sequence, webhook.webhook_id, holder, webhook.cursor]).rowcount == 0:
            return None
        if wanted is None:
            return None
        row = {"message": message_id(webhook.webhook_id, sequence), "webhook": webhook.webhook_id}
        conn.execute(_BEGIN, {**row, "sequence": sequence, "now": now})
    return _due(conn, webhook, now)


def change_of(conn: psycopg.Connection, webhook: Claimed, sequence: int) -> dict[str, Any] | None:
    """The change, as the key that made the webhook may see it; None where it is no longer kept."""
    with conn.transaction(), conn.cursor(row_factory=dict_row) as cur:
        become_asker(conn, webhook.customers)
        return cur.execute(_CHANGE, [sequence]).fetchone()


def settle(
    conn: psycopg.Connection, webhook: Claimed, holder: str, due: Due, decision: Decision, answer: Answer, now: datetime
) -> None:
    """Write how it went and let go of the webhook; nothing where another worker has taken it up meanwhile."""
    with conn.transaction():
        if not release(conn, webhook, holder, now, disable=decision.disable):
            return
        told = {"state": decision.state, "next": decision.next_attempt_at, "now": now, "message": due.message_id}
        conn.execute(_SETTLE, {**told, "status": answer.status, "problem": answer.problem})
        conn.execute(_FORGET, [webhook.webhook_id, now - _KEPT_FOR])


def release(
    conn: psycopg.Connection, webhook: Claimed, holder: str, now: datetime, *, disable: str | None = None
) -> bool:
    """Let go of the webhook; False where this worker does not hold it any more."""
    row = {"webhook": webhook.webhook_id, "holder": holder, "now": now, "disable": disable}
    return conn.execute(_RELEASE, row).rowcount == 1


def message_id(webhook_id: str, sequence: int) -> str:
    """The same for every attempt and every replay of a change to a webhook: receivers tell repeats by it."""
    return f"msg_{sha256(f'{webhook_id}/{sequence}'.encode()).hexdigest()[:32]}"


def _due(conn: psycopg.Connection, webhook: Claimed, now: datetime) -> Due | None:
    with conn.cursor(row_factory=class_row(Due)) as cur:
        return cur.execute(_DUE, {"webhook": webhook.webhook_id, "now": now}).fetchone()


def _number(conn: psycopg.Connection, query: str) -> int:
    row = conn.execute(query).fetchone()
    return int(row[0]) if row else 0
