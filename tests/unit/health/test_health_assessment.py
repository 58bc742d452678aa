"""Customer health: points add up, nothing unknown is good, and a better measure never costs points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.health.health_assessment.customer_health import (
    COVERAGE_FLOOR,
    WEIGHTS,
    Measure,
    against_allowance,
    customer_health,
)

SHARES = st.floats(0, 1)
MEASURES = st.dictionaries(
    st.sampled_from(sorted(WEIGHTS)), st.tuples(SHARES | st.none(), SHARES, st.booleans()), min_size=1
)


def row(told):
    measures = {
        name: Measure(
            goodness=np.array([np.nan if good is None else good]),
            coverage=np.array([coverage]),
            applies=np.array([applies]),
        )
        for name, (good, coverage, applies) in told.items()
    }
    return customer_health(measures, 19_000)[0]


def test_a_worked_day():
    """Weights 35 and 15 of 50: half of 70 points by availability, 15 by a promise half kept, half known."""
    told = row({"availability": (0.5, 1.0, True), "promise": (0.5, 0.5, True), "adoption": (0.0, 1.0, False)})
    assert told.contributions == pytest.approx({"availability": 35, "promise": 7.5, "not_known": 15})
    assert told.health == pytest.approx(42.5)
    assert told.coverage == pytest.approx(0.85)


@given(MEASURES)
def test_points_lost_add_up_to_what_is_missing(told):
    found = row(told)
    if found.health is not None:
        assert sum(found.contributions.values()) == pytest.approx(100 - found.health)
        assert found.coverage >= COVERAGE_FLOOR


@given(MEASURES, st.sampled_from(sorted(WEIGHTS)), SHARES)
def test_health_never_falls_when_a_measure_gets_better(told, name, better):
    good, coverage, applies = told.get(name, (None, 0.0, False))
    if good is not None and better >= good:
        before, after = row(told), row(told | {name: (better, coverage, applies)})
        assert before.health is None or after.health >= before.health - 1e-9


@given(MEASURES, st.sampled_from(sorted(WEIGHTS)))
def test_what_becomes_unknown_never_improves_health(told, name):
    if name in told:
        before, after = row(told), row(told | {name: (None, told[name][1], told[name][2])})
        assert after.coverage <= before.coverage
        assert after.health is None or (before.health is not None and after.health <= before.health + 1e-9)


def test_below_the_floor_of_coverage_there_is_no_health():
    assert row({"availability": (1.0, 0.49, True)}).health is None
    assert row({"availability": (1.0, 0.51, True)}).health == pytest.approx(51)
    assert row({"availability": (1.0, 1.0, False)}).health is None


def test_reports_and_promises_alone_are_no_health():
    assert row({"reporting": (1.0, 1.0, True), "promise": (1.0, 1.0, True)}).health is None
    assert row({"reporting": (1.0, 1.0, True), "condition": (1.0, 1.0, True)}).health == pytest.approx(100)


def test_the_allowance_costs_nothing_and_three_times_as_much_costs_all():
    down = np.array([0.0, 0.05, 0.10, 0.15, 0.9, np.nan])
    assert against_allowance(down, np.full(6, 0.05)) == pytest.approx([1, 1, 0.5, 0, 0, np.nan], nan_ok=True)


def test_a_promise_of_perfection_still_allows_one_percent():
    assert against_allowance(np.array([0.01, 0.02]), np.zeros(2)) == pytest.approx([1, 0.5])
