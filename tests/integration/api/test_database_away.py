"""What people and programs get while the database is away, and how soon after it is back."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from structlog.testing import capture_logs

from services.api.app import build_app
from services.api.database import Database
from services.api.keys import create_key
from tests.integration.api.conftest import SECRET, Clock
from tests.integration.api.plant import NOW
from tests.integration.api.serving import serve

_PATIENCE_S = 1.0


class Road:
    """A TCP way to the database that can be cut off and opened again."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self._info = conn.info
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self._open = True
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        port = self._listener.getsockname()[1]
        password = self._info.password or None
        return make_conninfo(self._info.dsn, host="127.0.0.1", port=port, password=password)

    def cut(self) -> None:
        self._open = False
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._ends.clear()

    def restore(self) -> None:
        self._open = True

    def close(self) -> None:
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self._open:
                near.close()
                continue
            far = _reached(self._info.host, self._info.port)
            self._ends += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_carry, args=(source, sink), daemon=True).start()


def _reached(host: str, port: int) -> socket.socket:
    if not host.startswith("/"):
        return socket.create_connection((host, port))
    end = socket.socket(socket.AF_UNIX)
    end.connect(f"{host}/.s.PGSQL.{port}")
    return end


def _carry(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


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
