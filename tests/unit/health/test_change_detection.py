"""What changed at a machine, and which sensor is to blame: found soon, said of the right one, and quiet otherwise."""

from dataclasses import replace
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.health.state_detection.change_detection.change import advance_change, advance_changes
from services.health.state_detection.change_detection.change_state import ChangeState
from services.health.state_detection.change_detection.dependence import shrunk_correlation
from services.health.state_detection.change_detection.tempo import Tempo
from tests.unit.health.change_fleet import TEMPO, buckets_of, judged, machine, part, starts, stepped

PER_BUCKET = ("score", "changed", "since", "known", "moved", "own", "still", "away", "alone")


def eventful():
    """Everything that turns: learning, a change that goes, one that stays, sensors, breaks, idle hours, repairs."""
    values = stepped(stepped(machine(2600, seed=1), 1, 1000, 1100, 3.0), 0, 1800, 2600, 3.0)
    values[1500:1540, 2] = values[1500, 2]
    values[1600:1650, 3] = np.nan
    rng = np.random.default_rng(2)
    renewed = np.zeros(2600, dtype=bool)
    renewed[[90, 2400]] = True
    return buckets_of(values, points=rng.standard_normal((2600, 1)), usable=rng.random(2600) > 0.2, renewed=renewed)


EVENTFUL = eventful()
WHOLE_STATE, WHOLE = advance_change(None, EVENTFUL, TEMPO)


def stored(state):
    return msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=ChangeState)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(0, 2600), max_size=10))
def test_any_cut_gives_the_same_findings_and_state(cuts):
    state, told = None, []
    for first, end in pairwise([0, *sorted(cuts), 2600]):
        state, findings = advance_change(state, part(EVENTFUL, first, end), TEMPO)
        state = stored(state)
        told.append(findings)
    assert msgspec.msgpack.encode(state) == msgspec.msgpack.encode(WHOLE_STATE)
    for name in PER_BUCKET:
        joined = np.concatenate([getattr(findings, name) for findings in told])
        np.testing.assert_array_equal(joined, getattr(WHOLE, name), err_msg=name)


def test_machines_judged_side_by_side_are_judged_as_if_each_were_alone():
    fleet = [part(EVENTFUL, 0, 1900), *(buckets_of(machine(1900, seed=s, persistence=0.5)) for s in range(3))]
    for (state, found), buckets in zip(advance_changes([None] * 4, fleet, TEMPO), fleet, strict=True):
        own_state, own = advance_change(None, buckets, TEMPO)
        assert msgspec.msgpack.encode(state) == msgspec.msgpack.encode(own_state)
        for name in PER_BUCKET:
            np.testing.assert_array_equal(getattr(found, name), getattr(own, name), err_msg=name)


