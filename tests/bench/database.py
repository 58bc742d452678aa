"""The databases that benchmarks run on."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.databases import TIMESCALE_URL, Server, embedded_postgres

ENGINES = ("postgres", "timescale")


@contextmanager
def bench_database(engine: str) -> Iterator[str]:
    """A migrated database: on an embedded PostgreSQL that syncs to disk as in production, or on the TimescaleDB named.

    Raises ValueError for timescale where BELLWETHER_TEST_TIMESCALE_URL names no server.
    """
    if engine == "postgres":
        with embedded_postgres() as url:
            with psycopg.connect(url, autocommit=True) as conn:
                for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                    conn.execute(f"ALTER SYSTEM RESET {setting}")
                conn.execute("ALTER SYSTEM SET max_wal_size = '8GB'")
                conn.execute("SELECT pg_reload_conf()")
            server = Server(url)
            yield server.url_of(server.migrated())
        return
    if TIMESCALE_URL is None:
        raise ValueError("BELLWETHER_TEST_TIMESCALE_URL names no server")
    server = Server(TIMESCALE_URL)
    name = server.migrated()
    try:
        yield server.url_of(name)
    finally:
        server.drop(name)
        server.close()
