"""What the search for changes carries from one block of buckets to the next."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.health.block import Floats
from services.health.state_detection.change_detection.level import Levels
from services.health.state_detection.change_detection.reference import ChangeReference
from services.health.state_detection.change_detection.sensor_runs import RunLimits, RunState
from services.health.state_detection.operating_baseline import widened_baseline

FIXED = 4  # columns of a told row before those of sensors: score, changed, since, known
PER_SENSOR = 5  # moved, own score, still, away, alone; of metrics, then of operating points


@dataclass(frozen=True, kw_only=True)
class ChangeState:
    """Bounded, and made of what msgspec can write. M metrics, P operating points.

    collected: readings that nothing was found in, to learn a reference from, rows of M + P float64; empty once a whole
    baseline is learned. learned: readings that the reference was learned from. anchor, level: where each metric stands
    against the reference, fixed and followed; memory, ahead: as Levels. quiet: buckets since the anchor
    moved. averages: smoothed deviations, one row a span. crossed: when each metric's shorter average last
    changed its sign, Unix seconds; aside: readings since.
    changed_for: buckets that a change lasts, 0 for none. settling: buckets until it is known where the machine stands
    after a repair, 0 for none. settled: sums and counts of M readings meanwhile. renewed: a repair ended and nothing
    was read since. told: the newest row of findings.
    """

    metrics: tuple[str, ...]
    points: tuple[str, ...]
    collected: bytes = b""
    reference: ChangeReference | None = None
    learned: int = 0
    anchor: list[float]
    level: list[float]
    memory: list[list[float]]
    ahead: bytes
    quiet: int = 0
    averages: list[list[float]]
    crossed: list[float]
    aside: list[int]
    changed_for: int = 0
    settling: int = 0
    settled: list[list[float]]
    renewed: bool = False
    runs: RunState
    told: bytes

    @property
    def rows(self) -> Floats:
        """Collected readings, shape (n, M + P)."""
        return np.frombuffer(self.collected, dtype=np.float64).reshape(-1, len(self.metrics) + len(self.points))

    @property
    def told_row(self) -> Floats:
        """The newest row of findings, shape (FIXED + PER_SENSOR (M + P),)."""
        return np.frombuffer(self.told, dtype=np.float64)


def levels_of(states: Sequence[ChangeState]) -> Levels:
    """Levels of several machines with as many metrics, side by side."""
    ahead = [np.frombuffer(s.ahead, dtype=np.float64).reshape(-1, len(s.metrics)) for s in states]
    return Levels(
        level=np.array([s.level for s in states]).ravel(),
        memory=np.hstack([s.memory for s in states]),
        ahead=np.hstack(ahead),
    )


def with_levels(state: ChangeState, levels: Levels) -> ChangeState:
    """The state with these levels."""
    return replace(state, level=levels.level.tolist(), memory=levels.memory.tolist(), ahead=levels.ahead.tobytes())


def nothing_known(metrics: tuple[str, ...], points: tuple[str, ...], spans: Sequence[int]) -> ChangeState:
    """The state before the first reading; averages are over so many buckets."""
    many, sensors = len(metrics), len(metrics) + len(points)
    told = np.zeros(FIXED + PER_SENSOR * sensors)
    told[[0, 2]] = np.nan
    return ChangeState(
        metrics=metrics,
        points=points,
        anchor=[0.0] * many,
        level=[0.0] * many,
        memory=[[0.0] * many, [0.0] * many],
        ahead=bytes(8 * many * spans[-1]),
        averages=[[0.0] * many for _ in spans],
        crossed=[float("nan")] * many,
        aside=[0] * many,
        settled=[[0.0] * many, [0.0] * many],
        runs=RunState(last=[float("nan")] * sensors, equal=[0] * sensors, missing=[0] * sensors),
        told=told.tobytes(),
    )


def with_metrics(state: ChangeState, metrics: tuple[str, ...], points: tuple[str, ...]) -> ChangeState:
    """The state with these metrics and points too, in the order of their names; one that is new is not judged yet."""
    metrics = tuple(sorted({*metrics, *state.metrics}))
    points = tuple(sorted({*points, *state.points}))
    if (metrics, points) == (state.metrics, state.points):
        return state
    own = [state.metrics.index(name) if name in state.metrics else -1 for name in metrics]
    of_points = [state.points.index(name) if name in state.points else -1 for name in points]
    had = len(state.metrics)
    columns = [*own, *(had + i if i >= 0 else -1 for i in of_points)]
    rows = np.column_stack([state.rows, np.full(len(state.rows), np.nan)])[:, columns]
    fixed, told = state.told_row[:FIXED], state.told_row[FIXED:].reshape(PER_SENSOR, -1)
    told = np.column_stack([told, np.zeros(PER_SENSOR)])[:, columns]
    reference = state.reference
    return replace(
        state,
        metrics=metrics,
        points=points,
        collected=rows.tobytes(),
        reference=None if reference is None else _widened(reference, own, of_points),
        anchor=_picked(state.anchor, own, 0.0),
        level=_picked(state.level, own, 0.0),
        memory=[_picked(row, own, 0.0) for row in state.memory],
        ahead=np.column_stack([levels_of([state]).ahead, np.zeros(len(state.ahead) // 8 // max(had, 1))])[
            :, own
        ].tobytes(),
        averages=[_picked(row, own, 0.0) for row in state.averages],
        crossed=_picked(state.crossed, own, float("nan")),
        aside=[state.aside[i] if i >= 0 else 0 for i in own],
        settled=[_picked(row, own, 0.0) for row in state.settled],
        runs=RunState(
            last=_picked(state.runs.last, columns, float("nan")),
            equal=[state.runs.equal[i] if i >= 0 else 0 for i in columns],
            missing=[state.runs.missing[i] if i >= 0 else 0 for i in columns],
        ),
        told=np.concatenate([fixed, told.ravel()]).tobytes(),
    )


def _widened(reference: ChangeReference, own: list[int], of_points: list[int]) -> ChangeReference:
    many, had = len(own), len(reference.usual_points)
    correlation = np.eye(many)
    old = [i for i in range(many) if own[i] >= 0]
    from_old = [own[i] for i in old]
    correlation[np.ix_(old, old)] = np.array(reference.correlation)[np.ix_(from_old, from_old)]
    with_squares = [*of_points, *(had + i if i >= 0 else -1 for i in of_points)]
    sensors = [*own, *(len(reference.limit) + i if i >= 0 else -1 for i in of_points)]
    return replace(
        reference,
        baseline=widened_baseline(reference.baseline, own, with_squares),
        usual_points=[reference.usual_points[i] if i >= 0 else [0.0, 1.0] for i in of_points],
        spread=_widened_spread(reference.spread, own, with_squares),
        noise=[_picked(row, own, 1.0) for row in reference.noise],
        limit=_picked(reference.limit, own, float("inf")),
        correlation=correlation.tolist(),
        runs=RunLimits(
            equal=_picked(reference.runs.equal, sensors, float("inf")),
            missing=_picked(reference.runs.missing, sensors, float("inf")),
        ),
    )


def _widened_spread(spread: list[list[float]], own: list[int], with_squares: list[int]) -> list[list[float]]:
    nothing = [0.0] * len(own)
    points = [_picked(spread[1 + i], own, 0.0) if i >= 0 else nothing for i in with_squares]
    return [_picked(spread[0], own, 1.0), *points]


def _picked(row: list[float], source: list[int], otherwise: float) -> list[float]:
    return [row[i] if i >= 0 else otherwise for i in source]
