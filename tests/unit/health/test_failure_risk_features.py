"""What a failure risk is reckoned by."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.health.prognostic_assessment.failure_risk.feature_state import no_history, packed, stepped, unpacked
from services.health.prognostic_assessment.failure_risk.features import feature_names
from services.health.prognostic_assessment.failure_risk.judging import View, judge, no_alerts
from services.health.prognostic_assessment.failure_risk.levels import learn_levels
from services.health.prognostic_assessment.failure_risk.machine_steps import Layout, MachineSteps, binned, steps_to_next
from services.health.prognostic_assessment.failure_risk.site_load import site_names, with_site_load

STEPS = 40
LAYOUT = Layout(
    marks=("failure", "inspection"), faults=("E1", "E2"), stops=("down",), metrics=("heat", "flow"), terms=("load",)
)
LEVELS = np.array([[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])


def fleet(seed: int, machines: int = 3, covered: float = 1.0) -> MachineSteps:
    draw = np.random.default_rng(seed)
    shape = machines, STEPS
    failed = draw.random(shape) < 0.05
    return MachineSteps(
        layout=LAYOUT,
        hours=6.0 * (draw.random(shape) < covered),
        mark_counts=np.stack([failed, draw.random(shape) < 0.1], axis=1).astype(np.float64),
        fault_counts=draw.poisson(0.1, (machines, 2, STEPS)).astype(np.float64),
        repaired=failed,
        stop_h=6.0 * failed[:, None],
        stopped=failed[:, None].astype(np.float64),
        readings=np.where(draw.random((machines, 2, STEPS)) < 0.2, np.nan, draw.normal(size=(machines, 2, STEPS))),
        terms=np.ones((machines, 1, STEPS)),
    )


def rows_of(steps: MachineSteps, levels: np.ndarray = LEVELS) -> np.ndarray:
    start = no_history(steps.layout, len(steps.hours))
    site = np.arange(len(steps.hours))
    found = judge(start, steps, no_alerts(steps.layout), site, View(layout=steps.layout, levels=levels))[1].midnights
    return found[..., : len(feature_names(steps.layout))]


def column(steps: MachineSteps, name: str) -> np.ndarray:
    return rows_of(steps)[0, :, feature_names(steps.layout).index(name)]


def baseline_after(zeros: int, twos: int) -> float:
    """The own baseline of 6-hour levels 0 and then 2, discounted by 1,536 hours, as if 96 hours at 0 came with it."""
    kept = 0.5 ** (6 / 1536 * np.arange(zeros + twos))
    return float(2 * 6 * kept[:twos].sum() / (6 * kept.sum() + 96))


def one_failure(at: int) -> MachineSteps:
    quiet = fleet(0, machines=1)
    failed = np.arange(STEPS)[None] == at
    return replace(
        quiet,
        mark_counts=np.stack([failed, np.zeros_like(failed)], axis=1).astype(np.float64),
        fault_counts=np.zeros((1, 2, STEPS)),
        repaired=failed,
        stop_h=6.0 * failed[:, None],
        stopped=failed[:, None].astype(np.float64),
        readings=np.zeros((1, 2, STEPS)),
    )


def test_a_model_that_knows_an_operating_point_which_these_machines_never_told_sees_them_as_if_it_were_none():
    steps = fleet(3)
    wider = replace(LAYOUT, terms=("load", "speed"))
    none = replace(steps, layout=wider, terms=np.concatenate([steps.terms, np.zeros((3, 1, STEPS))], axis=1))
    levels = np.array([[0.0, 1.0, 0.0, 5.0], [0.0, 1.0, 0.0, 5.0]])
    view, site = View(layout=wider, levels=levels), np.arange(3)
    seen = judge(no_history(LAYOUT, 3), steps, no_alerts(LAYOUT), site, view)[1].midnights
    as_none = judge(no_history(wider, 3), none, no_alerts(wider), site, view)[1].midnights
    np.testing.assert_allclose(seen, as_none)


def test_there_is_a_name_for_every_column_and_no_name_twice():
    steps = fleet(1)
    names = feature_names(steps.layout)
    assert len(set(names)) == len(names) == rows_of(steps).shape[2]


def test_a_failure_counts_half_after_its_half_life():
    hours = 6.0 * np.array([3, 4, 8, 12])
    exposed = 24 / np.log(2) * (1 - 0.5 ** (hours / 24))
    rate = np.exp(column(one_failure(3), "history/rate/24/failure"))[[2, 3, 7, 11]]
    assert rate * (exposed + 96) - 0.5 == pytest.approx([0, 1, 0.5, 0.25])


def test_a_steady_rate_of_failures_stays_the_same_rate_as_the_machine_ages():
    steady = one_failure(0)
    steady = replace(steady, mark_counts=np.ones_like(steady.mark_counts), readings=steady.readings)
    rates = np.exp(column(steady, "history/rate/inf/failure"))
    assert rates[-1] == pytest.approx((40 + 0.5) / (240 + 96))


def test_the_age_of_a_failure_is_the_hours_since_its_step():
    assert np.expm1(column(one_failure(3), "now/age/failure"))[[3, 4, 7]] == pytest.approx([0, 6, 24])


def test_a_deviation_is_from_the_own_baseline_of_before_and_is_forgotten_at_a_repair():
    steps = one_failure(20)
    levels = np.zeros((1, 2, STEPS))
    levels[0, 0, 10:] = 2.0
    off = column(replace(steps, readings=levels), "symptom/deviation/24/heat")
    assert off[9] == 0
    assert off[10] == pytest.approx(2 * 6 / (6 * np.sum(0.5 ** (np.arange(11) / 4)) + 6))
    assert off[19] > 1
    assert off[20] == pytest.approx((2 - baseline_after(10, 10)) * 6 / (6 + 6))


def test_faults_are_forgotten_at_a_repair_and_failures_are_not():
    steps = one_failure(20)
    faults = np.zeros((1, 2, STEPS))
    faults[0, 0, 19] = 3.0
    steps = replace(steps, fault_counts=faults)
    assert column(steps, "symptom/fault/96/E1")[[19, 20]] == pytest.approx([np.log(4), 0])
    known = 6.0 * np.array([20, 22])
    failures = np.exp(column(steps, "history/rate/inf/failure"))[[19, 21]] * (known + 96) - 0.5
    assert failures == pytest.approx([0, 1])


@given(seed=st.integers(0, 99), cut=st.integers(1, STEPS - 1), covered=st.sampled_from([0.5, 1.0]))
@settings(max_examples=20, deadline=None)
def test_any_cut_of_the_steps_gives_the_same_and_what_is_kept_between_is_all_that_counts(seed, cut, covered):
    steps = fleet(seed, covered=covered)
    view, site = View(layout=LAYOUT, levels=LEVELS), np.zeros(3, dtype=np.int64)
    part = steps.of(slice(None), slice(0, cut)), steps.of(slice(None), slice(cut, STEPS))
    state, first = judge(no_history(LAYOUT, 3), part[0], no_alerts(LAYOUT), site, view)
    _, second = judge(unpacked(LAYOUT, packed(state)), part[1], no_alerts(LAYOUT), site, view)
    whole = judge(no_history(LAYOUT, 3), steps, no_alerts(LAYOUT), site, view)[1].midnights
    assert np.array_equal(np.concatenate([first.midnights, second.midnights], axis=1), whole)


@given(seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_other_names_and_another_order_of_machines_change_nothing(seed):
    steps = fleet(seed)
    other = replace(LAYOUT, faults=("X9", "E2"), metrics=("p7", "flow"))
    names = [name.replace("E1", "X9").replace("heat", "p7") for name in feature_names(LAYOUT)]
    assert names == list(feature_names(other))
    assert np.array_equal(rows_of(replace(steps, layout=other)), rows_of(steps))
    turned = steps.of(np.array([2, 1, 0]))
    assert np.array_equal(rows_of(turned)[::-1], rows_of(steps))


@given(seed=st.integers(0, 99), scale=st.sampled_from([0.01, 1.8, 1000.0]), shift=st.sampled_from([-40.0, 0.0, 273.15]))
@settings(max_examples=20, deadline=None)
def test_other_units_of_readings_and_operating_points_change_nothing(seed, scale, shift):
    steps = fleet(seed)
    load = np.random.default_rng(seed).normal(size=(3, 1, STEPS))
    steps = replace(steps, readings=steps.readings + 3 * load, terms=load)
    other = replace(steps, readings=scale * steps.readings + shift, terms=load / scale - shift)
    rows = [rows_of(each, learn_levels(each.readings, each.terms, each.hours > 0)) for each in (steps, other)]
    assert rows[1] == pytest.approx(rows[0], abs=1e-5)


def test_what_a_layout_gains_was_never_seen_and_what_it_loses_is_forgotten():
    steps = fleet(5)
    state = stepped(no_history(LAYOUT, 3), steps, 0)
    more = Layout(
        marks=("failure", "new", "inspection"),
        faults=("E2", "E9"),
        stops=("down",),
        metrics=("flow", "heat"),
        terms=("load",),
    )
    there = state.on(more)
    assert there.ages[:, 1].tolist() == [np.inf] * 3
    assert np.array_equal(there.marks[:, [0, 2]], state.marks)
    assert np.array_equal(there.faults[:, 0], state.faults[:, 1])
    assert np.array_equal(there.own[:, ::-1], state.own)
    assert np.array_equal(there.deviation[:, ::-1], state.deviation)
    assert not state.on(replace(LAYOUT, terms=("load", "speed"))).own.any()


@given(seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_a_step_without_coverage_changes_nothing(seed):
    steps = fleet(seed)
    silent = steps.hours.copy()
    silent[:, 20:30] = 0.0
    rows = rows_of(replace(steps, hours=silent))
    assert np.array_equal(rows[:, 20:30], np.repeat(rows[:, 19:20], 10, axis=1))


def test_a_metric_that_is_not_measured_any_more_keeps_its_deviation():
    steps = one_failure(2)
    levels = np.zeros((1, 2, STEPS))
    levels[0, 0, 10:] = 2.0
    levels[0, 0, 15:] = np.nan
    off = column(replace(steps, readings=levels), "symptom/deviation/24/heat")
    assert off[15:] == pytest.approx(off[14])


def test_neighbours_speak_and_a_machine_alone_has_none():
    names, rows = feature_names(LAYOUT), rows_of(fleet(3))[:, 5]
    found = with_site_load(names, rows, np.array([0, 0, 1]))
    own, site = names.index("now/stopped/down"), site_names(names).index("site/now/stopped/down")
    assert found[0, site] == pytest.approx(rows[1, own])
    assert not found[2, len(names) :].any()


def test_steps_to_the_next_event_count_from_the_end_of_a_step():
    happened = np.array([[False, True, False, False, True, False]])
    assert steps_to_next(happened).tolist() == [[1, 3, 2, 1, np.inf, np.inf]]


def test_events_outside_the_steps_are_left_out():
    counts = binned(np.array([0, 0, 1, 1]), np.array([-1, 2, 2, 3]), (2, 3))
    assert counts.tolist() == [[0, 0, 1], [0, 0, 1]]
