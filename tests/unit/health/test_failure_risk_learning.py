"""Learning a failure risk from a fleet, and judging its alarms."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from services.health.prognostic_assessment.failure_risk.alarms import demonstrated, raised, record
from services.health.prognostic_assessment.failure_risk.calibration import (
    auc,
    calibrated,
    calibration_error,
    learn_calibration,
)
from services.health.prognostic_assessment.failure_risk.fleet_history import FleetHistory
from services.health.prognostic_assessment.failure_risk.hazard import Cases, fit, outcome, probabilities
from services.health.prognostic_assessment.failure_risk.judging import View
from services.health.prognostic_assessment.failure_risk.learning import (
    FailureRisk,
    folds_of,
    followed,
    learn_from,
    risk,
)
from services.health.prognostic_assessment.failure_risk.levels import learn_levels, levels_of
from services.health.prognostic_assessment.failure_risk.machine_steps import Layout, steps_to_next
from services.health.prognostic_assessment.failure_risk.site_trouble import own_limit, trailing_downtime

HORIZONS = np.array([4.0, 8.0])
DAY = np.array([12.0, 24.0])
NEVER = np.inf


def cases(features, to_failure, to_censoring=None, weight=None) -> Cases:
    n = len(to_failure)
    return Cases(
        features=np.asarray(features, float).reshape(n, -1),
        to_failure=np.asarray(to_failure, float),
        to_censoring=np.full(n, NEVER) if to_censoring is None else np.asarray(to_censoring, float),
        weight=np.ones(n) if weight is None else np.asarray(weight, float),
    )


# A view of the first columns only, so that features can be made up for it.
VIEW = View(layout=Layout(marks=("failure",), stops=()), levels=np.empty((0, 2)))


def history(failed: np.ndarray, features: np.ndarray) -> FleetHistory:
    machines, steps = failed.shape
    to_end = np.broadcast_to(steps - 1.0 - np.arange(steps), (machines, steps))
    return FleetHistory(
        hours=np.ones(failed.shape),
        names=VIEW.names[: features.shape[2]],
        features=features,
        usable=np.ones(failed.shape, bool),
        failed=failed,
        to_failure=steps_to_next(failed) - 1,
        to_censoring=to_end,
        to_end=to_end,
    )


def fleet(seed: int, *, tells: bool) -> FleetHistory:
    """Twelve machines that fail twice each; where it tells, one feature rises six hours before."""
    draw = np.random.default_rng(seed)
    failed = np.zeros((12, 300), bool)
    for machine in range(12):
        failed[machine, draw.integers(40, 140)] = failed[machine, draw.integers(160, 290)] = True
    features = draw.normal(size=(12, 300, 2))
    if tells:
        features[..., 0] += 8 * (steps_to_next(failed) <= 12)
    return history(failed, features)


def test_where_work_comes_before_every_horizons_end_hardly_anything_but_failures_is_known():
    known = fleet(0, tells=True)
    assert followed(known, HORIZONS)
    assert not followed(replace(known, to_censoring=np.minimum(known.to_censoring, 6.0)), HORIZONS)
    assert not followed(replace(known, to_failure=np.full(known.to_failure.shape, NEVER)), HORIZONS)


def test_a_failure_or_a_censoring_within_the_horizon_decides_whether_the_outcome_is_known():
    to_failure, to_censoring = np.array([3.0, 9.0, NEVER, NEVER, 3.0]), np.array([NEVER, NEVER, 5.0, 9.0, 2.0])
    failed, known = outcome(to_failure, to_censoring, 6.0)
    assert known.tolist() == [True, True, False, True, False]
    assert failed.tolist() == [True, False, False, False, False]
    later, at_risk = outcome(to_failure, to_censoring, 10.0, since=6.0)
    assert (later & at_risk).tolist() == [False, True, False, False, False]
    assert at_risk.tolist() == [False, True, False, False, False]


def test_without_anything_to_learn_from_the_risk_is_the_share_that_failed():
    half = cases(np.zeros((8, 1)), [1, 1, NEVER, NEVER, NEVER, NEVER, NEVER, 6])
    p = probabilities(fit(half, HORIZONS, 0.01), np.zeros((1, 1)))
    assert p[0] == pytest.approx([2 / 8, 1 - (6 / 8) * (5 / 6)], abs=1e-4)


def test_a_preventive_replacement_is_no_proof_of_health():
    failing = cases(np.zeros((4, 1)), [1, NEVER, NEVER, NEVER], [NEVER, 2, 2, NEVER])
    assert probabilities(fit(failing, HORIZONS, 0.01), np.zeros((1, 1)))[0, 0] == pytest.approx(1 / 2, abs=1e-4)


def test_a_case_that_stands_for_three_counts_three_times():
    once = cases([[0], [1], [1], [1], [0]], [1, 1, NEVER, NEVER, NEVER])
    folded = cases([[0], [1], [1], [0]], [1, 1, NEVER, NEVER], weight=[1, 1, 2, 1])
    one, other = (probabilities(fit(c, HORIZONS, 0.1), np.array([[0.0], [1.0]])) for c in (once, folded))
    assert one == pytest.approx(other, abs=1e-6)


def test_weights_are_found_again_in_a_large_fleet():
    draw = np.random.default_rng(1)
    x = draw.normal(size=(40_000, 2))
    fails = draw.random(40_000) < expit(-2 + x @ [1.0, -0.5])
    model = fit(cases(x, np.where(fails, 1.0, NEVER)), HORIZONS[:1], 1e-6)
    assert model.weights[0, 1:] / model.scale == pytest.approx([1.0, -0.5], abs=0.06)


@given(seed=st.integers(0, 50))
@settings(max_examples=10, deadline=None)
def test_a_longer_horizon_is_never_less_likely_and_scale_and_order_of_features_do_not_matter(seed):
    draw = np.random.default_rng(seed)
    x, at = draw.normal(size=(200, 3)), draw.exponential(10, 200)
    p = probabilities(fit(cases(x, at), HORIZONS, 0.05), x)
    assert (np.diff(p, axis=1) >= 0).all()
    other = (x * [1000.0, 0.01, 3.0] + [5.0, 0.0, -7.0])[:, ::-1]
    assert probabilities(fit(cases(other, at), HORIZONS, 0.05), other) == pytest.approx(p, abs=1e-4)


def test_an_alarm_opens_at_the_threshold_and_again_only_after_it_fell_to_half_or_the_machine_failed():
    probability = np.array([[0.1, 0.6, 0.4, 0.7, 0.2, 0.6, np.nan, 0.6, 0.9, 0.9]])
    failed = np.zeros((1, 10), bool)
    failed[0, 8] = True
    assert np.flatnonzero(raised(probability, 0.6, failed)[0]).tolist() == [1, 5, 9]


def test_the_record_counts_alarms_and_failures_apart():
    failed = np.zeros((2, 20), bool)
    failed[0, 10] = failed[1, 19] = True
    probability = np.zeros((2, 20))
    probability[0, [1, 5, 8]] = probability[1, [2, 18]] = 1.0
    told = record(probability, 0.5, history(failed, np.zeros((2, 20, 2))), 12.0)
    assert (told.failures, told.caught, told.true, told.false) == (2, 1, 4, 1)
    assert told.lead_h.tolist() == [8.0]
    assert (told.precision, told.recall) == (4 / 5, 1 / 2)


def test_an_alarm_whose_horizon_is_cut_off_counts_for_neither():
    failed = np.zeros((1, 20), bool)
    probability = np.zeros((1, 20))
    probability[0, 16] = 1.0
    told = record(probability, 0.5, history(failed, np.zeros((1, 20, 2))), 6.0)
    assert (told.true, told.false) == (0, 0)
    assert np.isnan(told.precision)
    assert np.isnan(told.recall)


@pytest.fixture(scope="module")
def model() -> FailureRisk:
    return learn_from(fleet(1, tells=True), VIEW, DAY)


def test_what_announces_failures_is_learned_and_its_alarm_is_demonstrated_on_machines_it_never_saw(model):
    assert model.act is not None
    assert (model.act.precision, model.act.recall) >= (0.85, 0.9)
    assert model.act.failures == 24
    assert model.score < 0.7
    other = fleet(2, tells=True)
    p = risk(model, other.features, other.usable)[..., model.act.horizon]
    told = record(p, model.act.threshold, other, float(DAY[model.act.horizon]))
    assert told.recall >= 0.9
    assert told.precision >= 0.8


def test_where_nothing_announces_failures_no_alarm_is_demonstrated():
    found = learn_from(fleet(1, tells=False), VIEW, DAY)
    assert found.act is None
    assert found.score > 0.9


def test_few_failures_demonstrate_nothing():
    past = fleet(1, tells=True)
    unseen = np.repeat((past.to_failure <= 11)[..., None].astype(float), 2, axis=2)
    assert demonstrated(unseen, past, DAY) is not None
    assert demonstrated(unseen[:4], past.of(np.arange(4)), DAY) is None


def test_an_alarm_that_leaves_less_than_a_shift_is_true_and_too_late():
    failed = np.zeros((1, 40), bool)
    failed[0, 30] = True
    probability = np.zeros((1, 40))
    probability[0, 25] = 1.0
    told = record(probability, 0.5, history(failed, np.zeros((1, 40, 2))), 12.0)
    assert (told.true, told.caught) == (1, 0)


def test_folds_go_by_what_machines_did_and_not_by_their_order():
    past = fleet(3, tells=False)
    order = np.random.default_rng(0).permutation(12)
    turned = past.of(order)
    folds = {frozenset(fold.tolist()) for fold in folds_of(past, 5)}
    assert {frozenset(order[fold].tolist()) for fold in folds_of(turned, 5)} == folds


def test_silence_is_never_better_than_what_was_known_nor_than_the_average(model):
    features = np.array([[[9.0, 0.0], [-3.0, 0.0]]])
    known, silent = (risk(model, features, np.full((1, 2), c)) for c in (True, False))
    assert (silent >= known).all()
    assert (silent >= model.base).all()
    assert silent[0, 0] == pytest.approx(known[0, 0])


def test_calibration_error_is_the_mean_gap_of_ten_equal_bins():
    probability = np.repeat(np.linspace(0.05, 0.95, 10), 10)
    happened = np.tile(np.arange(10), 10) < np.repeat(np.arange(10), 10)
    assert calibration_error(probability, happened) == pytest.approx(0.05)


def test_probabilities_drawn_to_the_average_are_taken_back_to_what_happened():
    draw = np.random.default_rng(0)
    true = draw.random(20_000)
    happened = draw.random(20_000) < true
    timid = expit(0.5 * np.log(true / (1 - true)) - 0.3)
    kept = calibrated(timid[:, None], learn_calibration(timid, happened)[None])[:, 0]
    assert calibration_error(timid, happened) > 0.1
    assert calibration_error(kept, happened) < 0.015


def test_a_longer_horizon_stays_no_less_likely_when_calibrated():
    told = np.array([[0.2, 0.3]])
    assert np.diff(calibrated(told, np.array([[1.0, 1.0], [-1.0, 1.0]])), axis=1) >= 0
    assert calibrated(told, np.array([[0.0, 1.0], [0.0, 1.0]])) == pytest.approx(told)


def test_ties_count_half_in_the_area():
    assert auc(np.array([1.0, 2.0, 2.0, 3.0]), np.array([False, False, True, True])) == pytest.approx(3.5 / 4)


@given(seed=st.integers(0, 50))
@settings(max_examples=10, deadline=None)
def test_levels_do_not_depend_on_units_and_know_the_operating_point(seed):
    draw = np.random.default_rng(seed)
    points, usable = draw.normal(size=(3, 1, 60)), np.ones((3, 60), bool)
    readings = 4 + 3 * points + draw.normal(scale=0.1, size=(3, 1, 60))
    level = levels_of(learn_levels(readings, points, usable), readings, points)
    assert level.std() == pytest.approx(1, abs=1e-6)
    assert abs(np.corrcoef(level.ravel(), points.ravel())[0, 1]) < 1e-6
    other, turned = 1.8 * readings + 32, 100 * points - 5
    assert levels_of(learn_levels(other, turned, usable), other, turned) == pytest.approx(level, abs=1e-6)


def test_a_constant_metric_and_one_with_few_readings_say_nothing():
    readings, points = np.full((1, 2, 60), 5.0), np.zeros((1, 0, 60))
    readings[0, 1] = np.where(np.arange(60) < 20, np.arange(60), np.nan)
    assert not learn_levels(readings, points, np.ones((1, 60), bool)).any()


def test_downtime_is_a_share_of_the_planned_busy_hours_of_the_last_steps():
    down, busy = np.array([[0.0, 6.0, 6.0, 0.0]]), np.array([[24.0, 24.0, 0.0, 24.0]])
    assert trailing_downtime(down, busy, 1).tolist() == [[0, 0.25, 0, 0]]
    assert trailing_downtime(down, busy, 2)[0] == pytest.approx([0, 6 / 48, 12 / 24, 6 / 24])


def test_a_sites_limit_is_of_its_own_past_only():
    downtime = np.array([[0.0, 1.0, 2.0, 3.0, 4.0, 99.0], [0.0, 0.0, 0.0, 0.0, 0.0, 99.0]])
    assert own_limit(downtime, 5).ravel() == pytest.approx([3.2, 0.0])
