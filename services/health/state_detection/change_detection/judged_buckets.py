"""Buckets judged against a reference, up to the next turning point: a change found, gone, or become normal."""

from dataclasses import replace

import numpy as np

from services.health.block import Bools, Floats
from services.health.state_detection.change_detection.change_state import FIXED, PER_METRIC, ChangeState
from services.health.state_detection.change_detection.reference import REACH, ChangeReference
from services.health.state_detection.change_detection.sensor_runs import advance_runs
from services.health.state_detection.change_detection.smoothing import Ints, latched, smoothed
from services.health.state_detection.change_detection.statistics import judge
from services.health.state_detection.change_detection.tempo import Tempo, weight

CLEAR = 0.5  # what was found is over below half of its limit


def judge_rows(
    state: ChangeState, values: Floats, points: Floats, at: Floats, tempo: Tempo
) -> tuple[ChangeState, Floats]:
    """Judge rows (n, M) and (n, P) up to the first turning point; the state there, and the rows told, k of n."""
    reference = state.reference
    if reference is None:
        raise ValueError("there is no reference to judge by")
    rest = tempo.news - state.changed_for if state.changed_for else tempo.baseline - state.quiet
    values, points, at = values[:rest], points[:rest], at[:rest]
    runs, still, away = advance_runs(state.runs, reference.runs, values)
    deviation = reference.deviation(np.where(still, np.nan, values), points)
    deviation = np.clip(deviation - state.anchor, -REACH, REACH)
    levels = _levels(state, deviation, tempo)
    averages = [
        smoothed(deviation - levels[:-1], np.array(before), weight(span))
        for before, span in zip(state.averages, tempo.spans, strict=True)
    ]
    told = _told(state, reference, averages, still, away)
    told[:, 3] = ~np.isnan(deviation).all(axis=1)
    turn = _turn(state, told)
    if turn is not None and turn + 1 < len(values):
        upto = turn + 1
        runs, _, _ = advance_runs(state.runs, reference.runs, values[:upto])
        told, levels, averages = told[:upto], levels[: upto + 1], [a[:upto] for a in averages]
    crossed, aside = _crossed(state, averages[0], at)
    after = replace(
        state,
        runs=runs,
        level=levels[-1].tolist(),
        averages=[a[-1].tolist() for a in averages],
        crossed=crossed.tolist(),
        aside=aside.tolist(),
    )
    return _turned(after, told, levels, tempo)


def _levels(state: ChangeState, deviation: Floats, tempo: Tempo) -> Floats:
    """The level before each row and after the last, (n + 1, M).

    It stands still while a change is found, and that of a metric while its sensor is to blame.
    """
    level = np.array(state.level)
    if state.changed_for:
        return np.repeat(level[None, :], len(deviation) + 1, axis=0)
    trusted = np.where(_alone(state), np.nan, deviation)
    return np.vstack([level, smoothed(trusted, level, weight(tempo.following))])


def _told(state: ChangeState, reference: ChangeReference, averages: list[Floats], still: Bools, away: Bools) -> Floats:
    rows, many = averages[0].shape
    before = state.told_row
    suspected = judge(reference, averages, np.zeros((rows, many), dtype=np.bool_))
    alone = latched(suspected.alone > 1, suspected.apart < CLEAR, _alone(state))
    found = judge(reference, averages, alone) if alone.any() else suspected
    told = np.empty((rows, FIXED + PER_METRIC * many))
    told[:, 0], told[:, 1], told[:, 2] = found.score, before[1], before[2]
    told[:, FIXED:] = np.concatenate([averages[-1], found.own, still, away, alone], axis=1)
    return told


def _turn(state: ChangeState, told: Floats) -> int | None:
    """The first row at which a change is found or over, or a sensor leaves its peers or is back."""
    alone = told[:, FIXED:].reshape(len(told), PER_METRIC, -1)[:, 4]
    turning = (alone != _alone(state)).any(axis=1) | _found_or_over(state, told[:, 0])
    return int(np.argmax(turning)) if turning.any() else None


def _alone(state: ChangeState) -> Bools:
    """Metrics that have left their peers, (M,)."""
    alone: Bools = state.told_row[FIXED:].reshape(PER_METRIC, len(state.metrics))[4] > 0
    return alone


def _found_or_over(state: ChangeState, score: Floats) -> Bools:
    return score < CLEAR if state.changed_for else score > 1


def _crossed(state: ChangeState, average: Floats, at: Floats) -> tuple[Floats, Ints]:
    """When each metric's average last changed its sign, and readings since: the change point of such a chart.

    Nishina (1992).
    """
    before = np.vstack([state.averages[0], average[:-1]])
    turned = (np.sign(average) != np.sign(before)) & (average != 0)
    last = np.where(turned, np.arange(1, len(average) + 1)[:, None], 0).max(axis=0)
    crossed = np.where(last > 0, at[np.maximum(last, 1) - 1], state.crossed)
    return crossed, len(average) - last + np.where(last > 0, 0, state.aside)


def _turned(state: ChangeState, told: Floats, levels: Floats, tempo: Tempo) -> tuple[ChangeState, Floats]:
    rows = len(told)
    turned = bool(_found_or_over(state, told[-1:, 0])[0])
    if state.changed_for:
        state = replace(state, changed_for=state.changed_for + rows)
    else:
        state = replace(state, quiet=state.quiet + rows)
    if turned and state.changed_for:
        told[-1, 1] = 0.0
        state = replace(state, changed_for=0)
    elif turned:
        own = told[-1, FIXED:].reshape(PER_METRIC, -1)
        blamed = int(np.argmax(np.where(own[4] > 0, 0.0, own[1])))
        if state.aside[blamed] > tempo.abrupt:
            return _anchored(state, told, state.averages[-1]), told
        told[-1, 1:3] = 1.0, state.crossed[blamed]
        state = replace(state, changed_for=1, level=levels[-2].tolist())
    if state.changed_for >= tempo.news:
        state = _anchored(state, told, state.averages[-1])
    elif state.quiet >= tempo.baseline:
        anchor = np.array(state.anchor) + state.level
        state = replace(state, anchor=anchor.tolist(), level=[0.0] * len(anchor), quiet=0)
    return replace(state, told=told[-1].tobytes()), told


def _anchored(state: ChangeState, told: Floats, moved: list[float]) -> ChangeState:
    """Go on from where the metrics are now; what was found, if anything, is over."""
    told[-1, 1] = 0.0
    nothing = [0.0] * len(moved)
    anchor = np.array(state.anchor) + state.level + moved
    averages = [nothing for _ in state.averages]
    return replace(
        state,
        anchor=anchor.tolist(),
        level=nothing,
        quiet=0,
        changed_for=0,
        averages=averages,
        told=told[-1].tobytes(),
    )
