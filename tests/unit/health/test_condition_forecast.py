from math import expm1, inf, log, log1p

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.health.prognostic_assessment.forecast import (
    DAMAGE,
    DAY_S,
    MEMORY,
    SMOOTHING,
    Forecast,
    Trend,
    advance_trend,
    dates,
    forecast,
    line,
    slope_error,
)


def trend_of(days, deviations) -> Trend:
    trend = Trend()
    for day, deviation in zip(days, deviations, strict=True):
        trend = advance_trend(trend, float(day), float(deviation))
    return trend


@given(st.lists(st.integers(1, 9), min_size=3, max_size=40), st.floats(-0.02, 0.02), st.floats(0.5, 1.5))
def test_a_straight_course_of_the_logarithm_is_found_whatever_the_gaps(steps, slope, level):
    days = np.cumsum(steps)
    course = level + slope * (days - days[-1])
    found_level, found_slope = line(trend_of(days, np.expm1(np.maximum(course, 0.0))))
    if (course >= 0).all():
        assert found_level == pytest.approx(level, abs=1e-6)
        assert found_slope == pytest.approx(slope, abs=1e-6)


def test_the_line_is_the_least_squares_line_with_forgetting():
    rng = np.random.default_rng(0)
    days = np.cumsum(rng.integers(1, 4, size=60)).astype(float)
    deviations = rng.uniform(0, 3, size=60)
    weight = np.sqrt(MEMORY ** np.arange(60)[::-1])
    slope, level = np.polyfit(days - days[-1], np.log1p(deviations), 1, w=weight)
    assert line(trend_of(days, deviations)) == pytest.approx((level, slope))


def test_the_error_of_the_slope_is_what_repetition_shows():
    rng = np.random.default_rng(1)
    slopes, errors = [], []
    for _ in range(300):
        noise, smooth, trend = rng.normal(0, 0.1, size=120), 0.0, Trend()
        for day, surprise in enumerate(noise):
            smooth += SMOOTHING * (surprise - smooth)
            trend = advance_trend(trend, float(day), expm1(0.7 + smooth))
        slopes.append(line(trend)[1])
        errors.append(slope_error(trend))
    assert 0.6 < np.median(errors) / np.std(slopes) < 2.0


def test_a_trend_forecasts_nothing_before_two_weeks():
    days = np.arange(20)
    course = np.expm1(0.5 + 0.02 * days)
    young, older = trend_of(days[:13], course[:13]), trend_of(days[:14], course[:14])
    assert forecast(young, DAMAGE, 90.0) == Forecast(low=inf, expected=inf, high=inf, confidence=0.0)
    assert forecast(older, DAMAGE, 90.0).expected == pytest.approx((log1p(DAMAGE) - (0.5 + 0.02 * 13)) / 0.02, rel=1e-6)


def test_the_bounds_are_the_straight_and_the_growing_course():
    """Without noise: 1 + x grows 2 % a day and is 2 now, so x = 1 grows by 0.04 a day."""
    days = np.arange(40)
    found = forecast(trend_of(days, np.expm1(log(2) + 0.02 * (days - 39))), DAMAGE, 90.0)
    assert found.expected == pytest.approx(log((1 + DAMAGE) / 2) / 0.02, rel=1e-6)
    assert found.high == pytest.approx((DAMAGE - 1) / 0.04, rel=1e-6)
    assert found.low == pytest.approx(log(DAMAGE) / 0.04, rel=1e-6)
    assert found.confidence == pytest.approx(1.0)


def test_noise_widens_the_bounds_and_lowers_the_confidence():
    days = np.arange(40)
    course = np.expm1(log(2) + 0.02 * (days - 39))
    noisy = course + np.random.default_rng(2).normal(0, 0.2, size=40)
    calm, rough = (forecast(trend_of(days, c), DAMAGE, 90.0) for c in (course, noisy))
    assert rough.high > calm.high
    assert rough.low < calm.low
    assert rough.confidence < calm.confidence


def test_what_does_not_grow_never_comes():
    found = forecast(trend_of(np.arange(30), np.full(30, 2.0)), DAMAGE, 90.0)
    assert found.expected == inf
    assert found.high == inf
    assert found.confidence < 0.01
    assert all(np.isnan(dates(0.0, found)[1:]))


def test_what_is_beyond_the_limit_is_due_now_and_a_higher_limit_takes_longer():
    days = np.arange(30)
    trend = trend_of(days, np.expm1(log1p(5.2) + 0.03 * (days - 29)))
    assert forecast(trend, 5.15, 90.0) == Forecast(low=0.0, expected=0.0, high=0.0, confidence=1.0)
    assert forecast(trend, 20.0, 90.0).expected == pytest.approx((log1p(20) - log1p(5.2)) / 0.03, rel=1e-6)


def test_a_date_beyond_ten_years_is_no_date():
    low, expected, high = dates(1000.0, Forecast(low=1.0, expected=3652.0, high=3654.0, confidence=0.5))
    assert (low, expected) == (1000.0 + DAY_S, 1000.0 + 3652 * DAY_S)
    assert np.isnan(high)
