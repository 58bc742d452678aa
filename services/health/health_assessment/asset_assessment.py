"""One asset from its block and what is kept of it to what is known of it, and to what is kept next. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time

import numpy as np

from services.health.advisory_generation.machine_conditions import HOUR_S, WORK_KINDS, event_hours
from services.health.block import AssetBlock, Bools, CustomerBlock, Event, Floats, Site
from services.health.health_assessment.asset_life import AssetLife, assess_life
from services.health.health_assessment.asset_work import AssetStates, AssetWork
from services.health.health_assessment.daily_history import DailyHistory, history
from services.health.prognostic_assessment.remaining_life.life_model import LifeModel
from services.health.state_detection.calendars import Calendar, limited
from services.health.state_detection.condition import ConditionFindings, advance_condition
from services.health.state_detection.condition_state import ConditionState
from services.health.state_detection.orders import orders
from services.health.state_detection.state_intervals import Intervals, OpenInterval, intervals
from services.health.state_detection.states import IS_FAILED, UNKNOWN
from services.health.state_detection.times import (
    ASUT,
    CAPACITY,
    CMT,
    DAILY_FIELDS,
    FAILURES,
    FIELDS,
    FIRST_PASS,
    GOOD,
    INSPECTED,
    PBT,
    PLANNED_RUN_S,
    PMT,
    PRODUCED,
    REPAIR_S,
    REWORKED,
    SCRAPPED,
    UNKNOWN_S,
    daily_times,
    production_hours,
)
from services.health.value_assessment.value_realized import Counterfactual, acceptance_window

KEPT_DAYS = 128
REPAIR_HOURS = 1.0
_COUNTED = {
    "production_count": PRODUCED,
    "good_count": GOOD,
    "scrap_count": SCRAPPED,
    "rework_count": REWORKED,
    "inspected_count": INSPECTED,
    "first_pass_count": FIRST_PASS,
}
_HOURS_IN = {"h": 1.0, "hour": 1.0, "hours": 1.0, "min": 1 / 60, "s": 1 / 3600}


@dataclass(frozen=True, kw_only=True)
class AssetState:
    """What an asset's assessment goes on from. days: the last 128 days of FIELDS, row by row, float64.

    usage: capability to as many days of seconds in use and seconds running. older_*: totals of the days before those.
    first_day: of its first data, in days since 1970-01-01.
    """

    interval: OpenInterval | None = None
    condition: ConditionState | None = None
    life: AssetLife | None = None
    first_day: int | None = None
    counterfactual: Counterfactual | None = None
    days: bytes = b""
    usage: dict[str, bytes]
    older_failures: float = 0.0
    older_repair_s: float = 0.0
    older_known_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class AssetResult:
    """What is known of an asset in a block, and its state at the block's last midnight."""

    work: AssetWork
    states: AssetStates
    blame_at: Callable[[int], Sequence[tuple[str, float]]]
    state: AssetState


def states_of(block: CustomerBlock, asset: AssetBlock, scheduled: Calendar, before: OpenInterval | None) -> AssetStates:
    """What an asset was doing up to the block's end, from the interval open at its start on."""
    when = limited(scheduled, asset.here)
    found = _intervals(block, asset, before)
    daily = _daily_rows(block, asset, found, when)
    return AssetStates(asset=asset, intervals=found, calendar=when, first_day=block.first_day, daily=daily)


def assess_asset(
    block: CustomerBlock,
    asset: AssetBlock,
    site: Site,
    scheduled: Calendar,
    state: AssetState | None,
    models: Sequence[LifeModel] = (),
) -> AssetResult:
    """Advance one asset over the block. scheduled: the calendar of its line."""
    before = state or AssetState(usage={})
    start, hours = block.start.timestamp(), asset.mean.shape[1]
    whole = hours // 24
    states = states_of(block, asset, scheduled, before.interval)
    found, rows = states.intervals, states.daily
    covered = _covered(asset, hours)
    running, running_s = _running(found, covered, start, hours)
    days = history(before.days, rows[:, : len(FIELDS)], block.first_day)
    usage = _usage(asset, before, running_s, days)
    repaired = _repaired(block, asset, found, start, hours)
    findings, condition = _condition(before.condition, asset, running, start, repaired)
    life = None if findings is None else assess_life(before.life, asset, running, start, findings, models)
    cut = days.kept + whole
    first_day = before.first_day if before.first_day is not None else _first_day(days, covered)
    against = before.counterfactual
    if against is None and first_day is not None:
        against = acceptance_window(days, first_day, cut - 1)
    work = AssetWork(
        asset=asset,
        site_name=site.name,
        days=days,
        usage=usage,
        intervals=found,
        findings=findings if life is None else life.findings,
        life=life,
        covered=covered,
        running=running,
        first_day=first_day,
        older_failures=before.older_failures,
        older_repair_s=before.older_repair_s,
        older_known_s=before.older_known_s,
        calendar=states.calendar,
        counterfactual=against,
    )

    def blame_at(hour: int) -> Sequence[tuple[str, float]]:
        """Blame as of an hour's end: judged again up to there, unless the end of the block is of the same day."""
        if findings is not None and hour >= 24 * whole:
            return findings.blame
        told, _ = _condition(
            before.condition, _hours(asset, 0, hour + 1), running[: hour + 1], start, repaired[: hour + 1]
        )
        return () if told is None else told.blame

    leaving = days.table[: max(0, cut - KEPT_DAYS)]
    seen = first_day is not None and first_day < days.first_day + cut
    return AssetResult(
        work=work,
        states=states,
        blame_at=blame_at,
        state=AssetState(
            interval=before.interval if found is None else found.open_at(start + whole * 86400),
            condition=condition,
            life=before.life if life is None else life.state,
            first_day=first_day if seen else None,
            counterfactual=against,
            days=days.packed(cut, KEPT_DAYS),
            usage={name: own.packed(cut, KEPT_DAYS) for name, own in usage.items()},
            older_failures=before.older_failures + float(leaving[:, FAILURES].sum()),
            older_repair_s=before.older_repair_s + float(leaving[:, REPAIR_S].sum()),
            older_known_s=before.older_known_s + float((leaving[:, PBT] - leaving[:, UNKNOWN_S]).sum()),
        ),
    )


