"""Customer health: points add up, nothing unknown is good, and a better measure never costs points."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.health.advisory_generation.machine_conditions import Silence
from services.health.block import SourceBlock
from services.health.health_assessment.customer_health.exceptions import CAPS, standing, taken
from services.health.health_assessment.customer_health.measures import freshness
from services.health.health_assessment.customer_health.weighted_measures import (
    COVERAGE_FLOOR,
    GROUP_OF,
    MOST,
    Measure,
    against_allowance,
    scores,
)

SHARES = st.floats(0, 1)
TOLD = st.tuples(SHARES | st.none(), SHARES, SHARES, st.booleans())
MEASURES = st.fixed_dictionaries(dict.fromkeys(GROUP_OF, TOLD))
STANDS = st.fixed_dictionaries(dict.fromkeys(CAPS, st.booleans()))
NAMES = st.sampled_from(sorted(GROUP_OF))
NEVER = (None, 0.0, 1.0, False)


def scored(told):
    """told: goodness, coverage, freshness and whether it applies, by measure; the others do not apply."""
    return scores(
        {
            name: Measure(
                goodness=np.array([np.nan if good is None else good]),
                coverage=np.array([coverage]),
                freshness=np.array([fresh]),
                applies=np.array([applies]),
            )
            for name, (good, coverage, fresh, applies) in (dict.fromkeys(GROUP_OF, NEVER) | told).items()
        }
    )


def health(told, stands=()):
    """Health, None where there is none."""
    found = scored(told)
    took = taken(found.left, {name: np.array([name in stands]) for name in CAPS})
    return float(found.left[0] - sum(took.values())[0]) if found.judged[0] else None


def points(told):
    found = scored(told)
    return {name: float(lost) for name, lost in zip(found.names, found.lost[:, 0], strict=True) if lost}


GOOD = dict.fromkeys(GROUP_OF, (1.0, 1.0, 1.0, True))


def test_a_worked_day():
    """Machines 45 and promises 25 of 70 apply: availability has 16 of 28 of the machines' 45/70, so 36.73 of 100, half
    of which is lost; the promise has all of 25/70, half kept and half known: 8.93 lost and 17.86 not known."""
    told = {"availability": (0.5, 1.0, 1.0, True), "condition": (1.0, 1.0, 1.0, True), "promise": (0.5, 0.5, 1.0, True)}
    assert points(told) == pytest.approx({"availability": 18.367, "promise": 8.929}, abs=1e-3)
    assert float(scored(told).not_known.sum()) == pytest.approx(17.857, abs=1e-3)
    assert health(told) == pytest.approx(100 - 18.367 - 8.929 - 17.857, abs=1e-3)


def test_a_measure_that_does_not_apply_gives_its_part_to_its_group_and_a_group_to_all():
    only = scored(dict.fromkeys(("availability", "condition", "adoption"), (1.0, 1.0, 1.0, True)))
    weight = dict(zip(only.names, only.weight[:, 0], strict=True))
    assert weight["availability"] == pytest.approx(45 / 55 * 16 / 28)
    assert weight["adoption"] == pytest.approx(10 / 55)


@settings(max_examples=30)
@given(MEASURES, STANDS)
def test_what_is_lost_not_known_and_taken_adds_up_to_what_is_missing(told, stands):
    found = scored(told)
    took = taken(found.left, {name: np.array([own]) for name, own in stands.items()})
    lost = found.lost.sum() + found.not_known.sum() + sum(each[0] for each in took.values())
    whole = health(told, [name for name, own in stands.items() if own])
    if whole is not None:
        assert whole == pytest.approx(100 - lost)
        assert -1e-9 <= whole <= 100 + 1e-9
        assert found.coverage[0] >= COVERAGE_FLOOR
        assert found.weight.sum() == pytest.approx(1)


@settings(max_examples=30)
@given(MEASURES, NAMES, SHARES)
def test_health_never_falls_when_a_measure_gets_better(told, name, better):
    good, coverage, fresh, applies = told[name]
    if good is not None and better >= good:
        before, after = health(told), health(told | {name: (better, coverage, fresh, applies)})
        assert before is None or after >= before - 1e-9


@settings(max_examples=30)
@given(MEASURES, NAMES, SHARES, st.sampled_from([1, 2]))
def test_what_is_less_known_or_older_never_improves_health(told, name, less, which):
    own = list(told[name])
    if less <= own[which]:
        own[which] = less
        before, after = health(told), health(told | {name: tuple(own)})
        assert after is None or (before is not None and after <= before + 1e-9)


@settings(max_examples=30)
@given(MEASURES, NAMES)
def test_what_becomes_unknown_never_improves_health(told, name):
    before, after = health(told), health(told | {name: (None, *told[name][1:])})
    assert after is None or (before is not None and after <= before + 1e-9)


@settings(max_examples=30)
@given(MEASURES)
def test_what_people_say_never_has_more_than_its_part(told):
    found = scored(told)
    for name, most in MOST.items():
        assert found.weight[found.names.index(name), 0] <= most + 1e-12


def test_below_the_floor_of_coverage_there_is_no_health():
    assert health({"availability": (1.0, 0.49, 1.0, True)}) is None
    assert health({"availability": (1.0, 0.51, 1.0, True)}) == pytest.approx(51)
    assert health({"availability": (1.0, 1.0, 0.49, True)}) is None
    assert health({"availability": (1.0, 1.0, 1.0, False)}) is None


def test_reports_and_promises_alone_are_no_health():
    assert health({"reporting": (1.0, 1.0, 1.0, True), "promise": (1.0, 1.0, 1.0, True)}) is None
    assert health({"reporting": (1.0, 1.0, 1.0, True), "condition": (1.0, 1.0, 1.0, True)}) == pytest.approx(100)


def test_an_exception_holds_health_at_its_cap_however_good_the_rest_is():
    assert health(GOOD, ["site_dark"]) == pytest.approx(60)
    assert health(GOOD, ["guarantee_broken"]) == pytest.approx(50)
    bad = GOOD | {"availability": (0.0, 1.0, 1.0, True), "guarantee": (0.0, 1.0, 1.0, True)}
    assert health(bad, ["site_dark"]) == pytest.approx(min(60, health(bad)))


def test_of_two_exceptions_the_lower_cap_takes_the_points():
    took = taken(np.array([80.0]), {name: np.array([True]) for name in CAPS})
    assert {name: own[0] for name, own in took.items()} == {"guarantee_broken": 30.0, "site_dark": 0.0}


def test_the_allowance_costs_nothing_and_three_times_as_much_costs_all():
    down = np.array([0.0, 0.05, 0.10, 0.15, 0.9, np.nan])
    assert against_allowance(down, np.full(6, 0.05)) == pytest.approx([1, 1, 0.5, 0, 0, np.nan], nan_ok=True)


def test_a_promise_of_perfection_still_allows_one_percent():
    assert against_allowance(np.array([0.01, 0.02]), np.zeros(2)) == pytest.approx([1, 0.5])


def test_evidence_loses_half_of_its_word_in_half_a_window_and_none_over_a_free_weekend():
    """A window of 28 days: after 14 days of which evidence was due half of it is left."""
    known = np.array([True] * 3 + [False] * 14)
    assert freshness(known, np.ones(17, dtype=bool), 28)[[2, 16]] == pytest.approx([1.0, 0.5])
    assert freshness(known, known, 28) == pytest.approx(np.ones(17))


def guarantees(*broken):
    """Evenings of one guarantee; two are before the block."""
    return SimpleNamespace(evenings=[[SimpleNamespace(breached=own)] for own in (False, False, *broken)])


def silent(site, hours):
    nothing = np.zeros(len(hours), dtype=bool)
    source = SourceBlock(source_id=1, topic_prefix="p", site_id=site, heard=nothing, excused=nothing)
    return Silence(source=source, hours=hours, broken=hours)


def test_a_site_is_dark_after_seven_days_in_which_none_of_its_sources_was_heard():
    long, short, never = np.arange(167.0, 215.0), np.zeros(48), np.full(48, np.nan)
    assert standing(guarantees(False, False), [silent(1, long)], 2)["site_dark"].tolist() == [True, True]
    assert standing(guarantees(False, False), [silent(1, long - 24)], 2)["site_dark"].tolist() == [False, True]
    assert not standing(guarantees(False, False), [silent(1, long), silent(1, short)], 2)["site_dark"].any()
    assert standing(guarantees(False, False), [silent(1, long), silent(2, short)], 2)["site_dark"].all()
    assert not standing(guarantees(False, False), [silent(1, never)], 2)["site_dark"].any()


def test_a_guarantee_is_broken_on_the_evenings_on_which_its_budget_is_overspent():
    assert standing(guarantees(False, True), [], 2)["guarantee_broken"].tolist() == [False, True]
