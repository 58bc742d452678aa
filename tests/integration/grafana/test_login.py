"""The login that Grafana uses, as itself: with its password, its settings and nothing but the views."""

import os
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from deploy.grafana.login import READERS, make_login

_READ = "SELECT count(*) FROM bellwether_views.customers"


@pytest.fixture
def login(conn: psycopg.Connection) -> Iterator[str]:
    """A login of this test's own, since roles belong to the whole server."""
    name = f"bellwether_grafana_login_{os.getpid()}"
    make_login(conn, "first", name=name)
    conn.commit()
    yield name
    conn.rollback()
    conn.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
    conn.commit()


def as_login(database_url: str, name: str, password: str) -> psycopg.Connection:
    url = make_url(database_url).set(username=name, password=password)
    return psycopg.connect(url.render_as_string(hide_password=False))


def test_it_reads_the_views_and_neither_tables_nor_what_others_may(database_url: str, login: str) -> None:
    with as_login(database_url, login, "first") as grafana:
        assert grafana.execute(_READ).fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            grafana.execute("SELECT 1 FROM public.customers")


def test_its_transactions_are_read_only_and_its_queries_end_after_half_a_minute(database_url: str, login: str) -> None:
    with as_login(database_url, login, "first") as grafana:
        assert grafana.execute("SHOW statement_timeout").fetchone() == ("30s",)
        assert grafana.execute("SHOW timezone").fetchone() == ("UTC",)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            grafana.execute("CREATE SCHEMA mine")


def test_made_again_it_has_the_new_password_and_the_readers_role_logs_in_no_more(
    conn: psycopg.Connection, database_url: str, login: str
) -> None:
    conn.execute(sql.SQL("ALTER ROLE {} LOGIN").format(sql.Identifier(READERS)))
    make_login(conn, "it's-second", name=login)
    conn.commit()
    with as_login(database_url, login, "it's-second") as grafana:
        assert grafana.execute(_READ).fetchone() == (0,)
    told = "SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = %s"
    assert conn.execute(told, [READERS]).fetchone() == (False, False, False, False)
    assert conn.execute(told, [login]).fetchone() == (True, False, False, False)