def _intervals(block: CustomerBlock, asset: AssetBlock, before: OpenInterval | None) -> Intervals | None:
    if asset.states is None:
        return None
    return intervals(
        before,
        asset.states,
        asset.state_decoder,
        _events(block, asset),
        start=block.start.timestamp(),
        end=block.end.timestamp(),
        modes=asset.modes,
        faults=asset.faults,
    )


def _events(block: CustomerBlock, asset: AssetBlock) -> list[Event]:
    """The events that reach an asset: its own, its line's and its site's."""
    reached = {("asset", asset.asset_id), ("line", asset.line_id), ("site", asset.site_id)}
    return [e for e in block.events if (e.scope_type, e.scope_id) in reached]


def _covered(asset: AssetBlock, hours: int) -> Bools:
    """Hours in which any metric that is judged was known; any metric at all where none is judged."""
    judged = [i for i, m in enumerate(asset.metrics) if m.role == "condition"] or list(range(len(asset.metrics)))
    return (
        np.asarray((asset.covered_s[judged] > 0).any(axis=0), dtype=np.bool_) if judged else np.zeros(hours, np.bool_)
    )


def _running(found: Intervals | None, covered: Bools, start: float, hours: int) -> tuple[Bools, Floats]:
    """Hours of production, and seconds of it; without states every covered hour counts."""
    if found is None:
        return covered, np.where(covered, HOUR_S, 0.0)
    producing, known = production_hours(found, start=start, hours=hours)
    return (known > 0) & (producing > known / 2), producing


def _daily_rows(block: CustomerBlock, asset: AssetBlock, found: Intervals | None, when: Calendar) -> Floats:
    """DAILY_FIELDS of the block's days; times are 0 for an asset without states, counts NaN where nobody counts."""
    start, end = block.start.timestamp(), block.end.timestamp()
    rows = np.full((block.days, len(DAILY_FIELDS)), np.nan)
    rows[:, :PRODUCED] = rows[:, ASUT:PMT] = 0.0
    if found is not None:
        commissioned = np.inf
        if asset.commissioned_on is not None:
            commissioned = datetime.combine(asset.commissioned_on, time(), UTC).timestamp()
        sent = orders(_events(block, asset), start=start, end=end)
        rows = daily_times(found, when, start=start, end=end, expected_from=commissioned, orders=sent)
        if not _tells_maintenance(asset):
            rows[:, [PMT, CMT]] = np.nan
    for role, column in _COUNTED.items():
        rows[:, column] = _count(asset, role, block.days)
    known_s = rows[:, PBT] - rows[:, UNKNOWN_S]
    if asset.unit_time_s is not None:
        rows[:, PLANNED_RUN_S] = asset.unit_time_s * rows[:, PRODUCED]
    if asset.capacity_per_hour is not None:
        rows[:, CAPACITY] = asset.capacity_per_hour * known_s / HOUR_S
    return rows


def _tells_maintenance(asset: AssetBlock) -> bool:
    """Whether the asset's states or modes can say that somebody maintains it."""
    states = asset.state_decoder.get("states")
    named = set(states.values()) if isinstance(states, dict) else set()
    return asset.modes is not None or bool(named & {"maintenance", "repair"})


def _count(asset: AssetBlock, role: str, days: int) -> Floats:
    """Units a day of the metrics of a role; NaN on days without a count."""
    chosen = [i for i, m in enumerate(asset.metrics) if m.role == role]
    if not chosen:
        return np.full(days, np.nan)
    counted = np.full((len(chosen), days * 24), np.nan)
    counted[:, : asset.increase.shape[1]] = asset.increase[chosen]
    by_day = np.nan_to_num(counted).sum(axis=0).reshape(-1, 24).sum(axis=1)
    known = np.isfinite(counted).any(axis=0).reshape(-1, 24).any(axis=1)
    return np.where(known, by_day, np.nan)


