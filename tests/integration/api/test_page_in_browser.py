"""The page in a real browser: what a person does on Monday morning, by mouse, without script, at every width."""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.integration.api.conftest import Clock
from tests.integration.api.plant import NOW, TODAY, add_alert, add_asset, add_customer, add_times

CHROMIUM = shutil.which("chromium")
AXE = Path(__file__).parents[2] / "contract" / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: run tests/install-programs")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def riskiest(conn: psycopg.Connection) -> int:
    """The account with the most at stake, of three; its alert is about a machine."""
    money = {"stake_money_low": 60_000.0, "stake_money_high": 96_000.0, "currency": "EUR", "basis": "agreed"}
    add_customer(conn, "Quillon Glass")
    add_alert(conn, add_customer(conn, "Tarnwick Chemicals"), tier="watch")
    customer = add_customer(conn, "Northfield Foods")
    asset, _ = add_asset(conn, customer, "Filler 2")
    add_times(conn, asset, TODAY)
    add_alert(
        conn, customer, scope_id=asset, expected_at=NOW + timedelta(days=3), confidence=0.72, stake_money=84e3, **money
    )
    conn.commit()
    return customer


def signed_in(browser: Browser, base_url: str, key: str, *, width: int = 1440, script: bool = True) -> Page:
    page = browser.new_page(
        bypass_csp=script, viewport={"width": width, "height": 900}, java_script_enabled=script, base_url=base_url
    )
    page.goto("/")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    return page


def test_a_person_finds_the_riskiest_account_reads_why_and_snoozes_its_alert_until_later(
    browser: Browser, base_url: str, make_key: Callable[..., str], riskiest: int, clock: Clock
) -> None:
    page = signed_in(browser, base_url, make_key(), script=False)
    assert (
        page.get_by_role("heading", level=1).inner_text() == "One account needs a decision. The first date is Thursday."
    )
    page.get_by_role("row").locator("a").first.click()
    assert page.url.endswith(f"/customers/{riskiest}")
    assert "72\u00a0%, likely" in page.get_by_role("article").inner_text()
    page.get_by_role("link", name="Snooze…").click()
    page.get_by_label("Tomorrow").check()
    page.get_by_label("Why?").fill("Part arrives on Friday.")
    page.get_by_role("button", name="Snooze").click()
    assert page.get_by_role("status").inner_text().startswith("Snoozed until Tue 22")
    assert page.get_by_role("article").count() == 0
    page.get_by_role("link", name="Accounts", exact=True).first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "No account needs a decision."
    clock.now = NOW + timedelta(days=1)
    page = signed_in(browser, base_url, make_key(), script=False)
    assert page.get_by_role("heading", level=1).inner_text().startswith("One account needs a decision.")


def test_no_screen_scrolls_sideways_complains_or_asks_another_host(
    browser: Browser, base_url: str, make_key: Callable[..., str], riskiest: int
) -> None:
    page = signed_in(browser, base_url, make_key())
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    for path in ("/", f"/customers/{riskiest}", "/alerts", "/track-record"):
        page.goto(path)
        for width in (320, 390, 834, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert page.evaluate(beyond) == 0, (path, width)
    assert said == []
    assert [url for url in asked if not url.startswith((base_url, "data:"))] == []


@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: run tests/install-programs")
def test_axe_finds_nothing_on_any_screen_light_or_dark(
    browser: Browser, base_url: str, make_key: Callable[..., str], riskiest: int
) -> None:
    page = signed_in(browser, base_url, make_key())
    for path in ("/", f"/customers/{riskiest}", "/alerts"):
        page.goto(path)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        for scheme in ("light", "dark") if path == "/" else ("dark",):
            page.emulate_media(color_scheme=scheme)
            found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})")
            assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == [], (path, scheme)
