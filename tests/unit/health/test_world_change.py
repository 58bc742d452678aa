"""A new baseline is proposed where the world of the machines is another, and waits for a person's word."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.health.block import Event
from services.health.value_assessment.activity import thinned
from services.health.value_assessment.counterfactuals import declared
from services.health.value_assessment.world_change import DEMAND, MIX, propose, turns
from tests.unit.health.business_months import FIRST, month, months
from tests.unit.health.worlds import asset, customer

SPEED = "packer/speed"


def at_speed(one, speed, rate=100.0):
    return replace(one, points={SPEED: (600.0 * speed, 600.0)}, made={"packer": (600.0 * rate, 600.0)})


def steady(count=12, speed=1500.0):
    return [at_speed(one, speed + place % 3) for place, one in enumerate(months([0.8] * count))]


def test_a_lasting_shift_of_an_operating_point_is_proposed_with_old_and_new():
    moved = [at_speed(month(FIRST + 12 + place), 1200.0, rate=80.0) for place in range(3)]
    found = propose([*steady(), *moved], 0, FIRST + 14)
    assert found is not None
    assert found.since == FIRST + 12
    assert [(one.what, one.before, one.since) for one in found.moved] == [
        (SPEED, 1501.0, 1200.0),
        ("packer", 100.0, 80.0),
    ]


def test_what_has_not_lasted_three_months_or_is_small_is_not():
    moved = [at_speed(month(FIRST + 12 + place), 1200.0) for place in range(2)]
    assert propose([*steady(), *moved], 0, FIRST + 13) is None
    little = [at_speed(month(FIRST + 12 + place), 1440.0) for place in range(3)]
    assert propose([*steady(), *little], 0, FIRST + 14) is None


def test_slower_machines_and_downtime_alone_propose_nothing():
    slower = [replace(at_speed(month(FIRST + 12 + n), 1500.0, rate=60.0), trouble_h=300.0) for n in range(3)]
    assert propose([*steady(), *slower], 0, FIRST + 14) is None


def test_less_demand_is_told_only_against_the_year_before():
    fallen = [at_speed(month(FIRST + 12 + place, 0.4), 1500.0) for place in range(3)]
    found = propose([*steady(), *fallen], 0, FIRST + 14)
    assert found is not None
    assert [one.what for one in found.moved] == [DEMAND]
    assert propose([*steady(), *fallen], 0, FIRST + 14, tells_demand=False) is None
    assert propose([*steady(9), *(replace(m, number=m.number - 3) for m in fallen)], 0, FIRST + 11) is None
    season = [at_speed(one, 1500.0) for one in months([0.8] * 9 + [0.4] * 3 + [0.8] * 9 + [0.4] * 3)]
    assert propose(season, 0, FIRST + 23) is None


def test_another_mix_of_products_is_proposed():
    glass = [replace(one, orders={"glass": 30.0, "cans": 10.0}) for one in months([0.8] * 12)]
    cans = [replace(month(FIRST + 12 + place), orders={"cans": 40.0}) for place in range(3)]
    found = propose([*glass, *cans], 0, FIRST + 14)
    assert found is not None
    assert [(one.what, one.since) for one in found.moved] == [(MIX, 0.75)]


def test_months_that_are_not_known_propose_nothing():
    moved = [replace(at_speed(month(FIRST + 12 + n), 1200.0), known_h=1.0) for n in range(3)]
    assert propose([*steady(), *moved], 0, FIRST + 14) is None


def block_of(start, days, *words):
    whole = customer([asset(1, 1)])
    events = tuple(
        Event(scope_type="customer", scope_id=7, at=at, kind="baseline", attributes=said) for at, said in words
    )
    return replace(whole, start=start, end=start + timedelta(days=days), events=events)


MOVED = [at_speed(month(FIRST + 12 + place), 1200.0) for place in range(6)]
APRIL = datetime(2021, 4, 1, tzinfo=UTC)


def test_a_proposal_stands_unchanged_until_it_is_answered():
    told, opened = turns(None, [*steady(), *MOVED], block_of(APRIL - timedelta(days=1), 92), 92)
    assert [(turn.day, turn.answer) for turn in told] == [(date(2021, 3, 31), None)]
    assert opened == told[0].proposal
    assert opened.since == FIRST + 12


@pytest.mark.parametrize(("said", "answer"), [({"availability": 0.9}, "accepted"), ({"rejected": True}, "rejected")])
def test_a_persons_word_answers_it_and_the_new_world_is_then_the_usual_one(said, answer):
    word = (APRIL + timedelta(days=9), said)
    told, opened = turns(None, [*steady(), *MOVED], block_of(APRIL - timedelta(days=1), 92, word), 92)
    assert [(turn.day, turn.answer) for turn in told] == [(date(2021, 3, 31), None), (date(2021, 4, 10), answer)]
    assert opened is None


def test_a_rejected_baseline_is_compared_with_by_nobody():
    words = [(APRIL, {"availability": 0.9}), (APRIL, {"availability": 0.8, "rejected": True})]
    block = block_of(APRIL, 1, *words)
    assert [case.down_share for _, case in declared(block)] == [pytest.approx(0.1)]


def test_turns_are_the_same_wherever_time_is_cut():
    word = (APRIL + timedelta(days=9), {"rejected": True})
    months_told = [*steady(), *MOVED]
    whole = turns(None, months_told, block_of(APRIL - timedelta(days=1), 92, word), 92)
    first, opened = turns(None, months_told, block_of(APRIL - timedelta(days=1), 5, word), 5)
    later, opened = turns(opened, months_told, block_of(APRIL + timedelta(days=4), 87, word), 87)
    assert ([*first, *later], opened) == whole


def test_what_is_kept_of_old_months_proposes_the_same():
    years = [at_speed(one, 1500.0) for one in months([0.8] * 33)]
    moved = [at_speed(month(FIRST + 33 + place), 1200.0) for place in range(3)]
    before = thinned([*years, moved[0]])
    assert before[0].points == {}
    assert propose([*before, *moved[1:]], 0, FIRST + 35) == propose([*years, *moved], 0, FIRST + 35) is not None
