"""One asset from its block and what is kept of it to what is known of it, and to what is kept next. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from services.health.block import AssetBlock, Bools, CustomerBlock, Floats, Site
from services.health.health_assessment.asset_changes import AssetChanges
from services.health.health_assessment.asset_condition import AssetCondition, assess_condition
from services.health.health_assessment.asset_hours import AssetHours, used_seconds
from services.health.health_assessment.asset_life import AssetLife, AssetLifeResult, assess_life
from services.health.health_assessment.asset_work import AssetStates, AssetWork
from services.health.health_assessment.daily_history import DailyHistory, history
from services.health.health_assessment.month_uptime import Months, months_since
from services.health.health_assessment.sensor_faults import sensor_faults
from services.health.prognostic_assessment.failure_risk.feature_state import RiskState
from services.health.prognostic_assessment.remaining_life.life_model import LifeModel
from services.health.state_detection.change_detection.change_state import ChangeState
from services.health.state_detection.condition_state import ConditionState
from services.health.state_detection.state_intervals import OpenInterval
from services.health.state_detection.states import DAY_S
from services.health.state_detection.times import FAILURES, FIELDS, PBT, REPAIR_S, UNKNOWN_S
from services.health.value_assessment.counterfactuals import Counterfactual, acceptance_window

KEPT_DAYS = 128


@dataclass(frozen=True, kw_only=True)
class AssetState:
    """What an asset's assessment goes on from. days: the last 128 days of FIELDS, row by row, float64.

    usage: capability to as many days of seconds in use and seconds running. older_*: totals of the days before those.
    first_day: of its first data, in days since 1970-01-01. sensors_since: since when each
    sensor is faulty that is, Unix seconds. months: number and uptime of each whole month since the first.
    """

    interval: OpenInterval | None = None
    condition: ConditionState | None = None
    change: ChangeState | None = None
    life: AssetLife | None = None
    risk: RiskState | None = None
    first_day: int | None = None
    counterfactual: Counterfactual | None = None
    days: bytes = b""
    usage: dict[str, bytes]
    older_failures: float = 0.0
    older_repair_s: float = 0.0
    older_known_s: float = 0.0
    sensors_since: dict[str, float] = field(default_factory=dict)
    months: Months = ()


@dataclass(frozen=True, kw_only=True)
class AssetResult:
    """What is known of an asset in a block, and its state at the block's last midnight."""

    work: AssetWork
    states: AssetStates
    changes: AssetChanges
    condition: AssetCondition
    state: AssetState