@settings(max_examples=10, deadline=None)
@given(
    st.permutations(range(4)),
    st.floats(0.001, 1000),
    st.floats(-500, 500),
    st.sampled_from([1.0, -1.0]),
    st.integers(-(10**8), 10**8),
)
def test_names_order_units_and_dates_do_not_matter(order, scale, offset, sign, later):
    other = replace(
        EVENTFUL,
        metrics=tuple(f"x{k}" for k in range(4)),
        values=EVENTFUL.values[:, list(order)] * scale * sign + offset,
        at=EVENTFUL.at + later,
    )
    theirs = advance_change(None, other, TEMPO)[1]
    np.testing.assert_allclose(theirs.score, WHOLE.score, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(theirs.changed, WHOLE.changed)
    np.testing.assert_array_equal(theirs.since - later, WHOLE.since)
    np.testing.assert_array_equal(theirs.faulty, WHOLE.faulty[:, [*order, 4]])


def test_a_step_is_found_within_a_day_and_said_of_its_metric_and_its_beginning():
    findings = judged(stepped(machine(1200), 2, 900, 1000, 2.0))
    (found,) = starts(findings.changed)
    assert 900 < found <= 924
    assert abs(findings.since[found] / 3600 - 900) <= 12
    assert findings.metrics[int(findings.own[found].argmax())] == "m2"
    assert findings.changed[999]
    assert not findings.changed[1072]


def test_metrics_that_part_are_found_though_each_stays_within_its_own_limits():
    values = machine(1400, shared=0.95)
    values[1000:] += [0.5, 0.5, -0.5, -0.5]
    findings = judged(values)
    (found,) = starts(findings.changed)
    assert 1000 < found < 1072
    assert findings.own[: found + 1].max() < 1


@pytest.mark.parametrize("persistence", [0.0, 0.6])
@pytest.mark.parametrize("shared", [0.0, 0.8])
def test_machines_that_did_not_change_are_left_alone(persistence, shared):
    fleet = [machine(4000, seed=s, persistence=persistence, shared=shared) for s in range(6)]
    found = [judged(values) for values in fleet]
    assert sum(len(starts(f.changed)) for f in found) <= 1  # of 2.5 machine-years at 0.1 a year
    assert not any(f.faulty.any() for f in found)


def test_a_season_and_slow_wear_are_no_change():
    hours = np.arange(24 * 400)[:, None]
    values = machine(len(hours), seed=4)
    values[:, :1] += 0.8 * np.sin(2 * np.pi * hours / 8760)
    values[:, 1:2] += 0.006 * hours / 24
    assert not judged(values).changed.any()


def test_an_alarm_in_autumn_ends_with_what_raised_it_though_the_season_goes_on():
    hours = np.arange(24 * 250)[:, None]
    values = machine(len(hours), seed=4) + 2.5 * np.sin(2 * np.pi * (hours - 3000) / 8760)
    found = judged(stepped(values, 0, 3000, 3300, 3.0)).changed
    (first,) = starts(found)
    assert first in range(3000, 3020)
    assert not found[3300 + 24 * 5 :].any()


def test_a_glitch_is_no_change():
    values = stepped(machine(1200), 1, 900, 901, 1000.0)
    findings = judged(values)
    assert not findings.changed.any()


def test_a_metric_that_wanders_has_no_level_to_judge():
    values = machine(1200)
    values[:, 1] = np.cumsum(machine(1200, seed=9)[:, 1] - 10)
    findings = judged(values)
    assert not findings.changed.any()
    assert findings.own[:, 1].max() == 0


def test_a_metric_that_moves_in_coarse_steps_is_judged():
    values = machine(1200)
    values[:, 0] = np.where(np.random.default_rng(3).random(1200) < 0.8, 32.0, 33.0)
    values[900:, 0] -= 2
    assert starts(judged(values).changed)[0] in range(900, 930)


def test_a_change_that_stays_for_a_quarter_is_how_the_machine_is_now():
    findings = judged(stepped(machine(4200), 0, 900, 4200, 3.0))
    (found,) = starts(findings.changed)
    assert findings.changed[found + TEMPO.news - 2]
    assert not findings.changed[found + TEMPO.news :].any()


def test_after_a_repair_the_machine_is_judged_from_where_it_stands():
    renewed = np.zeros(2000, dtype=bool)
    renewed[900] = True
    values = stepped(stepped(machine(2000), 0, 900, 2000, 3.0), 1, 1500, 1600, 3.0)
    findings = advance_change(None, buckets_of(values, renewed=renewed), TEMPO)[1]
    (found,) = starts(findings.changed)
    assert found in range(1500, 1520)


def test_what_changed_in_the_weeks_of_learning_is_not_learned():
    values = stepped(machine(1600), 0, 450, 520, 3.0)
    state, findings = advance_change(None, buckets_of(values), TEMPO)
    assert starts(findings.changed)[0] in range(450, 470)
    assert state.learned == TEMPO.baseline
    assert state.reference.baseline.centre[0][0] == pytest.approx(10, abs=0.15)


def test_a_sensor_that_stands_still_is_told_and_back_with_its_first_new_reading():
    values = machine(1200)
    values[800:900, 3] = values[800, 3]
    findings = judged(values)
    assert starts(findings.still[:, 3])[0] in range(806, 830)
    assert findings.still[899, 3]
    assert not findings.still[900, 3]
    assert not findings.changed.any()
    assert not findings.faulty[:, :3].any()


def test_a_sensor_that_stays_away_while_its_peers_go_on_is_told():
    values = machine(1200)
    values[800:900, 3] = np.nan
    findings = judged(values)
    assert starts(findings.away[:, 3])[0] in range(806, 830)
    assert not findings.away[900, 3]
    assert not findings.changed.any()


def test_a_sensor_that_drifts_from_peers_that_foretell_it_is_to_blame_and_not_the_machine():
    values = machine(1400, shared=0.9)
    values[900:1200, 1] += np.linspace(0, 8, 300)
    findings = judged(values)
    assert starts(findings.alone[:, 1])[0] in range(910, 1010)
    assert not findings.changed.any()
    assert not findings.alone[1320:].any()
    assert not findings.faulty[:, [0, 2, 3]].any()


def test_a_machine_whose_metrics_move_together_is_to_blame_and_not_a_sensor():
    values = machine(1400, shared=0.9)
    values[900:] += 3.0
    findings = judged(values)
    assert findings.changed[930]
    assert not findings.faulty.any()


@settings(max_examples=15, deadline=None)
@given(st.integers(905, 990), st.lists(st.sampled_from(range(4)), min_size=1, max_size=4, unique=True))
def test_losing_readings_never_ends_what_was_found(first, lost):
    values = stepped(machine(1100), 2, 900, 1100, 2.5)
    whole = judged(values)
    found = starts(whole.changed)[0]
    silent = values.copy()
    silent[max(first, found + 1) :, lost] = np.nan
    assert judged(silent).changed[found:].all()


def test_what_lasts_says_less_of_how_metrics_hang_together():
    readings = machine(200, shared=0.6) - 10
    assert abs(shrunk_correlation(readings, 20.0)[0, 1]) < abs(shrunk_correlation(readings)[0, 1])


def test_a_short_state_is_all_that_is_kept():
    assert len(msgspec.msgpack.encode(WHOLE_STATE)) < 4000


def test_a_metric_that_comes_later_is_not_judged_and_harms_nothing():
    values = stepped(machine(1200), 0, 1000, 1200, 3.0)
    first = replace(part(buckets_of(values), 0, 800), metrics=("m0", "m1", "m2"), values=values[:800, :3])
    state, _ = advance_change(None, first, TEMPO)
    _, findings = advance_change(state, part(buckets_of(values), 800, 1200), TEMPO)
    assert starts(findings.changed)[0] in range(200, 215)
    assert not findings.faulty.any()
    assert findings.own[:, 3].max() == 0


def test_rows_and_hours_are_judged_alike():
    values = stepped(machine(900, seed=7), 1, 600, 700, 3.0)
    found = starts(judged(values, Tempo(baseline=400, first=400)).changed)
    assert found
    assert found[0] in range(600, 615)
