"""Reviews over HTTP and by the command: made once, printed again exactly, and made anew where the past changed."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import psycopg
import pytest

from services.api.review.command import review_command
from shared.errors import SetupError
from shared.locks import AdvisoryLock
from tests.integration.api.plant import add_alert, add_asset, add_customer, add_times, insert, record
from tests.integration.api.test_page import sign_in

PERIOD = {"first_day": "2026-07-01", "last_day": "2026-08-31"}
SECRETS = ("731", "0.8713", "Hushed", "hush@supplier.example", "Rival Foods", "Whispered", "98765")


@pytest.fixture
def customer(conn: psycopg.Connection) -> int:
    """A customer with value, a promise and machines, and all that it must never see, said in words that stand out."""
    customer, rival = add_customer(conn, "Northfield Foods"), add_customer(conn, "Rival Foods")
    terms = {"promised_annual_value": 120000, "promised_availability": 0.95, "annual_value": 98765, "currency": "EUR"}
    since = {"valid_from": date(1, 1, 1), "starts_on": date(2025, 1, 1), "ends_on": date(2026, 12, 31)}
    insert(conn, "contracts", **record("K-1"), customer_id=customer, **since, **terms)
    asset, site = add_asset(conn, customer, "Filler 2")
    other, _ = add_asset(conn, rival, "Rival Foods' filler")
    for machine in (asset, other):
        add_times(conn, machine, date(2026, 8, 3))
    for whose, month, money in ((customer, 7, 9000.0), (customer, 8, 11000.0), (rival, 8, 731.0)):
        insert(
            conn,
            "value_monthly",
            customer_id=whose,
            month=date(2026, month, 1),
            line_of_business="sauces",
            rung="money_agreed",
            counterfactual="declared",
            hours_avoided=4.0,
            money=money,
            money_low=0.9 * money,
            money_high=1.1 * money,
            currency="EUR",
            basis="agreed",
            promised_money=10000.0,
            coverage=1.0,
        )
    since = {"rung": "money_agreed", "counterfactual": "declared", "basis": "agreed", "coverage": 1.0, "months": 20}
    whole = {"customer_id": customer, "month": date(2026, 8, 1), "line_of_business": "*"}
    insert(conn, "value_cumulated", **whole, **since, money=52000.0, currency="EUR", author="Whispered")
    at = datetime(2026, 8, 4, tzinfo=UTC)
    hush = {
        "note": "Hushed",
        "owner_role": "sales",
        "cost": 731,
        "currency": "EUR",
        "hours": 731,
        "paid_by": "supplier",
    }
    idea = {"id": "i1", "title": "Slow down instead of stopping", "status": "proposed"}
    for number, kind, said in ((1, "work_order", {}), (2, "improvement", idea), (3, "training", {}), (4, "survey", {})):
        placed = {"scope_type": "asset", "scope_id": asset, "at": at, "kind": kind}
        insert(conn, "events", **record(f"EV-{number}"), **placed, attributes=hush | said)
    insert(
        conn,
        "owners",
        **record("O-1"),
        customer_id=customer,
        role="sales",
        person="Hushed",
        email="hush@supplier.example",
        valid_from=date(2020, 1, 1),
    )
    said = {"prior": 0.8713, "contributions": {"Whispered": 0.8713}, "signs": {"Whispered": 0.8713}}
    told = {"value": 0.8713, "evidence": said | {"learned_from": 731}}
    for scope_type, scope_id in (("customer", customer), ("contract", 1)):
        risk = {"scope_type": scope_type, "scope_id": scope_id, "kind": "renewal_risk", "day": date(2026, 8, 30)}
        insert(conn, "signals", customer_id=customer, **risk, **told)
    worth = {"site_id": site, "line_of_business": "sauces", "valid_from": date(2020, 1, 1), "author": "Whispered"}
    prices = {"margin_per_good_unit": 731, "downtime_cost_per_hour": 731, "currency": "EUR", "basis": "agreed"}
    insert(conn, "economics", **record("E-1"), **worth, **prices)
    add_alert(conn, customer, kind="promise_gap", sentence="Whispered", play="Whispered", stake_money=731.0)
    conn.commit()
    return customer


def made(client: httpx.Client, customer: int) -> dict[str, object]:
    answer = client.post(f"/v1/customers/{customer}/reviews", json=PERIOD | {"actor": "r.lind"})
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_a_review_says_what_was_promised_and_realized(client: httpx.Client, customer: int) -> None:
    review = made(client, customer)
    assert (review["version"], review["changed"], review["made_by"]) == (1, [], "r.lind (key: crm)")
    body = review["body"]
    assert isinstance(body, dict)
    money = body["realized"]["money"]
    assert (money["amount"], money["currency"], money["basis"]) == (20000, "EUR", "agreed")
    assert (money["promised"], money["net"], money["months"]) == (20000, None, 2)
    assert body["machines"]["uptime"] == pytest.approx(1 - 2 / 15)
    assert [p["what"] for p in body["proposals"]] == ["Slow down instead of stopping"]
    assert body["since_start"]["money"] == {"amount": 52000, "currency": "EUR"}
    assert [c["what"] for c in body["changes"]] == ["Training"]
    assert body["as_of"] == client.get(f"/v1/customers/{customer}").json()["assessed_through"].replace("Z", "+00:00")


def test_where_nobody_proposed_anything_what_was_found_next_is_in_it(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    conn.execute("DELETE FROM events WHERE kind = 'improvement'")
    insert(conn, "objectives", **record("G-1"), customer_id=customer, kpi="oee", target=0.8, description="OEE of 80 %")
    proof = {"verdict": "works", "customers": 6, "hours_saved_per_1000_h": 3.1}
    evidence = {"title": "Find the one cause", "objective": "G-1", "owner_role": "Whispered", "proof": proof}
    found = {"kind": "next_improvement", "subject": "", "verdict": "to_propose", "value": 22.0, "basis": "measured"}
    insert(conn, "account_findings", customer_id=customer, day=date(2026, 8, 1), **found, evidence=evidence)
    conn.commit()
    body = made(client, customer)["body"]
    assert isinstance(body, dict)
    [proposal] = body["proposals"]
    said = [proposal[name] for name in ("what", "objective", "expected_hours")]
    assert said == ["Find the one cause", "OEE of 80 %", 22]
    assert proposal["elsewhere"] == {"customers": 6, "hours_saved_per_1000": 3.1}
    assert "Whispered" not in json.dumps(body)


def test_an_objective_of_the_improvements_own_source_is_meant_and_the_improvement_told_once(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    conn.execute("UPDATE events SET attributes = attributes || '{\"objective\": \"G-1\"}' WHERE kind = 'improvement'")
    own = record("G-1")
    for source, told in (("a crm", "of the CRM"), (own["record_source"], "of the same source")):
        named = own | {"record_source": source, "description": told}
        insert(conn, "objectives", **named, customer_id=customer, kpi="oee", target=0.8)
    conn.commit()
    body = made(client, customer)["body"]
    assert isinstance(body, dict)
    assert [p["objective"] for p in body["proposals"]] == ["of the same source"]


def test_nothing_of_the_inside_is_in_it(
    client: httpx.Client, stranger: httpx.Client, customer: int, make_key: Callable[..., str]
) -> None:
    review = made(client, customer)
    sign_in(stranger, make_key())
    page = stranger.get(str(review["page"]))
    assert page.status_code == 200
    assert "Slow down instead of stopping" in page.text
    for secret in SECRETS:
        assert secret not in page.text, secret
        assert secret not in json.dumps(review["body"]), secret


def test_it_is_printed_again_exactly_and_made_anew_only_where_the_past_changed(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    first = made(client, customer)
    assert made(client, customer) == first
    conn.execute("UPDATE value_monthly SET money = 12000, money_high = 13000 WHERE customer_id = %s", [customer])
    conn.execute("UPDATE owners SET person = 'Somebody else'")
    conn.commit()
    second = made(client, customer)
    assert (second["version"], second["changed"]) == (
        2,
        [
            {"what": "Value realized in the period", "before": "EUR\u00a020,000", "now": "EUR\u00a024,000"},
            {"what": "Value realized, July 2026", "before": "EUR\u00a09,000", "now": "EUR\u00a012,000"},
            {"what": "Value realized, August 2026", "before": "EUR\u00a011,000", "now": "EUR\u00a012,000"},
        ],
    )
    assert client.get(f"/v1/customers/{customer}/reviews/{first['id']}").json() == first
    listed = client.get(f"/v1/customers/{customer}/reviews", params={"limit": 1}).json()
    assert listed["data"] == [second]
    rest = client.get(f"/v1/customers/{customer}/reviews", params={"limit": 1, "cursor": listed["next"]}).json()
    assert (rest["data"], rest["has_more"]) == ([first], False)


@pytest.mark.parametrize(
    ("period", "status"),
    [
        ({"first_day": "2026-07-02", "last_day": "2026-08-31"}, 422),
        ({"first_day": "2026-07-01", "last_day": "2026-08-30"}, 422),
        ({"first_day": "2026-08-01", "last_day": "2026-07-31"}, 422),
        ({"first_day": "2020-01-01", "last_day": "2026-07-31"}, 422),
        ({"first_day": "2026-09-01", "last_day": "2026-09-30"}, 409),
    ],
)
def test_a_review_is_of_whole_months_that_are_over(
    client: httpx.Client, customer: int, period: dict[str, str], status: int
) -> None:
    assert client.post(f"/v1/customers/{customer}/reviews", json=period).status_code == status


def test_only_who_sees_the_customer_sees_its_reviews_and_only_who_may_write_makes_them(
    client: httpx.Client, stranger: httpx.Client, customer: int, make_key: Callable[..., str]
) -> None:
    review = made(client, customer)
    path = f"/v1/customers/{customer}/reviews"
    elsewhere = {"Authorization": f"Bearer {make_key('read', 'act', customers=[customer + 1])}"}
    assert stranger.get(path, headers=elsewhere).status_code == 404
    assert stranger.post(path, headers=elsewhere, json=PERIOD).status_code == 404
    reader = {"Authorization": f"Bearer {make_key('read')}"}
    assert stranger.post(f"/v1/customers/{customer}/reviews", json=PERIOD, headers=reader).status_code == 403
    assert stranger.get(str(review["page"])).status_code == 401
    sign_in(stranger, make_key("read", customers=[customer + 1]))
    assert stranger.get(str(review["page"])).status_code == 404
    assert client.get(f"/v1/customers/{customer + 1}/reviews/{review['id']}").status_code == 404


def test_whoever_may_not_see_the_customer_waits_for_nobody(
    stranger: httpx.Client, conn: psycopg.Connection, customer: int, make_key: Callable[..., str]
) -> None:
    headers = {"Authorization": f"Bearer {make_key('act', customers=[customer + 1])}"}
    with conn.transaction():
        conn.execute("SELECT pg_advisory_xact_lock(%s, %s)", [AdvisoryLock.REVIEWS_OF, customer])
        asked = stranger.post(f"/v1/customers/{customer}/reviews", json=PERIOD, headers=headers)
    assert asked.status_code == 404


@pytest.mark.usefixtures("customer")
def test_the_command_makes_the_same_review_and_writes_it(
    conn: psycopg.Connection, database_url: str, tmp_path: Path
) -> None:
    first, last = date(2026, 7, 1), date(2026, 8, 31)
    told = review_command(database_url, "Northfield Foods", first, last, output=tmp_path / "review.html")
    assert "version 1" in told
    assert "Value review, July to August 2026" in (tmp_path / "review.html").read_text()
    review_command(database_url, "Northfield Foods", first, last, output=tmp_path / "review.json")
    assert json.loads((tmp_path / "review.json").read_text())["version"] == 1
    assert conn.execute("SELECT count(*) FROM reviews").fetchone() == (1,)
    with pytest.raises(SetupError, match="whole months"):
        review_command(database_url, "Northfield Foods", first, date(2026, 8, 30), output=None)
    with pytest.raises(SetupError, match="no customer"):
        review_command(database_url, "Nobody", first, last, output=None)
