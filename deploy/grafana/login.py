"""The login that Grafana reads the database with: the views, nothing else, read-only, and half a minute a query."""

import psycopg
from psycopg import sql

READERS = "bellwether_grafana"
LOGIN = "bellwether_grafana_login"
# Settings of a role hold for who logs in as that role, never for its members: so they are the login's own.
_SETTINGS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
}


def make_login(conn: psycopg.Connection, password: str, *, name: str = LOGIN) -> None:
    """Make the login with this password, or give an earlier one this password; it may be called again at any time.

    Who logged in as the readers' role itself, as was done before there were views, cannot any more. Needs a user who
    may create roles.
    """
    login, readers = sql.Identifier(name), sql.Identifier(READERS)
    with conn.transaction():
        if conn.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).fetchone() is None:
            conn.execute(sql.SQL("CREATE ROLE {} NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT").format(login))
        conn.execute(
            sql.SQL("ALTER ROLE {} LOGIN CONNECTION LIMIT 20 PASSWORD {}").format(login, sql.Literal(password))
        )
        for setting, value in _SETTINGS.items():
            conn.execute(
                sql.SQL("ALTER ROLE {} SET {} = {}").format(login, sql.Identifier(setting), sql.Literal(value))
            )
        conn.execute(sql.SQL("GRANT {} TO {}").format(readers, login))
        if conn.execute("SELECT FROM pg_roles WHERE rolname = %s AND rolcanlogin", [READERS]).fetchone() is not None:
            conn.execute(sql.SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(readers))
