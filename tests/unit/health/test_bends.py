"""What months say of the present: standing still, falling, since when, beside the same sums done the long way."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from services.health.prognostic_assessment.bends import reading


def noisy(course, size, seed):
    return course + size * np.random.default_rng(seed).standard_normal(len(course))


def courses(months):
    """(form, month of its change, sizes of the slope before and now, prior): 0.4 changes a year, half bends."""
    sizes = ((0.003, 0.25), (0.04, 0.75))
    changed = 1 - (1 - 0.4 / 12) ** (months - 4)
    yield from (("straight", 0, 0.0, now, (1 - changed) * p) for now, p in sizes)
    each = changed / (months - 4) / 2
    for place in range(2, months - 2):
        yield from (("step", place, 0.0, now, each * p) for now, p in sizes)
        yield from (
            ("bend", place, was, now, each * p * q) for was, p in sizes for now, q in sizes if was + now > 0.006
        )


def the_long_way(monthly):
    """P(falls by more than a point a year) with whole covariances of months: var = X P X' + s2 R."""
    n, months = len(monthly), np.arange(len(monthly))
    values, apart = monthly - monthly.mean(), np.abs(np.subtract.outer(months, months))
    weights, falls = [], []
    for form, place, was, now, prior in courses(n):
        since = (months - place) / 12
        bend = form == "bend"
        before, after = bend * np.minimum(since, 0), np.maximum(since, 0) if bend else since
        lines = np.column_stack([np.ones(n), before, after, (form == "step") * (since >= 0)])
        of_lines = lines @ np.diag([0.3**2, was**2, now**2, 0.03**2]) @ lines.T
        for likeness, noise in product((0.0, 0.4), np.geomspace(0.001, 0.03, 7)):
            every = of_lines + noise**2 * likeness**apart
            towards = np.linalg.solve(every, lines[:, 2] * now**2)
            mean, variance = towards @ values, now**2 - now**2 * lines[:, 2] @ towards
            weights.append(np.log(prior) + multivariate_normal.logpdf(values, np.zeros(n), every))
            falls.append(norm.cdf((-0.01 - mean) / np.sqrt(variance)))
    weights = np.exp(np.array(weights) - max(weights))
    return float(weights @ falls / weights.sum())


def test_the_probability_is_that_of_bayes_done_the_long_way():
    monthly = noisy(np.concatenate([np.full(7, 0.92), 0.92 - 0.03 * np.arange(1, 6) / 12]), 0.004, 1)
    assert 0.1 < the_long_way(monthly) < 0.9
    assert reading(monthly).falling == pytest.approx(the_long_way(monthly), abs=1e-6)


def test_a_turn_is_told_in_half_a_year_with_its_slope():
    before, after = 0.90 + 0.01 * np.arange(18) / 12, 0.915 - 0.10 * np.arange(1, 7) / 12
    said = reading(noisy(np.concatenate([before, after]), 0.004, 2))
    assert said.falling > 0.9
    assert said.low < -0.10 < said.high
    assert said.since in range(4, 10)


def test_who_stands_still_is_told_for_how_long_and_is_not_falling():
    said = reading(noisy(np.concatenate([0.80 + 0.05 * np.arange(12) / 12, np.full(24, 0.85)]), 0.003, 3))
    assert said.stood(0.8) in (18, 24)
    assert said.falling < 0.02
    assert list(said.standing) == sorted(said.standing, reverse=True)


def test_a_step_down_is_no_fall():
    """A machine that failed and came back worse: two points less from one month to the next, and so it stays."""
    said = reading(noisy(np.concatenate([np.full(27, 0.89), np.full(6, 0.87)]), 0.003, 4))
    assert said.falling < 0.5
    assert reading(noisy(np.concatenate([np.full(27, 0.89), 0.89 - np.arange(1, 7) / 150]), 0.003, 4)).falling > 0.8


def test_noise_says_nothing_either_way():
    said = reading(noisy(np.full(14, 0.9), 0.03, 5))
    assert said.falling < 0.6
    assert said.standing[0] < 0.8


def test_less_than_a_year_or_too_few_months_say_nothing():
    assert reading(np.full(11, 0.9)) is None
    gone = np.full(36, 0.9)
    gone[-3:] = np.nan
    assert reading(gone) is None
    gone[-3:] = 0.9
    gone[5:12] = np.nan
    assert reading(gone).months == 29
    gone[12:14] = np.nan
    assert reading(gone) is None


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.floats(-0.08, 0.08))
def test_probabilities_share_what_is_certain_and_no_level_matters(seed, slope):
    monthly = noisy(0.8 + slope * np.arange(20) / 12, 0.005, seed)
    said, higher = reading(monthly), reading(monthly + 0.1)
    assert said.falling + said.standing[0] <= 1 + 1e-9
    assert higher.falling == pytest.approx(said.falling, abs=1e-6)
