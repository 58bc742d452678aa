"""What moved customer health from one day to the next: the parts add up, and name machine, hours and cause."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.health.assess import assess
from services.health.block import Event
from services.health.health_assessment.customer_health.changes import Evenings, left, parts
from services.health.health_assessment.customer_health.losses import KEPT_DAYS, Lost
from services.health.health_assessment.customer_health.weighted_measures import GROUP_OF
from services.health.health_assessment.customer_work import LOSSES
from services.health.prognostic_assessment.fleet_models import FleetModels
from services.health.prognostic_assessment.peer_levels import DOWN_SHARE, FIGURES, PeerModel
from shared.records.vocabulary import BENCHMARKING
from tests.unit.health.worlds import ENTITLEMENT, START, asset, contract, customer, part

DAYS = 130
NOTHING = Lost(ids=np.array([], dtype=np.int64), table=np.zeros((0, KEPT_DAYS + 1, LOSSES)))


@pytest.fixture(scope="module")
def told():
    """Two packers for 130 days; the second fails for 24 h on day 100, and the gateway is silent on days 110 to 113."""
    failing = asset(2, DAYS, down_share=0.02, downs=((24 * 100, 24),))
    promised = contract(guaranteed_availability=0.97, promised_availability=0.9)
    block = customer([asset(1, DAYS, down_share=0.02), failing], contracts=(promised,), entitlements=(ENTITLEMENT,))
    heard = block.sources[0].heard.copy()
    heard[24 * 110 : 24 * 113] = False
    return assess(None, replace(block, sources=(replace(block.sources[0], heard=heard),))).health


def by_why(row):
    found = defaultdict(float)
    for own in row.change["parts"]:
        found[own["why"], own.get("scope_id"), own.get("cause")] += own["points"]
    return found


def test_the_parts_of_every_day_add_up_to_its_change_and_the_changes_to_health(told):
    for before, after in pairwise(told[60:]):
        assert sum(own["points"] for own in after.change["parts"]) == pytest.approx(after.change["points"])
        assert after.change["points"] == pytest.approx(after.health - before.health)
    assert told[0].change is None
    assert sum(row.change["points"] for row in told[61:]) == pytest.approx(told[-1].health - told[60].health)


def test_a_day_of_failure_is_named_by_machine_hours_and_cause(told):
    day = told[100]
    worst = min(day.change["parts"], key=lambda own: own["points"])
    assert (worst["scope_type"], worst["scope_id"], worst["cause"]) == ("asset", 2, "supplier")
    assert worst["amount"] == pytest.approx(24)
    assert by_why(day)["downtime", 2, "supplier"] == pytest.approx(day.change["points"], rel=0.05)


def test_what_leaves_the_window_gives_its_points_back(told):
    """28 days after the failure availability and guarantee have forgotten it; the promise remembers it for 90."""
    came, gave = by_why(told[100])["downtime", 2, "supplier"], by_why(told[128])["downtime", 2, "supplier"]
    assert 0 < gave < -came
    assert gave == pytest.approx(-came, rel=0.4)


def test_silence_is_named_by_its_site(told):
    assert by_why(told[111])["silence", 1, None] < -1


def evenings(*rows):
    """One measure, availability, on consecutive evenings: weight, covered, goodness, bad, whole, allowed."""
    return Evenings(names=["availability"], told=np.array([rows], dtype=float), taken={})


def test_a_worked_change():
    """Weight 0.4, all covered; goodness 1 to 0.5 as 100 h of 1,000 h become 200 h of 1,000 h where 100 h are allowed:
    20 points, one packer's 90 h and another's 10 h less 0: 18 and 2."""
    found = evenings((0.4, 1, 1.0, 100, 1000, 0.1), (0.4, 1, 0.5, 200, 1000, 0.1))
    table = np.zeros((2, KEPT_DAYS + 1, LOSSES))
    table[:, KEPT_DAYS, 0] = 90 * 3600, 10 * 3600
    lost = Lost(ids=np.array([7, 8]), table=table)
    scaled = replace(found, told=found.told * [1, 1, 1, 3600, 3600, 1])
    (day,) = parts(scaled, lost, NOTHING)
    assert [(own.scope_id, own.cause, own.amount, own.points) for own in day if own.why == "downtime"] == [
        (7, "supplier", 90.0, pytest.approx(-18)),
        (8, "supplier", 10.0, pytest.approx(-2)),
    ]


def test_less_coverage_and_another_weight_have_parts_of_their_own():
    """Weight 0.5 at goodness 0.8: half as covered takes 0.5 x 0.8 x 0.5 = 20 points."""
    (day,) = parts(evenings((0.5, 1, 0.8, 0, 1, 0.1), (0.5, 0.5, 0.8, 0, 1, 0.1)), NOTHING, NOTHING)
    assert [(own.measure, own.why, own.points) for own in day if abs(own.points) > 1e-6] == [
        ("availability", "known", pytest.approx(-20))
    ]


SHARE = st.floats(0, 1)
EVENING = st.tuples(SHARE, SHARE, SHARE | st.none(), SHARE, st.floats(0.5, 2), SHARE)


@settings(max_examples=25)
@given(st.lists(st.lists(EVENING, min_size=len(GROUP_OF), max_size=len(GROUP_OF)), min_size=2, max_size=4), SHARE)
def test_whatever_was_judged_the_parts_add_up(days, cap):
    told = np.array([[[np.nan if f is None else f for f in own] for own in day] for day in days]).transpose(1, 0, 2)
    told[:, :, 0] /= len(GROUP_OF)
    taken = {"site_dark": np.linspace(0, 20 * cap, len(days))}
    found = Evenings(names=list(GROUP_OF), told=told, taken=taken)
    lost = Lost(ids=np.array([3]), table=np.full((1, KEPT_DAYS + len(days) - 1, LOSSES), 0.1))
    sites = Lost(ids=np.array([4]), table=np.full((1, KEPT_DAYS + len(days) - 1, 1), 0.1))
    sums = [sum(own.points for own in day) for day in parts(found, lost, sites)]
    assert sums == pytest.approx(np.diff(left(found)), abs=1e-9)


@pytest.fixture(scope="module")
def moving():
    """100 days: the second packer is sold on day 60, an answer and visits come, others are known from day 10 on."""
    first, sold = asset(1, 100, downs=((1200, 30),)), asset(2, 100, downs=((1300, 20),))
    for told in (sold.mean, sold.increase):
        told[:, 24 * 60 :] = np.nan
    sold.covered_s[:, 24 * 60 :] = 0
    moved = replace(sold, here=((-np.inf, START.timestamp() + 60 * 86400.0),))
    said = [
        Event(scope_type="customer", scope_id=7, at=START + timedelta(days=day), kind=kind, attributes=told)
        for kind, day, told in (
            ("survey", 20, {"score": 4, "of": 10}),
            ("commitment", 5, {"id": "k", "due_on": (START + timedelta(days=40)).date().isoformat()}),
            *(("touchpoint", day, {}) for day in range(0, 50, 10)),
        )
    ]
    promised = contract(guaranteed_availability=0.97, promised_availability=0.9)
    first.increase[2:4, 24 * 70 :] *= 0.7
    return replace(
        customer([replace(first, unit_time_s=35.0), moved], contracts=(promised,), entitlements=(ENTITLEMENT,)),
        events=tuple(sorted(said, key=lambda e: e.at)),
        data_use=(BENCHMARKING,),
    )


def peers():
    levels, nothing = tuple(0.02 * number for number in range(1, 8)), (float("nan"),) * 7
    return FleetModels(
        peers=(
            PeerModel(
                asset_type="packer",
                learned_through=START.timestamp() / 86400 + 10,
                customers=tuple(range(100, 107)),
                segments=(None,) * 7,
                levels=dict.fromkeys(FIGURES, nothing) | {DOWN_SHARE: levels},
                errors=dict.fromkeys(FIGURES, nothing) | {DOWN_SHARE: (0.01,) * 7},
            ),
        )
    )


def standing_here(block):
    """As the shell reads it: without machines that stood elsewhere in all of the block."""
    start, end = block.start.timestamp(), block.end.timestamp()
    here = [a for a in block.assets if any(since < end and until > start for since, until in a.here)]
    return replace(block, assets=tuple(here))


@pytest.fixture(scope="module")
def whole(moving):
    return assess(None, moving, (), peers()).health


@pytest.mark.parametrize("cut", [29, 61, 88])
def test_a_cut_at_any_midnight_gives_the_same_health_with_the_same_reasons(moving, whole, cut):
    before = assess(None, standing_here(part(moving, 0, 24 * cut)), (), peers())
    after = assess(before.state, standing_here(part(moving, 24 * cut, 2400)), (), peers())
    for ours, theirs in zip(whole, (*before.health, *after.health), strict=True):
        assert (ours.day, ours.exceptions, ours.groups) == (theirs.day, theirs.exceptions, theirs.groups)
        assert ours.health == (None if theirs.health is None else pytest.approx(theirs.health))
        assert by_points(ours) == pytest.approx(by_points(theirs), abs=1e-3)


def by_points(row):
    told = () if row.change is None else row.change["parts"]
    keys = ("why", "measure", "scope_id", "cause", "amount", "past")
    return {tuple(own.get(key) for key in keys): own["points"] for own in told if own["why"] != "smaller"}


def test_a_new_customer_is_judged_by_what_is_usual_for_others(moving, whole):
    """Others are known from day 10 on, its own four weeks on day 27: before, its availability is not known."""
    alone = assess(None, part(moving, 0, 24 * 35)).health
    told = [[row[day].groups["machines"]["measures"]["availability"] for day in (9, 10, 28)] for row in (alone, whole)]
    assert [each["goodness"] for each in told[0][:2]] == [None, None]
    assert [each["goodness"] for each in told[1][:2]] == [None, 1.0]
    assert told[0][2]["goodness"] is not None
    assert whole[10].health > alone[10].health
