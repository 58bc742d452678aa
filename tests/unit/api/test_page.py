"""The page as text."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.api import examples
from services.api.bodies.alerts import Alert
from services.api.bodies.customers import Customer
from services.api.page import UNKNOWN_KEY, Overview, overview_page, sign_in_page

QUIET: dict[str, Any] = {**examples.CUSTOMERS["data"][0], "open_alerts": {"act": 0, "watch": 0}}


def customer(number: int, name: str, health: float | None = 80.0) -> Customer:
    return Customer(**{**QUIET, "id": number, "name": name, "health": {**QUIET["health"], "health": health}})


def alert(number: int, **changes: Any) -> Alert:
    return Alert(**{**examples.ALERT, "customer": {**examples.ALERT["customer"], "id": number}, **changes})


def page(customers: list[Customer], alerts: list[Alert], **more: Any) -> str:
    at = datetime(2026, 9, 21, 6, tzinfo=UTC)
    shown = {"assessed_through": at, "complete": True, "demo": False, "moved": {}, **more}
    return overview_page(Overview(customers=customers, alerts=alerts, **shown), url="http://here/")


@pytest.mark.parametrize(
    ("alerts", "headline"),
    [
        ([], "No accounts need a decision."),
        ([alert(1, tier="watch")], "No accounts need a decision."),
        ([alert(1, expected=None)], "One account needs a decision."),
        ([alert(1), alert(1), alert(2)], "Two accounts need a decision. The first date is 24 Sep 2026."),
        ([alert(n) for n in range(13)], "13 accounts need a decision. The first date is 24 Sep 2026."),
    ],
)
def test_the_headline_is_the_answer(alerts, headline):
    assert f"<h1>{headline}</h1>" in page([customer(n, "x") for n in range(13)], alerts)


def test_without_accounts_nothing_is_claimed_about_them():
    assert "No account is known yet." in page([], [])


def test_accounts_that_need_a_decision_come_first_and_those_that_cannot_be_judged_last():
    customers = [customer(1, "Dark", None), customer(2, "Quiet"), customer(3, "Watched"), customer(4, "Late"),
                 customer(5, "Soon")]  # fmt: skip
    later = {**examples.ALERT["expected"], "at": "2026-12-01T00:00:00Z"}
    text = page(customers, [alert(3, tier="watch"), alert(4, expected=later), alert(5)])
    places = [text.index(f">{name}</h2>") for name in ("Soon", "Late", "Watched", "Quiet", "Dark")]
    assert places == sorted(places)


def test_what_is_not_known_is_said_and_never_shown_as_zero():
    stake = {"hours": None, "contract_value": None, "money": None, "basis": "measured"}
    text = page([customer(1, "Dark", None)], [alert(1, stake=stake, expected=None, confidence=None)])
    assert "Health <b>not known</b>" in text
    assert "<dt>At stake</dt><dd>not known</dd>" in text
    assert "<dt>How sure</dt><dd>not estimated</dd>" in text


def test_a_date_is_still_to_come_passed_not_known_or_not_needed():
    passed = {"at": "2026-09-20T00:00:00Z", "low": "2026-09-20T00:00:00Z", "high": "2026-09-20T00:00:00Z"}
    told = {
        "<b>24 Sep 2026</b> (80\u00a0% range 22 Sep 2026 to 30 Sep 2026)": {},
        "<b>20 Sep 2026</b>, which has passed": {"expected": passed},
        "<b>21 Sep 2026</b>": {"expected": {"at": "2026-09-21T00:00:00Z", "low": None, "high": None}},
        "not known yet": {"expected": None, "tier": "watch"},
        "already, since 17 Sep 2026": {"expected": None},
    }
    for when, changes in told.items():
        assert f"<dt>When</dt><dd>{when}</dd>" in page([customer(1, "x")], [alert(1, **changes)])
    assert "The first date, 20 Sep 2026, has passed." in page([customer(1, "x")], [alert(1, expected=passed)])


def test_an_account_that_is_assessed_less_far_than_the_others_says_so():
    behind = customer(1, "Behind").model_copy(update={"assessed_through": datetime(2026, 9, 18, 6, tzinfo=UTC)})
    assert "Fri 18 Sep 2026, 06:00 UTC</time>.</p>" in page([behind], [])
    assert "Assessed through" not in page([customer(1, "x")], []).partition("<main>")[2]


def test_what_moved_an_account_stands_with_it():
    told = page([customer(1, "Northfield"), customer(2, "Quillon")], [], moved={2: "+3.0: Filler <2>"})
    assert told.count("Health +3.0: Filler &lt;2&gt;") == 1
    assert told.index("Quillon") < told.index("Filler")


def test_an_alert_names_its_machine_and_not_the_account_again():
    about = {"type": "customer", "id": 1, "name": "Northfield"}
    assert "open since 18 Sep 2026</span>" in page([customer(1, "Northfield")], [alert(1, scope=about)])
    assert "open since 18 Sep 2026 · Filler 2</span>" in page([customer(1, "Northfield")], [alert(1)])


def test_a_stake_keeps_its_parts_apart_with_currency_range_and_basis():
    text = page([customer(1, "Northfield")], [alert(1)])
    assert 'EUR 84,000 (60,000 to 96,000) <span class="label">basis: agreed</span>' in text
    assert "contract value EUR 420,000 · 14.0 hours" in text


def test_text_from_records_and_machines_is_never_markup():
    evil = "<script>alert(1)</script>"
    stake = {**examples.ALERT["stake"], "basis": evil}
    scope = {"type": "asset", "id": 1, "name": evil}
    shown = alert(1, sentence=evil, play=evil, owner_role=evil, stake=stake, scope=scope)
    text = page([Customer(**{**QUIET, "id": 1, "name": evil, "segment": evil})], [shown])
    assert "<script" not in text


def test_more_than_three_alerts_are_folded():
    text = page([customer(1, "Northfield")], [alert(1) for _ in range(5)])
    assert "<summary>2 more</summary>" in text
    assert text.count("<article") == 5


def test_a_page_that_does_not_show_all_says_so():
    text = page([customer(1, "x")], [alert(1)], complete=False)
    assert "Only the first are shown" in text
    assert "At least one account needs a decision." in text
    assert "No account shown here needs a decision." in page([customer(1, "x")], [], complete=False)
    assert "Only the first are shown" not in page([customer(1, "x")], [])


def test_the_demonstration_says_what_it_is():
    assert "none of these accounts exists" in page([], [], demo=True)
    assert "none of these accounts exists" not in page([], [])
    assert ".bellwether/api-key" in sign_in_page(wrong=None, demo=True)
    assert ".bellwether/api-key" not in sign_in_page(wrong=None, demo=False)


def test_a_wrong_key_is_told_beside_its_field():
    assert 'aria-describedby="wrong"' in sign_in_page(wrong=UNKNOWN_KEY, demo=False)
    assert "wrong" not in sign_in_page(wrong=None, demo=False)
