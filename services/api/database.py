"""The API's connections: a small pool, reads from one snapshot, writes in their own transaction.

Every transaction runs as the role `bellwether_api`, whose row security shows the customers that it names first.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import IsolationLevel
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from shared.askers import become_asker
from shared.database import connection_settings, storage_errors
from shared.errors import StorageError

_STATEMENT_TIMEOUT_MS = 10_000
NOBODY: list[int] = []
"""No customers: what is asked before it is known who asks."""


class SchemaMissingError(StorageError):
    """The database has no schema of ours yet."""


class Database:
    """Connections for as long as one question takes; raises StorageError when there is none to be had.

    No connection is held while an answer is being sent, and none while another is waited for. patience_s: how long a
    question waits for one.
    """

    def __init__(self, url: str, *, size: int = 8, patience_s: float = 5.0) -> None:
        self._settings = connection_settings(url)
        settings = dict(self._settings)
        given = settings.pop("options", "")
        self._pool = ConnectionPool(
            "",
            kwargs={
                **settings,
                "options": f"{given} -c timezone=UTC -c statement_timeout={_STATEMENT_TIMEOUT_MS}".strip(),
                "application_name": "bellwether-api",
                "prepare_threshold": None,
                "connect_timeout": 5,
            },
            min_size=1,
            max_size=size,
            timeout=patience_s / 2,
            # The pool doubles its pause after every failure; giving up soon means that the next request tries at once.
            reconnect_timeout=patience_s / 2,
            check=ConnectionPool.check_connection,
            open=False,
            name="api",
        )

    def open(self) -> None:
        """Begin to connect in the background; a database that is away delays nothing but the answers."""
        self._pool.open()

    def close(self) -> None:
        """Give every connection back."""
        self._pool.close()

    async def connect_for_notices(self) -> psycopg.AsyncConnection:
        """A connection of its own on which to LISTEN; raises psycopg.OperationalError."""
        live = {"connect_timeout": "5", "keepalives_idle": "15", "keepalives_interval": "5", "keepalives_count": "3"}
        settings: dict[str, Any] = live | self._settings
        return await psycopg.AsyncConnection.connect(
            **settings, autocommit=True, application_name="bellwether-api-notices"
        )

    @contextmanager
    def reading(self, customers: list[int] | None) -> Iterator[psycopg.Connection]:
        """One snapshot of what may be seen of these customers (None: all): everything read inside belongs together."""
        with self._connection(customers, IsolationLevel.REPEATABLE_READ, read_only=True) as conn:
            yield conn

    @contextmanager
    def writing(self, customers: list[int] | None) -> Iterator[psycopg.Connection]:
        """One transaction on these customers (None: all), committed on the way out unless something was raised."""
        with self._connection(customers, IsolationLevel.READ_COMMITTED, read_only=False) as conn:
            yield conn

    @contextmanager
    def _connection(
        self, customers: list[int] | None, isolation: IsolationLevel, *, read_only: bool
    ) -> Iterator[psycopg.Connection]:
        with storage_errors():
            conn = self._taken()
            try:
                with conn:
                    conn.isolation_level = isolation
                    conn.read_only = read_only
                    _become_asker(conn, customers)
                    yield conn
            finally:
                self._pool.putconn(conn)

    def _taken(self) -> psycopg.Connection:
        # The pool begins to connect when somebody asks, and lets those wait on who asked while its last try failed:
        # whoever waited half of the patience in vain asks once more.
        try:
            return self._pool.getconn()
        except PoolTimeout:
            return self._pool.getconn()


def _become_asker(conn: psycopg.Connection, customers: list[int] | None) -> None:
    try:
        become_asker(conn, customers)
    except psycopg.errors.InvalidParameterValue as exc:
        raise SchemaMissingError("the database has no role bellwether_api: run `bellwether migrate`") from exc


def rows(conn: psycopg.Connection, query: str, parameters: Mapping[str, Any] | Sequence[Any]) -> list[dict[str, Any]]:
    """All rows of a query, each a dict by column."""
    with conn.cursor(row_factory=dict_row) as cur:
        return cur.execute(query, parameters).fetchall()


def row(conn: psycopg.Connection, query: str, parameters: Mapping[str, Any] | Sequence[Any]) -> dict[str, Any] | None:
    """The first row of a query, or None."""
    with conn.cursor(row_factory=dict_row) as cur:
        return cur.execute(query, parameters).fetchone()
