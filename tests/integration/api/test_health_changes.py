"""What moved a customer's health, over HTTP: stored parts added up, named and put in words."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from tests.integration.api.plant import TODAY, add_asset, add_customer, insert

MINUS = "\u2212"


def add_day(
    conn: psycopg.Connection, customer: int, ago: int, health: float | None, parts: list[dict[str, Any]] | None
) -> None:
    change = None if parts is None else {"points": sum(part["points"] for part in parts), "parts": parts}
    insert(
        conn,
        "customer_health",
        customer_id=customer,
        day=TODAY - timedelta(days=ago),
        health=health,
        coverage=0.9,
        contributions={},
        change=change,
    )


def downtime(asset: int, measure: str, points: float, hours: float, past: float = 0.0) -> dict[str, Any]:
    told = {"measure": measure, "why": "downtime", "points": points, "amount": hours, "past": past}
    return {**told, "scope_type": "asset", "scope_id": asset, "cause": "supplier"}


@pytest.fixture
def filler(conn: psycopg.Connection) -> tuple[int, int]:
    customer = add_customer(conn, "Northfield Foods")
    asset, _ = add_asset(conn, customer, "Filler")
    add_day(conn, customer, 9, None, None)
    add_day(conn, customer, 8, 90.0, [])
    add_day(conn, customer, 7, 89.0, [{"why": "weights", "points": -1.0}])
    add_day(
        conn,
        customer,
        1,
        84.0,
        [downtime(asset, "availability", -1.0, 3.0), downtime(asset, "guarantee", -4.0, 3.0)],
    )
    add_day(conn, customer, 0, 83.0, [downtime(asset, "guarantee", -1.2, 1.0), {"why": "smaller", "points": 0.2}])
    conn.commit()
    return customer, asset


def test_a_change_names_line_machine_hours_and_cause_and_its_parts_add_up(
    client: httpx.Client, filler: tuple[int, int]
) -> None:
    customer, asset = filler
    body = client.get(f"/v1/customers/{customer}/health/changes").json()
    assert (body["first_day"], body["last_day"]) == ("2026-09-14", "2026-09-21")
    assert (body["health_before"], body["health_after"], body["points"]) == (89.0, 83.0, -6.0)
    assert sum(part["points"] for part in body["parts"]) == pytest.approx(body["points"])
    first = body["parts"][0]
    assert (first["scope"], first["line"]) == ({"type": "asset", "id": asset, "name": "Filler"}, "Line 2")
    assert (first["cause"], first["amount"], first["unit"]) == ("supplier", 4.0, "h")
    assert first["measures"] == pytest.approx({"availability": -1.0, "guarantee": -5.2})
    assert body["sentence"] == (
        f"{MINUS}6.0 since Monday 14 September 2026: Filler on Line 2: 4.0 h of supplier downtime ({MINUS}6.2)."
    )


def test_any_two_days_may_be_compared(client: httpx.Client, filler: tuple[int, int]) -> None:
    customer, _ = filler
    asked = {"from": str(TODAY - timedelta(days=8)), "to": str(TODAY - timedelta(days=7))}
    body = client.get(f"/v1/customers/{customer}/health/changes", params=asked).json()
    assert (body["points"], [part["why"] for part in body["parts"]]) == (-1.0, ["weights"])


def test_a_change_against_a_day_without_health_is_not_known(client: httpx.Client, filler: tuple[int, int]) -> None:
    customer, _ = filler
    for day in (9, 30):
        asked = {"from": str(TODAY - timedelta(days=day))}
        body = client.get(f"/v1/customers/{customer}/health/changes", params=asked).json()
        assert (body["points"], body["parts"]) == (None, [])
        assert body["sentence"].startswith("Not known")


def test_a_customer_that_was_never_judged_has_no_change(client: httpx.Client, conn: psycopg.Connection) -> None:
    customer = add_customer(conn, "New")
    conn.commit()
    body = client.get(f"/v1/customers/{customer}/health/changes").json()
    assert (body["last_day"], body["points"], body["parts"]) == (None, None, [])
    assert client.get(f"/v1/customers/{customer + 1}/health/changes").status_code == 404


@pytest.mark.usefixtures("filler")
def test_the_page_says_what_moved_an_account(stranger: httpx.Client, make_key: Callable[..., str]) -> None:
    accounts = stranger.post("/sign-in", data={"key": make_key()}, follow_redirects=True).text
    assert f"{MINUS}6 in 7 d" in accounts
    account = re.findall(r"/customers/[0-9]+", accounts)[0]
    assert f"{MINUS}6.0 since Monday 14 September 2026: Filler on Line 2" in stranger.get(account).text
