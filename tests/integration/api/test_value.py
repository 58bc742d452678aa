"""A customer's value as it is asked for: figures with their range, reasons instead of money that nobody knows."""

from datetime import date
from typing import Any

import httpx
import psycopg
import pytest

from tests.integration.api.plant import TODAY, add_customer, insert

SAID: dict[str, Any] = {
    "line_of_business": "dairy",
    "rung": "money_agreed",
    "counterfactual": "acceptance_window",
    "basis": "agreed",
    "author": "plant controller",
    "said_on": date(2025, 1, 1),
    "coverage": 0.9,
}


@pytest.fixture
def customer(conn: psycopg.Connection) -> int:
    return add_customer(conn, "Northfield Foods")


def test_value_is_told_gross_and_net_with_who_says_so(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    money = {"money": 900.0, "money_low": 500.0, "money_high": 1300.0, "currency": "EUR"}
    hours = {"hours_avoided": 12.5, "hours_low": 4.0, "hours_high": 21.0}
    month = {**SAID, **money, **hours, "customer_id": customer, "month": date(2026, 9, 1)}
    insert(conn, "value_monthly", **month, fees=400.0, fees_currency="EUR", net_unknown="no work order says who paid")
    told = {**SAID, **money, "customer_id": customer, "month": date(2026, 9, 1), "months": 3, "money_months": 2}
    ratio = {"promised_money": 600.0, "ratio": 1.5, "ratio_low": 0.83, "ratio_high": 2.17, "ratio_of": "gross"}
    insert(conn, "value_cumulated", **told, **ratio)
    ahead = {"customer_id": customer, "line_of_business": "dairy", "horizon": "renewal", "at": date(2029, 3, 1)}
    for number, each in enumerate((700.0, 800.0)):
        insert(conn, "value_outlooks", **ahead, month=date(2026, 7 + number, 1), basis="agreed", hours_avoided=each)
    conn.commit()
    body = client.get(f"/v1/customers/{customer}/value").json()
    (found,) = body["months"]
    assert (found["author"], found["said_on"], found["basis"]) == ("plant controller", "2025-01-01", "agreed")
    assert found["hours_avoided"] == {"value": 12.5, "low": 4, "high": 21}
    assert found["gross"] == {"amount": 900, "low": 500, "high": 1300, "currency": "EUR", "basis": "agreed"}
    assert found["fees"] == {"amount": 400, "currency": "EUR", "basis": "contract"}
    assert (found["net"], found["maintenance"], found["promised"]) == (None, None, None)
    assert found["net_unknown"] == "no work order says who paid"
    (since,) = body["since_start"]
    assert (since["months"], since["money_months"]) == (3, 2)
    assert since["realized_over_promised"] == {"value": 1.5, "low": 0.83, "high": 2.17, "of": "gross"}
    (outlook,) = body["outlook"]
    assert (outlook["hours_avoided"]["value"], outlook["gross"], outlook["month"]) == (800, None, "2026-08-01")


def test_the_effect_of_an_update_is_told_and_months_go_back_as_far_as_asked(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    release = {"customer_id": customer, "asset_type": "filler", "version": "4.2", "released_on": TODAY, "as_of": TODAY}
    rate = {"rate": -0.06, "rate_low": -0.07, "rate_high": -0.05}
    insert(conn, "update_effects", **release, **rate, days=28, machines=2, controls=0, unknown="uptime is not known")
    for year in (2024, 2026):
        insert(conn, "value_monthly", **{**SAID, "customer_id": customer, "month": date(year, 6, 1)})
    conn.commit()
    path = f"/v1/customers/{customer}/value"
    assert [each["month"] for each in client.get(path).json()["months"]] == ["2026-06-01"]
    body = client.get(path, params={"months": 60}).json()
    assert [each["month"] for each in body["months"]] == ["2024-06-01", "2026-06-01"]
    (update,) = body["updates"]
    assert (update["good_rate"], update["uptime"]) == ({"value": -0.06, "low": -0.07, "high": -0.05}, None)


def test_another_customers_value_is_not_found(client: httpx.Client, conn: psycopg.Connection, customer: int) -> None:
    stranger = add_customer(conn, "Stranger")
    conn.commit()
    assert client.get(f"/v1/customers/{stranger + 1000}/value").status_code == 404
    assert client.get(f"/v1/customers/{customer}/value").json()["months"] == []
