"""Slopes with intervals, on worked cases."""

import numpy as np
import pytest

from services.health.prognostic_assessment.trends import Slope, falling, flat, rising, slopes

MONTHS = np.arange(36) / 12


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


def test_a_fall_within_a_longer_time_that_is_surely_flat_is_none():
    year = Slope(months=12, value=-0.0158, low=-0.0289, high=-0.0101)
    two_years = Slope(months=24, value=-0.0002, low=-0.0077, high=0.0064)
    assert falling((year,)) is year
    assert falling((year, two_years)) is None


def test_a_fall_after_a_rise_is_one():
    turn = np.concatenate([np.linspace(0.89, 0.91, 12), np.linspace(0.91, 0.89, 12)])
    found = slopes(turn + 0.003 * np.random.default_rng(5).standard_normal(24))
    assert falling(found).months == 12
