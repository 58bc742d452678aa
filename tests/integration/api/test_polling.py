"""Answers and keys are kept while they stand, and not a second longer."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import psycopg
import pytest

from services.api.app import build_app
from services.api.database import Database
from services.api.keys import revoke_key
from services.api.versions import Listener
from tests.integration.api.conftest import SECRET, Clock
from tests.integration.api.plant import NOW, add_alert, add_customer
from tests.integration.api.serving import serve

Keyed = Callable[..., dict[str, str]]


@pytest.fixture
def key(keyed: Keyed) -> dict[str, str]:
    return keyed()


@pytest.fixture
def polled(database_url: str, clock: Clock, customer: int, key: dict[str, str]) -> Iterator[httpx.Client]:
    """A client of an API that listens to its database; what was there before it began is told by nobody any more."""
    del customer, key
    listener = Listener(database_url)
    app = build_app(Database(database_url, size=4), secret=SECRET, clock=clock, listener=listener, requests_a_minute=20)
    with serve(app) as url, httpx.Client(base_url=url, timeout=30) as session:
        until(lambda: listener.versions.are_confirmed)
        yield session


@pytest.fixture
def keyed(make_key: Callable[..., str]) -> Keyed:
    return lambda *scopes, **more: {"Authorization": f"Bearer {make_key(*scopes, **more)}"}


@pytest.fixture
def customer(conn: psycopg.Connection) -> int:
    found = add_customer(conn, "Northfield Foods")
    add_alert(conn, found)
    conn.commit()
    return found


def until(holds: Callable[[], bool], within_s: float = 1.0) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def count(client: httpx.Client, headers: dict[str, str], query: str = "") -> int:
    return len(client.get(f"/v1/alerts{query}", headers=headers).json()["data"])


def without_the_database(conn: psycopg.Connection, *, back: bool = False) -> None:
    """Take away what answers are made of, in a way that tells nobody."""
    for table in ("alerts", "api_keys"):
        conn.execute(
            f"ALTER TABLE gone_{table} RENAME TO {table}" if back else f"ALTER TABLE {table} RENAME TO gone_{table}"
        )
    conn.commit()


def test_what_nobody_changed_is_answered_again_without_the_database_until_somebody_does(
    polled: httpx.Client, conn: psycopg.Connection, key: dict[str, str], customer: int
) -> None:
    first = polled.get("/v1/alerts", headers=key)
    without_the_database(conn)
    again = polled.get("/v1/alerts", headers=key)
    poll = polled.get("/v1/alerts", headers={**key, "If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (200, first.content, first.headers["etag"])
    assert (poll.status_code, poll.content, poll.headers["etag"]) == (304, b"", first.headers["etag"])
    assert poll.headers["Vary"] == "Authorization"
    assert poll.headers["X-Content-Type-Options"] == "nosniff"
    without_the_database(conn, back=True)
    add_alert(conn, customer)
    conn.commit()
    until(lambda: count(polled, key) == 2)


def test_a_poll_is_a_304_and_kept_even_if_nobody_has_asked_for_the_whole_answer(
    polled: httpx.Client, conn: psycopg.Connection, key: dict[str, str], customer: int
) -> None:
    poll = {**key, "If-None-Match": "*"}
    assert polled.get(f"/v1/customers/{customer}", headers=poll).status_code == 304
    without_the_database(conn)
    assert polled.get(f"/v1/customers/{customer}", headers=poll).status_code == 304


def test_an_answer_kept_for_one_key_is_never_another_s(
    polled: httpx.Client, conn: psycopg.Connection, keyed: Keyed, customer: int
) -> None:
    other = add_customer(conn, "Southfield")
    conn.commit()
    ours, theirs = keyed("read", customers=[customer]), keyed("read", customers=[other])
    etag = polled.get("/v1/alerts", headers=ours).headers["etag"]
    for _ in range(2):
        assert count(polled, ours) == 1
        answer = polled.get("/v1/alerts", headers={**theirs, "If-None-Match": etag})
        assert (answer.status_code, answer.json()["data"]) == (200, [])
    conn.execute("UPDATE api_keys SET customers = %s", [[other]])
    conn.commit()
    until(lambda: count(polled, ours) == 0)


def test_a_revoked_key_is_refused_within_a_second_and_an_expired_one_at_once(
    polled: httpx.Client, database_url: str, keyed: Keyed, clock: Clock
) -> None:
    lasting, ending = keyed(), keyed(expires_at=NOW + timedelta(hours=1))
    for _ in range(2):
        assert (count(polled, lasting), count(polled, ending)) == (1, 1)
    clock.now = NOW + timedelta(hours=1)
    assert polled.get("/v1/alerts", headers=ending).status_code == 401
    with psycopg.connect(database_url) as second:
        revoke_key(second, lasting["Authorization"][7:].split(".")[0], now=NOW)
    until(lambda: polled.get("/v1/alerts", headers=lasting).status_code == 401)


def test_an_alert_comes_back_when_its_snooze_ends_though_nothing_is_written_then(
    polled: httpx.Client, conn: psycopg.Connection, key: dict[str, str], clock: Clock, customer: int
) -> None:
    add_alert(conn, customer, snoozed_until=NOW + timedelta(hours=1), snooze_reason="Part arrives.")
    conn.commit()
    assert [count(polled, key), count(polled, key)] == [1, 1]
    clock.now = NOW + timedelta(hours=1)
    assert count(polled, key) == 2


def test_who_writes_reads_what_was_written(polled: httpx.Client, key: dict[str, str]) -> None:
    alert_id = polled.get("/v1/alerts", headers=key).json()["data"][0]["id"]
    polled.post(f"/v1/alerts/{alert_id}/acknowledge", headers={**key, "If-Match": "*"})
    assert polled.get("/v1/alerts", headers=key).json()["data"][0]["state"] == "acknowledged"


def test_what_changed_while_the_connection_was_lost_is_not_missed(
    polled: httpx.Client, conn: psycopg.Connection, key: dict[str, str], customer: int
) -> None:
    assert count(polled, key) == 1
    conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '%listener'"
                 " AND datname = current_database()")  # fmt: skip
    add_alert(conn, customer)
    conn.commit()
    until(lambda: count(polled, key) == 2, within_s=1.5)


def test_a_key_that_asks_too_often_is_told_to_wait_and_a_304_is_free(
    polled: httpx.Client, key: dict[str, str], keyed: Keyed
) -> None:
    first = polled.get("/v1/alerts", headers=key)
    assert first.headers["RateLimit-Policy"] == '"default";q=20;w=60'
    assert first.headers["RateLimit"] == '"default";r=19;t=3'
    for _ in range(30):
        poll = polled.get("/v1/alerts", headers={**key, "If-None-Match": first.headers["etag"]})
        assert poll.status_code == 304
    codes = [polled.get("/v1/alerts?tier=act", headers=key).status_code for _ in range(25)]
    assert codes[:19] == [200] * 19
    refused = polled.get("/v1/alerts", headers=key)
    assert (codes[-1], refused.status_code, refused.json()["type"]) == (429, 429, "/problems/quota-exceeded")
    assert refused.headers["Retry-After"] == "3"
    assert polled.get("/v1/alerts", headers=keyed()).status_code == 200
