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
    """For one thread. `outages` counts how often the database was found away."""

    def __init__(self, database_url: str, settings: IngestSettings, *, application: str) -> None:
        self._database_url = database_url
        self._settings = settings
        self._application = application
        self._store: Store | None = None
        self.outages = 0

    @property
    def conn(self) -> psycopg.Connection:
        """The connection, opened where there is none; raise StorageError when the database is away."""
        return self._connected_store().conn

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._store is not None

    def write(self, batch: Sequence[Decoded]) -> Sequence[Decoded]:
        """Store a batch; raise StorageError, with the connection dropped, when the database is away."""
        began = time.monotonic()
        try:
            store = self._connected_store()
            stored, repeated = store.stored, store.repeated
            outcome = store.write(batch)
        except StorageError:
            self.drop()
            raise
        store_metrics.count_batch(
            outcome,
            stored=store.stored - stored,
            repeated=store.repeated - repeated,
            seconds=time.monotonic() - began,
            committed_us=time.time_ns() // 1000,
        )
        return outcome

    @contextmanager
    def reading(self) -> Iterator[psycopg.Connection]:
        """The connection, to read by; raise StorageError, with it dropped, when the database is away."""
        try:
            with storage_errors():
                yield self.conn
        except StorageError:
            self.drop()
            raise

    def drop(self) -> None:
        """Close the connection: the database was found away."""
        self.outages += 1
        self.close()

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
