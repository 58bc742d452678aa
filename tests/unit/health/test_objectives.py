"""Whether objectives will be reached: lines whose course is known, and the formula's own numbers."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from services.health.account_assessment.account import Objective
from services.health.account_assessment.objectives import Line, forecast, judged, objectives, series
from tests.unit.health.accounts import account, hours, months, value

FIRST, DAY = date(2025, 1, 1), date(2026, 1, 1)
RISING = 0.60 + 0.01 * np.arange(12)  # at years y since the first month: 0.595 + 0.12 y
AVAILABILITY = Objective(objective_id="O", kpi="availability", target=0.75, due_on=date(2026, 6, 30), description=None)
LINE = Line(level=0.7, slope=0.1, error=0.02, middle=0.5, spread=1.0, count=12)


def test_a_line_without_noise_says_surely_and_when():
    # centre of the last three months before 30 June 2026: 1.4988 - 0.125 years; 0.595 + 0.12 x 1.3738 = 0.7599
    on_track = judged(AVAILABILITY, FIRST, RISING, DAY)
    assert (on_track.verdict, on_track.value) == ("on_track", 1.0)
    assert on_track.evidence["expected"]["value"] == pytest.approx(0.7599, abs=1e-4)
    # 0.715 at the end of 2025, 0.035 more at 0.12 a year take 0.29 years: it is met in the course of April
    assert on_track.evidence["expected_on"] == "2026-05-01"
    assert judged(replace(AVAILABILITY, target=0.77), FIRST, RISING, DAY).verdict == "off_track"


def test_the_probability_is_students_around_the_line():
    chance, expected = forecast(LINE, 0.77, True, years=1.5, now=1.0)
    # 0.7 + 0.1 x 0.875; 0.02 x sqrt(1 x (1/12 + 1/3) + 0.875^2) = 0.021747
    assert expected["value"] == pytest.approx(0.7875)
    assert chance == pytest.approx(student.cdf((0.7875 - 0.77) / 0.021747, 10), abs=1e-4)
    assert expected["high"] - expected["value"] == pytest.approx(0.021747 * student.ppf(0.95, 10), abs=1e-5)


def test_a_trend_goes_on_for_as_long_as_it_was_watched_and_no_longer():
    near, far = (forecast(LINE, 0.9, True, years=years, now=1.0)[1]["value"] for years in (2.0, 15.0))
    assert near == far == pytest.approx(0.7 + 0.1 * (2 - 0.125 - 0.5))


@given(st.floats(0, 1), st.floats(0, 1), st.floats(1, 10))
def test_more_asked_is_never_more_likely(one, other, years):
    low, high = sorted((one, other))
    chances = [forecast(LINE, target, True, years=years, now=1.0)[0] for target in (low, high)]
    assert 0 <= chances[1] <= chances[0] <= 1
    less_is_better = forecast(LINE, low, False, years=years, now=1.0)[0]
    assert less_is_better == pytest.approx(1 - chances[0])


@pytest.mark.parametrize(("target", "verdict"), [(0.695, "reached"), (0.705, "missed")])
def test_after_its_day_an_objective_was_reached_or_not(target, verdict):
    due = replace(AVAILABILITY, target=target, due_on=date(2025, 12, 20))
    assert judged(due, FIRST, RISING, DAY).verdict == verdict  # 0.69, 0.70 and 0.71 in the three months up to it


def test_before_a_year_is_known_nobody_knows_and_it_is_said_when():
    early = judged(AVAILABILITY, FIRST, RISING[:7], date(2025, 8, 1))
    assert (early.verdict, early.value, early.ready_on) == ("not_known", None, date(2026, 1, 1))


def test_an_objective_without_a_day_has_no_probability():
    undated = judged(replace(AVAILABILITY, due_on=None), FIRST, RISING, DAY)
    assert (undated.verdict, undated.value, undated.evidence["expected_on"]) == ("no_date", None, "2026-05-01")


def test_a_kpi_that_nobody_measures_is_not_known():
    energy = replace(AVAILABILITY, kpi="energy_per_good_unit")
    (found,) = objectives(account(objectives=(energy,), times=months(FIRST, *[10.0] * 12)), DAY)
    assert (found.verdict, found.evidence["facts"][0]["what"]) == ("not_known", "nobody measures this KPI")


def test_availability_comes_from_the_months_times():
    _, found = series(account(times=months(FIRST, 10.0, 20.0)), "availability", date(2025, 3, 15))
    assert found.tolist() == [pytest.approx(0.9), pytest.approx(0.8)]


def test_a_month_of_which_less_than_half_is_known_does_not_count():
    blind = hours(FIRST, unknown=51.0, apt=49.0)
    _, found = series(account(times=(blind, *months(date(2025, 2, 1), 10.0))), "availability", date(2025, 3, 1))
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(0.9)


def test_mtbf_is_followed_as_a_rate_that_months_without_failure_have_too():
    times = tuple(hours(date(2025, n, 1), known=1000.0, failures=n % 2) for n in range(1, 13))
    mtbf = replace(AVAILABILITY, kpi="mtbf", target=500.0, due_on=date(2026, 3, 31))
    (found,) = objectives(account(objectives=(mtbf,), times=times), DAY)
    assert found.verdict == "on_track"  # one failure in 2,000 hours where one in 500 is allowed


def test_money_of_two_currencies_is_no_money():
    euros, dollars = (value(FIRST, 1.0, line_of_business=c, money=10.0, currency=c) for c in ("EUR", "USD"))
    assert series(account(values=(euros,)), "value_realized", DAY)[1].tolist() == [120.0]
    assert np.isnan(series(account(values=(euros, dollars)), "value_realized", DAY)[1]).all()
