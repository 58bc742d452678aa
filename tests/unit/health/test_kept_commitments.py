"""Commitments and pace as measures of customer health: what was promised and kept, and how fast machines make units."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.health.assess import assess
from services.health.block import Event
from services.health.health_assessment.customer_health.kept_commitments import commitments
from tests.unit.health.worlds import START, asset, customer

FIRST = int(START.timestamp() // 86400)
BLOCK = customer([asset(1, 1)])


def said(day, **told):
    """A commitment as told on a day of the block; days among its attributes are counted from the block's start."""
    days = {name: (START + timedelta(days=own)).date().isoformat() for name, own in told.items() if name != "id"}
    attributes = {"id": told["id"]} | days
    return Event(
        scope_type="customer", scope_id=7, at=START + timedelta(days=day), kind="commitment", attributes=attributes
    )


def on(day, *events):
    """Goodness, coverage, whether it applies, on the evening of a day."""
    measure = commitments(replace(BLOCK, events=tuple(events)), np.array([FIRST + day]))
    return float(measure.goodness[0]), float(measure.coverage[0]), bool(measure.applies[0])


def test_kept_in_time_is_good_kept_late_half_and_late_and_open_nothing():
    promised = said(0, id="a", due_on=10)
    assert on(20, promised, said(10, id="a", kept_on=10)) == (1.0, 1.0, True)
    assert on(20, promised, said(12, id="a", kept_on=12)) == (0.5, 1.0, True)
    assert on(20, promised) == (0.0, 1.0, True)


def test_before_its_day_is_over_nothing_is_judged():
    assert on(9, said(0, id="a", due_on=10))[2] is False
    assert on(10, said(0, id="a", due_on=10)) == (0.0, 1.0, True)


def test_what_was_kept_counts_half_after_180_days_and_no_more_after_a_year_but_what_is_open_counts_in_full():
    """Kept in the night to day 10, late since: on the evening of day 189 that is 180 days ago: 0.5 of 0.5 + 1."""
    kept, late = said(0, id="a", due_on=10, kept_on=10), said(0, id="b", due_on=20)
    assert on(189, kept, late)[0] == pytest.approx(0.5 / 1.5)
    assert on(374, kept) == (1.0, 1.0, True)
    assert on(375, kept)[2] is False
    assert on(2000, kept, late) == (0.0, 1.0, True)


def test_a_promise_without_a_day_is_not_known_until_it_is_kept():
    open_one, kept = said(0, id="a"), said(0, id="b", due_on=5, kept_on=0)
    good, coverage, applies = on(0, open_one, kept)
    assert (good, coverage, applies) == (1.0, 0.5, True)
    assert np.isnan(on(0, open_one)[0])
    assert on(0, open_one, said(0, id="a", kept_on=0)) == (1.0, 1.0, True)


LEDGERS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 300)), max_size=5)


@settings(max_examples=30)
@given(LEDGERS, st.integers(0, 400), st.integers(0, 60))
def test_keeping_one_more_commitment_never_lowers_the_measure(ledger, due, early):
    told = [said(0, id=str(n), due_on=day, kept_on=day + late) for n, (day, late) in enumerate(ledger)]
    open_one = said(0, id="x", due_on=due)
    before = on(500, *told, open_one)[0]
    after = on(500, *told, open_one, said(0, id="x", due_on=due, kept_on=max(due - early, 0)))
    assert not after[2] or after[0] >= before - 1e-9


@pytest.fixture(scope="module")
def slowing():
    """Two packers of 36 s a unit that make 100 an hour, and from day 70 on the second makes 70; no promises but one
    that is late from day 40 on."""
    first, second = (replace(asset(n, 90), unit_time_s=36.0) for n in (1, 2))
    second.increase[2:4, 24 * 70 :] *= 0.7
    return assess(None, customer([first, second], events=(said(5, id="k", due_on=40),))).health


def test_machines_that_slow_down_cost_health_and_are_named_with_their_hours(slowing):
    judged = [row.groups["machines"]["measures"]["effectiveness"] for row in slowing]
    assert judged[69]["goodness"] == pytest.approx(1, abs=0.05)
    assert judged[89]["goodness"] < 0.5
    slower = [part for part in slowing[75].change["parts"] if part["why"] == "slowness"]
    worst = min(slower, key=lambda part: part["points"])
    assert (worst["scope_id"], worst["measure"]) == (2, "effectiveness")
    assert worst["amount"] == pytest.approx(0.3 * 24, rel=0.3)


def test_a_late_commitment_costs_a_twentieth_at_most(slowing):
    before, after = slowing[38].contributions, slowing[42].contributions
    assert "commitments" not in before
    assert after["commitments"] == pytest.approx(5, abs=1e-6)


def test_where_no_pace_is_planned_it_is_no_measure():
    rows = assess(None, customer([asset(1, 40)])).health
    assert "effectiveness" not in rows[-1].groups["machines"]["measures"]


def test_a_counter_that_falls_silent_is_not_known_and_never_better():
    heard, silent = (replace(asset(1, 60), unit_time_s=36.0) for _ in range(2))
    silent.increase[2:4, 24 * 40 :] = np.nan
    told = [assess(None, customer([one])).health[-1] for one in (heard, silent)]
    assert told[1].groups["machines"]["measures"]["effectiveness"]["coverage"] < 0.5
    assert told[1].health < told[0].health
