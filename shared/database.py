"""The one way to reach the database: psycopg 3."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict

from shared.errors import DatabaseMissingError, SetupError, StorageError

# Without them a network that swallows packets is noticed after a quarter of an hour.
_LIVENESS = {
    "connect_timeout": "10",
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}


def connect(url: str, *, application: str) -> psycopg.Connection:
    """Open one connection with UTC as its time zone; raise StorageError when the database is away.

    Raises SetupError when the URL itself cannot work, so that nobody retries a typing mistake.
    """
    settings = _LIVENESS | connection_settings(url)
    options = f"{settings.pop('options', '')} -c timezone=UTC".strip()
    try:
        return psycopg.connect(
            **settings,  # type: ignore[arg-type]
            options=options,
            application_name=f"bellwether-{application}",
        )
    except psycopg.OperationalError as exc:
        # libpq gives no code for what a server says before it lets anybody in.
        missing = re.search(r'database "(.+)" does not exist', str(exc))
        if missing is not None:
            raise DatabaseMissingError(missing[1]) from exc
        raise StorageError(f"cannot reach the database: {exc}") from exc


def connection_settings(url: str) -> dict[str, str]:
    """What a PostgreSQL URL says, by libpq's names; raise SetupError, quoting nothing, for any other text."""
    try:
        settings = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # libpq's own text quotes the part that it could not read, which may be the password.
        told = "the database's address is not a PostgreSQL URL: write postgresql://user:password@host:port/name"
        raise SetupError(told) from None
    return {name: str(value) for name, value in settings.items() if value is not None}


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn a lost or refused connection, or a read-only server, into StorageError; let mistakes in our SQL through."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError) as exc:
        raise StorageError(str(exc)) from exc
