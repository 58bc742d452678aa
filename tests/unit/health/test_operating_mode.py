"""How a customer's business goes: told from seasons, from trouble with machines and from our own silence."""

from dataclasses import replace
from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.health.assess import assess
from services.health.joining import joined
from services.health.value_assessment.operating_mode import outlook
from tests.unit.health.business_months import FIRST, month, months
from tests.unit.health.worlds import START, asset, contract, customer, part

YEARS = [0.8] * 24


def last_of(told):
    return outlook(told, told[-1].number)


def test_three_months_far_below_the_same_ones_a_year_before_are_distress():
    """0.48 of 0.80 asked for: 60 % of the year before."""
    said = last_of(months([*YEARS, 0.48, 0.48, 0.48]))
    assert said.of_a_year_ago == pytest.approx(0.6)
    assert (said.mode, said.is_distress, said.is_over) == ("contract", True, False)


def test_a_slow_fall_is_seen_against_two_years_before():
    """A point a month, from 0.8: 0.54 at the end is 0.81 of a year before and 0.69 of two."""
    said = last_of(months([*([0.8] * 10), *np.linspace(0.8, 0.5, 31).tolist()]))
    assert said.of_a_year_ago > 0.75
    assert (said.is_distress, said.compared) == (True, 24)
    assert said.share < 0.75


def test_two_months_are_not_enough():
    assert not last_of(months([*YEARS, 0.48, 0.48])).is_distress


def test_hours_that_are_cut_from_the_plan_count_like_orders_that_stay_away():
    short = [month(FIRST + 24 + place, planned=8.0) for place in range(3)]
    assert last_of([*months(YEARS), *short]).is_distress


def test_a_season_is_neither_distress_nor_a_change_of_mode():
    season = [0.9, 0.9, 0.7, 0.5, 0.3, 0.2, 0.2, 0.3, 0.5, 0.7, 0.9, 0.9]
    told = months([*season, *season, *season])
    said = [outlook(told, number) for number in range(FIRST + 14, FIRST + 36)]
    assert {one.mode for one in said} == {"steady"}
    assert not any(one.is_distress for one in said)


def test_the_first_year_tells_of_a_ramp_alone():
    rising = months([0.2, 0.25, 0.3, 0.4, 0.45, 0.5])
    falling = months([0.8, 0.7, 0.6, 0.4, 0.3, 0.2])
    assert (last_of(rising).mode, last_of(falling).mode) == ("ramp", None)
    assert not last_of(falling).is_distress


@pytest.mark.parametrize(("asked", "mode"), [(0.8, "steady"), (0.95, "grow"), (0.6, "contract")])
def test_the_mode_is_told_against_the_year_before(asked, mode):
    assert last_of(months([*YEARS, asked, asked, asked])).mode == mode


def test_as_much_in_other_hours_or_of_other_products_is_adapting():
    spread_out = [month(FIRST + 24 + place, 0.4, planned=32.0) for place in range(3)]
    assert last_of([*months(YEARS), *spread_out]).mode == "adapt"
    glass = [replace(one, orders={"glass": 10.0}) for one in months(YEARS)]
    cans = [replace(month(FIRST + 24 + place), orders={"cans": 10.0}) for place in range(3)]
    assert last_of([*glass, *cans]).mode == "adapt"


def test_a_machine_that_came_or_went_is_no_change_of_business():
    fewer = [month(FIRST + 24 + place, machines=1) for place in range(3)]
    assert last_of([*months(YEARS), *fewer]).mode == "steady"


def test_it_is_over_when_as_much_is_asked_as_two_years_before():
    fallen = [*YEARS, *[0.4] * 12]
    assert not last_of(months([*fallen, 0.4, 0.4, 0.4])).is_over, "as little as a year ago, half of two years ago"
    assert last_of(months([*fallen, 0.8, 0.8, 0.8])).is_over


def test_a_customer_whose_months_always_differ_is_not_in_distress_by_chance():
    rng = np.random.default_rng(3)
    erratic = np.clip(0.6 * np.exp(0.5 * rng.standard_normal(120)), 0.02, 1.0).tolist()
    told = months(erratic)
    assert not any(outlook(told, number).is_distress for number in range(FIRST + 30, FIRST + 120))


