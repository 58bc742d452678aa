"""The one change feed: appended in the order of commit."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from shared.locks import AdvisoryLock

CHANNEL = "bellwether_changes"
"""Where a commit of the feed is heard; the database tells of it, and of nothing more."""


class Change(NamedTuple):
    """One transition for the feed; `body` is the subject as the API shows it."""

    customer_id: int
    subject: str
    subject_id: str
    transition: str
    body: dict[str, Any]


def append_changes(conn: psycopg.Connection, changes: Sequence[Change], at: datetime) -> None:
    """Append to the feed inside the caller's transaction, which should commit next.

    The lock is held until that commit, so a sequence number is visible only after every smaller one: a reader
    that asks for what follows its last number can miss nothing. A plain serial cannot promise that. The commit is
    heard on CHANNEL.
    """
    if not changes:
        return
    conn.execute("SELECT pg_advisory_xact_lock(%s)", [AdvisoryLock.CHANGE_FEED])
    # Whoever appends may see some customers alone, and the feed has one end for all.
    row = conn.execute("SELECT coalesce(last, 0) FROM feed_bounds(0)").fetchone()
    last = row[0] if row else 0
    with conn.cursor() as cur:
        cur.executemany(
            "INSERT INTO changes (sequence, at, customer_id, subject, subject_id, transition, body)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                (last + n, at, c.customer_id, c.subject, c.subject_id, c.transition, Jsonb(c.body))
                for n, c in enumerate(changes, start=1)
            ],
        )
    conn.execute("SELECT pg_notify(%s, '')", [CHANNEL])
