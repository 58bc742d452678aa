"""What people and programs get while the database is away, and how soon after it is back."""

import time
from collections.abc import Callable, Iterator

import httpx
import psycopg
import pytest
from structlog.testing import capture_logs

from services.api.app import build_app
from services.api.database import Database
from services.api.keys import create_key
from tests.integration.api.conftest import SECRET, Clock
from tests.integration.api.plant import NOW
from tests.integration.api.serving import serve
from tests.integration.road import Road

_PATIENCE_S = 1.0


@pytest.fixture
def road(conn: psycopg.Connection) -> Iterator[Road]:
    way = Road(conn)
    yield way
    way.close()


@pytest.fixture
def visitor(road: Road, clock: Clock, conn: psycopg.Connection) -> Iterator[httpx.Client]:
    """Somebody with a key, of an API that reaches its database by the road."""
    headers = {"Authorization": f"Bearer {create_key(conn, name='crm', now=NOW)}"}
    conn.commit()
    app = build_app(Database(road.url, size=2, patience_s=_PATIENCE_S), secret=SECRET, clock=clock)
    with serve(app) as url, httpx.Client(base_url=url, headers=headers, timeout=30) as session:
        yield session


def test_after_a_restart_of_the_database_the_first_request_is_answered(visitor: httpx.Client, road: Road) -> None:
    assert visitor.get("/v1/customers").status_code == 200
    road.cut()
    road.restore()
    assert visitor.get("/v1/customers").status_code == 200


def test_after_a_long_absence_of_the_database_the_next_request_is_answered(visitor: httpx.Client, road: Road) -> None:
    assert visitor.get("/v1/customers").status_code == 200
    road.cut()
    gone_until = time.monotonic() + 3.5 * _PATIENCE_S
    while time.monotonic() < gone_until:
        assert visitor.get("/v1/customers").status_code == 503
    road.restore()
    assert visitor.get("/v1/customers").status_code == 200


def test_a_program_is_told_what_to_do_and_nothing_of_where_the_database_is(visitor: httpx.Client, road: Road) -> None:
    road.cut()
    with capture_logs() as logged:
        answer = visitor.get("/v1/customers")
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (503, "/problems/unavailable")
    assert "Retry-After" in problem["remedy"]
    assert "connection" not in answer.text
    assert [(line["event"], line["path"]) for line in logged] == [("request_failed", "/v1/customers")]
    assert "connection" in logged[0]["reason"]


@pytest.mark.parametrize(
    "ask", [lambda visitor: visitor.get("/"), lambda visitor: visitor.post("/sign-in", data={"key": "bw0.x"})]
)
def test_a_person_gets_a_page_in_plain_words(
    visitor: httpx.Client, road: Road, ask: Callable[[httpx.Client], httpx.Response]
) -> None:
    road.cut()
    page = ask(visitor)
    assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert (page.headers["Retry-After"], page.headers["Cache-Control"]) == ("5", "no-store")
    assert "<h1>Bellwether cannot reach its database just now</h1>" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