@settings(max_examples=25)
@given(
    st.lists(st.floats(0.3, 1.0), min_size=27, max_size=40),
    st.lists(st.tuples(st.integers(0, 2), st.floats(0.0, 1.0)), min_size=1, max_size=3),
)
def test_what_is_not_known_neither_raises_nor_ends_distress(asked, gaps):
    """Any part of the last three months is unknown, whatever it would have said."""
    told = months(asked)
    before = last_of(told)
    silent = list(told)
    for back, part_known in gaps:
        one = told[-1 - back]
        known, asked_h = part_known * one.known_h, min(one.asked_h, part_known * one.known_h)
        for hidden in (asked_h, max(0.0, asked_h - (one.known_h - known))):
            silent[-1 - back] = replace(one, known_h=known, asked_h=hidden)
    after = last_of(silent)
    assert after.is_distress <= before.is_distress
    assert after.is_over <= before.is_over


@settings(max_examples=25)
@given(st.lists(st.floats(0.0, 1.0), min_size=27, max_size=27))
def test_trouble_with_machines_alone_is_never_distress(trouble):
    told = [replace(one, trouble_h=share * one.known_h) for one, share in zip(months([0.8] * 27), trouble, strict=True)]
    assert not last_of(told).is_distress
    assert last_of(told).mode == "steady"


def test_months_of_silence_are_not_known():
    deaf = [replace(one, heard_h=0.5 * one.listened_h) for one in months([*YEARS, 0.1, 0.1, 0.1])[-3:]]
    said = last_of([*months(YEARS), *deaf])
    assert isnan(said.of_a_year_ago)
    assert (said.mode, said.is_distress, said.is_over) == (None, False, False)


DAYS = 500
BUSINESS = ("business_trend",)


def standing(machine, state, share=0.6, since=380):
    """The machine, standing in a state for a share of each day from a day on."""
    start = START.timestamp()
    at, states = [], []
    for day in range(since, DAYS):
        at += [start + 86400 * day, start + 86400 * (day + 1 - share)]
        states += ["RUN", state]
    kept = machine.states.at < start + 86400 * since
    told = replace(
        machine.states,
        at=np.concatenate([machine.states.at[kept], at]),
        state=(*(s for s, k in zip(machine.states.state, kept, strict=True) if k), *states),
    )
    return replace(machine, states=told)


def distress(state, data_use=BUSINESS, cut=None):
    machine = standing(asset(1, DAYS), state)
    bare = replace(machine, metrics=(), mean=machine.mean[:0], covered_s=machine.covered_s[:0])
    block = customer([replace(bare, increase=machine.increase[:0])], data_use=data_use, contracts=(contract(),))
    if cut is None:
        return assess(None, block)
    first = assess(None, part(block, 0, 24 * cut))
    later = assess(first.state, part(block, 24 * cut, 24 * DAYS))
    return joined(first, later, part(block, 24 * cut, 24 * DAYS).start)


def told_of(result):
    return [e for e in result.episodes if e.kind == "customer_distress"]


@pytest.fixture(scope="module")
def without_orders():
    return distress("WAIT")


def test_a_customer_that_asks_for_less_is_told_of_with_what_is_seen(without_orders):
    (alert,) = told_of(without_orders)
    assert "less than a year ago for 3 months, and its machines are not why." in alert.content.sentence
    evidence = alert.content.evidence
    assert evidence["without_work_now"]["value"] == pytest.approx(60, abs=1)
    assert evidence["without_work_before"]["value"] < 1
    assert alert.content.stake.contract_value == 120_000.0
    modes = [row for row in without_orders.signals if row.kind == "operating_mode"]
    assert modes[-1].evidence["mode"] == "contract"
    assert modes[-1].value == pytest.approx(0.4, abs=0.02)


def test_machines_that_stand_still_for_faults_are_no_distress():
    assert told_of(distress("FAULT")) == []


def test_without_consent_nothing_of_it_is_reckoned_or_kept():
    result = distress("WAIT", data_use=("value_assurance", "benchmarking"))
    assert told_of(result) == []
    assert [row for row in result.signals if row.kind == "operating_mode"] == []


@pytest.mark.parametrize("cut", [410, 454])
def test_it_is_told_alike_wherever_time_is_cut(without_orders, cut):
    cut_in_two = distress("WAIT", cut=cut)
    assert told_of(cut_in_two) == told_of(without_orders)
    assert cut_in_two.state.world == without_orders.state.world
