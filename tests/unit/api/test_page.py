"""The page's words, groups and pictures: pure functions."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from services.api import examples, examples_value
from services.api.bodies.alerts import Alert
from services.api.bodies.assets import AssetSignal
from services.api.bodies.customers import Customer
from services.api.bodies.lists import Expected
from services.api.bodies.value import CustomerValue
from services.api.page import words
from services.api.page.account import evidence
from services.api.page.accounts import Row, grouped, headline, stakes
from services.api.page.bars import change_bars
from services.api.page.charts import budget_chart, evidence_chart, value_chart
from services.api.page.marks import promise_mark, spark, when_mark

QUIET: dict[str, Any] = {**examples.CUSTOMERS["data"][0], "open_alerts": {"act": 0, "watch": 0}}
TODAY = date(2026, 9, 21)


def alert(**changes: Any) -> Alert:
    return Alert(**{**examples.ALERT, **changes})


def stake(**parts: Any) -> dict[str, Any]:
    return {"hours": None, "contract_value": None, "money": None, "basis": "measured", **parts}


def row(number: int, *alerts: Alert, health: float | None = 80.0, place: int = 0) -> Row:
    known = {**QUIET, "id": number, "name": f"Account {number}", "health": {**QUIET["health"], "health": health}}
    return Row(
        customer=Customer(**known),
        alerts=alerts,
        weekly=[],
        moved=None,
        promise=None,
        next_improvement=None,
        sites=1,
        today=TODAY,
        place=place,
    )


def on(day: str) -> dict[str, Any]:
    return {"at": f"{day}T06:00:00Z", "low": None, "high": None}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "No account is known yet."),
        ([row(1)], "No account needs a decision."),
        (
            [row(1, alert(tier="watch", expected=on("2026-10-09")))],
            "No account needs a decision. The next date we know is Fri\u00a09\u00a0Oct.",
        ),
        ([row(1, alert(expected=None))], "One account needs a decision."),
        ([row(1, alert(), alert()), row(2, alert())], "Two accounts need a decision. The first date is Thursday."),
        (
            [row(1, alert(expected=on("2026-09-20")))],
            "One account needs a decision. The first date, Sun\u00a020\u00a0Sep, has passed.",
        ),
    ],
)
def test_the_headline_is_the_answer(rows: list[Row], told: str) -> None:
    assert headline(rows, TODAY) == told


def test_a_page_that_does_not_have_all_claims_no_more_than_it_has() -> None:
    assert headline([row(1)], TODAY, complete=False) == "No account shown here needs a decision."
    assert headline([row(1, alert(expected=None))], TODAY, complete=False).startswith("At least one account needs")


def test_every_account_is_in_one_group_and_in_the_order_of_the_api() -> None:
    rows = [
        row(1, alert(), place=1),
        row(2, alert(), place=0),
        row(3, alert(tier="watch")),
        row(4),
        row(5, health=None),
    ]
    found = grouped(rows, all_quiet=False)
    assert [(group.key, [r.customer.id for r in group.rows]) for group in found] == [
        ("act", [2, 1]),
        ("watch", [3]),
        ("quiet", [4]),
        ("unknown", [5]),
    ]


def test_quiet_accounts_beyond_the_first_four_are_folded_until_asked_for() -> None:
    rows = [row(number) for number in range(1, 8)]
    assert [(len(g.rows), g.hidden, g.count) for g in grouped(rows, all_quiet=False)] == [(4, 3, 7)]
    assert [(len(g.rows), g.hidden) for g in grouped(rows, all_quiet=True)] == [(7, 0)]


def test_stakes_of_another_basis_or_currency_are_never_added() -> None:
    def money(currency: str, basis: str) -> Alert:
        euros = {"amount": 1000.0, "currency": currency, "basis": basis, "low": None, "high": None}
        return alert(stake=stake(money=euros))

    rows = [row(1, money("EUR", "agreed")), row(2, money("EUR", "agreed")), row(3, money("GBP", "agreed"))]
    found = {each.amount: each.accounts for each in stakes([*rows, row(4, money("EUR", "assumed"))])}
    assert found == {"€\u00a02.0\u00a0k": 2, "£\u00a01.0\u00a0k": 1, "€\u00a01.0\u00a0k": 1}


@pytest.mark.parametrize(
    ("figure", "told"),
    [
        (84_000, "84\u00a0k"),
        (1_240_000, "1.2\u00a0M"),
        (999_800, "1.0\u00a0M"),
        (9.4, "9.4"),
        (0, "0"),
        (-5_000_000, f"{words.MINUS}5.0\u00a0M"),
    ],
)
def test_estimates_have_two_digits(figure: float, told: str) -> None:
    assert words.number(figure) == told


@pytest.mark.parametrize(
    ("share", "word"),
    [(0.04, "almost no chance"), (0.19, "very unlikely"), (0.44, "unlikely"), (0.5, "about even"), (0.72, "likely"),
     (0.8, "very likely"), (0.96, "almost certain")],
)  # fmt: skip
def test_a_probability_has_its_word(share: float, word: str) -> None:
    assert words.likelihood(share) == word


def test_nothing_is_said_to_be_certain_or_impossible() -> None:
    assert (words.probability(1.0), words.probability(0.0)) == ("over 99\u00a0%", "under 1\u00a0%")


def test_days_name_the_weekday_when_near_and_the_year_when_far() -> None:
    assert words.day(date(2026, 9, 24), TODAY) == "Thu\u00a024\u00a0Sep"
    assert words.day(date(2026, 2, 3), TODAY) == "3\u00a0Feb"
    assert words.day(date(2027, 2, 3), TODAY) == "3\u00a0Feb\u00a02027"
    assert words.days(date(2026, 9, 22), date(2026, 9, 30), TODAY) == f"22{words.DASH}30\u00a0Sep"
    assert words.days(date(2026, 9, 29), date(2026, 10, 3), TODAY) == f"29\u00a0Sep{words.DASH}3\u00a0Oct"


def test_evidence_that_nobody_knows_is_left_out() -> None:
    told = {"lost": {"value": None, "unit": "h"}, "metrics": {"vibration": {"value": -4.04, "unit": "sigmas"}}}
    assert evidence(alert(evidence=told)) == [("Vibration", f"{words.MINUS}4.04 sigmas")]


def drawn(svg: str) -> ElementTree.Element:
    """The picture is well-formed, and has no style of its own that the page's policy would refuse."""
    found = ElementTree.fromstring(svg)  # noqa: S314 - our own
    assert not [each for each in found.iter() if "style" in each.attrib]
    return found


