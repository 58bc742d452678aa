"""Webhooks from the asking to the receiver: the real API, the real feed, a real receiver on loopback."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from standardwebhooks import Webhook

from services.api.app import build_app
from services.api.database import Database
from services.api.keys import revoke_key
from services.webhooks.delivering import deliver_next
from services.webhooks.sending import Sender
from shared.changes import Change, append_changes
from shared.targets import networks
from tests.integration.api.conftest import SECRET, Clock
from tests.integration.api.plant import add_customer
from tests.integration.api.serving import serve
from tests.integration.webhooks.receiver import Receiver, receiving

HERE = networks("127.0.0.1/32")


@pytest.fixture
def base_url(database_url: str, clock: Clock) -> Iterator[str]:
    clock.now = datetime.now(UTC)  # the receivers' libraries look at the real clock
    with serve(build_app(Database(database_url, size=2), secret=SECRET, clock=clock, webhook_networks=HERE)) as url:
        yield url


@pytest.fixture
def admin(base_url: str, make_key: Callable[..., str]) -> Iterator[httpx.Client]:
    with _client(base_url, make_key("read", "admin")) as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def worker(database_url: str, conn: psycopg.Connection, clock: Clock) -> Iterator[Callable[[], int]]:
    """Deliver all that is due now; how many turns that took."""
    conn.commit()
    with psycopg.connect(database_url, autocommit=True) as own:

        def run() -> int:
            turns = 0
            while deliver_next(own, Sender(allowed=HERE).post, holder="w1", clock=clock):
                turns += 1
                assert turns < 100
            return turns

        yield run


def _client(base_url: str, key: str) -> httpx.Client:
    return httpx.Client(base_url=base_url, headers={"Authorization": f"Bearer {key}"}, timeout=30)


def tell(conn: psycopg.Connection, customer: int, name: str, transition: str = "opened", **body: Any) -> None:
    append_changes(conn, [Change(customer, "alert", name, transition, {"tier": "act", **body})], datetime.now(UTC))
    conn.commit()


def subjects(receiver: Receiver) -> list[str]:
    return [json.loads(body)["subject"] for _, body in receiver.received]


def make(admin: httpx.Client, receiver: Receiver, **asked: Any) -> dict[str, Any]:
    answer = admin.post("/v1/webhooks", json={"url": receiver.url, **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


def deliveries(admin: httpx.Client, hook: dict[str, Any]) -> list[dict[str, Any]]:
    return admin.get(f"/v1/webhooks/{hook['id']}/deliveries").json()["data"]


def test_every_change_after_it_was_made_arrives_signed_once_and_in_order(
    conn: psycopg.Connection, admin: httpx.Client, receiver: Receiver, worker: Callable[[], int]
) -> None:
    customer = add_customer(conn, "north")
    tell(conn, customer, "before")
    hook = make(admin, receiver)
    for name in ("a", "b", "c"):
        tell(conn, customer, name)
    worker()
    assert subjects(receiver) == ["a", "b", "c"]
    for headers, body in receiver.received:
        assert Webhook(hook["secret"]).verify(body, headers)["id"] == headers["webhook-id"]
    assert [each["state"] for each in deliveries(admin, hook)] == ["delivered"] * 3
    worker()
    assert len(receiver.received) == 3


def test_only_what_the_filters_and_the_key_let_through_is_sent(
    conn: psycopg.Connection, base_url: str, make_key: Callable[..., str], receiver: Receiver, worker: Callable[[], int]
) -> None:
    north, south = add_customer(conn, "north"), add_customer(conn, "south")
    conn.commit()
    with _client(base_url, make_key("read", "admin", customers=[north])) as admin:
        hook = make(admin, receiver, tiers=["act"], transitions=["opened", "resolved"], kinds=["wear"])
        tell(conn, south, "another customer's", kind="wear")
        tell(conn, north, "watch", tier="watch", kind="wear")
        tell(conn, north, "updated", "updated", kind="wear")
        tell(conn, north, "other kind", kind="stall")
        tell(conn, north, "wanted", kind="wear")
        tell(conn, south, "another customer's, after it", kind="wear")
        worker()
        passed = admin.get(f"/v1/webhooks/{hook['id']}").json()["cursor"]
        assert admin.get("/v1/changes", params={"since": passed}).json()["data"] == []
    assert subjects(receiver) == ["wanted"]


def test_a_receiver_that_is_down_and_comes_back_gets_everything_in_order_under_the_same_ids(
    conn: psycopg.Connection, admin: httpx.Client, receiver: Receiver, worker: Callable[[], int], clock: Clock
) -> None:
    customer = add_customer(conn, "north")
    hook = make(admin, receiver)
    receiver.status = 503
    tell(conn, customer, "a")
    tell(conn, customer, "b")
    worker()
    worker()
    assert subjects(receiver) == ["a"]
    clock.now += timedelta(seconds=6)
    worker()
    assert subjects(receiver) == ["a", "a"]
    waiting = deliveries(admin, hook)[0]
    assert (waiting["state"], waiting["attempts"], waiting["status"]) == ("pending", 2, 503)
    receiver.status = 200
    clock.now += timedelta(minutes=6)
    worker()
    assert subjects(receiver) == ["a", "a", "a", "b"]
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 2


def test_after_three_days_the_delivery_failed_the_webhook_says_so_and_goes_on_when_it_is_turned_on(
    conn: psycopg.Connection, admin: httpx.Client, receiver: Receiver, worker: Callable[[], int], clock: Clock
) -> None:
    customer = add_customer(conn, "north")
    hook = make(admin, receiver)
    receiver.status = 500
    tell(conn, customer, "a")
    tell(conn, customer, "b")
    for _ in range(12):
        worker()
        clock.now += timedelta(hours=27)
    assert len(receiver.received) == 10
    told = admin.get(f"/v1/webhooks/{hook['id']}").json()
    assert told["state"] == "disabled"
    assert told["reason"] == "10 attempts over three days failed, the last: status 500"
    receiver.status = 200
    answer = admin.patch(f"/v1/webhooks/{hook['id']}", json={"state": "active"}).json()
    assert (answer["state"], answer["reason"]) == ("active", None)
    worker()
    assert subjects(receiver) == ["a"] * 10 + ["b"]
    assert [each["state"] for each in deliveries(admin, hook)] == ["delivered", "failed"]


def test_410_disables_it(
    conn: psycopg.Connection, admin: httpx.Client, receiver: Receiver, worker: Callable[[], int]
) -> None:
    customer = add_customer(conn, "north")
    hook = make(admin, receiver)
    receiver.status = 410
    tell(conn, customer, "a")
    tell(conn, customer, "b")
    worker()
    assert subjects(receiver) == ["a"]
    told = admin.get(f"/v1/webhooks/{hook['id']}").json()
    assert (told["state"], told["reason"]) == ("disabled", "the receiver answered 410 Gone")


def test_it_ends_when_the_key_that_made_it_is_revoked(
    conn: psycopg.Connection,
    base_url: str,
    make_key: Callable[..., str],
    admin: httpx.Client,
    receiver: Receiver,
    worker: Callable[[], int],
    clock: Clock,
) -> None:
    customer, key = add_customer(conn, "north"), make_key("admin")
    with _client(base_url, key) as other:
        hook = make(other, receiver)
    revoke_key(conn, key.partition(".")[0], now=clock.now)
    tell(conn, customer, "a")
    assert worker() == 0
    assert receiver.received == []
    assert admin.get(f"/v1/webhooks/{hook['id']}").json()["state"] == "ended"


def test_a_worker_killed_in_mid_delivery_leaves_it_to_another_under_the_same_id(
    conn: psycopg.Connection,
    database_url: str,
    admin: httpx.Client,
    receiver: Receiver,
    worker: Callable[[], int],
    clock: Clock,
) -> None:
    customer = add_customer(conn, "north")
    make(admin, receiver)
    tell(conn, customer, "a")

    class KilledError(BaseException):
        pass

    def die() -> None:
        raise KilledError

    with psycopg.connect(database_url, autocommit=True) as dying:

        def post_and_die(url: str, headers: Any, body: bytes) -> Any:
            Sender(allowed=HERE).post(url, headers, body)
            die()

        with pytest.raises(KilledError):
            deliver_next(dying, post_and_die, holder="w0", clock=clock)
    assert worker() == 0, "it is still in the charge of the dead worker"
    clock.now += timedelta(seconds=61)
    worker()
    assert subjects(receiver) == ["a", "a"]
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1


def test_what_a_worker_that_hung_finds_out_late_counts_no_more(
    conn: psycopg.Connection,
    database_url: str,
    admin: httpx.Client,
    receiver: Receiver,
    worker: Callable[[], int],
    clock: Clock,
) -> None:
    customer = add_customer(conn, "north")
    hook = make(admin, receiver)
    tell(conn, customer, "a")
    with psycopg.connect(database_url, autocommit=True) as hanging:

        def hang(_url: str, _headers: Any, _body: bytes) -> Any:
            clock.now += timedelta(seconds=61)
            worker()
            return Sender(allowed=()).post(receiver.url, {}, b"")

        deliver_next(hanging, hang, holder="w0", clock=clock)
    (delivery,) = deliveries(admin, hook)
    assert (delivery["state"], delivery["attempts"]) == ("delivered", 1)


def test_a_rotated_secret_is_shown_once_and_the_old_one_signs_for_a_day_more(
    conn: psycopg.Connection, admin: httpx.Client, receiver: Receiver, worker: Callable[[], int], clock: Clock
) -> None:
    customer = add_customer(conn, "north")
    hook = make(admin, receiver)
    rotated = admin.post(f"/v1/webhooks/{hook['id']}/rotate").json()
    assert rotated["secret"] != hook["secret"]
    assert "secret" not in admin.get(f"/v1/webhooks/{hook['id']}").json()
    tell(conn, customer, "a")
    worker()
    headers, body = receiver.received[0]
    for secret in (hook["secret"], rotated["secret"]):
        Webhook(secret).verify(body, headers)
    clock.now += timedelta(hours=25)
    tell(conn, customer, "b")
    worker()
    assert " " not in receiver.received[1][0]["webhook-signature"]


def test_replay_sends_again_from_a_cursor_under_the_ids_of_before(
    conn: psycopg.Connection, admin: httpx.Client, receiver: Receiver, worker: Callable[[], int]
) -> None:
    customer = add_customer(conn, "north")
    hook = make(admin, receiver)
    for name in ("a", "b"):
        tell(conn, customer, name)
    worker()
    cursor = admin.get("/v1/changes?limit=1").json()["next"]
    assert admin.post(f"/v1/webhooks/{hook['id']}/replay", json={"since": cursor}).status_code == 200
    worker()
    assert subjects(receiver) == ["a", "b", "b"]
    assert receiver.received[1][0]["webhook-id"] == receiver.received[2][0]["webhook-id"]
    assert admin.post(f"/v1/webhooks/{hook['id']}/replay", json={"since": "9-0123456789ab"}).status_code == 410


def test_a_trial_is_sent_once_and_at_once_past_what_waits(
    conn: psycopg.Connection, admin: httpx.Client, receiver: Receiver, worker: Callable[[], int]
) -> None:
    customer = add_customer(conn, "north")
    hook = make(admin, receiver)
    receiver.status = 500
    tell(conn, customer, "a")
    worker()
    trial = admin.post(f"/v1/webhooks/{hook['id']}/test").json()
    worker()
    headers, body = receiver.received[-1]
    assert (headers["webhook-id"], json.loads(body)["type"]) == (trial["id"], "bellwether.webhook.test")
    assert next(each["state"] for each in deliveries(admin, hook) if each["id"] == trial["id"]) == "failed"


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/x", "https://169.254.169.254/latest", "https://2130706434/", "https://a@example.com/"]
)
def test_an_address_inside_is_refused_when_it_is_asked_for(admin: httpx.Client, url: str) -> None:
    answer = admin.post("/v1/webhooks", json={"url": url})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/target-refused")


def test_a_key_of_one_customer_finds_no_webhook_of_a_key_that_sees_more(
    conn: psycopg.Connection, base_url: str, make_key: Callable[..., str], admin: httpx.Client, receiver: Receiver
) -> None:
    north, south = add_customer(conn, "north"), add_customer(conn, "south")
    conn.commit()
    hook = make(admin, receiver)
    with _client(base_url, make_key("admin", customers=[north, south])) as both:
        shared = make(both, receiver)
    with _client(base_url, make_key("admin", customers=[north])) as one:
        assert one.get("/v1/webhooks").json()["data"] == []
        for each in (hook, shared):
            path = f"/v1/webhooks/{each['id']}"
            assert one.get(path).status_code == 404
            assert one.patch(path, json={"state": "paused"}).status_code == 404
            assert one.delete(path).status_code == 404
            for action in ("rotate", "test"):
                assert one.post(f"{path}/{action}").status_code == 404
            assert one.post(f"{path}/replay", json={"since": None}).status_code == 404
            assert one.get(f"{path}/deliveries").status_code == 404
    listed = admin.get("/v1/webhooks?limit=1").json()
    following = admin.get("/v1/webhooks", params={"limit": 1, "cursor": listed["next"]}).json()
    assert {listed["data"][0]["id"], following["data"][0]["id"]} == {hook["id"], shared["id"]}


def test_only_admin_may(client: httpx.Client) -> None:
    assert client.get("/v1/webhooks").status_code == 403


def test_a_deleted_webhook_is_gone_with_what_waited(
    conn: psycopg.Connection, admin: httpx.Client, receiver: Receiver, worker: Callable[[], int]
) -> None:
    customer = add_customer(conn, "north")
    hook = make(admin, receiver)
    tell(conn, customer, "a")
    assert admin.delete(f"/v1/webhooks/{hook['id']}").json()["id"] == hook["id"]
    assert worker() == 0
    assert admin.get(f"/v1/webhooks/{hook['id']}").status_code == 404


def test_a_paused_webhook_waits_and_then_misses_nothing(
    conn: psycopg.Connection, admin: httpx.Client, receiver: Receiver, worker: Callable[[], int]
) -> None:
    customer = add_customer(conn, "north")
    hook = make(admin, receiver, tiers=["watch"])
    admin.patch(f"/v1/webhooks/{hook['id']}", json={"state": "paused", "tiers": None})
    tell(conn, customer, "a")
    assert worker() == 0
    admin.patch(f"/v1/webhooks/{hook['id']}", json={"state": "active"})
    worker()
    assert subjects(receiver) == ["a"]


def test_the_api_cannot_read_a_secret_back(conn: psycopg.Connection) -> None:
    conn.execute("SET LOCAL ROLE bellwether_api")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("SELECT secret FROM webhook_secrets")


def test_a_channel_of_people_is_told_of_alerts_that_open_and_end_unless_asked_otherwise(admin: httpx.Client) -> None:
    made = admin.post("/v1/webhooks", json={"url": "notify:service", "owner_roles": ["service"]}).json()
    assert made["transitions"] == ["opened", "resolved"]
    asked = admin.post("/v1/webhooks", json={"url": "notify:service", "transitions": ["updated"]}).json()
    assert asked["transitions"] == ["updated"]
