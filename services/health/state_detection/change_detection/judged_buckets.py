"""Buckets judged against references, up to the next turning point: a change found, gone, or become normal.

Machines with as many metrics, operating points and buckets are judged at once, side by side as columns of one table.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.health.block import Bools, Floats
from services.health.state_detection.change_detection.change_state import (
    FIXED,
    PER_SENSOR,
    ChangeState,
    levels_of,
    with_levels,
)
from services.health.state_detection.change_detection.level import Levels, advance_levels, drift_of, moved, starting
from services.health.state_detection.change_detection.reference import REACH, ChangeReference, side_by_side
from services.health.state_detection.change_detection.sensor_runs import RunLimits, RunState, advance_runs
from services.health.state_detection.change_detection.smoothing import Ints, latched, smoothed
from services.health.state_detection.change_detection.statistics import judge
from services.health.state_detection.change_detection.tempo import Tempo, weight

CLEAR = 0.5  # what was found is over below half of its limit


@dataclass(frozen=True, kw_only=True)
class Rows:
    """n readings of one machine: readings (n, M + P), at (n,), Unix seconds."""

    readings: Floats
    at: Floats

    def upto(self, end: int) -> "Rows":
        """The first readings."""
        return Rows(readings=self.readings[:end], at=self.at[:end])


def reference_of(state: ChangeState) -> ChangeReference:
    """What a machine is judged by. Raises ValueError where there is none yet."""
    if state.reference is None:
        raise ValueError("there is no reference to judge by")
    return state.reference


def judge_rows(states: Sequence[ChangeState], rows: Sequence[Rows], tempo: Tempo) -> list[tuple[ChangeState, Floats]]:
    """Judge A machines, each over n rows up to its first turning point: its state there, and the rows told, k of n.

    All have as many metrics, as many operating points and as many rows, at most `rest_of` each.
    """
    many, sensors = len(states[0].metrics), len(states[0].metrics) + len(states[0].points)
    shape = (len(rows[0].at), len(states), many)
    limits, before = _limits(states), np.array([state.told_row for state in states])
    readings = np.hstack([each.readings for each in rows])
    runs, still, away = advance_runs(_runs(states), limits, readings)
    deviation = _deviation(states, np.where(still, np.nan, readings))
    waiting = np.array([_waiting(state) for state in states])
    compared, levels = advance_levels(deviation, levels_of(states), waiting.ravel(), tempo)
    averages = [
        smoothed(deviation - compared, _columns([s.averages[i] for s in states]), weight(span)).reshape(shape)
        for i, span in enumerate(tempo.spans)
    ]
    told = _told(states, before, averages, still, away)
    told[..., 3] = ~np.isnan(deviation.reshape(shape)).all(axis=-1)
    turning = _turning(states, told, before, many)
    first = np.where(turning.any(axis=0), turning.argmax(axis=0), shape[0] - 1)
    crossed, aside = _crossed(states, averages[0], np.array([each.at for each in rows]).T)
    found = []
    for a, state in enumerate(states):
        if first[a] + 1 < shape[0]:
            found += judge_rows([state], [rows[a].upto(int(first[a]) + 1)], tempo)
            continue
        own, of_sensors = slice(many * a, many * (a + 1)), slice(sensors * a, sensors * (a + 1))
        said, standing = told[:, a].copy(), levels.of(own)
        after = replace(
            state,
            runs=_run_of(runs, of_sensors),
            level=standing.level.tolist(),
            memory=standing.memory.tolist(),
            ahead=standing.ahead.tobytes(),
            averages=[average[-1, a].tolist() for average in averages],
            crossed=crossed[a].tolist(),
            aside=aside[a].tolist(),
            quiet=state.quiet if state.changed_for else state.quiet + shape[0],
            changed_for=state.changed_for + shape[0] if state.changed_for else 0,
            told=said[-1].tobytes(),
        )
        if turning[-1, a] or after.changed_for >= tempo.news or after.quiet >= tempo.baseline:
            after = _turned(after, said, waiting[a], tempo)
        found.append((after, said))
    return found


def rest_of(state: ChangeState, tempo: Tempo) -> int:
    """Rows after which something turns in any case: the level is anchored anew, or a change is how the machine is."""
    return tempo.news - state.changed_for if state.changed_for else tempo.baseline - state.quiet


def _columns(lists: Sequence[Sequence[float]]) -> Floats:
    return np.array(lists, dtype=np.float64).ravel()


def _limits(states: Sequence[ChangeState]) -> RunLimits:
    own = [reference_of(state).runs for state in states]
    return RunLimits(equal=[x for r in own for x in r.equal], missing=[x for r in own for x in r.missing])


def _runs(states: Sequence[ChangeState]) -> RunState:
    own = [state.runs for state in states]
    return RunState(
        last=[x for r in own for x in r.last],
        equal=[x for r in own for x in r.equal],
        missing=[x for r in own for x in r.missing],
    )


def _run_of(runs: RunState, own: slice) -> RunState:
    return RunState(last=runs.last[own], equal=runs.equal[own], missing=runs.missing[own])


def _deviation(states: Sequence[ChangeState], readings: Floats) -> Floats:
    """Deviation of each machine's readings from its anchor, (n, A M); what a single reading counts is bounded."""
    found, first = [], 0
    for state in states:
        many = len(state.metrics)
        middle, end = first + many, first + many + len(state.points)
        deviation = reference_of(state).deviation(readings[:, first:middle], readings[:, middle:end])
        found.append(deviation - state.anchor)
        first = end
    return np.clip(np.hstack(found), -REACH, REACH)


