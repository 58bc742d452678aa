"""Who may ask, and what every error looks like."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import psycopg
import pytest
from structlog.testing import capture_logs

from services.api.app import build_app, openapi_of
from services.api.database import Database
from services.api.keys import create_key, list_keys, revoke_key
from services.api.problems import ALL
from shared.errors import NotFoundError, SetupError
from tests.integration.api.conftest import SECRET, Clock
from tests.integration.api.plant import NOW
from tests.integration.api.serving import serve

OPERATIONS = [
    (method, path)
    for path, methods in openapi_of(build_app(Database("postgresql://nowhere"), secret=SECRET, clock=Clock()))[
        "paths"
    ].items()
    for method in methods
]


def is_problem(answer: httpx.Response, status: int, slug: str) -> bool:
    body = answer.json()
    return (
        answer.headers["content-type"] == "application/problem+json"
        and (answer.status_code, body["status"], body["type"]) == (status, status, f"/problems/{slug}")
        and {"title", "detail", "instance", "remedy"} < set(body)
    )


def concrete(path: str) -> str:
    return (
        path.replace("{alert_id}", "0192f0a4-7f5e-7c3a-9d1e-3a5f0c7b2e41")
        .replace("{customer_id}", "1")
        .replace("{asset_id}", "1")
    )


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_route_needs_a_valid_key(
    stranger: httpx.Client, make_key: Callable[..., str], method: str, path: str
) -> None:
    key = make_key()
    key_id, secret = key.split(".")
    wrong = [None, "Bearer", f"Bearer {key}x", f"Bearer {key_id}", f"Bearer {key_id}.", f"Bearer x.{secret}"]
    for header in [*wrong, f"Basic {key}", "Bearer caf\u00e9.\u00e9", f"Bearer .{secret}"]:
        headers = {} if header is None else {"Authorization": header.encode("latin-1")}
        answer = stranger.request(method, concrete(path), headers=headers)
        assert is_problem(answer, 401, "unauthorized"), header
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="bellwether"'
    with stranger.stream(method, concrete(path), headers={"Authorization": f"Bearer {key}"}) as let_in:
        assert let_in.status_code != 401


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_a_key_without_a_scope_may_do_nothing(
    stranger: httpx.Client, conn: psycopg.Connection, make_key: Callable[..., str], method: str, path: str
) -> None:
    headers = {"Authorization": f"Bearer {make_key()}"}
    conn.execute("UPDATE api_keys SET scopes = '{}'")
    conn.commit()
    assert is_problem(stranger.request(method, concrete(path), headers=headers, json={}), 403, "forbidden")


def test_a_key_ends_when_it_is_revoked_or_expires(
    stranger: httpx.Client, conn: psycopg.Connection, clock: Clock
) -> None:
    ends = {"expires_at": NOW + timedelta(hours=1)}
    keys = [create_key(conn, name="one", now=NOW, **more) for more in ({}, ends)]
    conn.commit()

    def codes() -> list[int]:
        return [stranger.get("/v1/customers", headers={"Authorization": f"Bearer {key}"}).status_code for key in keys]

    assert codes() == [200, 200]
    clock.now = ends["expires_at"]
    assert codes() == [200, 401]
    revoke_key(conn, keys[0].split(".")[0], now=NOW)
    conn.commit()
    assert codes() == [401, 401]


def test_of_a_key_only_a_hash_is_stored(conn: psycopg.Connection) -> None:
    key = create_key(conn, name="crm", now=NOW)
    key_id, secret = key.split(".")
    stored = conn.execute("SELECT api_keys::text FROM api_keys").fetchone()[0]
    assert key_id in stored
    assert secret not in stored
    assert len(secret) >= 43


def test_keys_are_listed_and_keep_the_date_of_their_first_revocation(conn: psycopg.Connection) -> None:
    key_id = create_key(conn, name="crm", now=NOW, scopes=["read"], customers=[3, 3]).split(".")[0]
    revoke_key(conn, key_id, now=NOW + timedelta(days=1))
    revoke_key(conn, key_id, now=NOW + timedelta(days=2))
    (key,) = list_keys(conn)
    assert (key.name, key.scopes, key.customers) == ("crm", ("read",), [3])
    assert key.revoked_at == NOW + timedelta(days=1)


def test_a_key_with_an_unknown_scope_is_not_made(conn: psycopg.Connection) -> None:
    with pytest.raises(SetupError, match="unknown scope 'write': use customer, read, act, admin"):
        create_key(conn, name="crm", now=NOW, scopes=["read", "write"])
    with pytest.raises(SetupError, match="say whose with --customer ID"):
        create_key(conn, name="crm", now=NOW, scopes=["customer"])
    with pytest.raises(NotFoundError, match="no API key bw0"):
        revoke_key(conn, "bw0", now=NOW)


@pytest.mark.parametrize("query", ["tyre=act", "tier=act&tier=watch", "customer=1&customer=2"])
def test_a_filter_that_would_not_count_is_refused(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/v1/alerts?{query}")
    assert is_problem(answer, 422, "invalid-request")
    assert query.partition("=")[0] in answer.json()["detail"]


def test_what_does_not_fit_the_interface_is_told_part_by_part(client: httpx.Client) -> None:
    answer = client.get("/v1/alerts?limit=0&tier=loud&expected_before=2026-01-01T00:00:00")
    assert is_problem(answer, 422, "invalid-request")
    assert [each["location"] for each in answer.json()["errors"]] == [
        "query.tier",
        "query.expected_before",
        "query.limit",
    ]


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b'{"actor": "a\\u0000b"}', b'{"who": "me"}', b'{"actor": "\\ud800"}']
)
def test_a_body_that_cannot_be_read_is_a_problem(client: httpx.Client, body: bytes) -> None:
    headers = {"Content-Type": "application/json", "If-Match": "*"}
    answer = client.post(concrete("/v1/alerts/{alert_id}/acknowledge"), content=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_is_read_only_so_far(stranger: httpx.Client) -> None:
    path = concrete("/v1/alerts/{alert_id}/acknowledge")
    for content in (b" " * 100_000, (b" " * 1000 for _ in range(100))):
        assert is_problem(stranger.post(path, content=content), 413, "too-long")
    assert is_problem(stranger.post(path, content=b"{}" + b" " * 60_000), 401, "unauthorized")


def test_a_method_that_an_address_does_not_take_is_a_problem_with_those_that_it_takes(client: httpx.Client) -> None:
    answer = client.delete("/v1/alerts")
    assert is_problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET"


def test_an_instant_outside_the_calendar_is_a_problem(client: httpx.Client) -> None:
    for instant in ("0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-12:00"):
        assert is_problem(client.get(f"/v1/alerts?expected_before={instant}"), 422, "invalid-request"), instant


def test_without_a_database_it_is_alive_and_not_ready(clock: Clock) -> None:
    with serve(build_app(Database("postgresql://127.0.0.1:1/none", patience_s=0.5), secret=SECRET, clock=clock)) as url:
        assert httpx.get(f"{url}/livez").status_code == 200
        answer = httpx.get(f"{url}/readyz", timeout=30)
        assert is_problem(answer, 503, "unavailable")
        assert answer.headers["Retry-After"] == "5"


def test_a_database_without_our_tables_is_not_ready(stranger: httpx.Client, conn: psycopg.Connection) -> None:
    assert stranger.get("/readyz").status_code == 200
    conn.execute("ALTER TABLE deployment RENAME TO elsewhere")
    conn.commit()
    answer = stranger.get("/readyz")
    assert is_problem(answer, 503, "unavailable")
    assert "bellwether migrate" in answer.json()["detail"]


def test_a_mistake_of_ours_is_a_problem_that_tells_nothing(client: httpx.Client, conn: psycopg.Connection) -> None:
    conn.execute("ALTER TABLE customers RENAME TO secret_name")
    conn.commit()
    with capture_logs() as logged:
        answer = client.get("/v1/customers")
    assert [(line["event"], line["path"]) for line in logged] == [("request_failed", "/v1/customers")]
    assert is_problem(answer, 500, "internal-error")
    assert "secret_name" not in answer.text
    assert "customers" not in answer.json()["detail"]
    assert "Content-Security-Policy" in answer.headers


def test_requests_are_counted_by_route_and_not_by_path(client: httpx.Client, stranger: httpx.Client) -> None:
    client.get("/v1/customers/7")
    client.get("/v1/customers/8")
    client.get("/secret/9")
    text = stranger.get("/metrics").text
    line = 'bellwether_api_requests_total{method="GET",route="/v1/customers/{customer_id}",status="404"} 2.0'
    assert line in text.splitlines()
    assert "secret" not in text


def test_every_kind_of_problem_is_explained_at_its_type(stranger: httpx.Client) -> None:
    for kind in ALL:
        page = stranger.get(f"/problems/{kind.slug}")
        assert (page.status_code, kind.title in page.text.replace("&#x27;", "'")) == (200, True)
    assert stranger.get("/problems/none").status_code == 404


def test_every_response_tells_browsers_what_they_may_not_do(client: httpx.Client) -> None:
    for path in ("/", "/livez", "/v1/customers", "/nothing", "/openapi.json"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"], path
        assert headers["X-Content-Type-Options"] == "nosniff"
