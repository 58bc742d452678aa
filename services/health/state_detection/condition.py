"""How far a machine has moved from its own baseline, hour by hour, without knowing any failure.

Judged once a UTC day: hours follow the shift and the weather, wear does not. A day's readings are counted in the
baseline's sigmas (see operating_baseline), smoothed, and combined over metrics; the trend of the combined deviation
gives the date (see prognostic_assessment). An alert needs both: a deviation that is no chance, and a date near enough
to plan for. A deviation that stays where it is, as after a recalibration, alone is no alert.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from math import sqrt

import numpy as np
from scipy.special import ndtri

from services.health.block import AssetBlock, Bools, Floats
from services.health.prognostic_assessment.forecast import (
    DAMAGE,
    DAY_S,
    SMOOTHING,
    Trend,
    advance_trend,
    dates,
    forecast,
)
from services.health.state_detection.condition_state import ConditionState, Verdict, hour_table, unpack, with_metrics
from services.health.state_detection.operating_baseline import BASELINE_DAYS, deviation_of_hours, fit_baseline

HORIZON_DAYS = 90.0  # watch: a quarter, in which an account team plans and parts are bought
ACT_DAYS = 30.0  # act: a month, in which a visit must be booked
_FALSE_ALARMS_A_YEAR = 0.1  # significance alone, per asset; the date required as well makes it rarer
_EWMA_VARIANCE = SMOOTHING / (2 - SMOOTHING)
_CHANCE = _FALSE_ALARMS_A_YEAR / (365 * _EWMA_VARIANCE)  # that many independent looks a year
_GLITCH = 2 * DAMAGE  # how far beyond twice what is known a reading counts, so that one glitch cannot rule a month
_FAST = 0.5
_MOST_BASELINES = 6
_STEP_BACK_FROM = 3.0  # below, the smoothed deviation finds back by itself within weeks
_EFFECT_DAYS = 3  # after as many days seven eighths of `fast` are younger than the repair
_LEAST_BLAME = 0.05
_HOUR_S = 3600.0
# Arrays of ConditionFindings, and fields of Verdict.
FINDINGS = ("deviation", "watch", "act", "expected_at", "expected_low", "expected_high", "confidence", "renewed")


@dataclass(frozen=True, kw_only=True)
class ConditionFindings:
    """Findings as they were known at the end of each hour; all arrays have shape (T,).

    deviation: combined deviation in baseline sigmas, 0 or more, NaN until there is a baseline. watch, act: tiers;
    act implies watch. expected_at, expected_low, expected_high: Unix seconds at which the damage level is expected,
    with its 10 % and 90 % bounds; NaN where no date is foreseen. confidence: probability 0..1 that it comes within
    HORIZON_DAYS. renewed: the newest judgement was that a repair had changed the machine. blame: the metrics that
    deviate at the end with their share of it, greatest first.
    """

    deviation: Floats
    watch: Bools
    act: Bools
    expected_at: Floats
    expected_low: Floats
    expected_high: Floats
    confidence: Floats
    renewed: Bools
    blame: tuple[tuple[str, float], ...]


def no_findings(hours: int) -> ConditionFindings:
    """What is said of so many hours that are not judged."""
    unknown, never = np.full(hours, np.nan), np.zeros(hours, dtype=np.bool_)
    return ConditionFindings(
        deviation=unknown,
        watch=never,
        act=never,
        expected_at=unknown,
        expected_low=unknown,
        expected_high=unknown,
        confidence=np.zeros(hours),
        renewed=never,
        blame=(),
    )


def advance_condition(
    state: ConditionState | None,
    asset: AssetBlock,
    running: Bools,
    hours: Floats,
    repaired: Bools | None = None,
) -> tuple[ConditionState, ConditionFindings]:
    """Judge more hours of one asset; any cut of the same hours into blocks gives the same findings and state.

    running: (T,), false in hours that are not to be judged. hours: (T,), start of each in Unix seconds, ascending.
    repaired: (T,), true in hours in which a repair ended: where the days after show that it changed the machine,
    the episode ends, and the baseline is learned anew while the old one goes on judging. A metric or operating point
    without a value (NaN) is not judged in that hour, and what was said before keeps standing.
    """
    state = with_metrics(state, asset)
    new = hour_table(state, asset, running, hours, np.zeros(len(hours), bool) if repaired is None else repaired)
    table = np.vstack([unpack(state.pending, new.shape[1]), new])
    before = len(table) - len(new)
    verdicts = np.empty((len(table), len(FINDINGS)))
    day = np.floor(table[:, 0] / DAY_S)
    for first, end in _days(day):
        part = table[first:end]
        over = part[-1, 0] + _HOUR_S >= (day[first] + 1) * DAY_S
        verdicts[first:end] = _row(state.verdict)
        if not over and end == len(table):
            state = replace(state, pending=part.tobytes())
            break
        state = _judge_day(replace(state, pending=b""), part, float(day[first]))
        if over:
            verdicts[end - 1] = _row(state.verdict)
    return state, _findings(state, verdicts[before:])


def _judge_day(state: ConditionState, part: Floats, day: float) -> ConditionState:
    if part[:, 2].any():
        state = replace(state, before_repair=state.slow, repair_days=0)
        part = part[int(np.flatnonzero(part[:, 2])[-1]) + 1 :]
    split = 3 + len(state.metrics)
    usable = (part[:, 1] > 0) & ~np.isnan(part[:, 3:split]).all(axis=1)
    part = part[usable]
    if not len(part):
        return state
    values, points = part[:, 3:split], part[:, split:]
    deviation = np.full(values.shape, np.nan)
    unknown = np.ones(len(part), dtype=bool)
    for baseline in state.baselines:
        of_baseline, known = deviation_of_hours(baseline, values, points)
        deviation[unknown & known] = of_baseline[unknown & known]
        unknown &= ~known
    reach = _GLITCH + 2 * np.abs(np.array(state.slow))
    state = _judge_deviation(state, np.clip(deviation, -reach, reach), day)
    return _collect(state, part[unknown]) if state.worn is None else _relearn(state, part)


def _judge_deviation(state: ConditionState, deviation: Floats, day: float) -> ConditionState:
    """Smooth one day's deviations (hours, M), each with the weight of its hours, and say what follows."""
    have = ~np.isnan(deviation)
    hours = have.sum(axis=0)
    seen = hours > 0
    if not seen.any():
        return state
    today = np.where(have, deviation, 0.0).sum(axis=0) / np.maximum(hours, 1)
    weight = np.minimum(1.0, hours / state.baselines[0].hours_a_day)
    slow, fast = np.array(state.slow), np.array(state.fast)
    slow = slow + np.where(seen, 1 - (1 - SMOOTHING) ** weight, 0.0) * (today - slow)
    fast = fast + np.where(seen, 1 - (1 - _FAST) ** weight, 0.0) * (today - fast)
    judged = np.isfinite(_day_noise(state))
    combined = _combined(slow[judged])
    trend = advance_trend(state.trend, day, combined)
    state = replace(state, slow=slow.tolist(), fast=fast.tolist(), trend=trend)
    if combined >= _STEP_BACK_FROM and _combined(fast[judged]) <= combined / 3:
        return _renewed(state, worn=slow)
    if state.before_repair is not None:
        return _await_effect(state, judged)
    return replace(state, verdict=_verdict(state, combined, (day + 1) * DAY_S))


