"""Slopes with intervals, and the error budget of a guarantee, on worked cases."""

from datetime import date

import numpy as np
import pytest

from services.health.prognostic_assessment.guarantees import budget
from services.health.prognostic_assessment.trends import Slope, falling, flat, rising, slopes
from tests.unit.health.worlds import contract

MONTHS = np.arange(36) / 12
DAY = 86400.0
START_DAY = (date(2022, 1, 3) - date(1970, 1, 1)).days
GUARANTEE = contract(guaranteed_availability=0.95, guarantee_window_days=100)


def test_a_point_a_year_is_found_with_its_sign():
    noise = 0.001 * np.random.default_rng(1).standard_normal(36)
    better = slopes(0.9 + 0.02 * MONTHS + noise)
    assert [slope.months for slope in better] == [12, 18, 24, 36]
    assert better[-1].value == pytest.approx(0.02, abs=0.002)
    assert better[-1].low < 0.02 < better[-1].high
    assert rising(better).months == 36
    assert falling(slopes(0.9 - 0.02 * MONTHS + noise)).months == 36


def test_flat_is_claimed_only_where_it_is_sure():
    rng = np.random.default_rng(2)
    assert flat(slopes(0.9 + 0.002 * rng.standard_normal(36))).months == 36
    assert flat(slopes(0.9 + 0.1 * rng.standard_normal(12))) is None


def test_less_than_a_year_says_nothing():
    assert slopes(np.full(11, 0.9)) == ()
    assert slopes(np.where(np.arange(12) < 3, np.nan, 0.9)) == ()


def test_months_that_resemble_their_neighbours_widen_the_interval():
    rng = np.random.default_rng(3)
    wander = 0.01 * np.cumsum(rng.standard_normal(36)) / 3
    shuffled = rng.permutation(wander - np.polyval(np.polyfit(MONTHS, wander, 1), MONTHS))
    assert width(slopes(0.9 + wander)[-1]) > width(slopes(0.9 + shuffled)[-1])


def width(slope):
    return slope.high - slope.low


def at(down_h, row, known_h=24.0):
    down = np.asarray(down_h, dtype=float) * 3600
    return budget(GUARANTEE, down, np.full(len(down), known_h * 3600), START_DAY, row)


def test_a_worked_budget():
    """5 % of 100 days of 24 h are 120 h; 50 days of 1.2 h spend 60 h, and 1.2 h a day is exactly what is allowed."""
    found = at([1.2] * 50, 49)
    assert found.spent_s / 3600 == pytest.approx(60)
    assert found.budget_s / 3600 == pytest.approx(120)
    assert found.attributed_availability == pytest.approx(0.95)
    assert found.burn == pytest.approx(1.0)
    assert found.expected[0] == pytest.approx((START_DAY + 100) * DAY)
    assert not found.breached


def test_twice_the_allowed_burn_breaks_the_guarantee_half_way():
    found = at([2.4] * 30, 29)
    assert found.probability == pytest.approx(1.0)
    assert found.expected[0] == pytest.approx((START_DAY + 50) * DAY)
    assert found.expected[1] <= found.expected[0] <= found.expected[2]
    assert not at([2.4] * 49, 48).breached
    assert at([2.4] * 51, 50).breached


def test_an_untouched_budget_is_safe():
    assert at([0.0] * 40, 39).probability == 0.0
    assert np.isnan(at([0.0] * 40, 39).expected[0])


def test_a_new_window_starts_with_a_whole_budget():
    found = at([2.4] * 101, 100)
    assert found.first_day == START_DAY + 100
    assert found.spent_s / 3600 == pytest.approx(2.4)


def test_before_four_weeks_nothing_is_said():
    assert at([2.4] * 27, 26) is None
    assert at([2.4] * 40, 39, known_h=0.0) is None


def test_a_fall_within_a_longer_time_that_is_surely_flat_is_none():
    year = Slope(months=12, value=-0.0158, low=-0.0289, high=-0.0101)
    two_years = Slope(months=24, value=-0.0002, low=-0.0077, high=0.0064)
    assert falling((year,)) is year
    assert falling((year, two_years)) is None


def test_a_fall_after_a_rise_is_one():
    turn = np.concatenate([np.linspace(0.89, 0.91, 12), np.linspace(0.91, 0.89, 12)])
    found = slopes(turn + 0.003 * np.random.default_rng(5).standard_normal(24))
    assert falling(found).months == 12
