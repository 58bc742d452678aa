"""Customers and assets over HTTP."""

from datetime import date, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from tests.integration.api.plant import (
    NOW,
    THROUGH,
    TODAY,
    add_alert,
    add_asset,
    add_customer,
    add_times,
    insert,
    place,
    record,
)


@pytest.fixture
def customer(conn: psycopg.Connection) -> int:
    number = add_customer(conn, "Northfield Foods")
    conn.commit()
    return number


def add_health(conn: psycopg.Connection, customer: int, day: date, health: float | None) -> None:
    insert(
        conn,
        "customer_health",
        customer_id=customer,
        day=day,
        health=health,
        coverage=0.9,
        contributions={} if health is None else {"wear": 100 - health},
    )


def test_a_customer_shows_its_newest_health_and_its_live_alerts_by_tier(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    add_health(conn, customer, TODAY - timedelta(days=2), 80.0)
    add_health(conn, customer, TODAY - timedelta(days=1), 71.5)
    add_alert(conn, customer)
    add_alert(conn, customer, tier="watch", state="acknowledged")
    add_alert(conn, customer, state="pending")
    add_alert(conn, customer, state="resolved")
    conn.commit()
    (body,) = client.get("/v1/customers").json()["data"]
    assert body["health"] == {
        "day": "2026-09-20",
        "health": 71.5,
        "coverage": 0.9,
        "contributions": {"wear": 28.5},
    }
    assert body["open_alerts"] == {"act": 1, "watch": 1}
    assert body["assessed_through"] == "2026-09-21T06:00:00Z"


def test_health_below_the_coverage_floor_is_null(client: httpx.Client, conn: psycopg.Connection, customer: int) -> None:
    add_health(conn, customer, TODAY, None)
    conn.commit()
    body = client.get(f"/v1/customers/{customer}").json()
    assert (body["health"]["health"], body["health"]["coverage"]) == (None, 0.9)


def test_a_list_is_assessed_through_its_least_assessed_customer(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    add_customer(conn, "Late", through=THROUGH - timedelta(days=3))
    add_customer(conn, "Never", through=None)
    conn.commit()
    body = client.get("/v1/customers").json()
    assert body["assessed_through"] == "2026-09-18T06:00:00Z"
    assert [each["assessed_through"] for each in body["data"]] == [
        "2026-09-21T06:00:00Z",
        "2026-09-18T06:00:00Z",
        None,
    ]
    only = client.get(f"/v1/customers/{customer}/health").json()
    assert only["assessed_through"] == "2026-09-21T06:00:00Z"


@pytest.mark.parametrize(("purpose", "demo"), [("demo", True), ("live", False), (None, False)])
def test_what_a_demonstration_stored_says_so(
    client: httpx.Client, conn: psycopg.Connection, customer: int, purpose: str | None, demo: bool
) -> None:
    if purpose is not None:
        insert(conn, "deployment", purpose=purpose)
    asset, _ = add_asset(conn, customer, "Filler 2")
    alert = add_alert(conn, customer)
    conn.commit()
    shown = [
        client.get("/v1/customers").json()["data"][0],
        client.get(f"/v1/customers/{customer}").json(),
        client.get(f"/v1/assets/{asset}").json()["customer"],
        client.get(f"/v1/alerts/{alert}").json()["customer"],
    ]
    assert [each["demo"] for each in shown] == [demo] * 4


def test_customers_come_by_pages(client: httpx.Client, conn: psycopg.Connection) -> None:
    there = [add_customer(conn, f"Customer {number}") for number in range(5)]
    conn.commit()
    first = client.get("/v1/customers?limit=3").json()
    second = client.get("/v1/customers", params={"limit": 3, "cursor": first["next"]}).json()
    assert [each["id"] for each in first["data"] + second["data"]] == there


def test_a_customer_shows_what_holds_where_it_is_assessed(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    amounts = {"annual_value": 420000, "currency": "EUR", "starts_on": date(2025, 1, 1), "customer_id": customer}
    insert(conn, "contracts", **record("K-1"), valid_from=date(2025, 1, 1), guaranteed_availability=0.9, **amounts)
    insert(conn, "contracts", **record("K-1"), valid_from=TODAY, guaranteed_availability=0.95, **amounts)
    insert(conn, "contracts", **record("K-1"), valid_from=TODAY + timedelta(days=1), **amounts)
    insert(conn, "contracts", **record("K-2"), valid_from=date(2020, 1, 1), ends_on=date(2024, 1, 1), **amounts)
    for person, since in (
        ("Former desk", date(2020, 1, 1)),
        ("Service desk north", TODAY),
        ("Next desk", TODAY + timedelta(days=1)),
    ):
        insert(
            conn,
            "owners",
            **record(person),
            customer_id=customer,
            role="service",
            person=person,
            valid_from=since,
        )
    add_asset(conn, customer, "Filler 2")
    conn.commit()
    body = client.get(f"/v1/customers/{customer}").json()
    (contract,) = body["contracts"]
    assert contract["guaranteed_availability"] == 0.95
    assert contract["annual_value"] == {"amount": 420000, "currency": "EUR", "basis": "contract"}
    assert contract["promised_annual_value"] is None
    assert body["owners"] == [{"role": "service", "person": "Service desk north", "email": None}]
    assert [(site["name"], site["assets"]) for site in body["sites"]] == [("Malmö", 1)]


def test_a_guarantee_is_shown_as_it_was_judged_last_or_says_why_it_was_not(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    terms = {"customer_id": customer, "starts_on": date(2025, 1, 1), "guaranteed_availability": 0.95}
    judged = insert(conn, "contracts", "contract_id", **record("K-1"), valid_from=date(2025, 1, 1), **terms)
    insert(conn, "contracts", **record("K-1"), valid_from=date(2026, 1, 1), **terms)
    assumed = insert(conn, "contracts", "contract_id", **record("K-2"), valid_from=date(2025, 1, 1), **terms)
    insert(conn, "contracts", **record("K-3"), valid_from=date(2025, 1, 1), **terms)
    insert(
        conn, "contracts", **record("K-4"), valid_from=date(2025, 1, 1), **{**terms, "guaranteed_availability": None}
    )
    credit = {"expected": 6900.0, "low": 0.0, "high": 16200.0, "currency": "EUR"}
    told = {"window": "fixed", "first_day": "2026-08-24", "spent_h": 30.0, "budget_h": 40.0, "credit": credit}
    signal: dict[str, Any] = {"customer_id": customer, "scope_type": "contract", "kind": "attributed_availability"}
    insert(conn, "signals", **signal, scope_id=judged, day=TODAY - timedelta(days=1), value=0.99, evidence=told)
    insert(
        conn,
        "signals",
        **signal,
        scope_id=judged,
        day=TODAY,
        value=0.96,
        confidence=0.8,
        expected_at=NOW,
        evidence=told,
    )
    insert(conn, "signals", **signal, scope_id=assumed, day=TODAY, evidence={"not_claimed": "no calendar"})
    conn.commit()
    first, second, third = client.get(f"/v1/customers/{customer}").json()["guarantees"]
    assert (first["attributed_availability"], first["breach_probability"]) == (0.96, 0.8)
    assert (first["budget_spent"], first["as_of"], first["basis"]) == (0.75, str(TODAY), "measured")
    assert first["credit"] == {"amount": 6900, "low": 0, "high": 16200, "currency": "EUR", "basis": "contract"}
    assert (second["attributed_availability"], second["credit"], second["basis"]) == (None, None, None)
    assert second["not_claimed"] == "no calendar"
    assert third["not_claimed"] == "nothing is assessed yet"


def test_a_customer_shows_its_trend_and_the_risk_of_each_contract_as_they_were_told_last(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    terms = {"customer_id": customer, "starts_on": date(2025, 1, 1)}
    judged = insert(conn, "contracts", "contract_id", **record("K-1"), valid_from=date(2025, 1, 1), **terms)
    insert(conn, "contracts", **record("K-1"), valid_from=date(2026, 1, 1), **terms)
    insert(conn, "contracts", **record("K-2"), valid_from=date(2025, 1, 1), **terms)
    conn.commit()
    assert client.get(f"/v1/customers/{customer}").json()["trend"] is None
    told = {"prior": 0.25, "contributions": {"trend": 0.05}, "signs": {"trend": 0.3}, "learned_from": 41}
    signal: dict[str, Any] = {"customer_id": customer, "scope_type": "contract", "kind": "renewal_risk"}
    for days, risk in ((40, 0.2), (10, 0.3)):
        day = TODAY - timedelta(days=days)
        insert(conn, "signals", **signal, scope_id=judged, day=day, value=risk, evidence=told)
    course = {"verdict": "not_enough_data", "months": 9, "ready_on": "2026-12-01"}
    scope = {"customer_id": customer, "scope_type": "customer", "scope_id": customer, "kind": "trend"}
    insert(conn, "signals", **scope, day=TODAY - timedelta(days=10), value=None, evidence=course)
    conn.commit()
    body = client.get(f"/v1/customers/{customer}").json()
    assert [c["renewal_risk"] and c["renewal_risk"]["risk"] for c in body["contracts"]] == [0.3, None]
    assert body["contracts"][0]["renewal_risk"]["contributions"] == {"trend": 0.05}
    assert body["contracts"][0]["renewal_risk"]["learned_from"] == 41
    assert (body["trend"]["verdict"], body["trend"]["ready_on"], body["trend"]["slope"]) == (
        "not_enough_data",
        "2026-12-01",
        None,
    )


def test_value_without_money_is_null_not_zero(client: httpx.Client, conn: psycopg.Connection, customer: int) -> None:
    month: dict[str, Any] = {
        "customer_id": customer,
        "line_of_business": "dairy",
        "rung": "hours",
        "counterfactual": "own first quarter",
        "hours_avoided": 12.5,
        "coverage": 0.9,
    }
    insert(conn, "value_monthly", **month, month=date(2026, 8, 1), basis="measured")
    priced = {"money": 900.0, "money_low": 500.0, "money_high": 1200.0, "currency": "EUR", "promised_money": 1000.0}
    insert(conn, "value_monthly", **month, month=date(2026, 9, 1), basis="agreed", **priced)
    insert(conn, "value_monthly", **month, month=date(2024, 9, 1), basis="measured")
    conn.commit()
    hours, money = client.get(f"/v1/customers/{customer}").json()["value"]
    assert (hours["money"], hours["promised_money"], hours["hours_avoided"]) == (None, None, 12.5)
    assert money["money"] == {"amount": 900, "low": 500, "high": 1200, "currency": "EUR", "basis": "agreed"}
    assert money["promised_money"] == {"amount": 1000, "currency": "EUR", "basis": "contract"}


def test_health_has_a_history_newest_first_within_the_days_asked_for(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    days = [TODAY - timedelta(days=number) for number in range(10)]
    for number, day in enumerate(days):
        add_health(conn, customer, day, 90.0 - number)
    conn.commit()
    path = f"/v1/customers/{customer}/health?first={days[8]}&last={days[1]}&limit=5"
    first = client.get(path).json()
    second = client.get(path, params={**httpx.URL(path).params, "cursor": first["next"]}).json()
    assert [each["day"] for each in first["data"] + second["data"]] == [str(day) for day in days[1:9]]
    assert (second["has_more"], second["next"]) == (False, None)
    assert first["data"][0]["contributions"] == {"wear": 11}


def test_an_assets_kpis_come_from_its_times_and_leave_out_the_unknown(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    asset, _ = add_asset(conn, customer, "Filler 2")
    for number in range(4):
        add_times(conn, asset, TODAY - timedelta(days=number), apt=12 - number, unknown=1 + number)
    conn.commit()
    kpis = client.get(f"/v1/assets/{asset}?days=3").json()["kpis"]
    assert (kpis["days"], kpis["first_day"], kpis["last_day"]) == (3, "2026-09-19", "2026-09-21")
    assert kpis["availability"] == pytest.approx(33 / (48 - 6))
    assert kpis["coverage"] == pytest.approx(1 - 6 / 48)
    assert (kpis["mtbf_h"], kpis["mttr_h"], kpis["failures"]) == (11, 2, 3)
    assert (kpis["quality"], kpis["produced"]) == (None, None)
    assert kpis["times_h"]["pbt"] == 48


def test_an_asset_that_nothing_is_known_of_has_no_kpis(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    asset, _ = add_asset(conn, customer, "Filler 2")
    conn.commit()
    body = client.get(f"/v1/assets/{asset}").json()
    assert {name: value for name, value in body["kpis"].items() if value is not None} == {
        "days": 0,
        "implausible": [],
        "coverages": dict.fromkeys(body["kpis"]["coverages"]),
        "times_h": dict.fromkeys(body["kpis"]["times_h"]),
    }
    assert (body["state"], body["signals"]) == (None, [])


def test_an_assets_days_at_its_former_customer_are_not_the_new_ones(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    buyer = add_customer(conn, "Buyer")
    asset, _ = add_asset(conn, customer, "Filler 2")
    _, site = add_asset(conn, buyer, "Filler 3")
    place(conn, asset, site, valid_from=TODAY - timedelta(days=1))
    for number in range(5):
        add_times(conn, asset, TODAY - timedelta(days=number))
    state = {"asset_id": asset, "state": "down", "cause": "supplier", "failure": True}
    insert(conn, "state_intervals", started_at=THROUGH - timedelta(days=2), **state)
    conn.commit()
    body = client.get(f"/v1/assets/{asset}").json()
    assert (body["customer"]["name"], body["kpis"]["days"], body["state"]) == ("Buyer", 2, None)
    assert [(each["name"], each["state"]) for each in client.get(f"/v1/customers/{buyer}/assets").json()["data"]] == [
        ("Filler 2", None),
        ("Filler 3", None),
    ]
    assert client.get(f"/v1/customers/{customer}/assets").json()["data"] == []


def test_who_is_shown_an_asset_in_the_list_may_open_it(
    stranger: httpx.Client, conn: psycopg.Connection, make_key: Any
) -> None:
    seller, buyer = (add_customer(conn, name, through=THROUGH - timedelta(days=9)) for name in ("Seller", "Buyer"))
    asset, old = add_asset(conn, seller, "Filler 2")
    _, new = add_asset(conn, buyer, "Filler 3")
    place(conn, asset, new, valid_from=TODAY - timedelta(days=1))
    conn.commit()
    opened = {}
    for customer in (seller, buyer):
        headers = {"Authorization": f"Bearer {make_key('read', customers=[customer])}"}
        listed = stranger.get(f"/v1/customers/{customer}/assets", headers=headers).json()["data"]
        found = [stranger.get(f"/v1/assets/{each['id']}", headers=headers).status_code for each in listed]
        sites = stranger.get(f"/v1/customers/{customer}", headers=headers).json()["sites"]
        opened[customer] = (found, {site["id"]: site["assets"] for site in sites})
    assert opened == {seller: ([], {old: 0}), buyer: ([200, 200], {new: 2})}


def test_an_asset_shows_its_state_and_its_signals_with_their_history(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    asset, site = add_asset(conn, customer, "Filler 2")
    for hours, state, cause in ((10, "production", None), (2, "down", "supplier")):
        insert(
            conn,
            "state_intervals",
            asset_id=asset,
            started_at=THROUGH - timedelta(hours=hours),
            state=state,
            cause=cause,
            failure=state == "down",
        )
    for number, value in ((40, 1.0), (1, 3.1), (0, 3.4)):
        insert(
            conn,
            "signals",
            customer_id=customer,
            scope_type="asset",
            scope_id=asset,
            kind="condition",
            day=TODAY - timedelta(days=number),
            value=value,
            expected_at=NOW + timedelta(days=number + 5),
        )
    conn.commit()
    body = client.get(f"/v1/assets/{asset}").json()
    assert body["state"] == {
        "state": "down",
        "since": "2026-09-21T04:00:00Z",
        "cause": "supplier",
        "failure": True,
    }
    assert (body["site"], body["line"]["name"]) == ({"id": site, "name": "Malmö"}, "Line 2")
    (signal,) = body["signals"]
    assert (signal["value"], signal["expected"]["at"], signal["expected"]["low"]) == (3.4, "2026-09-26T08:00:00Z", None)
    assert [each["value"] for each in signal["history"]] == [3.1, 3.4]


def test_an_asset_without_a_place_is_seen_only_by_keys_that_see_all(
    client: httpx.Client, stranger: httpx.Client, conn: psycopg.Connection, customer: int, make_key: Any
) -> None:
    asset, _ = add_asset(conn, customer, "Filler 2", valid_from=TODAY + timedelta(days=30))
    conn.commit()
    assert client.get(f"/v1/assets/{asset}").json()["customer"] is None
    headers = {"Authorization": f"Bearer {make_key('read', customers=[customer])}"}
    assert stranger.get(f"/v1/assets/{asset}", headers=headers).status_code == 404


@pytest.mark.parametrize(
    "path", ["/v1/customers/{customer}", "/v1/customers/{customer}/health", "/v1/assets/{asset}", "/v1/customers"]
)
def test_every_answer_has_an_etag_and_is_not_sent_twice(
    client: httpx.Client, conn: psycopg.Connection, customer: int, path: str
) -> None:
    asset, _ = add_asset(conn, customer, "Filler 2")
    conn.commit()
    where = path.format(customer=customer, asset=asset)
    first = client.get(where)
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert client.get(where, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_dates_that_hold_always_and_for_ever_are_shown(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    insert(
        conn,
        "contracts",
        **record("K-1"),
        valid_from=date.min,
        starts_on=date.min,
        ends_on=date.max,
        customer_id=customer,
        annual_value=1.005,
    )
    conn.commit()
    (contract,) = client.get(f"/v1/customers/{customer}").json()["contracts"]
    assert (contract["valid_from"], contract["ends_on"]) == ("0001-01-01", "9999-12-31")
    assert contract["annual_value"]["currency"] is None


def test_what_does_not_exist_is_a_problem(client: httpx.Client) -> None:
    missing = ("customers/7", "customers/7/health", "customers/7/assets", "assets/7")
    for path in (*missing, "alerts/0192f0a4-7f5e-7c3a-9d1e-3a5f0c7b2e41", "nothing"):
        answer = client.get(f"/v1/{path}")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found"), path


def add_signal(conn: psycopg.Connection, customer: int, kind: str, day: date, value: float | None, **told: Any) -> None:
    insert(
        conn,
        "signals",
        customer_id=customer,
        scope_type="customer",
        scope_id=customer,
        kind=kind,
        day=day,
        value=value,
        evidence=told,
    )


def test_a_customer_shows_its_business_its_open_proposal_and_what_it_could_recover(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    empty = client.get(f"/v1/customers/{customer}").json()
    assert [empty[name] for name in ("business", "baseline_proposal", "recoverable_loss")] == [None, None, None]
    hours = {"value": 720.0, "low": 500.0, "high": 940.0}
    loss = {"asset_type": "filler", "category": "operator_down", "share": 0.1, "best_share": 0.04}
    loss |= {"median_share": 0.06, "peers": 6, "hours_a_year": hours, "units_a_year": None}
    loss |= {"money_a_year": {**hours, "currency": "EUR"}, "basis": "assumed"}
    changed = [{"what": "filler/speed", "unit": "its own", "before": 60.0, "since": 48.0}]
    add_signal(conn, customer, "operating_mode", TODAY, 0.6, mode="contract", by_chance={"value": 4})
    add_signal(conn, customer, "recoverable_loss", TODAY, 720.0, losses=[loss], missing_peers=0)
    add_signal(conn, customer, "baseline_proposal", TODAY, 1.0, since="2026-06-01", changed=changed, answer=None)
    conn.commit()
    body = client.get(f"/v1/customers/{customer}").json()
    assert (body["business"]["mode"], body["business"]["of_a_year_ago"]) == ("contract", 0.6)
    assert body["recoverable_loss"]["losses"][0]["money"] == {
        "amount": 720.0,
        "currency": "EUR",
        "basis": "assumed",
        "low": 500.0,
        "high": 940.0,
    }
    assert body["baseline_proposal"]["changed"] == changed
    add_signal(conn, customer, "baseline_proposal", TODAY + timedelta(days=1), 0.0, since="2026-06-01", changed=changed)
    conn.commit()
    assert client.get(f"/v1/customers/{customer}").json()["baseline_proposal"] is None