def assess_asset(
    block: CustomerBlock,
    states: AssetStates,
    changes: AssetChanges,
    site: Site,
    state: AssetState | None,
    models: Sequence[LifeModel] = (),
) -> AssetResult:
    """Advance one asset over the block, given what it was doing and what changed at it."""
    before, hours = state or AssetState(usage={}), changes.hours
    start_s, trusted = block.start.timestamp(), changes.trusted(states.asset)
    condition = assess_condition(before.condition, trusted, hours, start_s)
    life = _life(before.life, trusted, hours, start_s, condition, models)
    work = _work(before, site, states, hours, changes, condition, life, start_s)
    after = _kept(before, work, states, changes, condition, start_s + DAY_S * (block.hours // 24))
    return AssetResult(work=work, states=states, changes=changes, condition=condition, state=after)


def _life(
    before: AssetLife | None,
    asset: AssetBlock,
    hours: AssetHours,
    start_s: float,
    condition: AssetCondition,
    models: Sequence[LifeModel],
) -> AssetLifeResult | None:
    """What is left of its life, and what its condition's findings become by it; None where nothing is judged."""
    if condition.findings is None:
        return None
    return assess_life(before, asset, hours.running, start_s, condition.findings, models)


def _work(
    before: AssetState,
    site: Site,
    states: AssetStates,
    hours: AssetHours,
    changes: AssetChanges,
    condition: AssetCondition,
    life: AssetLifeResult | None,
    start_s: float,
) -> AssetWork:
    """All that is known of the asset, over the days kept from before and those of the block."""
    days = history(before.days, states.daily[:, : len(FIELDS)], states.first_day)
    first_day = before.first_day if before.first_day is not None else _first_day(days, hours.covered)
    return AssetWork(
        asset=states.asset,
        site_name=site.name,
        days=days,
        usage=_usage(states.asset, before, hours.running_s, days),
        intervals=states.intervals,
        findings=condition.findings if life is None else life.findings,
        changes=changes.findings,
        life=life,
        covered=hours.covered,
        running=hours.running,
        repaired=hours.repaired,
        first_day=first_day,
        older_failures=before.older_failures,
        older_repair_s=before.older_repair_s,
        older_known_s=before.older_known_s,
        calendar=states.calendar,
        counterfactual=_counterfactual(before, days, first_day, _whole_days(days, len(hours.covered))),
        months=months_since(before.months, days, _whole_days(days, len(hours.covered))),
        sensors=sensor_faults(changes.findings, before.sensors_since, start_s, len(hours.covered)),
    )


def _whole_days(days: DailyHistory, hours: int) -> int:
    """The row after the last day that is over."""
    return days.kept + hours // 24


def _counterfactual(
    before: AssetState, days: DailyHistory, first_day: int | None, whole_days: int
) -> Counterfactual | None:
    if before.counterfactual is not None or first_day is None:
        return before.counterfactual
    return acceptance_window(days, first_day, whole_days - 1)


def _kept(
    before: AssetState,
    work: AssetWork,
    states: AssetStates,
    changes: AssetChanges,
    condition: AssetCondition,
    midnight_s: float,
) -> AssetState:
    """What the next assessment goes on from, at the block's last midnight."""
    days, found = work.days, states.intervals
    cut = _whole_days(days, len(work.covered))
    leaving = days.table[: max(0, cut - KEPT_DAYS)]
    seen = work.first_day is not None and work.first_day < days.first_day + cut
    return AssetState(
        interval=before.interval if found is None else found.open_at(midnight_s),
        condition=condition.after,
        change=changes.after,
        life=before.life if work.life is None else work.life.state,
        first_day=work.first_day if seen else None,
        counterfactual=work.counterfactual,
        days=days.packed(cut, KEPT_DAYS),
        usage={name: own.packed(cut, KEPT_DAYS) for name, own in work.usage.items()},
        older_failures=before.older_failures + float(leaving[:, FAILURES].sum()),
        older_repair_s=before.older_repair_s + float(leaving[:, REPAIR_S].sum()),
        older_known_s=before.older_known_s + float((leaving[:, PBT] - leaving[:, UNKNOWN_S]).sum()),
        sensors_since=dict(work.sensors.after),
        months=work.months,
    )


def _usage(asset: AssetBlock, before: AssetState, running_s: Floats, days: DailyHistory) -> dict[str, DailyHistory]:
    """Each capability's seconds in use and seconds running of known use, a day."""
    found = {}
    block_days = len(days.table) - days.kept
    for row, metric in enumerate(asset.metrics):
        if metric.role != "usage" or metric.capability is None:
            continue
        known = asset.covered_s[row] > 0
        used = np.where(known, used_seconds(asset, row), 0.0)
        hourly = np.zeros((block_days * 24, 2))
        hourly[: len(known)] = np.column_stack([used, np.where(known, running_s, 0.0)])
        kept = before.usage.get(metric.capability, bytes(16 * days.kept))
        found[metric.capability] = history(kept, hourly.reshape(-1, 24, 2).sum(axis=1), days.first_day + days.kept)
    return found


def _first_day(days: DailyHistory, covered: Bools) -> int | None:
    """The first day of the block with planned time or with any value."""
    block_days = len(days.table) - days.kept
    any_value = np.zeros(block_days * 24, dtype=np.bool_)
    any_value[: len(covered)] = covered
    seen = np.flatnonzero((days.column(PBT)[days.kept :] > 0) | any_value.reshape(-1, 24).any(axis=1))
    return days.first_day + days.kept + int(seen[0]) if len(seen) else None
