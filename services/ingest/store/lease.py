"""Who of several processes is in charge: one row, which its holder renews and the others watch.

Another process may have it at once when it was given back, and otherwise when it has itself seen the row unchanged for
fifteen seconds, by its own clock and without a break in looking. That the row's time is over is not enough: after an
outage of the database it is over for everybody, and the holder must be the first to renew it.
"""

import time
from datetime import datetime
from typing import NamedTuple

import psycopg
import structlog

from shared.database import connect
from shared.errors import StorageError

TTL_S = 15.0
RENEWED_EVERY_S = 5.0
WATCHED_EVERY_S = 1.0

_BLIND_AFTER_S = 5.0
_CLAIM = """
    INSERT INTO ingest_leases AS lease (name, holder, expires_at)
    VALUES (%(name)s, %(holder)s, clock_timestamp() + make_interval(secs => %(ttl_s)s))
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
    WHERE lease.holder = excluded.holder
    OR (lease.holder = %(old_holder)s AND lease.expires_at = %(old_expires_at)s::timestamptz)
    RETURNING holder
"""

log = structlog.get_logger()


class Holding(NamedTuple):
    """What the row says: who has the lease, and until when by the database's clock; every renewal changes it."""

    holder: str
    expires_at: datetime


def host_lease(host_id: str) -> str:
    """Name of the lease that makes its holder the Sparkplug host of this id."""
    return f"sparkplug host {host_id}"


def claim(conn: psycopg.Connection, name: str, holder: str, *, abandoned: Holding | None = None) -> bool:
    """Whether `holder` has the lease now: it had it already, or nobody has it, or the row still says `abandoned`."""
    old_holder, old_expires_at = abandoned or (None, None)
    row = {"name": name, "holder": holder, "ttl_s": TTL_S, "old_holder": old_holder, "old_expires_at": old_expires_at}
    return conn.execute(_CLAIM, row).fetchone() is not None


def holding(conn: psycopg.Connection, name: str) -> Holding | None:
    """Who has the lease, whether or not its time is over; None where it was given back."""
    row = conn.execute("SELECT holder, expires_at FROM ingest_leases WHERE name = %s", [name]).fetchone()
    return None if row is None else Holding(*row)


def release(conn: psycopg.Connection, name: str, holder: str) -> None:
    """Let others have the lease at once, where `holder` has it."""
    conn.execute("DELETE FROM ingest_leases WHERE name = %s AND holder = %s", [name, holder])


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


class Lease:
    """One process's claim, on a connection of its own: a long commit must not cost the lease.

    `held` None: not known, since the database has not been reached since the start, or since `doubt`. While it is away
    what was known last holds: nobody can take the lease without it.
    """

    def __init__(self, database_url: str, *, name: str, holder: str) -> None:
        self._database_url = database_url
        self._name, self._holder = name, holder
        self._conn: psycopg.Connection | None = None
        self._watch = Watch()
        self._away = False
        self.held: bool | None = None

    @property
    def renew_after_s(self) -> float:
        """When to call `renew` again: a holder need not often, whoever waits for the lease or the database does."""
        return RENEWED_EVERY_S if self.held and not self._away else WATCHED_EVERY_S

    def renew(self) -> None:
        """Claim the lease, again or anew."""
        try:
            held = self._claimed()
        except (StorageError, psycopg.Error) as exc:
            if not self._away:
                log.warning("the lease cannot be renewed", error=str(exc))
            self._away = True
            self._drop()
            return
        if held != self.held:
            log.info("took the lease" if held else "another process has the lease", lease=self._name)
        self.held, self._away = held, False

    def doubt(self) -> None:
        """Take the lease for lost until the database says that it is ours: somebody else acts as if it were theirs."""
        if self.held:
            log.warning("whether the lease is still ours is for the database to say", lease=self._name)
            self.held = None

    def give_up(self) -> None:
        """Let another process try; whether this one has the lease is not known until `renew`.

        With the database away nothing changes: nobody else could take it.
        """
        if self.held and self._released():
            log.warning("gave the lease up", lease=self._name)
            self.held = None

    def release(self) -> None:
        """Give it back, so that another process need not wait until it is sure that nobody renews it."""
        if self.held:
            self._released()
        self._drop()

    def _released(self) -> bool:
        if self._conn is None:
            return False
        try:
            release(self._conn, self._name, self._holder)
        except psycopg.Error as exc:
            log.warning("the lease cannot be released and runs out by itself", error=str(exc))
            self._drop()
            return False
        return True

    def _claimed(self) -> bool:
        conn = self._connected()
        if claim(conn, self._name, self._holder):
            return True
        seen = holding(conn, self._name)
        if self._watch.unchanged_s(seen, time.monotonic()) < TTL_S:
            return False
        return claim(conn, self._name, self._holder, abandoned=seen)

    def _connected(self) -> psycopg.Connection:
        if self._conn is None:
            self._conn = connect(self._database_url, application="ingest-lease")
            self._conn.autocommit = True
        return self._conn

    def _drop(self) -> None:
        if self._conn is not None:
            self._conn.close()
        self._conn = None
