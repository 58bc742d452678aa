"""The record of alerts, as it is served."""

from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb

from services.api import examples
from tests.integration.api.plant import THROUGH, add_alert, add_customer, insert

MONDAY = datetime(2026, 9, 21, tzinfo=UTC)


@pytest.fixture
def kept(conn: psycopg.Connection) -> None:
    """Three weeks of one kind's record, and a customer with an alert of that kind."""
    shown = examples.RECORD["data"][0]
    for weeks in range(3):
        columns = shown | {"as_of": MONDAY - timedelta(weeks=weeks), "calibration": Jsonb(shown["calibration"])}
        insert(conn, "track_records", **columns | {"alerts": 61 - weeks})
    add_alert(conn, add_customer(conn, "Northfield Foods"), kind="wear")
    conn.commit()


@pytest.mark.usefixtures("kept")
def test_the_newest_record_of_each_kind_is_shown(client: httpx.Client) -> None:
    answer = client.get("/v1/record").json()
    assert answer == examples.RECORD | {"assessed_through": THROUGH.isoformat().replace("+00:00", "Z")}


@pytest.mark.usefixtures("kept")
def test_a_kinds_record_goes_back_page_by_page(client: httpx.Client) -> None:
    first = client.get("/v1/record/wear", params={"limit": 2}).json()
    assert [each["alerts"] for each in first["data"]] == [61, 60]
    second = client.get("/v1/record/wear", params={"limit": 2, "cursor": first["next"]}).json()
    assert ([each["alerts"] for each in second["data"]], second["has_more"]) == ([59], False)


@pytest.mark.usefixtures("kept")
def test_an_alert_says_what_the_record_says_of_its_kind(client: httpx.Client) -> None:
    assert client.get("/v1/alerts").json()["data"][0]["skill"] == "demonstrated"


def test_a_kind_without_a_record_is_not_found(client: httpx.Client) -> None:
    assert client.get("/v1/record").json()["data"] == []
    assert client.get("/v1/record/wear").status_code == 404


def test_an_owners_budget_says_what_was_held_back_and_what_that_cost(
    conn: psycopg.Connection, client: httpx.Client
) -> None:
    customer = add_customer(conn, "Northfield Foods")
    opened = THROUGH - timedelta(days=15)
    for n in range(6):
        shown = {"shown_at": opened} if n < 5 else {"withheld": "budget", "stake_hours": 6.5}
        ended = {"state": "resolved", "resolution": "materialised", "resolved_at": THROUGH}
        add_alert(conn, customer, scope_id=n, opened_at=opened, owner_role="service", **shown, **ended)
    conn.commit()
    budget = client.get("/v1/budgets").json()["data"][0]
    assert budget["customer"]["name"] == "Northfield Foods"
    assert (budget["weeks"], budget["shown"], budget["new_a_week_p95"]) == (4, 5, pytest.approx(4.25))
    held = [budget[name] for name in ("held_back", "held_back_materialised", "held_back_stake_hours", "delayed")]
    assert held == [1, 1, 6.5, 0]