def _combined(deviation: Floats) -> float:
    """Combined deviation of metrics (M,): their mean size, or the greatest one over sqrt(M) if that is more.

    Never above the root mean square and equal to it where all metrics move alike and where one moves alone; between
    these, metrics that repeat each other do not count twice.
    """
    size = np.abs(deviation)
    return max(float(size.mean()), float(size.max()) / sqrt(len(size)))


def _verdict(state: ConditionState, combined: float, end_s: float) -> Verdict:
    """A tier is entered at its horizon and left at twice that, so that a date at the border does not flap.

    In the weeks after a repair only the wear that led to it can be back; any other change is what the repair did.
    """
    if not _significant(state):
        return Verdict(deviation=combined, confidence=0.0)
    if state.worn is not None and not _is_back(np.array(state.slow), np.array(state.worn)):
        return Verdict(deviation=combined, confidence=0.0)
    ahead = forecast(state.trend, state.limit, HORIZON_DAYS)
    low, expected, high = dates(end_s, ahead)
    act = ahead.high <= ACT_DAYS * (2 if state.verdict.act else 1)
    return Verdict(
        deviation=combined,
        watch=act or ahead.high <= HORIZON_DAYS * (2 if state.verdict.watch else 1),
        act=act,
        expected_at=expected,
        expected_low=low,
        expected_high=high,
        confidence=ahead.confidence,
    )


def _is_back(deviation: Floats, worn: Floats) -> bool:
    """Whether a deviation points where the wear before the repair did, if that was a sigma at all."""
    sizes = float(np.linalg.norm(deviation) * np.linalg.norm(worn))
    return _combined(worn) >= 1 and float(deviation @ worn) > sizes / 2


def _significant(state: ConditionState) -> bool:
    """Whether any metric's smoothed deviation is no chance: Bonferroni over metrics, so however they hang together."""
    noise = _day_noise(state)
    judged = np.isfinite(noise)
    limit = -float(ndtri(_CHANCE / (2 * judged.sum()))) * sqrt(_EWMA_VARIANCE + 1 / BASELINE_DAYS)
    return bool(np.any(np.abs(np.array(state.slow)[judged]) > limit * noise[judged]))


def _day_noise(state: ConditionState) -> Floats:
    """Noise of a day's mean of each metric, from the first baseline that judges it; NaN where none does."""
    noise = np.full(len(state.metrics), np.nan)
    for baseline in state.baselines:
        noise = np.where(np.isnan(noise), np.array(baseline.day_noise), noise)
    return noise


