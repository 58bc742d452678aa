"""Lines and sites over HTTP: by the constraint of each line, never by a mean."""

from datetime import timedelta

import httpx
import psycopg
import pytest

from tests.integration.api.plant import TODAY, add_asset, add_customer, add_times, insert, place, record


@pytest.fixture
def plant(conn: psycopg.Connection) -> dict[str, int]:
    """A line of a filler that never waits and a capper that waits for it, and a pump on no line."""
    customer = add_customer(conn, "Northfield Foods")
    filler, site = add_asset(conn, customer, "Filler 2")
    line = conn.execute("SELECT line_id FROM lines").fetchone()[0]
    kind = conn.execute("SELECT asset_type_id FROM asset_types").fetchone()[0]
    capper, pump = (
        insert(conn, "assets", "asset_id", **record(name), asset_type_id=kind, name=name) for name in ("Capper", "Pump")
    )
    place(conn, capper, site, line)
    place(conn, pump, site)
    for number in range(3):
        day = TODAY - timedelta(days=number)
        add_times(conn, filler, day, apt=12, adet=4, stopped=4, adot=0, waiting=0, unknown=0)
        add_times(conn, capper, day, apt=10, adet=2, stopped=2, adot=4, waiting=4, unknown=0)
        add_times(conn, pump, day, apt=16, adet=0, stopped=0, adot=0, waiting=0, unknown=0)
    conn.commit()
    return {"site": site, "line": line, "filler": filler, "capper": capper, "pump": pump, "customer": customer}


def test_a_line_is_judged_by_the_machine_that_it_waits_for(client: httpx.Client, plant: dict[str, int]) -> None:
    line = client.get(f"/v1/lines/{plant['line']}?days=2").json()
    assert line["constraint"] == {"id": plant["filler"], "name": "Filler 2", "by": "waiting"}
    assert (line["kpis"]["availability"], line["kpis"]["days"], line["coverage"]) == (0.75, 2, 1)
    assert [(each["name"], each["availability"], each["compared_by"]) for each in line["assets"]] == [
        ("Filler 2", 0.75, 0),
        ("Capper", 10 / 16, 0.25),
    ]
    assert (line["site"]["id"], line["customer"]["id"]) == (plant["site"], plant["customer"])
    assert line["calendar_assumed"] is True


def test_a_site_is_the_sum_of_its_lines_constraints_and_its_other_machines(
    client: httpx.Client, plant: dict[str, int]
) -> None:
    site = client.get(f"/v1/sites/{plant['site']}").json()
    assert site["kpis"]["availability"] == pytest.approx((12 + 16) / 32)
    assert site["kpis"]["times_h"]["pbt"] == 3 * 32
    assert [(each["constraint"]["name"], each["availability"]) for each in site["lines"]] == [("Filler 2", 0.75)]


def test_a_customer_is_the_sum_of_its_sites(
    client: httpx.Client, conn: psycopg.Connection, plant: dict[str, int]
) -> None:
    add_customer(conn, "Nobody", None)
    conn.commit()
    body = client.get(f"/v1/customers/{plant['customer']}/kpis").json()
    assert body["kpis"] == client.get(f"/v1/sites/{plant['site']}").json()["kpis"]
    assert body["assessed_through"] == "2026-09-21T06:00:00Z"
    assert client.get(f"/v1/customers/{plant['customer'] + 1}/kpis").json()["kpis"]["days"] == 0


def test_a_line_of_which_a_machine_is_not_known_says_so(
    client: httpx.Client, conn: psycopg.Connection, plant: dict[str, int]
) -> None:
    conn.execute("UPDATE times_daily SET unknown_s = pbt_s WHERE asset_id = %s", [plant["filler"]])
    insert(
        conn,
        "shifts",
        **record("S"),
        site_id=plant["site"],
        valid_from=TODAY,
        weekdays=[0],
        starts_at="06:00",
        ends_at="14:00",
    )
    conn.commit()
    line = client.get(f"/v1/lines/{plant['line']}").json()
    assert (line["constraint"], line["kpis"]["availability"], line["coverage"]) == (None, None, 0.5)
    assert line["calendar_assumed"] is False


def test_a_calendar_that_begins_later_is_assumed_until_then(
    client: httpx.Client, conn: psycopg.Connection, plant: dict[str, int]
) -> None:
    shift = {"weekdays": [0], "starts_at": "06:00", "ends_at": "14:00", "site_id": plant["site"]}
    insert(conn, "shifts", **record("S"), valid_from=TODAY + timedelta(days=1), **shift)
    conn.commit()
    for path in (f"sites/{plant['site']}", f"lines/{plant['line']}", f"assets/{plant['filler']}"):
        assert client.get(f"/v1/{path}").json()["calendar_assumed"] is True


def test_a_site_is_not_better_for_a_line_that_fell_silent(
    client: httpx.Client, conn: psycopg.Connection, plant: dict[str, int]
) -> None:
    """The capper could be what the line waits for: half of the site's time is not known, the rest is the pump's."""
    conn.execute("UPDATE times_daily SET unknown_s = pbt_s, apt_s = 0 WHERE asset_id = %s", [plant["capper"]])
    conn.commit()
    site = client.get(f"/v1/sites/{plant['site']}").json()
    assert (site["kpis"]["availability"], site["kpis"]["coverage"]) == (1, 0.5)
    assert site["kpis"]["coverages"]["availability"] == 0.5
    assert (site["kpis"]["times_h"]["pbt"], site["kpis"]["times_h"]["unknown"]) == (3 * 32, 3 * 16)
    assert client.get(f"/v1/lines/{plant['line']}").json()["kpis"]["coverage"] == 0


def test_a_machine_counts_for_the_line_on_which_it_stood_that_day(
    client: httpx.Client, conn: psycopg.Connection, plant: dict[str, int]
) -> None:
    place(conn, plant["filler"], plant["site"], valid_from=TODAY)
    conn.commit()
    line = client.get(f"/v1/lines/{plant['line']}").json()
    assert [(each["name"], each["coverage"]) for each in line["assets"]] == [("Filler 2", 1), ("Capper", 1)]
    assert client.get(f"/v1/lines/{plant['line']}?days=1").json()["constraint"]["name"] == "Capper"


@pytest.mark.parametrize("path", ["/v1/lines/99999", "/v1/sites/99999"])
def test_what_does_not_exist_is_not_found(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_line_without_days_has_no_figures(client: httpx.Client, conn: psycopg.Connection) -> None:
    _, site = add_asset(conn, add_customer(conn, "Northfield Foods"), "Filler 2")
    conn.commit()
    body = client.get(f"/v1/sites/{site}").json()
    assert (body["kpis"]["days"], body["kpis"]["availability"], body["coverage"]) == (0, None, None)
    assert [(each["constraint"], each["availability"]) for each in body["lines"]] == [(None, None)]
