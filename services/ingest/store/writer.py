"""One lane's way into the database: a connection that is opened again when it was lost, and its store."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

from services.ingest.messages.readings import Decoded
from services.ingest.monitoring import store_metrics
from services.ingest.settings import IngestSettings
from services.ingest.store.store import Store
from shared.database import connect, storage_errors
from shared.errors import StorageError


class Writer:
    """For one thread."""

    def __init__(self, database_url: str, settings: IngestSettings, *, application: str) -> None:
        self._database_url = database_url
        self._settings = settings
        self._application = application
        self._store: Store | None = None

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._store is not None

    def write(self, batch: Sequence[Decoded]) -> None:
        """Store a batch; raise StorageError, with the connection dropped, when the database is away."""
        began = time.monotonic()
        try:
            stored = self._connected_store().write(batch)
        except StorageError:
            self.close()
            raise
        store_metrics.count_batch(stored, seconds=time.monotonic() - began, committed_us=time.time_ns() // 1000)

    @contextmanager
    def reading(self) -> Iterator[psycopg.Connection]:
        """The connection, to read by; raise StorageError, with it dropped, when the database is away."""
        try:
            with storage_errors():
                yield self._connected_store().conn
        except StorageError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        if self._store is not None:
            self._store.conn.close()
        self._store = None

    def _connected_store(self) -> Store:
        if self._store is None:
            self._store = Store(
                connect(self._database_url, application=self._application),
                series_per_source=self._settings.series_per_source,
                dead_letters_mb=self._settings.dead_letters_mb,
            )
        return self._store
