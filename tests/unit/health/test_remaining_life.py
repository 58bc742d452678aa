"""Remaining life learned from a fleet: the figures of a life, the lives of a machine, and what a model says."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.health.prognostic_assessment.remaining_life.learning import LEAST_FAILURES, learn
from services.health.prognostic_assessment.remaining_life.life_days import (
    LifeDays,
    life_days,
    of_one_layout,
    points_heard,
)
from services.health.prognostic_assessment.remaining_life.life_filter import FAST, SLOW, LifeSums, advance_life
from services.health.prognostic_assessment.remaining_life.life_model import (
    LifeModel,
    Remaining,
    contributions,
    remaining,
    without_rise,
)
from services.health.prognostic_assessment.remaining_life.lives import Life, lives_of
from services.health.prognostic_assessment.remaining_life.recalibration import (
    learn_recalibration,
    recalibrated,
    told_and_came,
)
from services.health.prognostic_assessment.remaining_life.regression import expansion_of, fitted, held_out, predict
from services.health.prognostic_assessment.remaining_life.skill import spread_of
from tests.unit.health.condition_fleet import START_S, always, asset, findings
from tests.unit.health.life_fleet import METRICS, worn_days, worn_fleet


@pytest.fixture(scope="module")
def model() -> LifeModel:
    learned = learn(worn_fleet(1), "pump", 20_200.0)
    assert learned is not None
    return learned


def told(model: LifeModel, days: LifeDays) -> np.ndarray:
    layout, figures = advance_life(LifeSums(), days)
    return remaining(model, layout, figures).days


def test_mean_and_slope_are_those_of_a_discounted_line_after_a_flat_month():
    """Weighted least squares by its textbook sums, 28^3 / 12 added to the squares of the days."""
    y = np.random.default_rng(3).normal(size=50)
    age = np.arange(-49, 1)
    weight = SLOW ** (-age)
    mean_age, mean = np.average(age, weights=weight), np.average(y, weights=weight)
    slope = np.sum(weight * (age - mean_age) * y) / (np.sum(weight * (age - mean_age) ** 2) + 28**3 / 12)
    recent = np.average(y, weights=FAST ** (-age)) - mean
    days = replace(worn_days(np.random.default_rng(0), 50), metrics=("a",), values=y[:, None], terms=())
    figures = advance_life(LifeSums(), replace(days, terms_mean=np.empty((50, 0))))[1]
    assert figures[-1, 0, :, 0] == pytest.approx([mean, slope, recent])


@given(cuts=st.lists(st.integers(0, 90), max_size=4), seed=st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_any_cut_into_blocks_gives_the_same(cuts, seed):
    rng = np.random.default_rng(seed)
    days = worn_days(rng, 90)
    values = np.where(rng.random(days.values.shape) < 0.2, np.nan, days.values)
    days = replace(days, values=values, renewed=np.arange(90) == 40)
    whole = advance_life(LifeSums(), days)
    edges = sorted({0, 90, *cuts})
    state, parts = LifeSums(), []
    for first, end in pairwise(edges):
        state, figures = advance_life(state, days.rows(slice(first, end)))
        parts.append(figures)
    assert state == whole[0]
    np.testing.assert_array_equal(np.concatenate(parts), whole[1])


def test_a_renewal_starts_anew_and_a_day_without_a_value_changes_nothing():
    days = worn_days(np.random.default_rng(2), 60)
    renewed = advance_life(LifeSums(), replace(days, renewed=np.arange(60) == 30))[1]
    fresh = advance_life(LifeSums(), days.rows(slice(30, 60)))[1]
    np.testing.assert_array_equal(renewed[30:], fresh)
    gap = days.values.copy()
    gap[50:, 0] = np.nan
    figures = advance_life(LifeSums(), replace(days, values=gap))[1]
    assert (figures[50:, 0] == figures[49, 0]).all()
    assert not (figures[50:, 1] == figures[49, 1]).all()


def test_a_new_metric_joins_and_a_new_operating_point_starts_anew():
    days = worn_days(np.random.default_rng(2), 60)
    few = replace(days, metrics=METRICS[:2], values=days.values[:, :2])
    state = advance_life(LifeSums(), few.rows(slice(0, 30)))[0]
    joined = advance_life(state, days.rows(slice(30, 60)))[1]
    np.testing.assert_array_equal(joined[:, 0], advance_life(LifeSums(), days)[1][30:, 0])
    bare = replace(days, terms=(), terms_mean=np.empty((60, 0)))
    state = advance_life(LifeSums(), bare.rows(slice(0, 30)))[0]
    anew = advance_life(state, days.rows(slice(30, 60)))[1]
    np.testing.assert_array_equal(anew[:, :-1], advance_life(LifeSums(), days.rows(slice(30, 60)))[1][:, :-1])
    np.testing.assert_array_equal(anew[:, -1, :, 0], advance_life(LifeSums(), days)[1][30:, -1, :, 0])


def test_once_heard_an_operating_point_that_is_silent_leaves_readings_that_cannot_be_compared():
    block = asset({"heat": np.arange(96.0)}, {"load": np.where((np.arange(96) // 24) % 2 == 1, 2.0, np.nan)})
    found = life_days(block, always(block), START_S, findings(96))
    assert (found.day - START_S / 86400).tolist() == [0, 1, 3]
    assert np.isnan(found.terms_mean).all(axis=1).tolist() == [True, False, False]
    assert [(part.terms, len(part.day)) for part in of_one_layout(found)] == [((), 1), (("load", "load * load"), 2)]
    known = life_days(block, always(block), START_S, findings(96), points_heard(block, ("speed",)))
    assert not len(known.day)


def test_a_days_reading_is_the_mean_of_running_hours_whose_operating_point_is_known():
    hours = np.arange(48.0)
    load = np.where(hours == 3, np.nan, 2.0)
    block = asset({"heat": hours}, {"load": load, "unused": np.full(48, np.nan)})
    running = always(block) & (hours < 30)
    said = findings(48, deviation=np.where(hours < 24, np.nan, 1.5), renewed=hours == 47)
    found = life_days(block, running, START_S, said)
    assert found.day.tolist() == [START_S / 86400, START_S / 86400 + 1]
    assert found.values[:, 0].tolist() == [(sum(range(24)) - 3) / 23, np.mean(np.arange(24, 30))]
    assert found.terms == ("load", "load * load")
    assert found.terms_mean.tolist() == [[2.0, 4.0], [2.0, 4.0]]
    assert np.isnan(found.deviation[0])
    assert found.deviation[1] == 1.5
    assert (np.isnan(found.confidence[0]), found.confidence[1]) == (True, 0.0)
    assert found.renewed.tolist() == [False, True]


def test_what_came_of_forecasts_is_drawn_to_what_was_told_and_rises():
    """Of 20 told 0.9 5 came, (5 + 10 * 0.9) / 30; of 10 told nothing 8, (8 + 0) / 20: that rises, so it stays.

    Of 30 told 0.1 none came, (0 + 1) / 40: together with those told nothing 9 / 60.
    """
    told = np.repeat([0.9, 0.0], [20, 10])
    model = learn_recalibration(told, np.repeat([True, False, True, False], [5, 15, 8, 2]))
    assert recalibrated(model, np.array([0.0, 0.9])) == pytest.approx([0.4, 14 / 30])
    assert np.isnan(recalibrated(model, np.array([np.nan]))[0])
    assert (np.diff(model.share) >= 0).all()
    falling = learn_recalibration(np.append(told, [0.1] * 30), np.repeat([True, False, True, False], [5, 15, 8, 32]))
    assert recalibrated(falling, np.array([0.0, 0.1])) == pytest.approx([9 / 60, 9 / 60])
    none = learn_recalibration(np.empty(0), np.empty(0, dtype=bool))
    assert recalibrated(none, np.array([0.0, 0.5])) == pytest.approx([0.0, 0.5])


def test_a_forecast_counts_when_its_time_is_over_or_the_machine_failed_and_not_where_work_came_first():
    days = replace(worn_days(np.random.default_rng(0), 200), day=np.arange(200.0), confidence=np.full(200, 0.3))
    failed = Life(group=1, days=days, end=200.0, failed=True)
    worked = replace(failed, failed=False)
    jammed = replace(worked, failures=(150.5,))
    assert told_and_came([failed])[1].tolist() == [False, False, True]
    assert told_and_came([worked])[1].tolist() == [False, False]
    assert told_and_came([jammed])[1].tolist() == [False, True]


@pytest.mark.parametrize(
    ("renewed", "failures", "expected"),
    [
        (40, [38.5], [(38.5, True), (59.0, False)]),
        (40, [], [(39.0, False), (59.0, False)]),  # preventive work: it lasted at least so long
        (40, [12.0], [(39.0, False), (59.0, False)]),  # a jam that no renewal followed
        (None, [59.4], [(59.4, True)]),
        (None, [12.0], [(59.0, False)]),
    ],
)
def test_a_life_ends_in_a_failure_that_a_renewal_followed(renewed, failures, expected):
    days = worn_days(np.random.default_rng(0), 60)
    days = replace(days, day=np.arange(60.0), renewed=np.arange(60) == renewed)
    assert [(life.end, life.failed) for life in lives_of(days, np.array(failures), 7)] == expected


def test_ridge_is_least_squares_with_a_penalty_and_never_sees_the_fold_it_speaks_of():
    rng = np.random.default_rng(5)
    features = rng.normal(size=(40, 3))
    target = features @ [1.0, -2.0, 0.0] + features[:, 0] * features[:, 1] + 5
    expansion = expansion_of(features, crossed=2)
    np.testing.assert_allclose(predict(fitted(expansion, features, target, 1e-9), features), target, atol=1e-5)
    fold = np.arange(40) % 4
    said = held_out(expansion, features, target[:, None], fold, (0.1,))[0, :, 0]
    lied = np.where(fold == 2, 1e6, target)
    again = held_out(expansion, features, lied[:, None], fold, (0.1,))[0, :, 0]
    np.testing.assert_allclose(again[fold == 2], said[fold == 2])
    assert not np.allclose(again[fold != 2], said[fold != 2])


def test_quantiles_are_those_of_what_came_of_such_values_and_rise():
    rng = np.random.default_rng(0)
    left = rng.uniform(0, 60, size=4000)
    spread = spread_of(left + rng.normal(0, 5, size=4000), left, 60.0)
    middle = 8  # a value of 32 days
    assert spread.expected[middle] == pytest.approx(spread.at[middle], abs=1)
    assert spread.high[middle] - spread.low[middle] == pytest.approx(2 * 1.2816 * np.hypot(5, 4 / np.sqrt(3)), rel=0.15)
    assert (np.diff([spread.low, spread.expected, spread.high], axis=1) >= 0).all()


def test_near_the_end_a_forecast_does_not_rise_unless_it_says_twice_as_much():
    days = np.array([50.0, 28.0, 35.0, np.nan, 20.0, 70.0, 65.0])
    said = Remaining(days=days, low=days / 2, expected=days, high=days * 2, novel=np.zeros(7, dtype=np.bool_))
    found, newest = without_rise(said, ())
    np.testing.assert_array_equal(found.days, [50, 28, 28, np.nan, 20, 70, 65])
    assert newest == (65, 32.5, 65, 130)
    assert without_rise(replace(said, days=days + 1), (25.0, 10.0, 24.0, 40.0))[0].days.tolist()[:2] == [25.0, 25.0]


def test_the_fleets_failures_teach_more_than_age_and_say_when_the_next_machine_fails(model):
    assert model.skill.demonstrated
    assert model.skill.error < 0.6 * model.skill.error_by_age
    unseen = worn_days(np.random.default_rng(77), 110)
    said = told(model, unseen)
    left = unseen.day[-1] - unseen.day
    assert np.abs(said - left)[left <= 30].mean() < 6
    assert (said[left > 90] > 45).all()


def test_labels_that_belong_to_other_readings_teach_nothing():
    rng = np.random.default_rng(8)
    dealt = [
        replace(
            i, days=replace(i.days, values=rng.permutation(i.days.values), deviation=rng.permutation(i.days.deviation))
        )
        for i in worn_fleet(1)
    ]
    learned = learn(dealt, "pump", 20_200.0)
    assert learned is not None
    assert not learned.skill.demonstrated


def test_too_few_failures_teach_nothing():
    fleet = worn_fleet(1)
    censored = [replace(life, failed=i < LEAST_FAILURES - 1) for i, life in enumerate(fleet)]
    assert learn(censored, "pump", 0.0) is None


def test_preventive_replacement_is_no_failure(model):
    """Half of the fleet is replaced 20 days before its end: what is learned of the last days stays the same."""
    fleet = worn_fleet(1, machines=24)
    early = [
        Life(group=i.group, days=i.days.rows(i.left >= 20), end=i.end - 20, failed=False) if i.group % 2 else i
        for i in fleet
    ]
    learned = learn(early, "pump", 0.0)
    assert learned is not None
    unseen = worn_days(np.random.default_rng(78), 100)
    near = slice(80, 100)
    np.testing.assert_allclose(told(learned, unseen)[near], told(model, unseen)[near], atol=8)


@given(
    scale=st.sampled_from([1e-3, 1.0, 250.0]),
    offset=st.sampled_from([-1e3, 0.0, 40.0]),
    shift=st.integers(-9000, 9000),
    names=st.permutations(["x", "kühl", "Z-9"]),
)
@settings(max_examples=6, deadline=None)
def test_other_names_units_and_dates_change_no_forecast(model, scale, offset, shift, names):
    def disguised(days: LifeDays) -> LifeDays:
        order = np.argsort(names)
        values = days.values * scale + offset
        point = days.terms_mean[:, 0] * 7 - 2
        return replace(
            days,
            day=days.day + shift,
            metrics=tuple(sorted(names)),
            values=values[:, order],
            terms=("speed", "speed * speed"),
            terms_mean=np.column_stack([point, point * point]),
        )

    fleet = [replace(i, days=disguised(i.days), end=i.end + shift) for i in worn_fleet(1)]
    other = learn(fleet, "other", 0.0)
    assert other is not None
    unseen = worn_days(np.random.default_rng(77), 80)
    np.testing.assert_allclose(told(other, disguised(unseen)), told(model, unseen), rtol=1e-4, atol=1e-3)


@given(first=st.integers(40, 79))
@settings(max_examples=20, deadline=None)
def test_no_data_never_improves_a_forecast(model, first):
    """Days without readings keep what was said before them."""
    days = worn_days(np.random.default_rng(77), 80)
    values = days.values.copy()
    values[first:] = np.nan
    said = told(model, replace(days, values=values))
    before = said[first - 1]
    assert (said[first:] == before).all()


def test_a_machine_that_reports_too_little_gets_no_forecast(model):
    days = worn_days(np.random.default_rng(77), 80)
    few = replace(days, metrics=METRICS[:1], values=days.values[:, :1])
    assert np.isnan(told(model, few)).all()
    assert np.isnan(told(model, replace(days, terms=(), terms_mean=np.empty((80, 0))))).all()


def test_a_fault_that_no_machine_ever_had_is_told_by_how_far_the_machine_is_from_itself(model):
    strange = worn_days(np.random.default_rng(9), 100, parts=(6.0, 6.0, -8.0))
    layout, figures = advance_life(LifeSums(), strange)
    said = remaining(model, layout, figures)
    assert said.novel[-15:].all()
    assert said.days[-1] < 20
    assert not remaining(model, *advance_life(LifeSums(), worn_days(np.random.default_rng(77), 100))).novel.any()


def test_contributions_name_the_metrics_that_shorten_the_life(model):
    days = worn_days(np.random.default_rng(77), 100)
    layout, figures = advance_life(LifeSums(), days)
    found = contributions(model, layout, figures)
    assert {name for name, _ in found} <= set(METRICS)
    assert found[0][1] > 5
    assert [part for _, part in found] == sorted((part for _, part in found), reverse=True)
