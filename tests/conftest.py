"""Fixtures that every kind of test shares, and the rule about skipping."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from shared.database import connect
from tests.databases import TIMESCALE_URL, Server, embedded_postgres

# A busy machine makes an example slow, not wrong; continuous integration has its own profile, which says so too.
settings.register_profile("any machine", settings.default, deadline=None)
settings.load_profile("any machine")

_SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


# Tests that wait for brokers, processes and clocks run one after another; beside them run those that only reckon.
_WITH_OTHER_PROCESSES = ("e2e", "drills", "integration")
_RECKONING = ("api", "grafana", "health", "records", "storage")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put every test that is a matter of time into one group, which one process runs (`--dist loadgroup`)."""
    for item in items:
        room = item.path.parts[len(Path(__file__).parent.parts) :]
        if room[0] in _WITH_OTHER_PROCESSES and room[1] not in _RECKONING:
            item.add_marker(pytest.mark.xdist_group("in time"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The embedded PostgreSQL of this session, always, whatever the environment names."""
    with embedded_postgres() as url:
        yield Server(url)


@pytest.fixture(scope="session")
def database_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The server that the suite runs on: TimescaleDB where BELLWETHER_TEST_TIMESCALE_URL names one."""
    if TIMESCALE_URL is None:
        yield request.getfixturevalue("postgres")
        return
    server = Server(TIMESCALE_URL)
    yield server
    server.close()


@pytest.fixture
def database_url(database_server: Server) -> Iterator[str]:
    """A fresh database with the newest schema and no rows."""
    name = database_server.migrated()
    yield database_server.url_of(name)
    database_server.drop(name)


@pytest.fixture
def conn(database_url: str) -> Iterator[psycopg.Connection]:
    """A connection to the test's database; commit what other connections shall see."""
    with connect(database_url, application="test") as connection:
        yield connection


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data beside the repository. Tests that use it carry the marker `needs_shared`."""
    if not _SHARED_DATA.is_dir():
        pytest.skip(f"needs_shared: {_SHARED_DATA} is absent, so no real data; this is the only skip allowed")
    return _SHARED_DATA


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With CI=true a skip for any other reason than absent shared data is a failure."""
    report = yield
    if (
        report.skipped
        and os.environ.get("CI") == "true"
        and not _allowed(item, report)
        and not hasattr(report, "wasxfail")
    ):
        report.outcome = "failed"
        report.longrepr = f"skipped with CI=true, where only needs_shared may: {report.longrepr}"
    return report


def _allowed(item: pytest.Item, report: pytest.TestReport) -> bool:
    return item.get_closest_marker("needs_shared") is not None and "needs_shared:" in str(report.longrepr)
