"""What uptime should have been for how often machines stopped, and how stops are counted."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from services.health.advisory_generation.trend_conditions import surely_falls
from services.health.block import StateSamples
from services.health.health_assessment.asset_work import AssetStates
from services.health.health_assessment.customer_figures import stops_begun
from services.health.prognostic_assessment.bends import Reading, reading
from services.health.prognostic_assessment.stop_counts import expected
from services.health.state_detection.calendars import Calendar
from services.health.state_detection.spans import NEVER
from services.health.state_detection.state_intervals import intervals
from services.health.state_detection.states import DAY_S
from tests.unit.health.worlds import DECODER

ALWAYS = Calendar(scheduled=np.array([[0.0, 3 * DAY_S]]), planned=NEVER, given_from=0.0)
KNOWN_H = np.full(36, 2000.0)


def lived(rate, hours, seed, unlike=0.8):
    """Uptime and counts of months in which stops come by chance and last log-normal times."""
    random = np.random.default_rng(seed)
    stops = random.poisson(rate * np.ones(36)).astype(float)
    lasting = [
        mean * random.lognormal(-(unlike**2) / 2, unlike, int(n)).sum()
        for n, mean in zip(stops, hours * np.ones(36), strict=True)
    ]
    return 1 - np.array(lasting) / KNOWN_H, stops


def test_as_many_stops_of_the_usual_length_are_the_expected_hours():
    """60 stops of 2 h in 2000 h are 6 %; one month with a stop of 200 h more had no more of them."""
    uptime, stops = np.full(36, 0.94), np.full(36, 60.0)
    said = expected(uptime, stops, KNOWN_H)
    assert said.uptime == pytest.approx(uptime)
    assert said.chance == pytest.approx(np.full(36, 60 * (2 / 2000) ** 2))
    uptime[20] = 0.84
    assert expected(uptime, stops, KNOWN_H).uptime[20] == pytest.approx(0.94, abs=0.01)


def test_counts_are_nearer_to_the_truth_than_hours():
    worlds = [lived(60, 2.0, seed) for seed in range(10)]
    found = [expected(*world, KNOWN_H) for world in worlds]
    of_counts = np.mean([np.std(said.uptime) for said in found])
    assert of_counts < 0.85 * np.mean([np.std(uptime) for uptime, _ in worlds])
    assert of_counts == pytest.approx(np.sqrt(np.mean([said.chance.mean() for said in found])), rel=0.15)


def test_stops_that_become_longer_for_good_are_followed():
    uptime, stops = lived(60, np.repeat([2.0, 4.0], 18), 2)
    said = expected(uptime, stops, KNOWN_H)
    assert said.uptime[:12].mean() == pytest.approx(0.94, abs=0.01)
    assert said.uptime[-12:].mean() == pytest.approx(0.88, abs=0.015)


def test_a_month_without_a_stop_is_up_and_one_without_data_is_not_known():
    uptime, stops = np.full(36, 0.94), np.full(36, 60.0)
    uptime[5], stops[5], uptime[7], stops[7] = 1.0, 0.0, np.nan, 0.0
    said = expected(uptime, stops, KNOWN_H)
    assert said.uptime[5] == 1.0
    assert np.isnan([said.uptime[7], said.chance[7]]).all()
    assert expected(np.ones(12), np.zeros(12), KNOWN_H[:12]).uptime == pytest.approx(np.ones(12))


def test_chance_that_is_known_is_no_course():
    """A fall of a point and a half in five months is told, and is not where chance alone makes as much."""
    monthly = np.concatenate([np.full(15, 0.94), 0.94 - 0.003 * np.arange(1, 6)])
    assert reading(monthly, np.zeros(20)).falling == pytest.approx(reading(monthly).falling)
    assert reading(monthly).falling > 0.8
    assert reading(monthly, np.full(20, 0.01**2)).falling < 0.5


@pytest.mark.parametrize(
    ("hours", "counts", "falls"),
    [(0.15, 0.8, True), (0.8, 0.15, True), (0.05, 0.95, False), (0.95, 0.05, False), (0.6, 0.6, False)],
)
def test_a_fall_is_told_where_one_is_sure_and_the_other_does_not_deny_it(hours, counts, falls):
    said = Reading(months=20, slope=0.0, low=0.0, high=0.0, falling=hours, standing=(0.0,) * 4, since=5)
    assert surely_falls(said, replace(said, falling=counts)) is falls


def begun(told, cut=None, calendar=ALWAYS):
    """Stops begun on each of three days, by samples of (hours, word), in one part or cut at a midnight."""
    edges = [0, 3] if cut is None else [0, cut, 3]
    before, counts = None, []
    for first, last in pairwise(edges):
        own = [(at * 3600.0, word) for at, word in told if 24 * first <= at < 24 * last]
        samples = StateSamples(
            at=np.array([at for at, _ in own]), state=tuple(word for _, word in own), max_hold_s=10 * 3600.0
        )
        found = intervals(before, samples, DECODER, (), start=first * DAY_S, end=last * DAY_S)
        states = AssetStates(asset=None, intervals=found, calendar=calendar, first_day=first, daily=np.empty(0))
        counts += stops_begun(states, last - first).tolist()
        before = found.open_at(last * DAY_S)
    return counts


@pytest.mark.parametrize("cut", [None, 1, 2])
def test_a_stop_counts_once_on_the_day_it_begins_wherever_time_is_cut(cut):
    """Held and then down is one; waiting for an order is none; silence after 10 hours of a fault ends no stop."""
    told = [(0, "RUN"), (4, "HOLD"), (5, "FAULT"), (6, "RUN"), (9, "WAIT"), (10, "RUN"), (20, "FAULT")]
    told += [(33, "FAULT"), (40, "RUN"), (48, "FAULT"), (50, "RUN"), (52, "HOLD"), (53, "RUN"), (62, "RUN")]
    assert begun(told, cut) == [2.0, 0.0, 2.0]
    assert stops_begun(AssetStates(asset=None, intervals=None, calendar=None, first_day=0, daily=None), 2).sum() == 0


def test_a_stop_outside_of_scheduled_time_or_in_a_planned_one_is_none():
    told = [(0, "RUN"), (4, "FAULT"), (5, "RUN"), (9, "FAULT"), (10, "RUN"), (22, "HOLD"), (23, "RUN"), (62, "RUN")]
    shift = Calendar(scheduled=np.array([[6, 20.0]]) * 3600, planned=np.array([[12, 13.0]]) * 3600, given_from=0.0)
    assert begun(told)[0] == 3.0
    assert begun(told, calendar=shift)[0] == 1.0
    assert begun(told, calendar=replace(shift, planned=np.array([[8, 9.5]]) * 3600))[0] == 0.0