def _collect(state: ConditionState, part: Floats) -> ConditionState:
    """Keep hours that no baseline knows; after BASELINE_DAYS of them they make one.

    A later baseline is for operating points not seen before; what the machine deviated by then is taken off it, so
    that wear is not learned as normal.
    """
    if len(state.baselines) >= _MOST_BASELINES:
        return state
    state = _kept(state, part)
    if state.collected_days < BASELINE_DAYS:
        return state
    baseline = fit_baseline(*_learned_from(state))
    state = replace(state, collected=b"", collected_days=0)
    if baseline is None:
        return state
    if state.baselines:
        worn = np.nan_to_num(np.array(state.slow) * np.array(state.baselines[0].sigma))
        baseline = replace(baseline, centre=(np.array(baseline.centre) - worn).tolist())
        return replace(state, baselines=[*state.baselines, baseline])
    return _as_new(replace(state, baselines=[baseline]))


def _relearn(state: ConditionState, part: Floats) -> ConditionState:
    """After a repair: learn what is normal anew, for no repair restores exactly what was, and the old baseline may
    have been learned from a worn machine."""
    state = _kept(state, part)
    if state.collected_days < BASELINE_DAYS:
        return state
    baseline = fit_baseline(*_learned_from(state))
    state = replace(state, collected=b"", collected_days=0, worn=None)
    return state if baseline is None else _as_new(replace(state, baselines=[baseline]))


def _kept(state: ConditionState, part: Floats) -> ConditionState:
    if not len(part):
        return state
    return replace(state, collected=state.collected + part.tobytes(), collected_days=state.collected_days + 1)


def _learned_from(state: ConditionState) -> tuple[Floats, Floats, Floats]:
    """Values, points and UTC day of the collected hours."""
    split = 3 + len(state.metrics)
    table = unpack(state.collected, split + len(state.points))
    return table[:, 3:split], table[:, split:], np.floor(table[:, 0] / DAY_S)


def _await_effect(state: ConditionState, judged: Bools) -> ConditionState:
    """What was said stands until the days after a repair show whether it changed the machine.

    It did if the deviation moved by half of what it was, and by a sigma; a short stop or an oil change does not.
    """
    state = replace(state, repair_days=state.repair_days + 1)
    if state.repair_days < _EFFECT_DAYS:
        return state
    before = np.array(state.before_repair)
    state = replace(state, before_repair=None, repair_days=0)
    moved = _combined((np.array(state.fast) - before)[judged])
    return _renewed(state, worn=before) if moved >= max(_combined(before[judged]) / 2, 1.0) else state


def _renewed(state: ConditionState, worn: Floats) -> ConditionState:
    """The episode ends, and a machine repaired beyond the damage level has shown where its own limit is."""
    reached = _combined(worn[np.isfinite(_day_noise(state))])
    limit = reached if state.verdict.watch and reached > DAMAGE else state.limit
    cleared = replace(state, limit=limit, worn=worn.tolist(), before_repair=None, repair_days=0)
    new = _as_new(replace(cleared, collected=b"", collected_days=0))
    return replace(new, verdict=replace(new.verdict, renewed=True))


def _as_new(state: ConditionState) -> ConditionState:
    """The machine is taken to be at its baseline."""
    nothing = [0.0] * len(state.metrics)
    return replace(state, slow=nothing, fast=nothing, trend=Trend(), verdict=Verdict(deviation=0.0, confidence=0.0))


def _days(day: Floats) -> list[tuple[int, int]]:
    """First and end row of each day; none where there are no rows."""
    if not len(day):
        return []
    edges = [0, *(np.flatnonzero(np.diff(day)) + 1).tolist(), len(day)]
    return list(pairwise(edges))


def _row(verdict: Verdict) -> list[float]:
    return [float(getattr(verdict, name)) for name in FINDINGS]


def _findings(state: ConditionState, rows: Floats) -> ConditionFindings:
    column = dict(zip(FINDINGS, rows.T, strict=True))
    return ConditionFindings(
        deviation=column["deviation"],
        watch=column["watch"] > 0,
        act=column["act"] > 0,
        expected_at=column["expected_at"],
        expected_low=column["expected_low"],
        expected_high=column["expected_high"],
        confidence=column["confidence"],
        renewed=column["renewed"] > 0,
        blame=_blame(state),
    )


def _blame(state: ConditionState) -> tuple[tuple[str, float], ...]:
    power = np.where(np.isfinite(_day_noise(state)), np.square(state.slow), 0.0)
    if power.sum() <= 0:
        return ()
    share = power / power.sum()
    order = sorted(range(len(share)), key=lambda m: (-share[m], state.metrics[m]))
    return tuple((state.metrics[m], float(share[m])) for m in order if share[m] >= _LEAST_BLAME)
