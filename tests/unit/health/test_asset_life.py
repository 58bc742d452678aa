"""Remaining life of one asset, day by day: which model speaks, what it rules, and that cuts change nothing."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.health.block import AssetBlock
from services.health.health_assessment.asset_life import AssetLifeResult, assess_life
from services.health.prognostic_assessment.remaining_life.learning import learn
from services.health.prognostic_assessment.remaining_life.life_days import life_days
from services.health.prognostic_assessment.remaining_life.life_model import LifeModel
from services.health.prognostic_assessment.remaining_life.lives import Life
from services.health.prognostic_assessment.remaining_life.recalibration import Recalibration, recalibrated
from services.health.state_detection.condition import ConditionFindings, advance_condition
from tests.unit.health.condition_fleet import START_S, always, asset, hours_of, part, pump

DAYS = 100
FIRST_DAY = START_S / 86_400


def worn_pump(seed: int, life: int = DAYS) -> AssetBlock:
    """Read once a day; its wear doubles every 12 days and ends at 8 sigmas."""
    return pump(seed=seed, days=life, wear=8 * 2.0 ** ((np.arange(life) - life) / 12), every_hours=24)


def findings_of(block: AssetBlock) -> ConditionFindings:
    return advance_condition(None, block, always(block), hours_of(block))[1]


@pytest.fixture(scope="module")
def model() -> LifeModel:
    fleet = []
    for seed in range(12):
        block = worn_pump(seed, 60 + 13 * seed)
        said = findings_of(block)
        days = life_days(block, always(block), START_S, said)
        fleet.append(Life(group=seed, days=days, end=float(days.day[-1]), failed=True))
    learned = learn(fleet, "pump", FIRST_DAY)
    assert learned is not None
    assert learned.skill.demonstrated
    return learned


@pytest.fixture(scope="module")
def told(model) -> AssetLifeResult:
    block = worn_pump(99)
    return assess_life(None, block, always(block), START_S, findings_of(block), (model,))


def test_the_act_tier_and_the_dates_follow_a_model_with_skill(told):
    left = {said.day: said.left for said in told.forecasts}
    act = told.findings.act
    for day in range(DAYS - 1):
        assert act[24 * day + 23] == (left[FIRST_DAY + day] <= 30)
    assert 10 <= DAYS - 1 - np.flatnonzero(act)[0] // 24 <= 45
    assert (told.findings.watch | ~act).all()
    last = told.forecasts[-1]
    assert told.findings.expected_at[-1] == last.expected_at
    assert last.expected_low <= last.expected_at <= last.expected_high
    assert last.metrics


@given(seed=st.integers(0, 999), cuts=st.sets(st.integers(1, 29), max_size=4))
@settings(max_examples=12)
def test_any_cut_gives_the_same_whichever_operating_points_are_silent(model, seed, cuts):
    rng, days = np.random.default_rng(seed), 30
    worn = worn_pump(seed)
    values = {m.name: row[-24 * days :] for m, row in zip(worn.metrics, worn.mean, strict=True)}
    points = {name: values.pop(name) for name in ("load", "ambient")} | dict.fromkeys("xyz", np.ones(24 * days))

    def heard(row):
        silent = np.repeat(rng.random(days) < rng.choice([0.0, 0.3, 0.9]), 24) | (rng.random(24 * days) < 0.02)
        return np.where(silent, np.nan, row)

    block = asset(values, {name: heard(row) for name, row in points.items()})
    whole = replace(
        findings_of(block),
        deviation=heard(np.ones(24 * days)),
        confidence=rng.random(24 * days),
        renewed=rng.random(24 * days) < 0.01,
    )
    running = rng.random(24 * days) < 0.9
    once = assess_life(None, block, running, START_S, whole, (model,))
    state, rows, forecasts = None, [], []
    for first, end in pairwise([0, *sorted(24 * cut for cut in cuts), 24 * days]):
        said = _hours(whole, first, end)
        found = assess_life(state, part(block, first, end), running[first:end], START_S + 3600 * first, said, (model,))
        state, rows, forecasts = found.state, [*rows, *_stored(found)], [*forecasts, *found.forecasts]
    assert (repr(state), rows, repr(forecasts)) == (repr(once.state), _stored(once), repr(list(once.forecasts)))


def _stored(found: AssetLifeResult) -> list[tuple]:
    """What is kept of the days: numbers that are none are not."""
    days, tables = found.days, ((found.days.metrics, found.days.values), (found.days.terms, found.days.terms_mean))
    return [
        (day, *({n: v for n, v in zip(names, table[i], strict=True) if np.isfinite(v)} for names, table in tables))
        for i, day in enumerate(days.day)
    ]


def _hours(findings: ConditionFindings, first: int, end: int) -> ConditionFindings:
    own = {name: value[first:end] for name, value in vars(findings).items() if isinstance(value, np.ndarray)}
    return replace(findings, **own)


def test_any_cut_at_midnights_gives_the_same(model, told):
    block, whole = worn_pump(99), findings_of(worn_pump(99))
    state, parts = None, []
    for first, end in pairwise([0, 24, 24 * 61, 24 * 62, 24 * DAYS]):
        said = _hours(whole, first, end)
        own = part(block, first, end)
        found = assess_life(state, own, always(own), START_S + 3600 * first, said, (model,))
        state = found.state
        parts.append(found)
    assert state == told.state
    assert repr([said for found in parts for said in found.forecasts]) == repr(list(told.forecasts))
    for name in ("act", "watch", "expected_at", "confidence"):
        cut = np.concatenate([getattr(found.findings, name) for found in parts])
        np.testing.assert_array_equal(cut, getattr(told.findings, name))


def test_in_a_day_that_is_not_over_stands_what_was_said_at_its_midnight(told):
    morning = part(worn_pump(7), 0, 9)
    found = findings_of(morning)
    said = assess_life(told.state, morning, always(morning), START_S + 86_400 * DAYS, found, ())
    assert said.state is told.state
    assert said.findings.act.all()
    assert (said.findings.expected_at == told.findings.expected_at[-1]).all()
    assert assess_life(None, morning, always(morning), START_S, found, ()).findings is found


def test_before_a_model_was_learned_and_of_another_type_condition_speaks_alone(model):
    block = worn_pump(99)
    found = findings_of(block)
    for other in (replace(model, learned_through=FIRST_DAY + DAYS + 1), replace(model, asset_type="press")):
        said = assess_life(None, block, always(block), START_S, found, (other,))
        assert said.findings is found
        assert not said.forecasts


def test_the_newest_model_of_the_time_speaks(model):
    block, later = worn_pump(99), replace(model, cap=17.0, learned_through=FIRST_DAY + 50)
    said = assess_life(None, block, always(block), START_S, findings_of(block), (later, model))
    left = np.array([forecast.left for forecast in said.forecasts])
    days = np.array([forecast.day for forecast in said.forecasts])
    assert left[days < FIRST_DAY + 50].max() > 17
    assert left[days >= FIRST_DAY + 50].max() <= 17


def test_a_model_without_skill_is_told_and_rules_nothing(model):
    block = worn_pump(99)
    found = findings_of(block)
    unskilled = replace(model, skill=replace(model.skill, advantage_low=-0.1))
    said = assess_life(None, block, always(block), START_S, found, (unskilled,))
    np.testing.assert_array_equal(said.findings.confidence, recalibrated(model.of_condition, found.confidence))
    dated = np.isfinite(said.findings.expected_at)
    np.testing.assert_array_equal(said.findings.expected_at[dated], found.expected_at[dated])
    assert said.forecasts


def test_condition_says_what_came_of_such_words_and_where_that_is_unlikely_names_no_date(model):
    block = worn_pump(99)
    found = findings_of(block)
    unskilled = replace(model.skill, advantage_low=-0.1)
    doubted = Recalibration(share=(0.1,) * 4 + (0.4,) * 4, forecasts=50)
    later = replace(model, skill=unskilled, of_condition=doubted, learned_through=FIRST_DAY + 90)
    said = assess_life(None, block, always(block), START_S, found, (later,)).findings
    spoke = 24 * 90
    np.testing.assert_array_equal(said.confidence[:spoke], found.confidence[:spoke])
    assert said.confidence[-1] == 0.4
    assert found.act[-1]
    assert not said.act[spoke:].any()
    assert np.isnan(said.expected_at[spoke:]).all()
    assert (said.watch == found.watch).all()
    believed = replace(later, of_condition=replace(doubted, share=(0.1,) * 4 + (0.6,) * 4))
    assert assess_life(None, block, always(block), START_S, found, (believed,)).findings.act[-1]


def test_a_renewal_ends_what_was_said_of_the_old_life(model):
    block = worn_pump(99)
    found = findings_of(block)
    renewed = np.arange(24 * DAYS) // 24 == DAYS - 1
    said = assess_life(None, block, always(block), START_S, replace(found, renewed=renewed), (model,))
    assert said.forecasts[-2].left < 15
    assert said.days.renewed[-1]
    assert len(said.forecasts) == DAYS