def test_a_date_stands_on_the_axis_of_thirteen_weeks_with_its_range() -> None:
    mark = drawn(when_mark(TODAY, TODAY + timedelta(days=45), TODAY, TODAY + timedelta(days=91), tier="act"))
    dot = mark.find("circle")
    assert dot is not None
    assert dot.get("cx") == "49.5%"
    extent = next(each for each in mark.iter("line") if each.get("class") == "range act")
    assert (extent.get("x1"), extent.get("x2")) == ("0.0%", "100.0%")


def test_a_date_beyond_the_axis_is_an_arrow_and_an_unknown_one_is_dotted() -> None:
    assert "circle" not in when_mark(TODAY, TODAY + timedelta(days=200), None, None, tier="act")
    assert "arrow" in when_mark(TODAY, TODAY + timedelta(days=200), None, None, tier="act")
    assert 'class="nodate"' in when_mark(TODAY, None, None, None, tier="watch")


def test_weeks_without_health_stay_a_gap_and_one_at_the_end_has_no_dot() -> None:
    line = drawn(spark([80.0, None, 82.0, 81.0, None])).find("path")
    assert line is not None
    assert str(line.get("d")).count("M") == 2
    assert "circle" not in spark([80.0, None])
    assert spark([None, None]) == ""


def test_a_promise_off_its_axis_is_an_arrow() -> None:
    assert 'cx="66.7%"' in promise_mark(1.0, 0.9, 1.1)
    assert "arrow" in promise_mark(9.0, None, None)


def test_a_waterfall_ends_where_health_is() -> None:
    bars = [drawn(bar)[0] for bar in change_bars(77.0, 71.0, [-7.0, 1.0])]
    ends = [float(str(b.get("x"))[:-1]) + float(str(b.get("width"))[:-1]) for b in bars]
    assert [b.get("class") for b in bars] == ["whole", "lost", "gained", "whole"]
    assert ends[-1] == pytest.approx(ends[2], abs=0.11)


def test_value_without_two_known_months_is_no_picture() -> None:
    value = CustomerValue(**examples_value.VALUE)
    total = value.since_start[0].model_copy(update={"line_of_business": "*"})
    two = [total, total.model_copy(update={"month": date(2026, 9, 1)})]
    assert value_chart(value.model_copy(update={"since_start": []})) == ""
    assert "Realized" in str(drawn(value_chart(value.model_copy(update={"since_start": two}))).get("aria-label"))


def test_a_finding_breaks_its_line_where_days_are_missing_and_marks_when_it_is_expected() -> None:
    history = [{"day": TODAY - timedelta(days=back), "value": 1.0 + back} for back in (6, 5, 2, 1, 0)]
    told = {"kind": "deviation", "day": TODAY, "value": 1.0, "confidence": None, "expected": None, "evidence": {}}
    signal = AssetSignal(**told, history=history)
    at = datetime(2026, 10, 3, 6, tzinfo=UTC)
    picture = drawn(evidence_chart(signal, Expected(at=at, low=at, high=at), today=TODAY, unit="sigmas"))
    assert len([each for each in picture.iter("path") if each.get("class") == "past"]) == 2
    assert "expected Sat\u00a03\u00a0Oct" in str(picture.get("aria-label"))


def test_a_budget_falls_in_steps_and_says_what_is_left() -> None:
    course = [(TODAY - timedelta(days=back), 20.0 - back, 22.0) for back in (10, 5, 0)]
    picture = drawn(budget_chart(course, first=TODAY - timedelta(days=30), last=TODAY + timedelta(days=30)))
    assert picture.get("aria-label") == "2.0\u00a0h left of 22\u00a0h."
