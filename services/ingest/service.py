"""The service: its database connection, opened again when lost, and what it does between batches."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import psycopg
import structlog

from services.ingest import metrics
from services.ingest.declared import load_mappings
from services.ingest.decoding import Decoder, acknowledged_subscriptions
from services.ingest.inbox import Inbox
from services.ingest.presence import begin_session, note_session, tick_idle_sources
from services.ingest.readings import Decoded
from services.ingest.receiver import Receiver
from services.ingest.store import Store
from shared.database import connect, storage_errors
from shared.errors import StorageError
from shared.settings import BrokerSettings

_MAPPINGS_EVERY_S, _SESSION_EVERY_S, _TICK_EVERY_S = 5.0, 10.0, 60.0

log = structlog.get_logger()


class Ingest:
    """Everything that `Pipeline` needs, on one database connection and one receiver."""

    def __init__(self, database_url: str, broker: BrokerSettings) -> None:
        self._database_url = database_url
        self._store: Store | None = None
        self._session: int | None = None
        self._connected_at: datetime | None = None
        self._due = {"mappings": 0.0, "session": 0.0, "ticks": 0.0}
        self.inbox = Inbox()
        self.decoder = Decoder()
        self.receiver = Receiver(broker, self.inbox, acknowledged_subscriptions(()))

    def ready(self) -> bool:
        """Whether the database is there and its mappings are known, without which nothing should be received."""
        try:
            with storage_errors():
                self._refresh_mappings(self._connected_store().conn)
        except StorageError as exc:
            log.warning("waiting for the database", error=str(exc))
            self._drop()
            return False
        return True

    def write(self, batch: Sequence[Decoded]) -> Sequence[Decoded]:
        """Store a batch; raise StorageError, with the connection dropped, when the database is away."""
        began = time.monotonic()
        try:
            store = self._connected_store()
            stored, repeated = store.stored, store.repeated
            outcome = store.write(batch)
        except StorageError:
            self._drop()
            raise
        metrics.count_batch(
            outcome,
            stored=store.stored - stored,
            repeated=store.repeated - repeated,
            seconds=time.monotonic() - began,
            committed_us=time.time_ns() // 1000,
        )
        return outcome

    def between(self) -> None:
        """Read mappings that changed, keep the session's heartbeat, tick idle sources; raise StorageError.

        Raises BrokerError when nothing can be received any more, which only a new process mends.
        """
        self.receiver.check()
        metrics.note_connected(connected=self.receiver.listening)
        try:
            with storage_errors():
                self._look_after(self._connected_store().conn, datetime.now(UTC))
        except StorageError:
            self._drop()
            raise

    def close(self) -> None:
        """Note until when ingest listened, and close the database connection."""
        if self._store is not None and self._session is not None:
            try:
                with storage_errors():
                    note_session(self._store.conn, self._session, datetime.now(UTC))
            except StorageError as exc:
                log.warning("the database is away", error=str(exc))
        self._drop()

    def _look_after(self, conn: psycopg.Connection, now: datetime) -> None:
        if self._is_due("mappings", _MAPPINGS_EVERY_S):
            self._refresh_mappings(conn)
        if not self.receiver.listening:
            self._session = self._connected_at = None
            return
        if self._session is None or self._connected_at is None:
            self._session, self._connected_at = begin_session(conn, now), now
        elif self._is_due("session", _SESSION_EVERY_S):
            note_session(conn, self._session, now)
        if self._is_due("ticks", _TICK_EVERY_S):
            tick_idle_sources(conn, self._connected_at, now)

    def _refresh_mappings(self, conn: psycopg.Connection) -> None:
        mappings = load_mappings(conn)
        if mappings != self.decoder.mappings:
            self.decoder.mappings = mappings
            self.receiver.subscribe(acknowledged_subscriptions(mappings))
            log.info("mappings changed", count=len(mappings))

    def _is_due(self, what: str, every_s: float) -> bool:
        now = time.monotonic()
        if now < self._due[what]:
            return False
        self._due[what] = now + every_s
        return True

    def _connected_store(self) -> Store:
        if self._store is None:
            self._store = Store(connect(self._database_url, application="ingest"))
        return self._store

    def _drop(self) -> None:
        if self._store is not None:
            self._store.conn.close()
        self._store = None
