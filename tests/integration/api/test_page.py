"""The page for people, over HTTP."""

from collections.abc import Callable

import httpx
import psycopg

from services.api.keys import revoke_key
from services.api.sessions import LIFETIME
from tests.integration.api.conftest import Clock
from tests.integration.api.plant import NOW, add_alert, add_customer, insert


def sign_in(stranger: httpx.Client, key: str) -> httpx.Response:
    return stranger.post("/sign-in", data={"key": f" {key}\n"}, follow_redirects=True)


def test_without_a_key_the_page_asks_for_it_and_shows_nobody(stranger: httpx.Client, conn: psycopg.Connection) -> None:
    add_customer(conn, "Northfield Foods")
    conn.commit()
    page = stranger.get("/")
    assert '<label for="key">' in page.text
    assert "Northfield" not in page.text
    assert sign_in(stranger, "wrong.key").status_code == 401
    assert "unknown, revoked or expired" in sign_in(stranger, "wrong.key").text
    assert sign_in(stranger, "x" * 5000).status_code == 401


def test_signing_in_shows_the_accounts_and_the_cookie_is_kept_from_scripts(
    stranger: httpx.Client, conn: psycopg.Connection, make_key: Callable[..., str]
) -> None:
    insert(conn, "deployment", purpose="demo")
    customer = add_customer(conn, "Northfield <Foods>")
    add_alert(conn, customer, expected_at=NOW, stake_money=84000.0, currency="EUR", basis="agreed", confidence=0.72)
    conn.commit()
    key = make_key()
    page = sign_in(stranger, key)
    for part in (
        "Northfield &lt;Foods&gt;",
        "One account needs a decision. The first date is 21 Sep 2026.",
        "EUR 84,000",
        "72\u00a0%",
        "Replace valve block 4.",
        "Filler 2 is likely to stop",
        "demonstration",
        "/v1/alerts?tier=act",
    ):
        assert part in page.text, part
    assert key not in page.text
    cookie = page.history[0].headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert key.split(".")[1] not in cookie


def test_a_session_ends_with_its_time_its_key_or_a_sign_out(
    stranger: httpx.Client, conn: psycopg.Connection, make_key: Callable[..., str], clock: Clock
) -> None:
    add_customer(conn, "Northfield Foods")
    key = make_key()

    def shown() -> bool:
        return "Northfield" in stranger.get("/").text

    sign_in(stranger, key)
    assert shown()
    stranger.post("/sign-out")
    assert not shown()
    sign_in(stranger, key)
    clock.now = NOW + LIFETIME
    assert not shown()
    clock.now = NOW
    assert shown()
    revoke_key(conn, key.split(".")[0], now=NOW)
    conn.commit()
    assert not shown()


def test_a_session_opens_the_page_and_not_the_api(stranger: httpx.Client, make_key: Callable[..., str]) -> None:
    sign_in(stranger, make_key())
    assert stranger.get("/v1/customers").status_code == 401


def test_a_key_that_may_not_read_shows_nobody(
    stranger: httpx.Client, conn: psycopg.Connection, make_key: Callable[..., str]
) -> None:
    add_customer(conn, "Northfield Foods")
    page = sign_in(stranger, make_key("act"))
    assert "Northfield" not in page.text
    assert (page.status_code, "use one with the scope read" in page.text) == (403, True)


def test_the_style_sheet_is_there(stranger: httpx.Client) -> None:
    style = stranger.get("/page.css")
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "prefers-color-scheme: dark" in style.text
