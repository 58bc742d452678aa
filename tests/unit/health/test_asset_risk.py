"""The risk of failure of a customer's machines: told from what they told, the same wherever time is cut."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from services.health.assess import Assessment, assess, assess_with_work
from services.health.block import CustomerBlock, Event
from services.health.health_assessment.asset_risk import ToldStep
from services.health.prognostic_assessment.failure_risk.learning import learn
from services.health.prognostic_assessment.failure_risk.risk_model import RiskModel
from services.health.prognostic_assessment.fleet_models import NO_MODELS, FleetModels
from services.health.within_day import assess_hours

from .risky_fleet import past_of, risks_of, risky
from .worlds import part

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def models() -> FleetModels:
    """What one fleet teaches."""
    block = risky(1, days=40)
    risk = learn(past_of(risks_of(block), block))
    assert risk is not None
    return FleetModels(risks=(RiskModel(asset_type="packer", learned_through=float(block.first_day), risk=risk),))


@pytest.fixture(scope="module")
def block() -> CustomerBlock:
    """Machines that taught nothing."""
    return risky(2, days=24, machines=3)


@pytest.fixture(scope="module")
def said(block, models) -> Assessment:
    return assess(None, block, models=models)


def alerts(said: Assessment) -> list[tuple[object, ...]]:
    return [(e.scope_id, e.life, e.content) for e in said.episodes if e.kind == "failure_risk"]


def told(said: Assessment) -> tuple[list[object], ...]:
    signals = [s for s in said.signals if s.kind == "failure_risk"]
    return signals, list(said.risk_steps), [f for f in said.forecasts if f.kind == "failure_risk"]


def test_a_fault_that_others_failed_of_raises_an_alert_that_names_a_date(block, said):
    failed = {
        (a.asset_id, at)
        for a in block.assets
        for at, s in zip(a.states.at, a.states.state, strict=True)
        if s == "FAULT"
    }
    found = [e for e in said.episodes if e.kind == "failure_risk"]
    caught = [
        (asset_id, at)
        for asset_id, at in failed
        if any(e.scope_id == asset_id and 8 * 3600 <= at - e.life.opened_at.timestamp() <= 7 * 86400 for e in found)
    ]
    assert len(caught) == len(failed)
    assert all(e.content.expected_at is not None and e.content.confidence > 0.3 for e in found)
    assert "is likely to fail within" in found[0].content.sentence


def test_without_a_model_nothing_is_said_but_what_was_told_is_kept(block):
    plain = assess(None, block, models=NO_MODELS)
    assert alerts(plain) == []
    signals, steps, forecasts = told(plain)
    assert (signals, forecasts) == ([], [])
    assert len(steps) > 3 * 24


def test_a_model_that_is_learned_later_says_nothing_of_the_days_before(block, models):
    later = replace(models.risks[0], learned_through=block.first_day + 20.0)
    signals, *_ = told(assess(None, block, models=FleetModels(risks=(later,))))
    assert {s.day.toordinal() - block.start.toordinal() for s in signals} == set(range(20, 24))


@pytest.mark.parametrize("cut", [1, 13])
def test_any_cut_at_midnight_gives_the_same_rows(block, models, said, cut):
    first = assess(None, part(block, 0, 24 * cut), models=models)
    second = assess(first.state, part(block, 24 * cut, 24 * 24), models=models)
    for whole, before, after in zip(told(said), told(first), told(second), strict=True):
        assert sorted(map(repr, [*before, *after])) == sorted(map(repr, whole))
    assert second.state.assets[1].risk == said.state.assets[1].risk


def test_the_hours_before_a_days_first_moment_are_as_covered_as_the_day_before(block, models):
    """Of silence after a day that was heard nobody knows in the morning, and of a day after silence neither."""
    cut = 12
    before = assess(None, part(block, 0, 24 * cut), models=models).state
    day = part(block, 24 * cut, 24 * (cut + 1))
    silent = replace(
        day,
        assets=tuple(
            replace(a, covered_s=0 * a.covered_s, states=replace(a.states, at=a.states.at[:0], state=()))
            for a in day.assets
        ),
    )
    heard, unheard = (risks_of(each, models.risks, before) for each in (day, silent))
    for asset_id, risk in heard.items():
        assert np.isfinite(risk.within[:, 0]).all()
        np.testing.assert_array_equal(risk.within[:, 0], unheard[asset_id].within[:, 0])


def test_an_alert_comes_with_the_hour_of_the_fault(block, models, said):
    opened = [e for e in said.episodes if e.kind == "failure_risk"]
    one = opened[0]
    until = (one.life.opened_at - block.start) // HOUR
    early = assess(None, part(block, 0, until), models=models)
    assert one.life.opened_at in [e.life.opened_at for e in early.episodes if e.kind == "failure_risk"]


def test_within_a_day_an_hour_tells_what_the_whole_assessment_would(block, models, said):
    opened = next(
        e.life.opened_at for e in said.episodes if e.kind == "failure_risk" and 3 < e.life.opened_at.hour < 23
    )
    hour = (opened - block.start) // HOUR
    midnight = hour - hour % 24
    before = assess(None, part(block, 0, midnight), models=models).state
    _, morning = assess_with_work(before, part(block, midnight, midnight + 1), models=models)
    rows, _ = assess_hours(before, morning, part(block, midnight, hour), known_hours=1)
    whole = assess(before, part(block, midnight, hour), models=models)
    assert alerts(rows) == alerts(whole)
    assert opened in [e.life.opened_at for e in rows.episodes]


def test_other_machines_of_another_name_change_nothing(block, models, said):
    turned = [replace(a, name=f"p{a.asset_id}", asset_id=10 - a.asset_id) for a in reversed(block.assets)]
    other = assess(None, replace(block, assets=tuple(turned)), models=models)
    values = [{(s.scope_id, s.day): s.value for s in told(each)[0]} for each in (said, other)]
    assert {(10 - asset_id, day): value for (asset_id, day), value in values[1].items()} == pytest.approx(values[0])


def test_silence_never_lowers_the_risk(block, models):
    def silent(asset):
        known = asset.states.at < block.start.timestamp() + 12 * 86400
        states = replace(asset.states, at=asset.states.at[known], state=tuple(np.array(asset.states.state)[known]))
        mean, covered = asset.mean.copy(), asset.covered_s.copy()
        mean[:, 288:], covered[:, 288:] = np.nan, 0.0
        return replace(asset, states=replace(states, max_hold_s=7200.0), mean=mean, covered_s=covered, faults=())

    heard = replace(block, assets=tuple(silent(a) for a in block.assets))
    risks = risks_of(heard, models.risks)
    for risk in risks.values():
        assert (np.diff(risk.within[:, 24 * 14 :], axis=1) >= 0).all()
        assert (risk.within[:, -1] >= risk.base[:, -1]).all()


def test_a_part_that_was_changed_is_remembered_by_its_name(block):
    event = Event(scope_type="asset", scope_id=1, at=block.start + 30 * HOUR, kind="part", attributes={"part": "belt"})
    step: ToldStep = risks_of(replace(block, events=(event,)))[1].steps[1]
    assert step.marks["part/belt"] == 1
    assert step.repaired
