"""One asset's remaining life over a block's whole days, and what its condition's findings become by it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.health.block import AssetBlock, Bools
from services.health.prognostic_assessment.remaining_life.life_days import (
    LifeDays,
    life_days,
    of_one_layout,
    points_heard,
)
from services.health.prognostic_assessment.remaining_life.life_filter import LifeSums, advance_life
from services.health.prognostic_assessment.remaining_life.life_model import (
    END_ZONE_DAYS,
    LifeModel,
    Remaining,
    contributions,
    remaining,
    without_rise,
)
from services.health.prognostic_assessment.remaining_life.recalibration import recalibrated
from services.health.state_detection.condition import HORIZON_DAYS, ConditionFindings
from services.health.state_detection.states import DAY_S

_UNKNOWN = (float("nan"),) * 4
_NEVER_DAYS = 3653.0
_LIKELY = 0.5  # below, half of such machines outlast the horizon, so that the median date lies beyond it
_NOTHING = np.empty(0)
_NO_DAYS = LifeDays(
    day=_NOTHING,
    metrics=(),
    values=np.empty((0, 0)),
    terms=(),
    terms_mean=np.empty((0, 0)),
    deviation=_NOTHING,
    confidence=_NOTHING,
    renewed=np.empty(0, dtype=np.bool_),
)


@dataclass(frozen=True, kw_only=True)
class AssetLife:
    """What an asset's remaining life goes on from at a midnight; serialisable.

    points: operating points that it is known to have. near_end: the newest forecast's four values, from which the next
    ones do not rise. said: what stands until the next judged day: expected_at, low, high as Unix seconds and the
    confidence; None while no model with skill speaks.
    """

    sums: LifeSums
    points: tuple[str, ...] = ()
    near_end: tuple[float, ...] = ()
    said: tuple[float, float, float, float] | None = None
    act: bool = False


@dataclass(frozen=True, kw_only=True)
class LifeOfDay:
    """The forecast as of the end of one day: days left on average, the dates with confidence, and who says so."""

    day: int
    left: float
    expected_at: float
    expected_low: float
    expected_high: float
    confidence: float
    novel: bool
    metrics: tuple[tuple[str, float], ...]


@dataclass(frozen=True, kw_only=True)
class AssetLifeResult:
    """Days to learn from, forecasts, the findings with the act tier by them, and the state at the last midnight."""

    days: LifeDays
    forecasts: tuple[LifeOfDay, ...]
    findings: ConditionFindings
    state: AssetLife


def assess_life(
    before: AssetLife | None,
    asset: AssetBlock,
    running: Bools,
    start_s: float,
    findings: ConditionFindings,
    models: Sequence[LifeModel],
) -> AssetLifeResult:
    """Advance one asset over the block's whole days; each by the newest model that was learned before it began.

    A model that has shown skill on machines it had not seen rules the act tier and the dates from the next hour on;
    any other only tells its forecast, and how far to believe condition.
    """
    state = before or AssetLife(sums=LifeSums())
    own = sorted((m for m in models if m.asset_type == asset.asset_type), key=lambda m: m.learned_through)
    alone, findings = findings, _keeping_its_word(findings, start_s, own)
    if asset.mean.shape[1] < 24:
        return AssetLifeResult(days=_NO_DAYS, forecasts=(), findings=_ruled(findings, [(-1, state)]), state=state)
    days = life_days(asset, running, start_s, alone, state.points)
    state = replace(state, points=points_heard(asset, state.points))
    forecasts: list[LifeOfDay] = []
    told = [(-1, state)]
    for part in of_one_layout(days):
        state, said = _judged(state, part, own)
        for standing, forecast in said:
            told.append((forecast.day - int(start_s // DAY_S), standing))
            if np.isfinite(forecast.left):
                forecasts.append(forecast)
    return AssetLifeResult(days=days, forecasts=tuple(forecasts), findings=_ruled(findings, told), state=state)


def _keeping_its_word(findings: ConditionFindings, start_s: float, models: Sequence[LifeModel]) -> ConditionFindings:
    """What condition says, with the probability that came of such words on the fleet; by the newest model of each day.

    Where that makes a failure within the horizon unlikely, a date within it is not told, and nobody is sent.
    """
    hour = np.arange(len(findings.confidence))
    which = np.searchsorted([m.learned_through for m in models], start_s // DAY_S + hour // 24, side="right") - 1
    if (which < 0).all():
        return findings
    confidence = findings.confidence.copy()
    for k in np.unique(which[which >= 0]).tolist():
        confidence[which == k] = recalibrated(models[k].of_condition, findings.confidence[which == k])
    near = findings.expected_at <= start_s + 3600.0 * (hour + 1) + HORIZON_DAYS * DAY_S
    doubted = (which >= 0) & (confidence < _LIKELY) & near
    return replace(
        findings,
        confidence=confidence,
        act=findings.act & ~doubted,
        expected_at=np.where(doubted, np.nan, findings.expected_at),
        expected_low=np.where(doubted, np.nan, findings.expected_low),
        expected_high=np.where(doubted, np.nan, findings.expected_high),
    )


def _judged(
    state: AssetLife, days: LifeDays, models: Sequence[LifeModel]
) -> tuple[AssetLife, list[tuple[AssetLife, LifeOfDay]]]:
    """The state after more days of one layout; after each that a model judged the state, and what was told."""
    sums, figures = advance_life(state.sums, days)
    state, found = replace(state, sums=sums), []
    for first, end, model in _spans(days, models):
        near_end = () if days.renewed[first] else state.near_end
        said, near_end = without_rise(remaining(model, sums, figures[first:end]), near_end)
        state = replace(state, near_end=near_end)
        for row in range(first, end):
            forecast = _of_day(said, row - first, int(days.day[row]))
            if model.skill.demonstrated:
                state = _standing(state, forecast)
            if forecast.left <= HORIZON_DAYS:
                forecast = replace(forecast, metrics=contributions(model, sums, figures[: row + 1]))
            found.append((state, forecast))
    return state, found


def _spans(days: LifeDays, models: Sequence[LifeModel]) -> list[tuple[int, int, LifeModel]]:
    """First and end row of what one model judges of one life."""
    which = np.searchsorted([m.learned_through for m in models], days.day, side="right") - 1
    edges = np.flatnonzero((np.diff(which) != 0) | days.renewed[1:]) + 1
    starts = [0, *edges.tolist()] if len(days.day) else []
    ends = [*edges.tolist(), len(days.day)]
    return [(s, e, models[which[s]]) for s, e in zip(starts, ends, strict=False) if which[s] >= 0]


def _of_day(said: Remaining, row: int, day: int) -> LifeOfDay:
    end_s = (day + 1) * DAY_S
    low, expected, high = (
        end_s + days * DAY_S if days < _NEVER_DAYS else float("nan")
        for days in (float(said.low[row]), float(said.expected[row]), float(said.high[row]))
    )
    return LifeOfDay(
        day=day,
        left=float(said.days[row]),
        expected_at=expected,
        expected_low=low,
        expected_high=high,
        confidence=_within_horizon(float(said.low[row]), float(said.expected[row]), float(said.high[row])),
        novel=bool(said.novel[row]),
        metrics=(),
    )


def _within_horizon(low: float, expected: float, high: float) -> float:
    """Probability that the end comes within HORIZON_DAYS: straight lines between the quantiles."""
    if np.isnan(expected):
        return float("nan")
    at = np.minimum([low, expected, high], _NEVER_DAYS)
    return float(np.interp(HORIZON_DAYS, [0.0, *at, _NEVER_DAYS], [0.0, 0.1, 0.5, 0.9, 0.9]))


def _standing(state: AssetLife, forecast: LifeOfDay) -> AssetLife:
    """What is said from the end of a judged day on; nothing where the model cannot say, so that condition speaks."""
    if np.isnan(forecast.left):
        return replace(state, said=None, act=False)
    dates = (forecast.expected_at, forecast.expected_low, forecast.expected_high, forecast.confidence)
    return replace(state, said=dates, act=forecast.left <= END_ZONE_DAYS)


def _ruled(findings: ConditionFindings, told: Sequence[tuple[int, AssetLife]]) -> ConditionFindings:
    """The findings with what stood of remaining life in each hour; told: (day of the block, what stood after it)."""
    if all(state.said is None for _, state in told):
        return findings
    hours = len(findings.act)
    act, spoken, table = findings.act.copy(), np.zeros(hours, dtype=np.bool_), np.full((4, hours), np.nan)
    edges = [max(0, 24 * day + 23) if day >= 0 else 0 for day, _ in told]
    for (_, state), first, end in zip(told, edges, [*edges[1:], hours], strict=True):
        part = slice(first, end)
        spoken[part] = state.said is not None
        act[part] = state.act if state.said is not None else findings.act[part]
        table[:, part] = np.array(state.said or _UNKNOWN)[:, None]
    return replace(
        findings,
        act=act,
        watch=np.asarray(findings.watch | act, dtype=np.bool_),
        expected_at=np.where(spoken, table[0], findings.expected_at),
        expected_low=np.where(spoken, table[1], findings.expected_low),
        expected_high=np.where(spoken, table[2], findings.expected_high),
        confidence=np.where(spoken, table[3], findings.confidence),
    )
