"""The page for people, over HTTP."""

import re
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256

import httpx
import psycopg
import pytest

from services.api.keys import revoke_key
from services.api.sessions import LIFETIME
from tests.integration.api.conftest import Clock
from tests.integration.api.plant import NOW, TODAY, add_alert, add_asset, add_customer, add_times, insert


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
        "One account needs a decision. The first date is Monday.",
        "€\u00a084\u00a0k",
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


def test_the_pages_own_files_may_be_kept_for_ever_and_are_named_by_their_content(stranger: httpx.Client) -> None:
    page = stranger.get("/").text
    files = re.findall(r'"(/assets/[^"]+)"', page)
    assert len(files) == 2
    for path in files:
        found = stranger.get(path)
        assert found.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert sha256(found.content).hexdigest()[:12] in path
    assert stranger.get("/assets/page.css").status_code == 404


def test_every_screen_asks_who_has_not_signed_in_for_the_key_and_goes_on_to_where_they_were_going(
    stranger: httpx.Client, conn: psycopg.Connection, make_key: Callable[..., str]
) -> None:
    customer = add_customer(conn, "Northfield Foods")
    conn.commit()
    for path in (f"/customers/{customer}", "/alerts", "/track-record"):
        page = stranger.get(path)
        assert (page.status_code, "Northfield" in page.text) == (401, False)
        assert f'name="next" value="{path}"' in page.text
    gone_on = stranger.post("/sign-in", data={"key": make_key(), "next": f"/customers/{customer}"})
    assert gone_on.headers["location"] == f"/customers/{customer}"
    for elsewhere in (
        "https://elsewhere.example",
        "//elsewhere.example",
        "/customers//elsewhere.example",
        "/v1/alerts",
    ):
        assert stranger.post("/sign-in", data={"key": make_key(), "next": elsewhere}).headers["location"] == "/"


def test_an_account_of_others_is_told_like_one_that_is_not_there(
    stranger: httpx.Client, conn: psycopg.Connection, make_key: Callable[..., str]
) -> None:
    mine, theirs = add_customer(conn, "Northfield Foods"), add_customer(conn, "Quillon Glass")
    hidden = add_alert(conn, theirs)
    conn.commit()
    sign_in(stranger, make_key("read", "act", customers=[mine]))
    nothing = stranger.get("/customers/999999")
    assert (nothing.status_code, "nothing at this address" in nothing.text) == (404, True)
    for path in (f"/customers/{theirs}", f"/alerts/{hidden}", f"/customers/{mine}?done={hidden}"):
        assert stranger.get(path).text == nothing.text
    assert "Quillon" not in stranger.get("/").text + stranger.get("/alerts").text


def test_an_account_tells_what_will_happen_and_which_machine(
    stranger: httpx.Client, conn: psycopg.Connection, make_key: Callable[..., str]
) -> None:
    customer = add_customer(conn, "Northfield Foods")
    asset, _ = add_asset(conn, customer, "Filler 2")
    add_times(conn, asset, TODAY)
    add_alert(conn, customer, scope_id=asset, expected_at=NOW, confidence=0.72)
    conn.commit()
    sign_in(stranger, make_key())
    page = stranger.get(f"/customers/{customer}").text
    for part in ("72\u00a0%, likely", "No promise on record", "Replace valve block 4.", "No guarantee."):
        assert part in page, part
    assert f'href="/customers/{customer}/assets/{asset}"' in page
    machine = stranger.get(f"/customers/{customer}/assets/{asset}")
    assert (machine.status_code, "<h1>Filler 2</h1>" in machine.text) == (200, True)
    assert stranger.get(f"/customers/{customer + 1}/assets/{asset}").status_code == 404


def test_a_person_snoozes_an_alert_sees_it_gone_and_back_after_the_snooze(
    stranger: httpx.Client, conn: psycopg.Connection, make_key: Callable[..., str], clock: Clock
) -> None:
    customer = add_customer(conn, "Northfield Foods")
    alert = add_alert(conn, customer)
    conn.commit()
    sign_in(stranger, make_key())
    until = NOW + timedelta(hours=6)
    form = {"version": "1", "until": until.isoformat(), "reason": "Part arrives on Friday."}
    done = stranger.post(f"/alerts/{alert}/snooze", data=form, follow_redirects=True)
    assert 'role="status">Snoozed until Mon 21' in done.text
    assert "No account needs a decision." in stranger.get("/").text
    assert "Part arrives on Friday." in stranger.get(f"/alerts/{alert}").text
    clock.now = until
    assert "One account needs a decision." in stranger.get("/").text


def test_a_form_that_shows_an_older_alert_changes_nothing_and_says_so(
    stranger: httpx.Client, conn: psycopg.Connection, make_key: Callable[..., str]
) -> None:
    alert = add_alert(conn, add_customer(conn, "Northfield Foods"))
    conn.commit()
    sign_in(stranger, make_key())
    assert stranger.post(f"/alerts/{alert}/acknowledge", data={"version": "1"}).status_code == 303
    late = stranger.post(f"/alerts/{alert}/resolve", data={"version": "1", "resolution": "averted"})
    assert (late.status_code, "Somebody changed this alert meanwhile" in late.text) == (412, True)
    for form in ({}, {"version": "2", "resolution": "gone"}):
        assert stranger.post(f"/alerts/{alert}/resolve", data=form).status_code == 422
    assert stranger.post(f"/alerts/{alert}/snooze", data={"version": "2", "until": "soon"}).status_code == 422
    assert stranger.post(f"/alerts/{alert}/resolve", data={"version": "2", "resolution": "averted"}).status_code == 303
    assert "averted" in stranger.get("/alerts", params={"state": "resolved"}).text


@pytest.mark.parametrize(
    "told", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
def test_a_form_of_another_site_changes_nothing(
    stranger: httpx.Client, conn: psycopg.Connection, make_key: Callable[..., str], told: dict[str, str]
) -> None:
    alert = add_alert(conn, add_customer(conn, "Northfield Foods"))
    conn.commit()
    sign_in(stranger, make_key())
    assert stranger.post(f"/alerts/{alert}/acknowledge", data={"version": "1"}, headers=told).status_code == 403
    assert stranger.post("/sign-out", headers=told).status_code == 403
    assert conn.execute("SELECT state FROM alerts").fetchone() == ("open",)


def test_who_may_only_read_gets_no_buttons_and_cannot_act(
    stranger: httpx.Client, conn: psycopg.Connection, make_key: Callable[..., str]
) -> None:
    alert = add_alert(conn, add_customer(conn, "Northfield Foods"))
    conn.commit()
    sign_in(stranger, make_key("read"))
    assert "Acknowledge" not in stranger.get(f"/alerts/{alert}").text
    assert stranger.post(f"/alerts/{alert}/acknowledge", data={"version": "1"}).status_code == 403


def test_text_from_records_and_machines_is_never_markup(
    stranger: httpx.Client, conn: psycopg.Connection, make_key: Callable[..., str]
) -> None:
    evil = "<script>alert(1)</script>"
    customer = add_customer(conn, evil)
    told = {"metrics": {evil: {"value": evil, "unit": evil}}}
    alert = add_alert(conn, customer, sentence=evil, play=evil, owner_role=evil, evidence=told, snooze_reason=evil)
    conn.commit()
    sign_in(stranger, make_key())
    for path in ("/", "/alerts", f"/alerts/{alert}", f"/customers/{customer}", f"/?find={evil}"):
        page = stranger.get(path)
        assert (page.status_code, "<script" in page.text, " style=" in page.text) == (200, False, False), path
