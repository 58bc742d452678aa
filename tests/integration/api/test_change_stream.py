"""The change feed as server-sent events: nothing missing, nothing twice, and an end when it must end."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest

from services.api.app import build_app
from services.api.database import Database
from services.api.keys import revoke_key
from shared.changes import Change, append_changes
from shared.database import connect
from tests.integration.api.conftest import SECRET, Clock
from tests.integration.api.plant import NOW, add_customer, append
from tests.integration.api.serving import serve

STREAM = "/v1/changes/stream"


@pytest.fixture
def customer(conn: psycopg.Connection) -> int:
    number = add_customer(conn, "Northfield Foods")
    conn.commit()
    return number


def events(response: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each event's id and data."""
    last = ""
    for line in response.iter_lines():
        name, _, value = line.partition(": ")
        if name == "id":
            last = value
        elif name == "data":
            yield last, json.loads(value)


def test_what_was_and_what_is_committed_comes_once_and_as_the_poll_tells_it(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    append(conn, customer, "a", "b")
    with client.stream("GET", STREAM) as response:
        assert (response.status_code, response.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
        coming = events(response)
        seen = [next(coming), next(coming)]
        for subject in ("c", "d"):
            began = time.monotonic()
            append(conn, customer, subject)
            seen.append(next(coming))
            assert time.monotonic() - began < 2
    polled = client.get("/v1/changes").json()
    assert [data for _, data in seen] == polled["data"]
    assert seen[-1][0] == polled["next"]


def test_it_goes_on_after_the_last_event_id_which_is_a_cursor_of_the_poll(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    append(conn, customer, "a", "b", "c")
    cursor = client.get("/v1/changes?limit=1").json()["next"]
    start = {"since": "0-000000000000"}
    for headers, params in (({"Last-Event-ID": cursor}, start), ({}, {"since": cursor})):
        with client.stream("GET", STREAM, headers=headers, params=params) as response:
            assert next(events(response))[1]["subject_id"] == "b"
    for cursor, problem in (("99-000000000000", "cursor-gone"), ("17", "bad-cursor")):
        refused = client.get(STREAM, headers={"Last-Event-ID": cursor})
        assert refused.json()["type"] == f"/problems/{problem}"


def test_who_hears_of_one_customer_hears_of_no_other(
    stranger: httpx.Client, conn: psycopg.Connection, customer: int, make_key: Callable[..., str]
) -> None:
    other = add_customer(conn, "Southfield")
    append(conn, other, "theirs before")
    headers = {"Authorization": f"Bearer {make_key('read', customers=[customer])}"}
    with stranger.stream("GET", STREAM, headers=headers) as response:
        coming = events(response)
        append(conn, customer, "mine")
        assert next(coming)[1]["subject_id"] == "mine"
        append(conn, other, "theirs")
        append(conn, customer, "mine again")
        assert next(coming)[1]["subject_id"] == "mine again"


def test_it_ends_when_its_key_is_revoked(
    stranger: httpx.Client, conn: psycopg.Connection, make_key: Callable[..., str]
) -> None:
    key = make_key("read")
    with stranger.stream("GET", STREAM, headers={"Authorization": f"Bearer {key}"}) as response:
        lines = response.iter_lines()
        assert next(lines) == "retry: 2000"
        revoke_key(conn, key.partition(".")[0], now=NOW)
        conn.commit()
        began = time.monotonic()
        list(lines)
    assert time.monotonic() - began < 2


def test_it_ends_when_the_server_stops(database_url: str, make_key: Callable[..., str]) -> None:
    app = build_app(Database(database_url, size=2), secret=SECRET, clock=Clock())
    headers = {"Authorization": f"Bearer {make_key('read')}"}
    with httpx.Client(timeout=30, headers=headers) as client:
        with serve(app) as url:
            response = client.send(client.build_request("GET", url + STREAM), stream=True)
            lines = response.iter_lines()
            assert next(lines) == "retry: 2000"
            began = time.monotonic()
        assert list(lines) == [""]
    assert time.monotonic() - began < 2


def test_under_concurrent_writers_a_listener_who_comes_and_goes_hears_all_in_order(
    client: httpx.Client, conn: psycopg.Connection, database_url: str, customer: int
) -> None:
    writers, transactions = 4, 15

    def write(writer: int) -> None:
        chance = random.Random(writer)
        with connect(database_url, application="writer") as own:
            for number in range(transactions):
                append_changes(own, [Change(customer, "alert", f"{writer}/{number}", "open", {})] * 2, NOW)
                time.sleep(chance.random() * 0.01)
                if chance.random() < 0.2:
                    own.rollback()
                else:
                    own.commit()

    def write_all() -> None:
        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        append(conn, customer, "the end")

    writing = threading.Thread(target=write_all)
    writing.start()
    seen: list[int] = []
    subject, headers, chance = "", dict[str, str](), random.Random(7)
    while subject != "the end":
        with client.stream("GET", STREAM, headers=headers) as response:
            for last, data in events(response):
                headers, subject = {"Last-Event-ID": last}, data["subject_id"]
                seen.append(data["sequence"])
                if subject == "the end" or chance.random() < 0.1:
                    break
    writing.join()
    stored = [row[0] for row in conn.execute("SELECT sequence FROM changes ORDER BY sequence")]
    assert seen == stored == list(range(1, len(seen) + 1))
    assert len(seen) > writers * transactions
