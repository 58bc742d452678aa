"""The review that a customer may read: what it says, and what may never stand in it."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.api.review.assembling import LAYOUT, months_of, review_body
from services.api.review.chart import scale_of
from services.api.review.differences import what_changed
from services.api.review.figures import number, period_name
from services.api.review.printing import review_page
from services.api.review.review_rows import EventRow, ReviewRows
from services.health.advisory_generation.alert_kinds import KINDS
from shared.errors import InvalidActionError
from tests.unit.api.review_story import FIRST, LAST, event, hours, promise, story, value

MADE = datetime(2026, 7, 3, 8, 12, tzinfo=UTC)


def body_of(rows):
    return review_body(rows, as_of=datetime(2026, 7, 3, 6, tzinfo=UTC))


def page(rows=None, *, version=1, changed=()):
    return review_page(body_of(rows or story()), version=version, made_at=MADE, changed=changed)


def text_of(html):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL)))


def test_it_says_promise_and_value_over_the_same_months():
    rows = story(values=[value(date(2026, n, 1), None if n == 4 else 10000.0) for n in range(1, 7)])
    money = body_of(rows)["realized"]["money"]
    assert (money["amount"], money["promised"], money["months"]) == (50000, pytest.approx(5 * 25833), 5)
    told = text_of(page(rows))
    assert "Value in money is known for 5 of 6 months" in told
    assert "EUR 50,000 value realized 40,000 to 60,000; EUR 129,165 promised, 39 % of it" in told


@pytest.mark.parametrize(
    "values",
    [
        [value(date(2026, 1, 1), None)],
        [value(date(2026, 1, 1)), value(date(2026, 1, 1), None, line_of_business="soups")],
        [value(date(2026, 1, 1)), value(date(2026, 1, 1), currency="USD", line_of_business="soups")],
        [value(date(2026, 1, 1)), value(date(2026, 2, 1), currency="USD")],
        [],
    ],
)
def test_money_that_is_not_wholly_known_in_one_currency_is_not_told(values):
    assert body_of(story(values=values))["realized"]["money"] is None
    assert "Value is told in hours" in text_of(page(story(values=values)))


def test_money_is_as_sure_as_the_weakest_of_its_bases():
    values = [value(date(2026, 1, 1)), value(date(2026, 2, 1), basis="assumed")]
    assert body_of(story(values=values))["realized"]["money"]["basis"] == "assumed"
    assert "assumed by us and not yet agreed with you" in text_of(page(story(values=values)))


def test_it_sets_the_period_beside_the_same_time_before():
    before = [value(date(2025, n, 1), hours_avoided=2.0) for n in range(6, 13)]
    body = body_of(story(values=[*story().values, *before]))
    assert (body["realized"]["hours_avoided"], body["before"]["hours_avoided"]) == (75, 12)


def test_each_line_of_business_is_told_where_there_are_several():
    values = [value(FIRST), value(FIRST, 5000.0, line_of_business="unassigned")]
    assert [b["name"] for b in body_of(story(values=values))["by_business"]] == ["sauces", "unassigned"]
    assert "No line of business named EUR 5,000" in text_of(page(story(values=values)))
    assert body_of(story())["by_business"] == []


def test_uptime_counts_every_stop_and_only_known_time():
    body = body_of(story(hours=[hours(FIRST)]))
    assert body["machines"]["uptime"] == pytest.approx(1 - 19 / 690)
    assert body["machines"]["stopped_h"] == {"equipment": 9, "operation": 7, "surroundings": 2, "not_told": 1}
    assert body_of(story(hours=[]))["machines"]["uptime"] is None
    assert "Nothing is known of the machines" in text_of(page(story(hours=[])))


def test_what_changed_is_what_was_done_in_the_period():
    late, early = event("training", "2026-07-01"), event("training", "2025-12-31")
    done = event("improvement", "2026-03-01", id="i9", title="Quicker cleaning", status="realized")
    body = body_of(story(events=[*story().events, late, early, done, event("failure", "2026-03-01")]))
    assert [(c["on"], c["what"], c["where"]) for c in body["changes"]] == [
        ("2026-02-11", "Software 4.3.0 installed", ["Filler 2", "Filler 3"]),
        ("2026-03-01", "Improvement realized: Quicker cleaning", []),
        ("2026-03-04", "Training: Change-over in under an hour", []),
        ("2026-04-14", "Commissioned", ["Palletizer 1"]),
    ]


def test_a_commitment_stands_as_what_was_said_of_it_last():
    assert body_of(story())["commitments"] == [
        {"what": "Spare drive on site", "due_on": "2026-02-28", "kept_on": "2026-02-20"}
    ]


@pytest.mark.parametrize(
    ("due_on", "kept_on", "is_told"),
    [
        (None, None, True),
        ("2025-11-30", None, True),
        ("2025-11-30", "2025-11-20", False),
        ("2025-11-30", "2026-01-01", True),
        ("2026-03-31", "2025-12-20", True),
        ("2026-09-30", "2025-12-20", False),
        ("2026-09-30", "2026-06-30", True),
    ],
)
def test_commitments_are_those_that_were_open_at_its_end_fell_due_or_were_kept_in_it(due_on, kept_on, is_told):
    made = event("commitment", "2025-11-01", id="c1", what="Spare drive", due_on=due_on, kept_on=kept_on)
    assert len(body_of(story(events=[made]))["commitments"]) == is_told


def test_what_was_kept_after_the_period_was_open_at_its_end():
    made = event("commitment", "2026-06-01", id="c1", what="Spare drive", kept_on="2026-07-02")
    assert body_of(story(events=[made]))["commitments"] == [{"what": "Spare drive", "due_on": None, "kept_on": None}]


def test_what_is_under_way_is_proposed_first_and_what_is_over_no_more():
    gone = [event("improvement", "2026-06-05", id="i3", title="Gone", status=s) for s in ("proposed", "declined")]
    body = body_of(story(events=[*story().events, *gone]))
    assert [p["what"] for p in body["proposals"]] == [
        "Let the filler slow down instead of stopping",
        "Second shift on the palletizer",
    ]
    told = text_of(page())
    assert "under way, agreed on 20 May 2026; expected: 40.0 h a year; expected: EUR 24,000 a year" in told
    assert "serves your goal: OEE of 75 % by the end of the year" in told


def test_where_nothing_is_under_way_what_is_found_next_is_proposed_with_what_it_brought_elsewhere():
    body = body_of(story(events=[]))
    assert [p["what"] for p in body["proposals"]] == ["Find the one cause"]
    told = text_of(page(story(events=[])))
    assert "expected: 22.0 h a year; saved 3.1 h of 1,000 planned at 6 others, who are not named" in told
    assert "Find the one cause" not in text_of(page())


def test_it_says_what_is_left_and_what_all_came_to():
    told = text_of(page())
    assert "EUR 109,500 after EUR 6,000 of maintenance and EUR 12,000 of our fees." in told
    assert "Since the start, in 34 of 36 months, those whose money is known: EUR 720,000 , 66 %" in told
    assert "66 % of what was promised, after maintenance and fees." in told
    assert "agreed with you, as it holds since 1 March 2024" in told
    values = [value(FIRST), value(date(2026, 2, 1), net=None)]
    assert "of maintenance" not in text_of(page(story(values=values, since_start=[])))


def test_the_same_rows_in_another_order_have_the_same_digest_and_others_another():
    rows = story()
    turned = story(values=rows.values[::-1], events=rows.events[::-1], hours=rows.hours[::-1])
    assert turned.digest() == rows.digest()
    assert story(promises=[promise(promised_annual_value=1.0)]).digest() != rows.digest()


def test_a_new_version_says_what_it_says_otherwise():
    after = story(values=[*story().values[:-1], value(date(2026, 6, 1), 20000.0)])
    changed = what_changed(body_of(story()), body_of(after))
    assert changed == [
        {"what": "Value realized in the period", "before": "EUR\u00a0127,500", "now": "EUR\u00a0120,000"},
        {
            "what": "Value after maintenance and fees in the period",
            "before": "EUR\u00a0109,500",
            "now": "EUR\u00a0102,000",
        },
        {"what": "Value realized, June 2026", "before": "EUR\u00a027,500", "now": "EUR\u00a020,000"},
    ]
    assert "What is new in version 2 Figure Before Now Value realized in the period EUR 127,500 EUR 120,000" in text_of(
        page(after, version=2, changed=changed)
    )
    assert what_changed(body_of(story()), body_of(story())) == []


def test_it_says_by_when_what_it_rests_on_was_known_and_what_later_data_do():
    told = text_of(page())
    assert "made on 3 July 2026 from what was known by 3 July 2026, 06:00 UTC" in told
    assert "Data of the period that arrive later make another version" in told


def test_a_body_of_the_first_layout_is_printed_and_one_of_a_newer_release_is_refused():
    first = {name: said for name, said in body_of(story()).items() if name != "as_of"} | {"layout": 1}
    printed = text_of(review_page(first, version=1, made_at=MADE, changed=[]))
    assert "was known by" not in printed
    assert "EUR 127,500" in printed
    with pytest.raises(InvalidActionError, match="newer release"):
        review_page(first | {"layout": LAYOUT + 1}, version=1, made_at=MADE, changed=[])


def test_a_page_needs_no_script_and_no_other_file():
    html = page()
    assert not re.search(r"<script|<link|<img|href=|src=|style=|url\((?!#)", html)


def told_in_words(written):
    return story(
        customer=f"<b>{written}",
        promises=[promise(contract=f"<i>{written}", promise_basis=f"<script>{written}")],
        events=[event("training", "2026-03-04", f"</td>{written}", title=f"<svg>{written}")],
        values=[value(FIRST, line_of_business=f"<p>{written}"), value(FIRST)],
        commissioned=[(FIRST, f"<img {written}>")],
    )


@settings(max_examples=30)
@given(st.text(min_size=1, max_size=20))
def test_whatever_people_write_stays_text(written):
    assert re.findall(r"<(\w+)", page(told_in_words(written))) == re.findall(r"<(\w+)", page(told_in_words("x")))


_MONTHS = st.sampled_from(months_of(date(2025, 7, 1), LAST))
_AMOUNTS = st.none() | st.floats(-1e6, 1e7)


@st.composite
def made_up(draw):
    """Any rows at all that could be stored."""
    keys = draw(st.lists(st.tuples(_MONTHS, st.sampled_from("abc")), unique=True, max_size=12))
    values = [
        value(
            month,
            draw(_AMOUNTS),
            line_of_business=name,
            hours_avoided=draw(_AMOUNTS),
            promised_money=draw(_AMOUNTS),
            currency=draw(st.sampled_from([None, "EUR", "USD"])),
            basis=draw(st.sampled_from(["measured", "assumed", "supplier", "agreed"])),
            counterfactual=draw(st.sampled_from(["none yet", "declared", "acceptance_window+peers"])),
        )
        for month, name in keys
    ]
    planned = st.floats(19, 700)
    stops = [hours(m, planned_h=draw(planned), known_h=draw(planned)) for m in draw(st.sets(_MONTHS, max_size=6))]
    days = st.dates(date(2025, 12, 1), date(2026, 7, 31)).map(date.isoformat)
    kinds = st.sampled_from(["improvement", "commitment", "training", "software_release", "baseline", "retrofit"])
    words = st.none() | st.sampled_from(["proposed", "accepted", "realized", "declined", "x"])
    events = [
        event(draw(kinds), draw(days), id=draw(words), title=draw(words), status=draw(words), what=draw(words))
        for _ in range(draw(st.integers(0, 6)))
    ]
    promises = [promise(promised_annual_value=draw(_AMOUNTS), currency=draw(st.sampled_from([None, "EUR"])))]
    return story(values=values, hours=stops, events=events, promises=promises)


_INSIDE_WORDS = (
    *(name.replace("_", r"[_ ]") for name in KINDS if "_" in name),
    *("churn", "renewal", "margin", r"cost[_ ]to[_ ]serve", "account manager", "owner", "supplier", "segment"),
    *(r"acceptance_window", r"money_agreed", r"contract_value", r"value at risk", "alert", "play"),
)


@settings(max_examples=30)
@given(made_up())
def test_no_word_of_the_inside_is_ever_printed(rows):
    told = text_of(page(rows)).lower()
    assert [word for word in _INSIDE_WORDS if re.search(rf"\b{word}\b", told)] == []
    assert not re.search(r"\b(nan|none|inf|null|true|false)\b", told)


def test_what_may_not_be_shown_is_not_even_read():
    """Whoever adds a column here asks first whether a customer may see it."""
    rows = (EventRow, ReviewRows, type(promise()), type(value(FIRST)), type(hours(FIRST)))
    read = {name for row in rows for name in row.__dataclass_fields__}
    forbidden = {"owner_role", "cost", "paid_by", "margin_per_good_unit", "downtime_cost_per_hour", "annual_value"}
    assert read & (forbidden | {"ends_on", "confidence", "segment", "sentence", "play", "attributes"}) == set()


def test_figures_are_written_for_people():
    assert (number(-1234.5, 1), number(-0.04, 1), number(0.0)) == ("\u22121,234.5", "0.0", "0")
    assert period_name("2026-01-01", "2026-06-30") == "January to June 2026"
    assert period_name("2026-06-01", "2026-06-30") == "June 2026"
    assert period_name("2025-12-01", "2026-01-31") == "December 2025 to January 2026"


@given(st.lists(st.floats(-1e7, 1e7), min_size=1, max_size=5))
def test_a_scale_holds_all_values_and_zero(values):
    scale = scale_of(values, 6)
    assert scale.low <= min(0, *values)
    assert scale.high >= max(0, *values)
    assert 1 <= (scale.high - scale.low) / scale.step <= 8


def test_months_are_whole():
    assert months_of(FIRST, LAST) == [date(2026, n, 1) for n in range(1, 7)]
    assert months_of(date(2025, 12, 1), date(2025, 12, 1) + timedelta(days=30)) == [date(2025, 12, 1)]
