"""How changeable a contract's rate of losses is: learned before a window, never in it, on worked cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.health.prognostic_assessment.guarantees.rate_change import (
    COLUMNS,
    MONTH_DAYS,
    change_a_year,
    month_row,
)

KNOWN_S = 28 * 86400.0
ALWAYS = 10_000
PRIOR = 0.8 * np.array([1 / 8, 1 / 4, 1 / 2, 1, 2]) / np.sqrt((1 / 64 + 1 / 16 + 1 / 4 + 1 + 4) / 5)


def months(stops, size_s=100.0, known_s=KNOWN_S):
    """Months one after another with so many stops of a size each."""
    return np.array([[n, known_s, size_s * stops_n, size_s] for n, stops_n in enumerate(stops)]).reshape(-1, COLUMNS)


def test_who_has_no_past_has_the_change_of_all():
    assert change_a_year(months([]), ALWAYS) == 0.8
    assert change_a_year(months([5]), ALWAYS) == 0.8
    assert change_a_year(months([0, 0, 0]), ALWAYS) == 0.8
    assert np.sqrt((PRIOR**2).mean()) == pytest.approx(0.8)


def test_two_months_worked_by_hand():
    """1.5 stops make Jeffreys' gamma one of shape 2; widened, that no stop follows has the chance (s / (s + 2))^s."""
    shape = 1 / (1.5 * np.exp(PRIOR**2 * 28 / 365) - 1)
    chance = (shape / (shape + 2)) ** shape
    worked = np.sqrt((chance * PRIOR**2).sum() / chance.sum())
    assert change_a_year(months([1.5, 0]), ALWAYS) == pytest.approx(worked)


def test_a_month_that_nobody_saw_says_nothing_but_lets_the_rate_wander_on():
    """Two months from one to the next instead of one."""
    shape = 1 / (1.5 * np.exp(PRIOR**2 * 56 / 365) - 1)
    chance = (shape / (shape + 2)) ** shape
    seen = months([1.5, 0, 0])
    seen[1, 1] = 0.0
    assert change_a_year(seen, ALWAYS) == pytest.approx(np.sqrt((chance * PRIOR**2).sum() / chance.sum()))


def test_even_months_change_little_and_uneven_ones_much():
    even = np.random.default_rng(0).poisson(30, 24)
    assert change_a_year(months(even), ALWAYS) < 0.4
    assert change_a_year(months(np.tile([60, 60, 10, 10], 6)), ALWAYS) > 1.2


def test_what_few_long_stops_make_uneven_is_chance():
    """The same losses in stops thirty times as long: 0 to 2 a month are no change of the rate."""
    lost = np.array([30, 60, 0, 30, 30, 0, 60, 30, 0, 30, 60, 30])
    short, long = months(lost), months(lost / 30, size_s=3000.0)
    assert short[:, 2] == pytest.approx(long[:, 2])
    assert change_a_year(long, ALWAYS) < 0.8 < change_a_year(short, ALWAYS)


def test_a_month_knows_what_its_stops_took():
    """Stops of 2 and 4 hours: (4 + 16) / 6; the longer one went on over midnight."""
    rows = np.array([[1, 28, 7200, 0], [2, 40, 3600, 1], [2, 41, 10800, 0]], dtype=float)
    assert month_row(55, KNOWN_S, 21600.0, rows).tolist() == [[1, KNOWN_S, 21600.0, 3600 * 20 / 6]]
    assert month_row(55, KNOWN_S, 0.0, rows[:0]).tolist() == [[1, KNOWN_S, 0.0, 0.0]]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 40), min_size=3, max_size=30), st.integers(0, 30), st.integers(0, 27), st.floats(0.1, 50)
)
def test_nothing_in_the_window_changes_it_and_no_unit_does(stops, before, days, scale):
    """The month in which the window begins is not over when it does."""
    first = before * MONTH_DAYS + days
    worse = [n + 25 * (month >= before) for month, n in enumerate(stops)]
    told = change_a_year(months(stops), first)
    assert change_a_year(months(worse), first) == told
    assert change_a_year(months(stops, 100 * scale, KNOWN_S * scale), first) == pytest.approx(told)
    assert PRIOR[0] <= told <= PRIOR[-1]
