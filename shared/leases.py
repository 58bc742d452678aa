"""Leases: one row says which of several processes is in charge; its holder renews it and the others watch.

Another process may have it at once when it was given back, and otherwise when it has itself seen the row unchanged for
a while, by its own clock and without a break in looking. That the row's time is over is not enough: after an
outage of the database it is over for everybody, and the holder must be the first to renew it.
"""

from datetime import datetime
from typing import NamedTuple

import psycopg

from shared.errors import LeaseLostError

TTL_S = 15.0

_BLIND_AFTER_S = 5.0
_CLAIM = """
    INSERT INTO leases AS lease (name, holder, expires_at)
    VALUES (%(name)s, %(holder)s, clock_timestamp() + make_interval(secs => %(ttl_s)s))
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
    WHERE lease.holder = excluded.holder
    OR (lease.holder = %(old_holder)s AND lease.expires_at = %(old_expires_at)s::timestamptz)
    RETURNING holder
"""
_SEIZE = """
    INSERT INTO leases (name, holder, expires_at)
    VALUES (%(name)s, %(holder)s, clock_timestamp() + make_interval(secs => %(ttl_s)s))
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
"""


class Holding(NamedTuple):
    """What the row says: who has the lease, and until when by the database's clock; every renewal changes it."""

    holder: str
    expires_at: datetime


def claim(conn: psycopg.Connection, name: str, holder: str, *, abandoned: Holding | None = None) -> bool:
    """Whether `holder` has the lease now: it had it already, or nobody has it, or the row still says `abandoned`."""
    old_holder, old_expires_at = abandoned or (None, None)
    row = {"name": name, "holder": holder, "ttl_s": TTL_S, "old_holder": old_holder, "old_expires_at": old_expires_at}
    return conn.execute(_CLAIM, row).fetchone() is not None


def holding(conn: psycopg.Connection, name: str) -> Holding | None:
    """Who has the lease, whether or not its time is over; None where it was given back."""
    row = conn.execute("SELECT holder, expires_at FROM leases WHERE name = %s", [name]).fetchone()
    return None if row is None else Holding(*row)


def release(conn: psycopg.Connection, name: str, holder: str) -> None:
    """Let others have the lease at once, where `holder` has it."""
    conn.execute("DELETE FROM leases WHERE name = %s AND holder = %s", [name, holder])


def seize(conn: psycopg.Connection, name: str, holder: str) -> None:
    """Take the lease from whoever has it, after the transaction in which they are `guarded`, if they are in one."""
    with conn.transaction():
        conn.execute("SELECT FROM leases WHERE name = %s FOR UPDATE", [name])
        conn.execute(_SEIZE, {"name": name, "holder": holder, "ttl_s": TTL_S})


def guard(conn: psycopg.Connection, name: str, holder: str) -> None:
    """Keep the lease for the rest of the transaction; raise LeaseLostError where another holder has it.

    What is written in that transaction is written by the holder: nobody can seize the lease before it ends. Renewing
    goes on beside it.
    """
    held = conn.execute("SELECT FROM leases WHERE name = %s AND holder = %s FOR KEY SHARE", [name, holder])
    if held.fetchone() is None:
        raise LeaseLostError(name)


class Watch:
    """How long the row has been seen unchanged. Whoever did not look for a while begins anew."""

    def __init__(self) -> None:
        self._seen: Holding | None = None
        self._since_s = self._looked_s = 0.0

    def unchanged_s(self, seen: Holding | None, now_s: float) -> float:
        """For so long, now that the row says this."""
        if seen != self._seen or now_s - self._looked_s > _BLIND_AFTER_S:
            self._seen, self._since_s = seen, now_s
        self._looked_s = now_s
        return now_s - self._since_s
