"""Who of several processes is in charge: one row, held until a time by the database's clock."""

import psycopg
import structlog

from shared.database import connect, storage_errors
from shared.errors import StorageError

TTL_S = 15
RENEWED_EVERY_S = 5.0

_CLAIM = """
    INSERT INTO ingest_leases (name, holder, expires_at)
    VALUES (%(name)s, %(holder)s, clock_timestamp() + make_interval(secs => %(ttl_s)s))
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
    WHERE ingest_leases.holder = excluded.holder OR ingest_leases.expires_at < clock_timestamp()
    RETURNING holder
"""

log = structlog.get_logger()


def host_lease(host_id: str) -> str:
    """Name of the lease that makes its holder the Sparkplug host of this id."""
    return f"sparkplug host {host_id}"


def claim(conn: psycopg.Connection, name: str, holder: str) -> bool:
    """Whether `holder` has the lease for the next fifteen seconds: it had it already, or nobody has it."""
    return conn.execute(_CLAIM, {"name": name, "holder": holder, "ttl_s": TTL_S}).fetchone() is not None


def release(conn: psycopg.Connection, name: str, holder: str) -> None:
    """Let others have the lease at once, where `holder` has it."""
    conn.execute("DELETE FROM ingest_leases WHERE name = %s AND holder = %s", [name, holder])


class Lease:
    """One process's claim, on a connection of its own: a long commit must not cost the lease.

    `held` None: the database has not been reached since the start. While it is away nobody can take the lease, so
    what was known last holds.
    """

    def __init__(self, database_url: str, *, name: str, holder: str) -> None:
        self._database_url = database_url
        self._name, self._holder = name, holder
        self._conn: psycopg.Connection | None = None
        self.held: bool | None = None

    def renew(self) -> None:
        """Claim the lease, again or anew; call it every five seconds."""
        try:
            with storage_errors():
                held = claim(self._connected(), self._name, self._holder)
        except StorageError as exc:
            log.warning("the lease cannot be renewed", error=str(exc))
            self._drop()
            return
        if held != self.held:
            log.info("took the lease" if held else "another process has the lease", lease=self._name)
        self.held = held

    def release(self) -> None:
        """Give it back, so that another process need not wait until it has run out."""
        if self.held and self._conn is not None:
            try:
                with storage_errors():
                    release(self._conn, self._name, self._holder)
            except StorageError as exc:
                log.warning("the lease cannot be released and runs out by itself", error=str(exc))
        self._drop()

    def _connected(self) -> psycopg.Connection:
        if self._conn is None:
            self._conn = connect(self._database_url, application="ingest-lease")
            self._conn.autocommit = True
        return self._conn

    def _drop(self) -> None:
        if self._conn is not None:
            self._conn.close()
        self._conn = None
