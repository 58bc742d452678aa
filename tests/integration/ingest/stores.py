"""Stores as ingest makes them."""

import psycopg

from services.ingest.settings import IngestSettings
from services.ingest.store.store import Store


def store_on(conn: psycopg.Connection, **limits: int) -> Store:
    """A store with the limits of nobody who set any, but for those given."""
    settings = IngestSettings(**limits)
    return Store(conn, series_per_source=settings.series_per_source, dead_letters_mb=settings.dead_letters_mb)
