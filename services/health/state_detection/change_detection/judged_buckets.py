"""Buckets judged against a reference, up to the next turning point: a change found, gone, or become normal."""

from dataclasses import replace

import numpy as np

from services.health.block import Bools, Floats
from services.health.state_detection.change_detection.change_state import FIXED, PER_SENSOR, ChangeState
from services.health.state_detection.change_detection.level import advance_levels, drift_of, memory_of
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
    readings = np.hstack([values, points])
    runs, still, away = advance_runs(state.runs, reference.runs, readings)
    many, trusted = len(state.metrics), np.where(still, np.nan, readings)
    deviation = reference.deviation(trusted[:, :many], trusted[:, many:])
    deviation = np.clip(deviation - state.anchor, -REACH, REACH)
    levels, memory = _levels(state, deviation, tempo)
    averages = [
        smoothed(deviation - levels[:-1], np.array(before), weight(span))
        for before, span in zip(state.averages, tempo.spans, strict=True)
    ]
    told = _told(state, reference, averages, still, away)
    told[:, 3] = ~np.isnan(deviation).all(axis=1)
    turn = _turn(state, told)
    if turn is not None and turn + 1 < len(values):
        upto = turn + 1
        runs, _, _ = advance_runs(state.runs, reference.runs, readings[:upto])
        levels, memory = _levels(state, deviation[:upto], tempo)
        told, averages = told[:upto], [a[:upto] for a in averages]
    crossed, aside = _crossed(state, averages[0], at)
    after = replace(
        state,
        runs=runs,
        level=levels[-1].tolist(),
        memory=memory.tolist(),
        averages=[a[-1].tolist() for a in averages],
        crossed=crossed.tolist(),
        aside=aside.tolist(),
    )
    return _turned(after, told, _waiting(state), tempo)


def _waiting(state: ChangeState) -> Bools:
    """Metrics whose level does not follow: all while a change is found, and one while its sensor is to blame; (M,)."""
    return np.ones(len(state.metrics), dtype=np.bool_) if state.changed_for else _alone(state)


def _levels(state: ChangeState, deviation: Floats, tempo: Tempo) -> tuple[Floats, Floats]:
    """The level before each row and after the last, (n + 1, M), and its memory then."""
    level, memory = np.array(state.level), np.array(state.memory)
    return advance_levels(deviation, level, memory, _waiting(state), tempo.following)


def _told(state: ChangeState, reference: ChangeReference, averages: list[Floats], still: Bools, away: Bools) -> Floats:
    rows, many = averages[0].shape
    before = state.told_row
    suspected = judge(reference, averages, np.zeros((rows, many), dtype=np.bool_))
    alone = latched(suspected.alone > 1, suspected.apart < CLEAR, _alone(state))
    found = judge(reference, averages, alone) if alone.any() else suspected
    told = np.zeros((rows, len(before)))
    told[:, 0], told[:, 1], told[:, 2] = found.score, before[1], before[2]
    of_sensors = told[:, FIXED:].reshape(rows, PER_SENSOR, -1)
    of_sensors[:, 0, :many], of_sensors[:, 1, :many], of_sensors[:, 4, :many] = averages[-1], found.own, alone
    of_sensors[:, 2], of_sensors[:, 3] = still, away
    return told


def _turn(state: ChangeState, told: Floats) -> int | None:
    """The first row at which a change is found or over, or a sensor leaves its peers or is back."""
    alone = told[:, FIXED:].reshape(len(told), PER_SENSOR, -1)[:, 4, : len(state.metrics)]
    turning = (alone != _alone(state)).any(axis=1) | _found_or_over(state, told[:, 0])
    return int(np.argmax(turning)) if turning.any() else None


def _alone(state: ChangeState) -> Bools:
    """Metrics that have left their peers, (M,)."""
    alone: Bools = state.told_row[FIXED:].reshape(PER_SENSOR, -1)[4, : len(state.metrics)] > 0
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


def _turned(state: ChangeState, told: Floats, waited: Bools, tempo: Tempo) -> tuple[ChangeState, Floats]:
    """What follows from the last row: something is found, or over, or the machine as it is now."""
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
        own = told[-1, FIXED:].reshape(PER_SENSOR, -1)[:, : len(state.metrics)]
        blamed = int(np.argmax(np.where(own[4] > 0, 0.0, own[1])))
        if state.aside[blamed] > tempo.abrupt:
            return _anchored(state, told, waited, tempo), told
        told[-1, 1:3] = 1.0, state.crossed[blamed]
        state = replace(state, changed_for=1)
    state = replace(state, told=told[-1].tobytes())
    if state.changed_for >= tempo.news:
        return _anchored(state, told, waited, tempo), told
    state = _with_memory(state, waited, tempo)
    if state.quiet < tempo.baseline:
        return state, told
    level, none = np.array(state.level), np.zeros(len(state.level))
    anchor, offset = np.array(state.anchor) + level, memory_of(level, none, tempo.following)
    memory = np.array(state.memory) - np.where(_waiting(state), 0.0, offset)
    return replace(state, anchor=anchor.tolist(), level=none.tolist(), memory=memory.tolist(), quiet=0), told


def _drift(state: ChangeState, waited: Bools, tempo: Tempo) -> Floats:
    """By how much each level drifts a row, (M,). waited: the levels that did not follow until now."""
    memory = np.array(state.memory)
    return np.where(waited, memory[0], drift_of(np.array(state.level), memory, tempo.following))


def _with_memory(state: ChangeState, waited: Bools, tempo: Tempo) -> ChangeState:
    """The state with the memory that its levels need, where one that followed now waits, or the other way round."""
    waits = _waiting(state)
    if (waits == waited).all():
        return state
    level, drift = np.array(state.level), _drift(state, waited, tempo)
    following = memory_of(level, drift, tempo.following)
    waiting = np.array([drift, np.zeros(len(drift))])
    memory = np.where(waits == waited, state.memory, np.where(waits, waiting, following))
    return replace(state, memory=memory.tolist())


def _anchored(state: ChangeState, told: Floats, waited: Bools, tempo: Tempo) -> ChangeState:
    """Go on from where the metrics are now, with the drift they had; what was found, if anything, is over."""
    told[-1, 1] = 0.0
    state = replace(state, told=told[-1].tobytes())
    none, drift = np.zeros(len(state.level)), _drift(state, waited, tempo)
    anchor = np.array(state.anchor) + state.level + state.averages[-1]
    waiting = np.array([drift, none])
    memory = np.where(_alone(state), waiting, memory_of(none, drift, tempo.following))
    return replace(
        state,
        anchor=anchor.tolist(),
        level=none.tolist(),
        memory=memory.tolist(),
        quiet=0,
        changed_for=0,
        averages=[none.tolist() for _ in state.averages],
    )
