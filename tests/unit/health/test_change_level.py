"""The level that readings are compared with: Brown's formulas, no lag behind drift, and no change that hides itself."""

import numpy as np
import pytest

from services.health.state_detection.change_detection.level import (
    advance_levels,
    drift_of,
    error_variance,
    moved,
    starting,
)
from services.health.state_detection.change_detection.tempo import Tempo

TEMPO = Tempo(baseline=672, first=336)
SHORT = Tempo(baseline=56, first=28)  # newest reading 2 / 57, foretold 4 readings ahead
FOLLOWS, WAITS = np.array([False]), np.array([True])


def at_zero(tempo, waiting=FOLLOWS):
    return starting(np.zeros(1), np.zeros(1), waiting, tempo)


def compared(values, tempo=TEMPO):
    return advance_levels(values[:, None], at_zero(tempo), FOLLOWS, tempo)[0][:, 0]


def test_forecasts_are_those_of_browns_two_averages():
    values = np.random.default_rng(0).standard_normal(50)
    newest, once, twice, foretold = 2 / 57, 0.0, 0.0, [0.0] * 4
    for value in values:
        once += newest * (value - once)
        twice += newest * (once - twice)
        level, drift = 2 * once - twice, newest / (1 - newest) * (once - twice)
        foretold.append(level + 4 * drift)
    np.testing.assert_allclose(compared(values, SHORT), foretold[:50], atol=1e-12)


def test_what_drifts_steadily_is_foretold_without_lag():
    values = 0.01 * np.arange(6000)
    np.testing.assert_allclose(compared(values)[5000:], values[5000:], atol=0.01)


def test_a_step_moves_nothing_that_it_is_compared_with_for_a_long_span():
    step = np.where(np.arange(1000) >= 800, 3.0, 0.0)
    assert not compared(step)[: 800 + TEMPO.spans[1]].any()
    assert compared(step)[999] > 0


def test_a_level_that_waits_goes_on_with_a_drift_that_fades():
    before = starting(np.array([1.0]), np.array([0.1]), WAITS, SHORT)
    told, after = advance_levels(np.full((3, 1), 99.0), before, WAITS, SHORT)
    fades = 1 - 2 / 57
    np.testing.assert_allclose(told[:, 0], [1.0, 1.1, 1.1 + 0.1 * fades])
    assert after.level[0] == pytest.approx(1.1 + 0.1 * fades + 0.1 * fades**2)


def test_one_that_follows_again_goes_on_from_where_it_waited_with_the_drift_it_had():
    levels = starting(np.array([2.0]), np.array([0.05]), FOLLOWS, SHORT)
    assert drift_of(levels, FOLLOWS, SHORT)[0] == pytest.approx(0.05)
    as_foretold = 2.0 + 0.05 * np.arange(30)
    told, after = advance_levels(as_foretold[:, None], levels, FOLLOWS, SHORT)
    np.testing.assert_allclose(told[:, 0], as_foretold)
    assert drift_of(after, FOLLOWS, SHORT)[0] == pytest.approx(0.05)


def test_counting_from_another_zero_changes_nothing_else():
    values = np.random.default_rng(1).standard_normal((40, 1))
    _, here = advance_levels(values, at_zero(SHORT), FOLLOWS, SHORT)
    there = moved(here, np.array([5.0]), FOLLOWS, SHORT)
    more = np.random.default_rng(2).standard_normal((40, 1))
    expected, _ = advance_levels(more, here, FOLLOWS, SHORT)
    found, _ = advance_levels(more - 5, there, FOLLOWS, SHORT)
    np.testing.assert_allclose(found, expected - 5)


def test_a_metric_that_is_not_read_stays_where_it_is():
    values = np.random.default_rng(3).standard_normal((60, 1))
    gap = np.insert(values, 40, np.full((20, 1), np.nan), axis=0)
    whole, silent = (advance_levels(v, at_zero(SHORT), FOLLOWS, SHORT)[1] for v in (values, gap))
    np.testing.assert_allclose(silent.memory, whole.memory)
    np.testing.assert_allclose(silent.ahead[-1], whole.ahead[-1])


def test_the_error_of_a_forecast_is_that_of_its_response_to_one_reading():
    impulse = np.zeros(4000)
    impulse[0] = 1.0
    assert error_variance(TEMPO) == pytest.approx((compared(impulse) ** 2).sum(), rel=1e-6)
