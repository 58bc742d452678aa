"""From machines to the alerts of a guarantee: what raises them, what they say, and what they keep quiet about."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from services.health.assess import assess
from services.health.block import Event, Shift
from services.health.joining import joined
from shared.alerts import Resolution, Tier
from tests.unit.health.worlds import START, asset, contract, customer, part

TERMS = {"guaranteed_availability": 0.95, "guarantee_window_days": 100, "credit_per_point": 1000.0}
DAYS = 100


def trips(every_days, hours, first=3, last=DAYS):
    return tuple((24 * day + 6, hours) for day in range(first, last, every_days))


def told(downs, days=DAYS, **terms):
    """One customer of one machine with a guarantee of 95 % over 100 days, which allows 120 hours."""
    block = customer([asset(1, days, downs=downs)], contracts=(contract(**TERMS | terms),))
    return assess(None, block)


def kinds(result):
    return {e.kind for e in result.episodes if e.kind == "guarantee_breach"}


def guarantees(result):
    return [e for e in result.episodes if e.kind == "guarantee_breach"]


def of_contract(result, kind):
    return [row for row in result.signals if (row.scope_type, row.kind) == ("contract", kind)]


def test_a_guarantee_that_is_kept_is_quiet():
    assert kinds(told(trips(30, 4))) == set()


def test_a_guarantee_that_will_be_broken_is_told_with_day_and_credit():
    result = told(trips(4, 12))
    (alert,) = [e for e in result.episodes if e.kind == "guarantee_breach"]
    said = alert.content
    assert alert.life.opened_at < START + timedelta(days=40)
    assert said.stake.money_low <= said.stake.money <= said.stake.money_high
    assert (said.stake.currency, said.stake.basis) == ("EUR", "agreed")
    assert said.evidence["contract"] == "C-1"


def test_a_burst_is_told_before_the_breach_is_likely():
    """70 of 120 h go in steps over 80 quiet days; then the machine stands still for 22 hours: the rest is short."""
    downs = (*trips(8, 7, last=80), (24 * 85, 22))
    block = customer([asset(1, DAYS, downs=downs)], contracts=(contract(**TERMS),))
    (alert,) = [e for e in assess(None, part(block, 0, 24 * 85 + 18)).episodes if e.life.resolved_at is None]
    assert (alert.kind, alert.content.tier) == ("guarantee_breach", Tier.ACT)
    assert alert.content.evidence["told_by"] == "burn"
    assert START + timedelta(days=85) < alert.life.opened_at < START + timedelta(days=85, hours=18)
    assert alert.content.evidence["burn"]["value"] == 20.0
    assert "of all that its guarantee allows within 4 hours" in alert.content.sentence


def test_slow_burning_is_watched_and_told_once():
    """28 h are lost in 7-hour steps by day 31; then 4 hours a day for eight days burn at more than three."""
    result = told((*trips(8, 7, last=70), *trips(1, 4, first=72, last=80)))
    late = [e for e in guarantees(result) if e.life.opened_at > START + timedelta(days=72)]
    assert len(late) == 1
    assert late[0].issued.tier is Tier.WATCH


def test_a_burn_and_the_breach_that_comes_of_it_are_one_alert():
    """70 of 120 h are gone when the machine stands still for 22 hours, and then for 60 more: the budget is spent."""
    result = told((*trips(8, 7, last=80), (24 * 85, 22), (24 * 88, 60)))
    (alert,) = [e for e in guarantees(result) if e.life.opened_at > START + timedelta(days=80)]
    assert alert.issued.tier is Tier.ACT
    assert alert.content.evidence["told_by"] == "breach"
    assert "is broken already" in alert.content.sentence


def test_what_burnt_is_over_when_neither_burn_nor_breach_is_left():
    """22 hours are lost at once on day 65, with 56 lost before; then everything runs."""
    result = told((*trips(8, 7, last=64), (24 * 65, 22)))
    (alert,) = [e for e in guarantees(result) if e.life.opened_at > START + timedelta(days=64)]
    assert alert.content.evidence["told_by"] == "burn"
    assert alert.life.resolution is Resolution.RECOVERED
    assert alert.life.resolved_at - alert.life.opened_at >= timedelta(days=3)


def silenced(block, first, until):
    """The block without what its one machine told in the hours [first, until)."""
    (machine,) = block.assets
    begin, end = (START.timestamp() + 3600 * hour for hour in (first, until))
    at, state = machine.states.at, machine.states.state
    before, after = int(np.searchsorted(at, begin)), int(np.searchsorted(at, end, side="right"))
    again = () if end >= block.end.timestamp() else (state[after - 1],)
    told = replace(
        machine.states,
        at=np.concatenate([at[:before], [begin, end][: 1 + len(again)], at[after:]]),
        state=(*state[:before], None, *again, *state[after:]),
    )
    return replace(block, assets=(replace(machine, states=told),))


def on_evening(result, kind, day):
    (found,) = [row.value for row in of_contract(result, kind) if row.day == (START + timedelta(days=day)).date()]
    return found


def test_a_stop_that_silence_follows_is_still_to_be_repaired():
    """Ten stops of six hours; the eleventh has taken 17 when nothing more is heard."""
    block = customer([asset(1, 64, downs=(*trips(5, 6, last=50), (24 * 60 + 6, 40)))], contracts=(contract(**TERMS),))
    block = part(block, 0, 24 * 62)
    heard, silent = assess(None, block), assess(None, silenced(block, 24 * 60 + 23, 24 * 62))
    told = on_evening(heard, "guarantee_breach", 60)
    assert on_evening(silent, "guarantee_breach", 60) == pytest.approx(told, abs=0.03)


def test_silence_opens_no_alert_of_a_breach():
    """The budget burns, and the probability comes near to what raises an alert; then nothing is heard for a month."""
    block = customer([asset(1, DAYS, downs=trips(4, 10, first=33))], contracts=(contract(**TERMS),))
    silent = assess(None, silenced(block, 24 * 58, 24 * DAYS))
    assert [e.life.opened_at < START + timedelta(days=58) for e in guarantees(silent)] == [True]
    assert guarantees(silent)[0].issued.confidence < 0.6
    assert max(row.value for row in of_contract(silent, "guarantee_breach")) > 0.6


def test_an_alert_of_a_breach_does_not_recover_in_silence_but_ends_as_a_data_gap():
    block = customer([asset(1, DAYS, downs=trips(4, 12))], contracts=(contract(**TERMS),))
    (alert,) = [e for e in assess(None, silenced(block, 24 * 50, 24 * DAYS)).episodes if e.kind == "guarantee_breach"]
    assert alert.life.resolution is Resolution.DATA_GAP
    assert alert.life.resolved_at == START + timedelta(days=80, hours=24)


def lives(result, scope_id=1):
    """Days from the start on which the alerts of a breach opened and ended, and how."""
    found = [e.life for e in result.episodes if (e.kind, e.scope_id) == ("guarantee_breach", scope_id)]
    ends = [life.resolved_at and life.resolved_at - START for life in found]
    return [
        ((life.opened_at - START).days, end and end.days, life.resolution)
        for life, end in zip(found, ends, strict=True)
    ]


@pytest.fixture(scope="module")
def two_windows():
    """Two windows of 100 days, 300 of 120 hours lost in each."""
    block = customer([asset(1, 204, downs=trips(4, 12, last=200))], contracts=(contract(**TERMS),))
    return block, assess(None, block)


def test_the_window_after_a_broken_one_is_told_of_anew(two_windows):
    _, result = two_windows
    first, second, *_ = lives(result)
    assert (first[1:], second[1:]) == ((101, Resolution.MATERIALISED), (201, Resolution.MATERIALISED))
    assert 101 <= second[0] < 140
    windows = [(row.scope_type, row.at - START, row.happened) for row in result.outcomes if "window" in row.outcome]
    assert windows == [("contract", timedelta(days=day, hours=1), True) for day in (101, 201)]


@pytest.mark.parametrize("cut", [100, 101, 102])
def test_windows_are_told_of_alike_wherever_time_is_cut(two_windows, cut):
    block, whole = two_windows
    first = assess(None, part(block, 0, 24 * cut))
    second = assess(first.state, part(block, 24 * cut, 24 * 204))
    joint = joined(first, second, START + timedelta(days=cut))
    assert lives(joint) == lives(whole)
    assert [row for row in joint.outcomes if row.scope_type == "contract"] == [
        row for row in whole.outcomes if row.scope_type == "contract"
    ]


def test_each_contract_has_an_alert_of_its_own():
    """C-1 closes broken on day 101, C-2, which allows 252 hours of 150 days, on day 151."""
    longer = {"guaranteed_availability": 0.93, "guarantee_window_days": 150, "annual_value": 7.0}
    contracts = contract(**TERMS), contract(external_id="C-2", contract_id=2, **longer)
    result = assess(None, customer([asset(1, 153, downs=trips(4, 12, last=153))], contracts=contracts))
    assert lives(result, 1)[0][1:] == (101, Resolution.MATERIALISED)
    assert lives(result, 2)[0][1:] == (151, Resolution.MATERIALISED)
    told = {e.scope_id: e.content for e in result.episodes if e.kind == "guarantee_breach"}
    assert (told[2].evidence["contract"], told[2].stake.contract_value) == ("C-2", 7.0)


def test_a_rolling_guarantee_that_stays_broken_is_told_of_once():
    result = told(trips(4, 12), guarantee_window="rolling")
    assert [life[2] for life in lives(result)] == [Resolution.MATERIALISED]


@pytest.mark.parametrize(
    "amended",
    [{"starts_on": (START + timedelta(days=76)).date(), **TERMS}, {"ends_on": (START + timedelta(days=75)).date()}],
)
def test_a_window_that_an_amendment_ends_is_closed_as_it_was_judged_last(amended):
    """216 of 120 hours are lost when the contract begins anew on day 76, or is ended."""
    versions = contract(**TERMS), contract(contract_id=2, valid_from=(START + timedelta(days=76)).date(), **amended)
    result = assess(None, customer([asset(1, 80, downs=trips(4, 12, last=75))], contracts=versions))
    (window,) = [row for row in result.outcomes if row.outcome == "guarantee_window"]
    assert (window.at, window.happened) == (START + timedelta(days=77, hours=1), True)
    (first, *_) = [e.life for e in result.episodes if e.kind == "guarantee_breach"]
    assert (first.resolution, first.resolved_at) == (Resolution.MATERIALISED, window.at)


def test_a_stop_that_the_customer_caused_changes_nothing():
    quiet = told(trips(30, 4))
    block = customer([asset(1, DAYS, downs=(*trips(30, 4), (24 * 50, 40)))], contracts=(contract(**TERMS),))
    causes = tuple(
        Event(
            scope_type="asset",
            scope_id=1,
            at=START + timedelta(days=50 + day, hours=1),
            kind="stop",
            attributes={"cause": "customer"},
        )
        for day in range(2)
    )
    theirs = assess(None, replace(block, events=causes))
    assert of_contract(theirs, "attributed_availability") == of_contract(quiet, "attributed_availability")
    assert of_contract(theirs, "guarantee_breach") == of_contract(quiet, "guarantee_breach")


def test_on_an_assumed_calendar_nothing_is_claimed():
    block = customer([asset(1, DAYS, downs=trips(4, 12))], contracts=(contract(**TERMS),))
    block = replace(block, sites=(replace(block.sites[0], shifts=()),))
    result = assess(None, block)
    assert kinds(result) == set()
    rows = of_contract(result, "attributed_availability")
    assert {row.value for row in rows} == {None}
    assert "calendar" in rows[-1].evidence["not_claimed"]
    assert of_contract(result, "guarantee_budget_spent") == []


def with_shifts_from(block, day):
    """The block with shifts of eight hours on five days a week, from the morning of a day of it on."""
    valid_from = (START + timedelta(days=day)).date()
    shift = Shift(valid_from=valid_from, weekdays=(0, 1, 2, 3, 4), starts_at="06:00", ends_at="14:00")
    return replace(block, sites=(replace(block.sites[0], shifts=(shift,)),))


def test_before_the_first_shift_of_a_calendar_nothing_is_claimed():
    """It is assumed, as if no shift were ever to come: so said live, and so it is said of the past."""
    block = customer([asset(1, 60, downs=trips(4, 12))], contracts=(contract(**TERMS),))
    later = assess(None, with_shifts_from(block, 150))
    assert kinds(later) == set()
    rows = of_contract(later, "attributed_availability")
    assert {row.value for row in rows} == {None}
    assert "calendar" in rows[-1].evidence["not_claimed"]
    never = assess(None, replace(block, sites=(replace(block.sites[0], shifts=()),)))
    assert (later.times, rows) == (never.times, of_contract(never, "attributed_availability"))


@pytest.mark.parametrize("cut", [27, 28, 29, 50])
def test_a_guarantee_stands_on_the_days_since_the_calendar_was_given(cut):
    """From day 28, a Monday, on eight hours a day: by day 83 there are 40 working days."""
    block = with_shifts_from(customer([asset(1, 84, downs=trips(4, 12))], contracts=(contract(**TERMS),)), 28)
    whole = assess(None, block)
    (newest,) = [
        row for row in of_contract(whole, "attributed_availability") if row.day == (START + timedelta(83)).date()
    ]
    assert newest.evidence["coverage"] == 1.0
    assert newest.value == pytest.approx(1 - newest.evidence["spent_h"] / (8 * 40), abs=1e-4)
    first = assess(None, part(block, 0, 24 * cut))
    second = assess(first.state, part(block, 24 * cut, 24 * 84))
    joint = joined(first, second, START + timedelta(days=cut))
    for kind in ("attributed_availability", "guarantee_breach"):
        assert of_contract(joint, kind) == of_contract(whole, kind)


def test_what_is_stored_adds_up():
    result = told(trips(8, 7))
    (newest,) = [
        row for row in of_contract(result, "attributed_availability") if row.day.day == 11 and row.day.month == 4
    ]
    lost = newest.evidence["spent_h"]
    assert newest.value == pytest.approx(1 - lost / (24 * 98), abs=1e-4)
    assert newest.evidence["budget_h"] == pytest.approx(120)
    (spent,) = [row for row in of_contract(result, "guarantee_budget_spent") if row.day == newest.day]
    assert spent.value == pytest.approx(lost / 120, abs=1e-3)
    assert {row.kind for row in result.signals if row.scope_type == "contract"} - {"renewal_risk"} == {
        "attributed_availability",
        "guarantee_budget_spent",
        "guarantee_breach",
        "guarantee_burn",
        "guarantee_credit",
    }


def test_two_contracts_in_two_currencies_are_judged_by_themselves():
    """One contract's value is in euros, the other's credit in dollars: the alert names no value beside its credit."""
    block = customer([asset(1, DAYS, downs=trips(4, 12))])
    dollars = contract(external_id="C-2", contract_id=2, annual_value=None, currency="USD", **TERMS)
    result = assess(None, replace(block, contracts=(contract(annual_value=100.0), dollars)))
    (alert,) = [e for e in result.episodes if e.kind == "guarantee_breach"]
    assert (alert.content.stake.currency, alert.content.stake.contract_value) == ("USD", None)
    assert {row.evidence["currency"] for row in of_contract(result, "guarantee_credit")} == {"USD"}


def test_all_time_unknown_says_nothing():
    machine = asset(1, DAYS)
    silent = replace(machine, states=replace(machine.states, at=np.empty(0), state=()))
    result = assess(None, customer([silent], contracts=(contract(**TERMS),)))
    assert {row.value for row in of_contract(result, "attributed_availability")} == {None}


def test_who_swung_before_the_window_is_less_surely_safe_though_no_more_is_expected():
    """An hour a day, or none and two in turns of four weeks; then an hour a day of the 144 h that 120 days allow."""
    even, turns = trips(1, 1, last=150), (*trips(1, 2, 17, 45), *trips(1, 2, 73, 101), *trips(1, 1, 120, 150))
    terms = {"guarantee_window_days": 120, "valid_from": (START + timedelta(days=149)).date()}
    safe, unsure = (told(downs, days=150, **terms).state.guarantees.evenings[-1][0] for downs in (even, turns))
    assert unsure.expected_share <= safe.expected_share
    assert unsure.probability > 1.5 * safe.probability
