"""What people do about an alert beside acknowledging, snoozing and resolving it, and how they take it back."""

from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from tests.integration.api.plant import NOW, add_alert, add_customer

ANY = {"If-Match": "*"}


@pytest.fixture
def alert(conn: psycopg.Connection) -> str:
    alert_id = add_alert(conn, add_customer(conn, "Northfield Foods"))
    conn.commit()
    return f"/v1/alerts/{alert_id}"


def act(client: httpx.Client, alert: str, action: str, **body: Any) -> httpx.Response:
    return client.post(f"{alert}/{action}", json=body, headers=ANY)


def told(client: httpx.Client) -> list[str]:
    return [each["transition"] for each in client.get("/v1/changes").json()["data"]]


def test_an_alert_is_assigned_to_a_person_or_a_role_and_again_to_nobody(client: httpx.Client, alert: str) -> None:
    assigned = act(client, alert, "assign", to="service_manager", actor="r.lind").json()
    assert (assigned["state"], assigned["assigned_to"], assigned["version"]) == ("open", "service_manager", 2)
    assert act(client, alert, "assign", to="service_manager").json()["version"] == 2
    freed = act(client, alert, "assign", to=None).json()
    assert [(each["actor"], each["assigned_to"]) for each in freed["actions"]] == [
        ("r.lind (key: crm)", "service_manager"),
        ("crm", None),
    ]
    changes = client.get("/v1/changes").json()["data"]
    assert [(each["transition"], each["body"]["assigned_to"]) for each in changes] == [
        ("assigned", "service_manager"),
        ("assigned", None),
    ]


def test_a_comment_is_in_the_timeline_needs_no_if_match_and_may_come_after_the_end(
    client: httpx.Client, alert: str
) -> None:
    assert client.post(f"{alert}/comment", json={"text": "Called."}).json()["actions"][0]["reason"] == "Called."
    act(client, alert, "resolve", resolution="averted")
    late = client.post(f"{alert}/comment", json={"text": "They said thanks.", "actor": "r.lind"}).json()
    assert (late["state"], late["resolution"], late["version"]) == ("resolved", "averted", 4)
    assert [(each["action"], each["reason"]) for each in late["actions"]][-1] == ("comment", "They said thanks.")
    assert told(client) == ["commented", "resolved", "commented"]
    stale = client.post(f"{alert}/comment", json={"text": "Again."}, headers={"If-Match": '"1-00000000000000000000"'})
    assert stale.status_code == 412


def test_an_acknowledgement_can_be_taken_back_while_nobody_went_on(client: httpx.Client, alert: str) -> None:
    act(client, alert, "acknowledge")
    back = act(client, alert, "unacknowledge", actor="r.lind").json()
    assert (back["state"], back["acknowledged_at"], back["acknowledged_by"]) == ("open", None, None)
    assert [each["action"] for each in back["actions"]] == ["acknowledge", "unacknowledge"]
    assert told(client) == ["acknowledged", "unacknowledged"]
    act(client, alert, "acknowledge")
    act(client, alert, "comment", text="I am on my way.")
    refused = act(client, alert, "unacknowledge")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/action-not-possible")
    assert "comment" in refused.json()["detail"]
    assert client.get(alert).json()["state"] == "acknowledged"


def test_a_snoozed_alert_is_back_in_the_list_when_somebody_wants_it(client: httpx.Client, alert: str) -> None:
    act(client, alert, "snooze", until=(NOW + timedelta(days=3)).isoformat(), reason="later")
    assert client.get("/v1/alerts").json()["data"] == []
    woken = act(client, alert, "unsnooze").json()
    assert (woken["snoozed_until"], woken["snooze_reason"]) == (None, None)
    assert len(client.get("/v1/alerts").json()["data"]) == 1
    assert told(client) == ["snoozed", "unsnoozed"]


@pytest.mark.parametrize("action", ["unacknowledge", "unsnooze", "assign"])
def test_each_needs_if_match_and_a_key_that_may_act(
    client: httpx.Client, stranger: httpx.Client, make_key: Any, alert: str, action: str
) -> None:
    body = {"to": "r.lind"} if action == "assign" else {}
    assert client.post(f"{alert}/{action}", json=body).status_code == 428
    headers = {**ANY, "Authorization": f"Bearer {make_key('read')}"}
    assert stranger.post(f"{alert}/{action}", json=body, headers=headers).status_code == 403
