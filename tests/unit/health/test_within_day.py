"""The hours of a day under way, in whatever steps, are those of one assessment of the day so far."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.health.assess import assess, assess_with_work
from services.health.assessment import PersonAction
from services.health.block import Event
from services.health.within_day import assess_hours
from tests.unit.health.worlds import ECONOMICS, ENTITLEMENT, START, asset, contract, customer, part

DAYS = 75
SILENT_FROM = 24 * 70 + 9
RELEASED = START + timedelta(days=62, hours=9)


@pytest.fixture(scope="module")
def world():
    """Wear, trips, a bad update, a guarantee that burns, and from the 70th day on a silent gateway."""
    hours = np.arange(24 * DAYS)
    trips = tuple((24 * day + 5, 30) for day in (50, 54, 57, 61, 63, 66, 68, 71, 73))
    block = customer(
        [
            asset(1, DAYS, downs=trips, use=1.0),
            asset(2, DAYS, vibration=np.clip((hours - 24 * 45) / 100, 0, None), use=2.0),
            asset(3, DAYS, use=0.0),
        ],
        contracts=(contract(guaranteed_availability=0.992, promised_availability=0.93),),
        economics=(ECONOMICS,),
        entitlements=(ENTITLEMENT,),
    )
    heard = block.sources[0].heard.copy()
    heard[SILENT_FROM:] = False
    events = (
        Event(scope_type="asset", scope_id=3, at=RELEASED, kind="software_release", attributes={"version": "4"}),
        Event(scope_type="asset", scope_id=2, at=START + timedelta(days=71, hours=15), kind="failure", attributes={}),
        Event(scope_type="asset", scope_id=1, at=START + timedelta(days=73, hours=8), kind="part", attributes={}),
    )
    return replace(block, events=events, sources=(replace(block.sources[0], heard=heard),))


@pytest.fixture(scope="module")
def midnights(world):
    """The state at each of the last midnights."""
    found = {66: assess(None, part(world, 0, 66 * 24)).state}
    for day in range(66, DAYS - 1):
        found[day + 1] = assess(found[day], part(world, day * 24, day * 24 + 24)).state
    return found


@given(
    day=st.integers(66, DAYS - 1),
    steps=st.sets(st.integers(12, 287), min_size=1, max_size=4),
    late=st.integers(0, 23),
    acted=st.booleans(),
)
@settings(max_examples=10, deadline=None)
def test_any_steps_within_a_day_give_the_rows_of_one_assessment(world, midnights, day, steps, late, acted):
    before, actions = midnights[day], _taken_on(midnights[day]) if acted else ()
    ends = [24 * day + step / 12 for step in sorted(steps)]
    first, *later = (part(world, 24 * day, end) for end in ends)
    _, work = assess_with_work(before, first, actions)
    blocks = [(first, first.hours), *((block, earlier.hours) for earlier, block in pairwise([first, *later]))]
    blocks.append((part(_shaken(world, 24 * day + late), 24 * day, ends[-1]), late))
    for block, known_hours in blocks:
        at_once = assess(before, block, actions)
        in_steps, work = assess_hours(before, work, block, actions, known_hours=known_hours)
        assert in_steps.intervals == at_once.intervals
        assert in_steps.times == at_once.times
        assert in_steps.values == at_once.values
        assert in_steps.outcomes == at_once.outcomes
        assert _by_start(in_steps.episodes) == _by_start(at_once.episodes)
        assert (at_once.signals, at_once.health, at_once.life_days) == ((), (), ())
        assert replace(at_once.state, assets=before.assets) == before


def _shaken(world, since):
    """The world with an asset of which late data say that it shook from an hour on."""
    machine = world.assets[0]
    mean = machine.mean.copy()
    mean[0, since:] += 25
    return replace(world, assets=(replace(machine, mean=mean), *world.assets[1:]))


def _by_start(episodes):
    return sorted(episodes, key=lambda e: (e.kind, e.scope_id, e.life.pending_since))


def _taken_on(state):
    """Somebody resolves every alert that stands, at noon."""
    return tuple(
        PersonAction(
            kind=key.split("/")[0],
            scope_type="asset",
            scope_id=int(key.split("/")[1]),
            pending_since=standing.life.pending_since,
            at=state.through,
            effective_at=state.through + timedelta(hours=12),
            actor="service",
            action="resolve",
            until=None,
            reason=None,
            resolution=None,
        )
        for key, standing in state.alerts.items()
        if standing.life is not None
    )


def test_the_world_has_every_kind_of_alert_that_hours_can_move(world, midnights):
    days = [assess(midnights[day], part(world, 24 * day, 24 * day + 24)) for day in (66, 73)]
    told = {episode.kind for day in days for episode in day.episodes}
    assert {"wear", "repeated_failures", "silent_source", "guarantee_breach"} <= told


def test_only_a_part_of_the_day_that_follows_the_state_is_taken(world, midnights):
    block = part(world, 24 * 70, 24 * 71)
    _, morning = assess_with_work(midnights[70], part(world, 24 * 70, 24 * 70 + 3))
    with pytest.raises(ValueError, match="no part of the day"):
        assess_hours(midnights[70], morning, block, known_hours=3)
