"""The portfolio, as health keeps it and the API serves it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb

from services.health.saving.portfolio_saving import Kept, note_portfolio, save_portfolio
from tests.integration.api.plant import THROUGH, add_asset, add_customer, add_times, insert, record

FIRST = date(2026, 7, 1)


@pytest.fixture
def kept(conn: psycopg.Connection) -> int:
    """A customer with a contract, a machine, value of three months and a survey, and its portfolio."""
    customer = add_customer(conn, "Northfield Foods")
    terms = {"annual_value": 1200, "currency": "EUR"}
    insert(conn, "contracts", **record("K-1"), customer_id=customer, valid_from=date(1, 1, 1), starts_on=FIRST, **terms)
    asset, _ = add_asset(conn, customer, "Filler 2")
    add_times(conn, asset, date(2026, 8, 3))
    for month in (7, 8, 9):
        value = {"rung": "hours", "counterfactual": "declared", "basis": "measured", "coverage": 1.0}
        insert(
            conn,
            "value_monthly",
            customer_id=customer,
            month=date(2026, month, 1),
            line_of_business="all",
            hours_avoided=4.0,
            **value,
        )
    insert(
        conn,
        "events",
        **record("EV-1"),
        scope_type="asset",
        scope_id=asset,
        at=datetime(2026, 8, 1, tzinfo=UTC),
        kind="work_order",
        attributes=Jsonb({"hours": 3, "paid_by": "supplier"}),
    )
    conn.commit()
    assert save_portfolio(conn) is Kept.ALL
    conn.commit()
    return customer


def instants(conn: psycopg.Connection) -> list[str]:
    found = conn.execute("SELECT DISTINCT as_of FROM portfolio ORDER BY as_of").fetchall()
    return [at.date().isoformat() for (at,) in found]


@pytest.mark.usefixtures("kept")
def test_it_is_served_as_of_the_newest_midnight_and_of_earlier_months(client: httpx.Client) -> None:
    found = client.get("/v1/portfolio").json()
    assert found["as_of"] == "2026-09-21T00:00:00Z"
    everybody, food = found["segments"]
    assert (everybody["segment"], food["segment"]) == (None, "food")
    assert food["renewal"]["to_stand_still"][0]["in_force"] == 1200
    assert everybody["fit"]["hours_served_a_month"]["value"] == 0.25
    assert found["ranking"][0]["customer"]["name"] == "Northfield Foods"
    assert found["ranking"][0]["hours_lost"] == 2
    assert client.get("/v1/portfolio", params={"on": "2026-08-20"}).json()["as_of"] == "2026-08-01T00:00:00Z"
    assert client.get("/v1/portfolio", params={"on": "2026-01-20"}).status_code == 404


def test_a_key_for_some_customers_may_not_see_it(kept: int, base_url: str, make_key: Callable[..., str]) -> None:
    headers = {"Authorization": f"Bearer {make_key('read', customers=[kept])}"}
    with httpx.Client(base_url=base_url, headers=headers) as some:
        assert some.get("/v1/portfolio").status_code == 403


@pytest.mark.usefixtures("kept")
def test_it_is_reckoned_again_only_from_what_changed(conn: psycopg.Connection) -> None:
    assert instants(conn) == ["2026-08-01", "2026-09-01", "2026-09-21"]
    assert save_portfolio(conn) is Kept.NOTHING
    conn.execute("UPDATE portfolio SET body = '{}' WHERE as_of < '2026-09-02'")
    conn.execute("UPDATE model_states SET assessed_through = %s", [THROUGH + timedelta(days=2)])
    note_portfolio(conn, THROUGH - timedelta(hours=8))
    conn.commit()
    assert save_portfolio(conn, records_too=False) is Kept.ALL
    assert instants(conn) == ["2026-08-01", "2026-09-01", "2026-09-23"]
    assert conn.execute("SELECT count(*) FROM portfolio WHERE body = '{}'").fetchone() == (14,)
    conn.execute("UPDATE events SET attributes = '{}' WHERE at >= '2026-08-01'")
    assert save_portfolio(conn) is Kept.ALL
    assert conn.execute("SELECT count(*) FROM portfolio WHERE body = '{}'").fetchone() == (7,)
    conn.execute("UPDATE contracts SET annual_value = 2400")
    assert save_portfolio(conn, records_too=False) is Kept.NOTHING
    assert save_portfolio(conn) is Kept.ALL
    assert conn.execute("SELECT count(*) FROM portfolio WHERE body = '{}'").fetchone() == (0,)


@pytest.mark.usefixtures("kept")
def test_what_takes_long_is_reckoned_in_steps_and_comes_to_the_same(conn: psycopg.Connection) -> None:
    figures = "SELECT * FROM portfolio ORDER BY as_of, figure, segment"
    whole = conn.execute(figures).fetchall()
    conn.execute("UPDATE portfolio SET body = '{}'")
    note_portfolio(conn, datetime(2020, 1, 1, tzinfo=UTC))
    steps = [save_portfolio(conn, at_most=timedelta(0)) for _ in range(4)]
    assert steps == [Kept.MORE, Kept.MORE, Kept.ALL, Kept.NOTHING]
    assert conn.execute(figures).fetchall() == whole
