"""The change feed over HTTP: nothing missing, nothing twice, in the order of commit."""

import random
import threading
import time
from collections.abc import Callable

import httpx
import psycopg
import pytest

from shared.changes import Change, append_changes
from shared.database import connect
from tests.integration.api.plant import NOW, add_alert, add_customer, append


@pytest.fixture
def customer(conn: psycopg.Connection) -> int:
    number = add_customer(conn, "Northfield Foods")
    conn.commit()
    return number


def test_the_feed_is_followed_page_by_page_and_on_from_its_end(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    append(conn, customer, "a", "b", "c")
    first = client.get("/v1/changes?limit=2").json()
    assert set(first) == {"data", "has_more", "next", "assessed_through"}
    assert ([each["subject_id"] for each in first["data"]], first["has_more"]) == (["a", "b"], True)
    second = client.get("/v1/changes", params={"limit": 2, "since": first["next"]}).json()
    assert ([each["subject_id"] for each in second["data"]], second["has_more"]) == (["c"], False)
    third = client.get("/v1/changes", params={"since": second["next"]}).json()
    assert (third["data"], third["next"]) == ([], second["next"])
    append(conn, customer, "d")
    fourth = client.get("/v1/changes", params={"since": third["next"]}).json()
    assert [each["body"] for each in fourth["data"]] == [{"id": "d"}]


def test_the_empty_feed_gives_a_cursor_to_go_on_from(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    start = client.get("/v1/changes").json()
    assert (start["data"], start["has_more"]) == ([], False)
    append(conn, customer, "a")
    after = client.get("/v1/changes", params={"since": start["next"]}).json()
    assert [each["subject_id"] for each in after["data"]] == ["a"]


def test_a_page_is_long_enough_for_a_busy_minute(client: httpx.Client, conn: psycopg.Connection, customer: int) -> None:
    append(conn, customer, *map(str, range(1100)))
    assert len(client.get("/v1/changes").json()["data"]) == 500
    assert len(client.get("/v1/changes?limit=1000").json()["data"]) == 1000


def test_a_key_for_one_customer_goes_past_what_it_may_not_see(
    client: httpx.Client, conn: psycopg.Connection, customer: int, make_key: object
) -> None:
    other = add_customer(conn, "Southfield")
    append(conn, other, "theirs")
    headers = {"Authorization": f"Bearer {make_key('read', customers=[customer])}"}  # type: ignore[operator]
    start = client.get("/v1/changes", headers=headers).json()
    assert start["data"] == []
    assert start["next"] == client.get("/v1/changes").json()["next"]


def test_a_cursor_from_which_nobody_can_go_on_is_gone(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    append(conn, customer, "a", "b", "c", "d")
    oldest = client.get("/v1/changes?limit=1").json()["next"]
    end = client.get("/v1/changes").json()["next"]
    conn.execute("DELETE FROM changes WHERE sequence <= 2")
    conn.commit()
    rewritten = f"4-{end[2:][::-1]}"
    for since in (oldest, f"9{end}", rewritten):
        answer = client.get("/v1/changes", params={"since": since})
        assert (answer.status_code, answer.json()["type"]) == (410, "/problems/cursor-gone"), since
    assert client.get("/v1/changes", params={"since": end}).status_code == 200
    assert [each["subject_id"] for each in client.get("/v1/changes").json()["data"]] == ["c", "d"]


@pytest.mark.parametrize("since", ["2026-01-01T00:00:00Z", "17", "-1-000000000000", "1-xyz", "00-000000000000"])
def test_what_is_no_cursor_is_refused(client: httpx.Client, since: str) -> None:
    answer = client.get("/v1/changes", params={"since": since})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-cursor")


def test_under_concurrent_writers_a_poller_reproduces_the_feed_whole_and_in_order(
    client: httpx.Client, conn: psycopg.Connection, database_url: str, customer: int
) -> None:
    writers, transactions = 8, 12

    def write(writer: int) -> None:
        chance = random.Random(writer)
        with connect(database_url, application="writer") as own:
            for number in range(transactions):
                subjects = [f"{writer}/{number}/{part}" for part in range(chance.randint(1, 4))]
                changes = [Change(customer, "alert", subject, "open", {}) for subject in subjects]
                time.sleep(chance.random() * 0.02)
                append_changes(own, changes, NOW)
                time.sleep(chance.random() * 0.02)
                if chance.random() < 0.2:
                    own.rollback()
                else:
                    own.commit()

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    seen: list[int] = []
    query = {"limit": 7}
    while True:
        ended = not any(thread.is_alive() for thread in threads)
        page = client.get("/v1/changes", params=query).json()
        seen += [each["sequence"] for each in page["data"]]
        query["since"] = page["next"]
        if ended and not page["data"]:
            break
    stored = [row[0] for row in conn.execute("SELECT sequence FROM changes ORDER BY sequence")]
    assert seen == stored == list(range(1, len(stored) + 1))
    assert len(stored) > writers * transactions


def test_a_key_for_one_customer_writes_behind_the_changes_of_others(
    stranger: httpx.Client, conn: psycopg.Connection, customer: int, make_key: Callable[..., str]
) -> None:
    alert = add_alert(conn, customer)
    append(conn, add_customer(conn, "Elsewhere"), "a", "b")
    conn.commit()
    headers = {"Authorization": f"Bearer {make_key('read', 'act', customers=[customer])}", "If-Match": "*"}
    assert stranger.post(f"/v1/alerts/{alert}/acknowledge", headers=headers).status_code == 200
