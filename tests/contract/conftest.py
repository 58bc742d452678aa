"""The engines that the storage contract is tested on.

postgresql           the embedded server
timescaledb          TimescaleDB 2.23 in WebAssembly (`npm ci` in this folder): PostgreSQL 17, one connection, no
                     COPY FROM STDIN, no background jobs
timescaledb-server   a real one, where BELLWETHER_TEST_TIMESCALE_URL names it
"""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shutil import which

import psycopg
import pytest

from shared.database import connect
from shared.migrations import migrate
from tests.databases import TIMESCALE_URL, Server

_HERE = Path(__file__).parent
ENGINES = ["postgresql", "timescaledb", *(["timescaledb-server"] if TIMESCALE_URL else [])]


@pytest.fixture(scope="session")
def wasm_url() -> Iterator[str]:
    """URL of a migrated database on TimescaleDB in WebAssembly."""
    if which("node") is None or not (_HERE / "node_modules").is_dir():
        pytest.skip(f"TimescaleDB in WebAssembly needs Node.js and `npm ci` in {_HERE}")
    program = subprocess.Popen(
        ["node", "serve_timescaledb.mjs"], cwd=_HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert program.stdin is not None
    assert program.stdout is not None
    with program, closing(program.stdin):
        url = f"postgresql://postgres:any@127.0.0.1:{int(program.stdout.readline())}/postgres?sslmode=disable"
        migrate(url)
        yield url


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Which engine this run of the test is on."""
    name: str = request.param
    return name


@pytest.fixture
def contract_url(engine: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a migrated database without rows on that engine."""
    if engine == "timescaledb":
        url: str = request.getfixturevalue("wasm_url")
        yield url
        empty(url)
        return
    server: Server = request.getfixturevalue("postgres" if engine == "postgresql" else "database_server")
    name = server.migrated()
    yield server.url_of(name)
    server.drop(name)


@pytest.fixture
def conn(contract_url: str) -> Iterator[psycopg.Connection]:
    """A connection to that database; on WebAssembly the only one there may be.

    There all connections share one session, whose prepared statements the next connection would trip over.
    """
    with connect(contract_url, application="test") as connection:
        if contract_url.endswith("sslmode=disable"):
            connection.prepare_threshold = None
        yield connection


def empty(url: str) -> None:
    """Take every row out of a database that cannot be dropped."""
    with connect(url, application="test") as conn:
        tables = conn.execute(
            "SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables"
            " WHERE schemaname = current_schema() AND tablename <> 'alembic_version'"
        ).fetchone()
        assert tables is not None
        conn.execute(f"TRUNCATE {tables[0]}")