def _usage(asset: AssetBlock, before: AssetState, running_s: Floats, days: DailyHistory) -> dict[str, DailyHistory]:
    """Each capability's seconds in use and seconds running of known use, a day."""
    found = {}
    block_days = len(days.table) - days.kept
    for row, metric in enumerate(asset.metrics):
        if metric.role != "usage" or metric.capability is None:
            continue
        known = asset.covered_s[row] > 0
        used = np.where(known, _used_s(asset, row), 0.0)
        hourly = np.zeros((block_days * 24, 2))
        hourly[: len(known)] = np.column_stack([used, np.where(known, running_s, 0.0)])
        kept = before.usage.get(metric.capability, bytes(16 * days.kept))
        found[metric.capability] = history(kept, hourly.reshape(-1, 24, 2).sum(axis=1), days.first_day + days.kept)
    return found


def _used_s(asset: AssetBlock, row: int) -> Floats:
    """Seconds of use in each hour: an hour counter's growth, else the share of time in which the metric was on."""
    unit = asset.metrics[row].unit
    used: Floats
    if unit in _HOURS_IN:
        used = np.clip(np.nan_to_num(asset.increase[row]) * _HOURS_IN[unit] * HOUR_S, 0.0, HOUR_S)
    else:
        full = 100.0 if unit == "%" else 1.0
        used = np.clip(np.nan_to_num(asset.mean[row]) / full, 0.0, 1.0) * asset.covered_s[row]
    return used


def _repaired(block: CustomerBlock, asset: AssetBlock, found: Intervals | None, start: float, hours: int) -> Bools:
    """Hours in which a repair ended: a failure of at least an hour, or work that somebody recorded."""
    repaired = event_hours(block, asset.asset_id, WORK_KINDS, hours)
    if found is None or not len(found.state):
        return repaired
    failed = IS_FAILED[found.state]
    ended = failed[:-1] & ~failed[1:] & (found.state[1:] != UNKNOWN)
    ended &= found.ended[:-1] - found.started[:-1] >= REPAIR_HOURS * HOUR_S
    hour = ((found.ended[:-1][ended] - start) // HOUR_S).astype(np.int64)
    repaired[hour[(hour >= 0) & (hour < hours)]] = True
    return repaired


def _condition(
    state: ConditionState | None, asset: AssetBlock, running: Bools, start: float, repaired: Bools
) -> tuple[ConditionFindings | None, ConditionState | None]:
    """Findings of all hours and the state at the last midnight; None for an asset without condition metrics."""
    if not any(m.role == "condition" for m in asset.metrics):
        return None, state
    hours = start + HOUR_S * np.arange(asset.mean.shape[1], dtype=np.float64)
    cut = len(hours) // 24 * 24
    told: list[ConditionFindings] = []
    at_midnight = state
    for first, end in ((0, cut), (cut, len(hours))):
        if first < end:
            part = slice(first, end)
            after, said = advance_condition(
                at_midnight, _hours(asset, first, end), running[part], hours[part], repaired[part]
            )
            told.append(said)
            at_midnight = after if end == cut else at_midnight
    return _concatenated(told), at_midnight


def _hours(asset: AssetBlock, first: int, end: int) -> AssetBlock:
    part = slice(first, end)
    return replace(
        asset,
        mean=asset.mean[:, part],
        covered_s=asset.covered_s[:, part],
        increase=asset.increase[:, part],
    )


def _concatenated(parts: Sequence[ConditionFindings]) -> ConditionFindings:
    if len(parts) == 1:
        return parts[0]
    first, second = parts
    return ConditionFindings(
        deviation=np.concatenate([first.deviation, second.deviation]),
        watch=np.concatenate([first.watch, second.watch]),
        act=np.concatenate([first.act, second.act]),
        expected_at=np.concatenate([first.expected_at, second.expected_at]),
        expected_low=np.concatenate([first.expected_low, second.expected_low]),
        expected_high=np.concatenate([first.expected_high, second.expected_high]),
        confidence=np.concatenate([first.confidence, second.confidence]),
        renewed=np.concatenate([first.renewed, second.renewed]),
        blame=second.blame,
    )


def _first_day(days: DailyHistory, covered: Bools) -> int | None:
    """The first day of the block with planned time or with any value."""
    block_days = len(days.table) - days.kept
    any_value = np.zeros(block_days * 24, dtype=np.bool_)
    any_value[: len(covered)] = covered
    seen = np.flatnonzero((days.column(PBT)[days.kept :] > 0) | any_value.reshape(-1, 24).any(axis=1))
    return days.first_day + days.kept + int(seen[0]) if len(seen) else None
