"""Stops of an asset, and what a person says of their causes."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import psycopg
import pytest

from tests.integration.api.conftest import Clock
from tests.integration.api.plant import NOW, THROUGH, TODAY, add_asset, add_customer, add_stop, place

WORD = {"cause": "external", "reason": "power cut", "actor": "shift lead"}


@pytest.fixture
def asset(conn: psycopg.Connection) -> int:
    asset, _ = add_asset(conn, add_customer(conn, "Northfield Foods"), "Filler 2")
    add_stop(conn, asset, THROUGH - timedelta(days=2), 3)
    add_stop(conn, asset, THROUGH - timedelta(days=1), 1, state="held", cause="operator", failure=False)
    running = {"state": "production", "cause": None, "failure": False, "cause_basis": None, "cause_why": None}
    add_stop(conn, asset, THROUGH - timedelta(hours=23), 20, **running)
    add_stop(conn, asset, THROUGH - timedelta(hours=3))
    conn.commit()
    return asset


def path_of(asset: int, stop: dict) -> str:
    return f"/v1/assets/{asset}/stops/{stop['started_at']}/cause"


def test_stops_are_listed_newest_first_with_their_causes_and_why(client: httpx.Client, asset: int) -> None:
    stops = client.get(f"/v1/assets/{asset}/stops").json()
    assert [(each["state"], each["cause"], each["ended_at"] is None) for each in stops["data"]] == [
        ("down", "supplier", True),
        ("held", "operator", False),
        ("down", "supplier", False),
    ]
    assert (stops["data"][0]["basis"], stops["data"][0]["why"]) == ("default", "a stop")
    assert stops["assessed_through"] == "2026-09-21T06:00:00Z"


def test_stops_can_be_asked_for_by_day_and_cause_page_by_page(client: httpx.Client, asset: int) -> None:
    first = client.get(f"/v1/assets/{asset}/stops?cause=supplier&limit=1").json()
    second = client.get(f"/v1/assets/{asset}/stops?cause=supplier&limit=1&cursor={first['next']}").json()
    assert [first["data"][0]["ended_at"], second["data"][0]["ended_at"]] == [None, "2026-09-19T09:00:00Z"]
    assert second["has_more"] is False
    day = (THROUGH - timedelta(days=1)).date()
    assert [
        each["state"] for each in client.get(f"/v1/assets/{asset}/stops?first={day}&last={day}").json()["data"]
    ] == ["held"]


def test_a_correction_is_stored_as_an_event_shown_with_its_stop_and_told_by_the_feed(
    client: httpx.Client, conn: psycopg.Connection, asset: int, clock: Clock
) -> None:
    stop = client.get(f"/v1/assets/{asset}/stops").json()["data"][2]
    assert client.post(path_of(asset, stop), json=WORD | {"cause": "customer"}).status_code == 200
    clock.now = NOW + timedelta(minutes=1)
    body = client.post(path_of(asset, stop), json=WORD).json()
    assert [each["cause"] for each in body["corrections"]] == ["customer", "external"]
    assert (body["corrections"][1]["actor"], body["cause"]) == ("shift lead (key: crm)", "supplier")
    assert client.get(f"/v1/assets/{asset}/stops").json()["data"][1]["corrections"] == []
    stored = conn.execute(
        "SELECT scope_id, at, kind, attributes ->> 'until_s' FROM events ORDER BY event_id"
    ).fetchall()
    began = THROUGH - timedelta(days=2)
    assert stored == [(asset, began, "correction", str((began + timedelta(hours=3)).timestamp()))] * 2
    changes = client.get("/v1/changes").json()["data"]
    assert [(each["subject"], each["transition"], each["body"]["cause"]) for each in changes] == [
        ("stop", "corrected", "customer"),
        ("stop", "corrected", "external"),
    ]


def test_a_correction_has_the_time_since_assessed_again(
    client: httpx.Client, conn: psycopg.Connection, asset: int
) -> None:
    stop = client.get(f"/v1/assets/{asset}/stops").json()["data"][2]
    client.post(path_of(asset, stop), json=WORD)
    since = THROUGH - timedelta(days=2)
    assert conn.execute("SELECT changed_from FROM assessments_due").fetchall() == [(since,)]


def test_only_a_stop_of_ones_own_can_be_corrected_and_only_by_who_may_write(
    client: httpx.Client, conn: psycopg.Connection, asset: int, make_key: Callable[..., str]
) -> None:
    stop = client.get(f"/v1/assets/{asset}/stops").json()["data"][2]
    elsewhere = {"started_at": (NOW - timedelta(days=30)).isoformat().replace("+00:00", "Z")}
    assert client.post(path_of(asset, elsewhere), json=WORD).status_code == 404
    assert client.post(path_of(asset + 1, stop), json=WORD).status_code == 404
    assert client.post(path_of(asset, stop), json={"cause": "weather", "reason": "rain"}).status_code == 422
    assert client.post(path_of(asset, stop), json={"cause": "external"}).status_code == 422
    reader = {"Authorization": f"Bearer {make_key('read', name='reader')}"}
    assert client.post(path_of(asset, stop), json=WORD, headers=reader).status_code == 403
    assert conn.execute("SELECT count(*) FROM events").fetchone() == (0,)


def test_stops_at_a_former_customer_are_not_the_new_ones(
    client: httpx.Client, conn: psycopg.Connection, asset: int
) -> None:
    _, site = add_asset(conn, add_customer(conn, "Buyer"), "Filler 3")
    place(conn, asset, site, valid_from=TODAY)
    conn.commit()
    assert [each["ended_at"] for each in client.get(f"/v1/assets/{asset}/stops").json()["data"]] == [None]
