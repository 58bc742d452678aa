"""Alerts over HTTP: lists, filters, pages, and what people do to one."""

import re
import threading
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from services.api.keys import list_keys
from services.api.queries.alert_orders import ORDERS, AlertSort
from services.api.queries.alerts import AlertFilters, page_query
from tests.integration.api.conftest import Clock
from tests.integration.api.plant import NOW, THROUGH, add_alert, add_asset, add_customer, insert, place, record


def ids(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [each["id"] for each in response.json()["data"]]


@pytest.fixture
def customer(conn: psycopg.Connection) -> int:
    return add_customer(conn, "Northfield Foods")


@pytest.fixture
def alert(conn: psycopg.Connection, customer: int) -> str:
    alert_id = add_alert(conn, customer)
    conn.commit()
    return f"/v1/alerts/{alert_id}"


@pytest.mark.usefixtures("alert")
def test_a_list_has_data_has_more_next_and_assessed_through(client: httpx.Client) -> None:
    body = client.get("/v1/alerts").json()
    assert set(body) == {"data", "has_more", "next", "assessed_through"}
    assert (len(body["data"]), body["has_more"], body["next"]) == (1, False, None)
    assert body["assessed_through"] == "2026-09-21T06:00:00Z"


def test_money_has_currency_and_basis_and_what_is_unknown_is_null(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    known = {"stake_money": 84000.0, "stake_money_low": 60000.0, "stake_money_high": 96000.0, "currency": "EUR"}
    add_alert(conn, customer, **known, stake_contract_value=420000.0, basis="agreed")
    add_alert(conn, customer)
    conn.commit()
    unknown, priced = (each["stake"] for each in client.get("/v1/alerts").json()["data"])
    assert priced["money"] == {"amount": 84000, "low": 60000, "high": 96000, "currency": "EUR", "basis": "agreed"}
    assert priced["contract_value"] == {"amount": 420000, "currency": "EUR", "basis": "contract"}
    assert unknown == {"hours": None, "contract_value": None, "money": None, "basis": "measured"}


def test_an_alert_of_a_guarantee_is_its_contract_s(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    dated = {"valid_from": NOW.date(), "starts_on": NOW.date(), "customer_id": customer}
    contract = insert(conn, "contracts", "contract_id", **record("K-7"), **dated)
    add_alert(conn, customer, scope_type="contract", scope_id=contract, kind="guarantee_breach")
    conn.commit()
    (alert,) = client.get("/v1/alerts").json()["data"]
    assert alert["scope"] == {"type": "contract", "id": contract, "name": "K-7"}


def test_every_filter_finds_its_own(client: httpx.Client, conn: psycopg.Connection, customer: int) -> None:
    other = add_customer(conn, "Southfield")
    asset, site = add_asset(conn, customer, "Filler 2")
    line = conn.execute("SELECT line_id FROM lines").fetchone()[0]
    soon, late = NOW + timedelta(days=2), NOW + timedelta(days=30)
    on_asset = str(add_alert(conn, customer, scope_id=asset, expected_at=soon))
    on_site = str(add_alert(conn, customer, scope_type="site", scope_id=site, kind="silent_source", tier="watch"))
    on_line = str(add_alert(conn, customer, scope_type="line", scope_id=line, state="acknowledged"))
    others = str(add_alert(conn, other, expected_at=late, owner_role="sales"))
    pending = str(add_alert(conn, other, state="pending", opened_at=None))
    resolved = str(add_alert(conn, other, state="resolved", resolution="recovered", resolved_at=NOW))
    conn.commit()
    expected: dict[str, list[str]] = {
        "": [others, on_line, on_site, on_asset],
        f"customer={other}": [others],
        f"site={site}": [on_line, on_site, on_asset],
        f"asset={asset}": [on_asset],
        "kind=silent_source": [on_site],
        "tier=watch": [on_site],
        "state=acknowledged": [on_line],
        "state=pending&state=resolved": [resolved, pending],
        "owner_role=sales": [others],
        f"expected_before={soon + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}": [on_asset],
        f"expected_after={late:%Y-%m-%dT%H:%M:%SZ}": [others],
    }
    assert {query: ids(client.get(f"/v1/alerts?{query}")) for query in expected} == expected


def test_an_asset_that_moved_away_is_not_at_its_old_site(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    asset, old = add_asset(conn, customer, "Filler 2")
    _, new = add_asset(conn, customer, "Filler 3")
    place(conn, asset, new, valid_from=NOW.date())
    add_alert(conn, customer, scope_id=asset)
    conn.commit()
    assert (len(ids(client.get(f"/v1/alerts?site={old}"))), len(ids(client.get(f"/v1/alerts?site={new}")))) == (0, 1)


def test_pages_show_each_alert_once_while_others_are_inserted(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    there = {str(add_alert(conn, customer)) for _ in range(25)}
    conn.commit()
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 4}
    while True:
        body = client.get("/v1/alerts", params=query).json()
        seen += [each["id"] for each in body["data"]]
        add_alert(conn, customer)
        add_alert(conn, customer, pending_since=NOW - timedelta(days=40))
        conn.commit()
        if not body["has_more"] or len(seen) > 200:
            break
        query["cursor"] = body["next"]
    assert len(seen) == len(set(seen))
    assert there <= set(seen)


def test_alerts_of_the_same_instant_are_not_lost_between_pages(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    there = {str(add_alert(conn, customer, pending_since=THROUGH)) for _ in range(5)}
    conn.commit()
    first = client.get("/v1/alerts?limit=3").json()
    second = client.get("/v1/alerts", params={"limit": 3, "cursor": first["next"]}).json()
    assert {each["id"] for each in first["data"] + second["data"]} == there
    assert (first["has_more"], second["has_more"], second["next"]) == (True, False, None)


def test_a_cursor_serves_only_the_filters_it_was_given_for(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    for _ in range(3):
        add_alert(conn, customer)
    conn.commit()
    cursor = client.get("/v1/alerts?limit=1").json()["next"]
    for query in (f"cursor={cursor}&tier=act", f"cursor={cursor[:-2]}", "cursor=nonsense", "cursor=%F0%9F%94%91"):
        answer = client.get(f"/v1/alerts?{query}")
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-cursor"), query


def test_an_unchanged_alert_is_not_sent_again(client: httpx.Client, alert: str) -> None:
    etag = client.get(alert).headers["ETag"]
    again = client.get(alert, headers={"If-None-Match": f'"other", W/{etag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    client.post(f"{alert}/acknowledge", json={}, headers={"If-Match": etag})
    assert client.get(alert, headers={"If-None-Match": etag}).status_code == 200


def test_the_etag_changes_when_the_customer_is_assessed_further_and_still_allows_an_action(
    client: httpx.Client, conn: psycopg.Connection, alert: str
) -> None:
    etag = client.get(alert).headers["ETag"]
    conn.execute("UPDATE model_states SET assessed_through = assessed_through + interval '1 hour'")
    conn.commit()
    assert client.get(alert).headers["ETag"] != etag
    assert client.post(f"{alert}/acknowledge", json={}, headers={"If-Match": etag}).status_code == 200


def test_acknowledging_says_who_and_when_and_tells_the_feed(client: httpx.Client, alert: str) -> None:
    etag = client.get(alert).headers["ETag"]
    body = client.post(f"{alert}/acknowledge", json={"actor": "r.lind"}, headers={"If-Match": etag}).json()
    assert (body["state"], body["acknowledged_by"]) == ("acknowledged", "r.lind (key: crm)")
    assert (body["acknowledged_at"], body["version"]) == ("2026-09-21T08:00:00Z", 2)
    assert [(each["action"], each["actor"]) for each in body["actions"]] == [("acknowledge", "r.lind (key: crm)")]
    (change,) = client.get("/v1/changes").json()["data"]
    assert (change["subject"], change["transition"]) == ("alert", "acknowledged")
    assert change["body"] == {name: value for name, value in body.items() if name != "actions"}


def test_acknowledging_needs_no_body(client: httpx.Client, alert: str) -> None:
    answer = client.post(f"{alert}/acknowledge", headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["acknowledged_by"]) == (200, "crm")


def test_acknowledging_twice_changes_nothing(client: httpx.Client, alert: str) -> None:
    for _ in range(2):
        answer = client.post(f"{alert}/acknowledge", json={}, headers={"If-Match": "*"})
        assert (answer.status_code, answer.json()["version"]) == (200, 2)
    assert len(client.get("/v1/changes").json()["data"]) == 1


def test_an_action_needs_if_match(client: httpx.Client, alert: str) -> None:
    answer = client.post(f"{alert}/acknowledge", json={})
    assert (answer.status_code, answer.json()["type"]) == (428, "/problems/precondition-required")
    assert client.get(alert).json()["state"] == "open"


def test_an_action_on_an_older_version_is_refused(client: httpx.Client, alert: str) -> None:
    stale = client.get(alert).headers["ETag"]
    client.post(f"{alert}/acknowledge", json={}, headers={"If-Match": stale})
    resolution = {"resolution": "averted"}
    for tag in (stale, f"W/{client.get(alert).headers['ETag']}", '"1"', "2"):
        answer = client.post(f"{alert}/resolve", json=resolution, headers={"If-Match": tag})
        assert (answer.status_code, answer.json()["type"]) == (412, "/problems/changed-meanwhile"), tag
    assert client.get(alert).json()["state"] == "acknowledged"


def test_of_many_who_act_at_once_on_the_same_version_one_succeeds(client: httpx.Client, alert: str) -> None:
    etag = client.get(alert).headers["ETag"]
    codes: list[int] = []

    def snooze(number: int) -> None:
        body = {"until": f"2026-10-{number + 1:02}T00:00:00Z", "reason": "later"}
        codes.append(client.post(f"{alert}/snooze", json=body, headers={"If-Match": etag}).status_code)

    threads = [threading.Thread(target=snooze, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200, *[412] * 7]


def test_a_snoozed_alert_leaves_the_default_list_until_then(client: httpx.Client, alert: str, clock: Clock) -> None:
    until = NOW + timedelta(days=3)
    body = {"until": until.isoformat(), "reason": "The part arrives on Thursday."}
    snoozed = client.post(f"{alert}/snooze", json=body, headers={"If-Match": "*"}).json()
    assert (snoozed["state"], snoozed["snoozed_until"]) == ("open", "2026-09-24T08:00:00Z")
    assert (ids(client.get("/v1/alerts")), len(ids(client.get("/v1/alerts?snoozed=true")))) == ([], 1)
    assert client.get("/v1/customers").json()["data"][0]["open_alerts"] == {"act": 0, "watch": 0}
    clock.now = until
    assert len(ids(client.get("/v1/alerts"))) == 1


def test_a_snooze_into_the_past_is_refused(client: httpx.Client, alert: str) -> None:
    body = {"until": "2020-01-01T00:00:00Z", "reason": "no"}
    answer = client.post(f"{alert}/snooze", json=body, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/action-not-possible")
    assert "not in the future" in answer.json()["detail"]


def test_a_person_resolves_and_says_how(client: httpx.Client, alert: str) -> None:
    body = {"resolution": "averted", "reason": "Bearing changed."}
    resolved = client.post(f"{alert}/resolve", json=body, headers={"If-Match": "*"}).json()
    assert (resolved["state"], resolved["resolution"]) == ("resolved", "averted")
    assert resolved["actions"][0]["reason"] == "Bearing changed."
    assert client.post(f"{alert}/resolve", json=body, headers={"If-Match": "*"}).status_code == 409
    assert ids(client.get("/v1/alerts")) == []


def test_a_key_for_one_customer_sees_and_moves_no_others_alert(
    client: httpx.Client, stranger: httpx.Client, conn: psycopg.Connection, make_key: Any, customer: int, alert: str
) -> None:
    other = add_customer(conn, "Southfield")
    conn.commit()
    headers = {"Authorization": f"Bearer {make_key('read', 'act', customers=[other])}", "If-Match": "*"}
    answers = [
        stranger.get(alert, headers=headers),
        stranger.post(f"{alert}/acknowledge", json={}, headers=headers),
        stranger.get(f"/v1/customers/{customer}", headers=headers),
        stranger.get(f"/v1/customers/{customer}/health", headers=headers),
        stranger.get(f"/v1/customers/{customer}/assets", headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [404] * 5
    client.post(f"{alert}/acknowledge", json={}, headers={"If-Match": "*"})
    for path in ("/v1/alerts", f"/v1/alerts?customer={customer}", "/v1/changes"):
        assert stranger.get(path, headers=headers).json()["data"] == []
    assert stranger.get(f"/v1/alerts?customer={customer}", headers=headers).json()["assessed_through"] is None
    assert [each["name"] for each in stranger.get("/v1/customers", headers=headers).json()["data"]] == ["Southfield"]


def test_a_key_that_may_only_read_cannot_act(
    stranger: httpx.Client, conn: psycopg.Connection, make_key: Any, alert: str
) -> None:
    headers = {"Authorization": f"Bearer {make_key('read')}", "If-Match": "*"}
    answer = stranger.post(f"{alert}/acknowledge", json={}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")
    assert [key.scopes for key in list_keys(conn)][-1] == ("read",)


def test_what_is_held_back_is_listed_when_asked_for(conn: psycopg.Connection, client: httpx.Client) -> None:
    customer = add_customer(conn, "Northfield Foods")
    held = str(add_alert(conn, customer, withheld="budget"))
    conn.commit()
    assert client.get("/v1/alerts").json()["data"] == []
    found = client.get("/v1/alerts", params={"withheld": True}).json()["data"]
    assert [(each["id"], each["withheld"]) for each in found] == [(held, "budget")]
    assert client.get("/v1/customers").json()["data"][0]["open_alerts"] == {"act": 0, "watch": 0}


def test_what_is_at_stake_is_ordered_within_its_kind_and_currency_and_never_across(
    client: httpx.Client, conn: psycopg.Connection, customer: int
) -> None:
    stakes: dict[str, dict[str, Any]] = {
        "unknown": {},
        "hours": {"stake_hours": 900.0},
        "contract": {"stake_contract_value": 5e6, "currency": "EUR", "stake_hours": 1.0},
        "krona": {"stake_money": 90000.0, "currency": "SEK"},
        "euro": {"stake_money": 10.0, "currency": "EUR"},
        "more euro": {"stake_money": 20.5, "currency": "EUR", "expected_at": NOW + timedelta(days=9)},
        "soon": {"expected_at": NOW + timedelta(days=1)},
    }
    named = {str(add_alert(conn, customer, **stake)): name for name, stake in stakes.items()}
    conn.commit()

    def paged(query: str) -> list[str]:
        first = client.get(f"/v1/alerts?{query}&limit=4")
        pages = [first, *([client.get(first.links["next"]["url"])] if "next" in first.links else [])]
        return [named[each] for page in pages for each in ids(page)]

    by_stake = paged("sort=stake")
    assert by_stake[:5] == ["more euro", "euro", "krona", "contract", "hours"]
    assert set(by_stake[5:]) == {"unknown", "soon"}
    assert paged("sort=urgency")[:3] == ["soon", "more euro", "euro"]
    assert len(paged("sort=urgency")) == len(stakes)
    assert paged("sort=newest&minimum_money=10.5&currency=EUR") == ["more euro"]
    assert client.get("/v1/alerts?minimum_money=10").status_code == 422
    assert client.get("/v1/alerts?currency=EUR").status_code == 422


@pytest.mark.parametrize("state", [("open", "acknowledged"), ("resolved",)])
@pytest.mark.parametrize("sort", list(AlertSort))
def test_a_page_deep_in_any_order_is_read_from_an_index_and_sorts_nothing_but_itself(
    conn: psycopg.Connection, customer: int, sort: AlertSort, state: tuple[str, ...]
) -> None:
    conn.execute(
        "INSERT INTO alerts (alert_id, customer_id, kind, scope_type, scope_id, tier, state, pending_since, sentence,"
        " evidence, stake_money, currency, expected_at, basis, owner_role, play, version, updated_at)"
        " SELECT gen_random_uuid(), %s, 'wear', 'asset', n, 'act',"
        " (ARRAY['open', 'resolved', 'resolved', 'resolved'])[1 + n %% 4], now() - n * interval '1 min', 's', '{}', n,"
        " 'EUR', now() + n * interval '1 min', 'measured', 'service', 'p', 1, now() FROM generate_series(1, 20000) n",
        [customer],
    )
    conn.execute("ANALYZE alerts")
    after = conn.execute(
        f"SELECT {ORDERS[sort].place} FROM alerts a ORDER BY {ORDERS[sort].by} OFFSET 9000 LIMIT 1"
    ).fetchone()[0]
    query, values = page_query(AlertFilters(state=state), None, sort=sort, after=after, limit=100, now=NOW)
    conn.execute("SELECT set_config('role', 'bellwether_api', true), set_config('bellwether.customers', 'all', true)")
    plan = "\n".join(line for (line,) in conn.execute(f"EXPLAIN (ANALYZE) {query}", values).fetchall())
    (scan,) = re.findall(r"(?:Index Scan|Seq Scan|Bitmap Heap Scan).* on alerts.*rows=([0-9]+).*loops=1", plan)
    assert float(scan) <= 101, plan
    read = re.findall(r"Rows Removed by Filter: ([0-9]+)", plan)
    assert sum(map(int, read)) <= 101, plan
    assert "Index Cond: (ROW(" in plan, plan