def _waiting(state: ChangeState) -> Bools:
    """Metrics whose level does not follow: all while a change is found, and one while its sensor is to blame; (M,)."""
    return np.ones(len(state.metrics), dtype=np.bool_) if state.changed_for else _alone(state)


def _alone(state: ChangeState) -> Bools:
    """Metrics that have left their peers, (M,)."""
    return _alone_of(state.told_row, len(state.metrics))


def _alone_of(told: Floats, many: int) -> Bools:
    """Metrics that have left their peers by rows told, (…, M)."""
    first = FIXED + 4 * ((told.shape[-1] - FIXED) // PER_SENSOR)
    alone: Bools = told[..., first : first + many] > 0
    return alone


def _told(
    states: Sequence[ChangeState], before: Floats, averages: Sequence[Floats], still: Bools, away: Bools
) -> Floats:
    """Rows told of n buckets, (n, A, FIXED + PER_SENSOR (M + P)); before: those of the buckets before, (A, …)."""
    n, machines, many = averages[0].shape
    weights = side_by_side([reference_of(state).weights for state in states])
    found = suspected = judge(weights, averages, np.zeros((n, machines, many), dtype=np.bool_))
    alone = latched(suspected.alone > 1, suspected.apart < CLEAR, _alone_of(before, many))
    if alone.any():
        found = judge(weights, averages, alone)
    told = np.zeros((n, *before.shape))
    told[..., 0], told[..., 1], told[..., 2] = found.score, before[:, 1], before[:, 2]
    of_sensors = told[..., FIXED:].reshape(n, machines, PER_SENSOR, -1)
    of_sensors[..., 0, :many], of_sensors[..., 1, :many], of_sensors[..., 4, :many] = averages[-1], found.own, alone
    of_sensors[..., 2, :], of_sensors[..., 3, :] = (flags.reshape(n, machines, -1) for flags in (still, away))
    told[..., FIXED:] = of_sensors.reshape(n, machines, -1)
    return told


def _turning(states: Sequence[ChangeState], told: Floats, before: Floats, many: int) -> Bools:
    """Rows at which a change is found or over, or a sensor leaves its peers or is back, (n, A)."""
    changed = np.array([state.changed_for > 0 for state in states])
    found_or_over = np.where(changed, told[..., 0] < CLEAR, told[..., 0] > 1)
    turning: Bools = found_or_over | (_alone_of(told, many) != _alone_of(before, many)).any(axis=-1)
    return turning


def _crossed(states: Sequence[ChangeState], average: Floats, at: Floats) -> tuple[Floats, Ints]:
    """When each metric's average last changed its sign, and readings since, (A, M): the change point of such a chart.

    Nishina (1992).
    """
    before = np.concatenate([np.array([s.averages[0] for s in states])[None], average[:-1]])
    turned = (np.sign(average) != np.sign(before)) & (average != 0)
    last = np.where(turned, np.arange(1, len(average) + 1)[:, None, None], 0).max(axis=0)
    then = at[np.maximum(last, 1) - 1, np.arange(len(last))[:, None]]
    crossed = np.where(last > 0, then, [s.crossed for s in states])
    return crossed, len(average) - last + np.where(last > 0, 0, [s.aside for s in states])


def _turned(state: ChangeState, told: Floats, waited: Bools, tempo: Tempo) -> ChangeState:
    """Something is found, or over, or how the machine is now."""
    score = told[-1, 0]
    if state.changed_for and score < CLEAR:
        told[-1, 1] = 0.0
        state = replace(state, changed_for=0)
    elif not state.changed_for and score > 1:
        own = told[-1, FIXED:].reshape(PER_SENSOR, -1)[:, : len(state.metrics)]
        blamed = int(np.argmax(np.where(own[4] > 0, 0.0, own[1])))
        if state.aside[blamed] > tempo.abrupt:
            return _anchored(state, told, waited, tempo)
        told[-1, 1:3] = 1.0, state.crossed[blamed]
        state = replace(state, changed_for=1)
    state = replace(state, told=told[-1].tobytes())
    if state.changed_for >= tempo.news:
        return _anchored(state, told, waited, tempo)
    state = _switched(state, waited, tempo)
    if state.quiet < tempo.baseline:
        return state
    levels = levels_of([state])
    anchor = np.array(state.anchor) + levels.level
    state = with_levels(state, moved(levels, levels.level, _waiting(state), tempo))
    return replace(state, anchor=anchor.tolist(), quiet=0)


def _switched(state: ChangeState, waited: Bools, tempo: Tempo) -> ChangeState:
    """The state with levels that wait where they followed until now, or the other way round."""
    waits, levels = _waiting(state), levels_of([state])
    if (waits == waited).all():
        return state
    anew = starting(levels.level, drift_of(levels, waited, tempo), waits, tempo)
    same = waits == waited
    return with_levels(
        state,
        Levels(
            level=levels.level,
            memory=np.where(same, levels.memory, anew.memory),
            ahead=np.where(same, levels.ahead, anew.ahead),
        ),
    )


def _anchored(state: ChangeState, told: Floats, waited: Bools, tempo: Tempo) -> ChangeState:
    """Go on from where the metrics are now, with the drift they had; what was found, if anything, is over."""
    told[-1, 1] = 0.0
    state = replace(state, told=told[-1].tobytes())
    levels, none = levels_of([state]), np.zeros(len(state.metrics))
    anchor = np.array(state.anchor) + levels.level + state.averages[-1]
    state = with_levels(state, starting(none, drift_of(levels, waited, tempo), _alone(state), tempo))
    return replace(
        state,
        anchor=anchor.tolist(),
        quiet=0,
        changed_for=0,
        averages=[none.tolist() for _ in state.averages],
    )
