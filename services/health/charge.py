"""Who assesses: one process at a time, and how the next one knows that it may.

1. The session that writes holds an advisory lock: where its process dies, or its connection, the lock is free at once.
2. A process that hangs, or whose assessing thread does not go on for STUCK_AFTER_S, keeps its lock but does not renew
   its lease. Whoever has watched the lease unchanged for
   HUNG_AFTER_S ends the sessions that hold the lock, and with them what they had not committed.
3. Every taking of charge writes a new holder into the lease, and each transaction that writes keeps the lease from its
   beginning (`shared.leases.guard`): who is not in charge any more, whatever it knows of that, cannot write.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import structlog

from shared.database import connect, storage_errors
from shared.errors import StorageError
from shared.leases import Watch, claim, guard, holding, seize
from shared.locks import AdvisoryLock

LEASE = "health"
HUNG_AFTER_S = 8.0
RENEWED_EVERY_S = 2.0
# No single step takes as long: a transaction, or of an assessment one part of the time.
STUCK_AFTER_S = 3600.0
_LOOKED_EVERY_S = 1.0
_END_HOLDERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (classid::bigint << 32) | objid::bigint = %s AND objsubid = 1
"""

Fence = Callable[[psycopg.Connection], None]
"""Called first in each transaction that writes; it raises LeaseLostError where this process is not in charge."""

log = structlog.get_logger()


def unfenced(_conn: psycopg.Connection) -> None:
    """For who knows that no other process assesses this database."""


class SignsOfLife:
    """How long ago the thread that assesses was last seen to go on."""

    def __init__(self) -> None:
        self._last_s = time.monotonic()

    def give(self) -> None:
        """Called by that thread."""
        self._last_s = time.monotonic()

    def silent_s(self) -> float:
        """Asked by the thread that renews the lease."""
        return time.monotonic() - self._last_s


def fence_of(holder: str, signs: SignsOfLife) -> Fence:
    """The fence of the process that took charge as this holder; passing it is a sign of life."""

    def fence(conn: psycopg.Connection) -> None:
        signs.give()
        guard(conn, LEASE, holder)

    return fence


def take_charge(conn: psycopg.Connection, stop: threading.Event) -> str | None:
    """Wait until no other process assesses; return the holder to renew the lease as, None when asked to stop before."""
    watch, waited = Watch(), False
    while not stop.is_set():
        if _locked(conn):
            holder = f"{socket.gethostname()}:{os.getpid()}:{uuid4()}"
            seize(conn, LEASE, holder)
            log.info("in_charge")
            return holder
        if not waited:
            log.info("waiting", reason="another process assesses this database")
            waited = True
        if watch.unchanged_s(holding(conn, LEASE), time.monotonic()) >= HUNG_AFTER_S:
            log.warning("ending_a_process_that_hangs", after_s=HUNG_AFTER_S)
            conn.execute(_END_HOLDERS, [AdvisoryLock.HEALTH_IN_CHARGE])
        stop.wait(_LOOKED_EVERY_S)
    return None


def _locked(conn: psycopg.Connection) -> bool:
    row = conn.execute("SELECT pg_try_advisory_lock(%s)", [AdvisoryLock.HEALTH_IN_CHARGE]).fetchone()
    return row is not None and bool(row[0])


@contextmanager
def renewed(database_url: str, holder: str, signs: SignsOfLife) -> Iterator[None]:
    """Renew the lease meanwhile, on a connection of its own: a long assessment must not look like a hanging one, and
    one that is stuck must not look like a long one."""
    ended = threading.Event()
    thread = threading.Thread(target=_renew, args=(database_url, holder, signs, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _renew(database_url: str, holder: str, signs: SignsOfLife, ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            with storage_errors(), connect(database_url, application="health-lease") as conn:
                conn.autocommit = True
                while not ended.is_set():
                    if signs.silent_s() < STUCK_AFTER_S and not claim(conn, LEASE, holder):
                        return
                    ended.wait(RENEWED_EVERY_S)
        except StorageError as exc:
            log.warning("lease_not_renewed", problem=str(exc))
            ended.wait(_LOOKED_EVERY_S)
