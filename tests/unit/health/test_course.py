"""What all months say of a customer's course, on worked cases."""

import numpy as np
import pytest

from services.health.prognostic_assessment.course import course, mann_kendall

YEARS = np.arange(60) / 12


def noise(seed, months=60, of=0.004):
    return of * np.random.default_rng(seed).standard_normal(months)


def test_each_course_is_told_by_its_name():
    assert course(0.9 + 0.01 * YEARS + noise(1)).verdict == "improving"
    assert course(0.9 - 0.01 * YEARS + noise(2)).verdict == "declining"
    assert course(0.9 + noise(3)).verdict == "flat"


def test_a_point_a_year_lies_in_its_interval():
    found = course(0.9 + 0.01 * YEARS + noise(4)).slope
    assert found.low < 0.01 < found.high


def test_nothing_is_claimed_before_a_year_and_the_day_is_named():
    young = course(0.9 + 0.05 * YEARS[:9])
    assert (young.verdict, young.months, young.missing, young.slope) == ("not_enough_data", 9, 3, None)
    unsure = course(0.9 + noise(5, 14, of=0.03))
    assert unsure.verdict == "not_enough_data"
    assert unsure.missing > 6


def test_without_autocorrelation_it_is_the_test_of_mann_and_kendall():
    """Five months that only rise: tau 1, z = 1 / sqrt(2 x 15 / (9 x 5 x 4)) = 2.449, two-sided p 0.0143."""
    assert mann_kendall(np.arange(5.0), np.arange(5.0), 1.0) == pytest.approx(0.0143, abs=1e-4)


def test_neighbours_that_resemble_each_other_make_no_trend():
    """AR(1) with 0.7 and no trend: a plain test finds one in 35 to 44 of 100 (domain reference 0.3)."""
    random, told = np.random.default_rng(7), 0
    for _ in range(60):
        wander = np.zeros(60)
        for month in range(1, 60):
            wander[month] = 0.7 * wander[month - 1] + random.standard_normal()
        told += course(0.9 + 0.01 * wander).verdict in ("improving", "declining")
    assert told <= 0.15 * 60


def test_year_over_year_is_the_difference_of_two_means():
    months = np.concatenate([np.full(12, 0.90), np.full(12, 0.92)])
    assert course(months).year_over_year == pytest.approx(0.02)
    assert course(months[:20]).year_over_year is None
