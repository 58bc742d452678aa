"""The lease of the Sparkplug host, as one process's claim on a connection of its own."""

import time

import psycopg
import structlog

from shared.database import connect
from shared.errors import StorageError
from shared.leases import TTL_S, Watch, claim, holding, release

RENEWED_EVERY_S = 5.0
WATCHED_EVERY_S = 1.0

log = structlog.get_logger()


def host_lease(host_id: str) -> str:
    """Name of the lease that makes its holder the Sparkplug host of this id."""
    return f"sparkplug host {host_id}"


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
