"""What is found about an account, as it is served."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from tests.integration.api.plant import TODAY, add_customer, insert

OLDER = date(2026, 8, 1)


@pytest.fixture
def customer(conn: psycopg.Connection) -> int:
    """A customer with two kinds of findings today, and one of an earlier month."""
    customer = add_customer(conn, "Northfield Foods")
    for day, verdict in ((OLDER, "slipping"), (TODAY, "done")):
        add_finding(conn, customer, kind="onboarding", day=day, verdict=verdict, value=171.0, unit="d")
    add_finding(conn, customer, kind="commitment", subject="V-1", verdict="late")
    conn.commit()
    return customer


def add_finding(conn: psycopg.Connection, customer: int, **said: Any) -> None:
    known = {"customer_id": customer, "subject": "", "day": TODAY, "verdict": "yes", "basis": "measured"}
    insert(conn, "account_findings", **known | {"evidence": {"facts": []}} | said)


def test_all_findings_of_the_newest_midnight_come_by_kind(client: httpx.Client, customer: int) -> None:
    found = client.get(f"/v1/customers/{customer}/account").json()
    assert (found["as_of"], found["customer"]["name"]) == (TODAY.isoformat(), "Northfield Foods")
    assert {kind: [f["verdict"] for f in own] for kind, own in found["findings"].items()} == {
        "onboarding": ["done"],
        "commitment": ["late"],
    }


def test_an_earlier_day_is_answered_with_what_was_known_then(client: httpx.Client, customer: int) -> None:
    found = client.get(f"/v1/customers/{customer}/account", params={"on": TODAY - timedelta(days=1)}).json()
    assert (found["as_of"], found["findings"]["onboarding"][0]["verdict"]) == (OLDER.isoformat(), "slipping")


def test_an_account_without_findings_yet_has_none(client: httpx.Client, conn: psycopg.Connection) -> None:
    nobody = add_customer(conn, "Silent")
    conn.commit()
    found = client.get(f"/v1/customers/{nobody}/account").json()
    assert (found["as_of"], found["findings"]) == (None, {})


def test_a_key_of_another_customer_does_not_find_the_account(
    base_url: str, make_key: Callable[..., str], customer: int
) -> None:
    headers = {"Authorization": f"Bearer {make_key('read', customers=[customer + 1])}"}
    assert httpx.get(f"{base_url}/v1/customers/{customer}/account", headers=headers).status_code == 404


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("questions/backs", "question_backs"),
        ("questions/competitive", "question_competitive"),
        ("next-improvement", "next_improvement"),
    ],
)
def test_each_question_is_answered_by_its_finding(
    client: httpx.Client, conn: psycopg.Connection, customer: int, path: str, kind: str
) -> None:
    assert client.get(f"/v1/customers/{customer}/{path}").json()["finding"] is None
    add_finding(conn, customer, kind=kind, verdict="at_risk", value=0.5)
    conn.commit()
    found = client.get(f"/v1/customers/{customer}/{path}").json()["finding"]
    assert (found["kind"], found["verdict"], found["value"]) == (kind, "at_risk", 0.5)
    assert client.get(f"/v1/customers/{customer + 1}/{path}").status_code == 404


def test_plays_of_fewer_than_five_customers_are_told_to_no_key_of_some(
    base_url: str, client: httpx.Client, conn: psycopg.Connection, make_key: Callable[..., str], customer: int
) -> None:
    for as_of, customers in ((OLDER, 9), (TODAY, 4)):
        score = {"verdict": "works", "effect": 7.0, "low": 1.0, "high": 13.0, "acted": 9, "left_alone": 8}
        insert(conn, "play_scores", play="wear", as_of=as_of, customers=customers, **score)
    conn.commit()
    assert [each["customers"] for each in client.get("/v1/plays").json()["data"]] == [4]
    headers = {"Authorization": f"Bearer {make_key('read', customers=[customer])}"}
    assert httpx.get(f"{base_url}/v1/plays", headers=headers).json()["data"] == []
