"""What changed at a machine, bucket by bucket, and which sensors are not to be trusted.

A machine is compared with itself: the reference says what is normal, and the level follows slowly while nothing is
found, so that seasons and slow wear, which others judge, are no change. While something is found the level stands
still. A change that lasts as long as a whole baseline is what the machine is now, and the level goes there.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.health.block import Bools, Floats
from services.health.state_detection.change_detection.change_state import (
    FIXED,
    PER_SENSOR,
    ChangeState,
    nothing_known,
    with_metrics,
)
from services.health.state_detection.change_detection.judged_buckets import Rows, judge_rows, rest_of
from services.health.state_detection.change_detection.reference import fit_reference
from services.health.state_detection.change_detection.smoothing import Ints
from services.health.state_detection.change_detection.tempo import Tempo

_STRIDE = 1024


@dataclass(frozen=True, kw_only=True)
class Buckets:
    """T buckets of one asset: values (T, M) of the named metrics and points (T, P), NaN where unknown.

    at: (T,), when each starts, Unix seconds, ascending. usable: (T,), false where the machine did not run. renewed:
    (T,), true where a repair ended.
    """

    metrics: tuple[str, ...]
    points: tuple[str, ...]
    values: Floats
    at_points: Floats
    at: Floats
    usable: Bools
    renewed: Bools


@dataclass(frozen=True, kw_only=True)
class ChangeFindings:
    """Findings as they were known at the end of each of T buckets, of M `metrics`; `sensors` are they and the points.

    score: (T,), 1 is the limit, NaN until there is a reference. changed: (T,). since: (T,), when the change found last
    began, Unix seconds, NaN before the first. known: (T,), buckets that were judged. moved: (T, M), smoothed deviation
    of each metric in its sigmas. own: (T, M), each metric's own score. still, away, alone: (T, M + P), sensors that
    stand still, stay away, or left their peers. before: (3, M + P), the same of the bucket before the first.
    """

    metrics: tuple[str, ...]
    sensors: tuple[str, ...]
    score: Floats
    changed: Bools
    since: Floats
    known: Bools
    moved: Floats
    own: Floats
    still: Bools
    away: Bools
    alone: Bools
    before: Bools

    @property
    def faulty(self) -> Bools:
        """Sensors that are to blame, (T, M + P)."""
        return self.still | self.away | self.alone


def advance_change(state: ChangeState | None, buckets: Buckets, tempo: Tempo) -> tuple[ChangeState, ChangeFindings]:
    """Judge more buckets of one asset; any cut of the same buckets gives the same findings and state."""
    return advance_changes([state], [buckets], tempo)[0]


def advance_changes(
    states: Sequence[ChangeState | None], buckets: Sequence[Buckets], tempo: Tempo
) -> list[tuple[ChangeState, ChangeFindings]]:
    """Judge more buckets of each of several assets, as if each were alone; those alike are judged side by side."""
    ways = [_way(state, own, tempo) for state, own in zip(states, buckets, strict=True)]
    while going := [way for way in ways if way.first < len(way.read)]:
        alike: dict[tuple[int, int, int], list[_Way]] = defaultdict(list)
        for way in going:
            end = _end_of_step(way, tempo)
            if way.state.reference is None or way.state.settling:
                way.take(*_unjudged(way, end, tempo), tempo)
            else:
                alike[len(way.state.metrics), len(way.state.points), end - way.first].append(way)
        for (*_, rows), group in alike.items():
            at_once = max(1, _STRIDE // rows)
            for first in range(0, len(group), at_once):
                part = group[first : first + at_once]
                said = judge_rows([way.state for way in part], [way.rows(rows) for way in part], tempo)
                for way, (state, told) in zip(part, said, strict=True):
                    way.take(state, told, tempo)
    return [_result(way) for way in ways]


@dataclass(kw_only=True)
class _Way:
    """One asset's way through its buckets: table (T, M + P); read: buckets to take in, `first` of which are.

    renewals: (T + 1,), repairs up to each bucket.
    """

    state: ChangeState
    table: Floats
    at: Floats
    read: Ints
    renewals: Ints
    first: int
    told: list[Floats]

    def rows(self, count: int) -> Rows:
        """The next readings to take in."""
        read = self.read[self.first : self.first + count]
        return Rows(readings=self.table[read], at=self.at[read])

    def take(self, state: ChangeState, told: Floats, tempo: Tempo) -> None:
        """Go on behind the rows told; learn from those in which nothing was found until a baseline is whole."""
        taken = self.rows(len(told))
        if state.learned < tempo.baseline and not (self.state.settling or state.settling):
            quiet = taken.readings[told[:, 1] == 0] if state.reference is not None else taken.readings
            state = _collect(state, quiet, tempo, taken.at[-1])
        self.state, self.first = state, self.first + len(told)
        self.told.append(told)


def _way(state: ChangeState | None, buckets: Buckets, tempo: Tempo) -> _Way:
    if state is None:
        state = nothing_known(tuple(sorted(buckets.metrics)), tuple(sorted(buckets.points)), tempo.spans)
    state = with_metrics(state, buckets.metrics, buckets.points)
    table = _in_order(state, buckets)
    return _Way(
        state=state,
        table=table,
        at=buckets.at,
        read=np.flatnonzero(buckets.usable & ~np.isnan(table[:, : len(state.metrics)]).all(axis=1)),
        renewals=np.concatenate([[int(state.renewed)], np.cumsum(buckets.renewed) + int(state.renewed)]),
        first=0,
        told=[state.told_row[None, :]],
    )


def _end_of_step(way: _Way, tempo: Tempo) -> int:
    """Up to which of the buckets to take in nothing foreseen happens; what a repair changes is done first."""
    at_read = way.renewals[way.read + 1]
    before = int(at_read[way.first - 1]) if way.first else 0
    if at_read[way.first] > before:
        way.state = _after_repair(way.state, tempo)
    state = way.state
    most = min(_STRIDE, int(np.searchsorted(at_read, at_read[way.first], side="right")) - way.first)
    if state.settling:
        return way.first + min(most, state.settling)
    if state.learned < tempo.baseline:
        most = min(most, _next_fit(len(state.rows), tempo) - len(state.rows))
    return way.first + (most if state.reference is None else min(most, rest_of(state, tempo)))


def _unjudged(way: _Way, end: int, tempo: Tempo) -> tuple[ChangeState, Floats]:
    """What is said of buckets that cannot be judged: not yet learned, or not yet settled after a repair."""
    rows = way.rows(end - way.first)
    if way.state.settling:
        return _settle(way.state, rows.readings, tempo)
    return way.state, _repeated(way.state, len(rows.at))


def _result(way: _Way) -> tuple[ChangeState, ChangeFindings]:
    told = np.vstack(way.told)
    last = int(way.renewals[way.read[-1] + 1]) if len(way.read) else 0
    state, renewed, newest = way.state, bool(way.renewals[-1] > last), told[-1].tobytes()
    if (renewed, newest) != (state.renewed, state.told):
        state = replace(state, renewed=renewed, told=newest)
    return state, _findings(state, told, way.read, len(way.table))


def _in_order(state: ChangeState, buckets: Buckets) -> Floats:
    """Values and points in the state's order, NaN columns for those that did not come, (T, M + P)."""
    columns = dict(zip(buckets.metrics, buckets.values.T, strict=True))
    points = dict(zip(buckets.points, buckets.at_points.T, strict=True))
    none = np.full(len(buckets.at), np.nan)
    found = [columns.get(name, none) for name in state.metrics] + [points.get(name, none) for name in state.points]
    return np.column_stack(found) if found else np.empty((len(buckets.at), 0))


def _findings(state: ChangeState, told: Floats, read: Ints, buckets: int) -> ChangeFindings:
    """Rows of read buckets as findings of all: where nothing was read, what was said before keeps standing."""
    count = np.zeros(buckets, dtype=np.int64)
    count[read] = 1
    rows = told[np.cumsum(count)]
    sensors, many = (*state.metrics, *state.points), len(state.metrics)
    moved, own, still, away, alone = rows[:, FIXED:].reshape(buckets, PER_SENSOR, len(sensors)).transpose(1, 0, 2)
    return ChangeFindings(
        metrics=state.metrics,
        sensors=sensors,
        score=rows[:, 0],
        changed=rows[:, 1] > 0,
        since=rows[:, 2],
        known=(rows[:, 3] > 0) & (count > 0),
        moved=moved[:, :many],
        own=own[:, :many],
        still=still > 0,
        away=away > 0,
        alone=alone > 0,
        before=told[0, FIXED:].reshape(PER_SENSOR, len(sensors))[2:] > 0,
    )


def _next_fit(learned: int, tempo: Tempo) -> int:
    """The number of readings at which a reference is learned next."""
    return tempo.first if learned < tempo.first else tempo.baseline


def _collect(state: ChangeState, table: Floats, tempo: Tempo, at: float) -> ChangeState:
    """Keep readings that nothing was found in; learn from them when there are enough."""
    before = len(state.rows)
    state = replace(state, collected=state.collected + table.tobytes())
    if len(state.rows) < _next_fit(before, tempo):
        return state
    split, rows = len(state.metrics), state.rows
    fitted = fit_reference(rows[:, :split], rows[:, split:], tempo)
    if len(rows) >= tempo.baseline:
        state = replace(state, collected=b"")
    if fitted is None:
        return state
    nothing = [0.0] * split
    return replace(
        state,
        reference=fitted,
        learned=len(rows),
        anchor=nothing,
        level=nothing,
        memory=[nothing, nothing],
        ahead=bytes(len(state.ahead)),
        quiet=0,
        averages=[nothing for _ in tempo.spans],
        crossed=[float(at)] * split,
        aside=[0] * split,
    )


def _after_repair(state: ChangeState, tempo: Tempo) -> ChangeState:
    """No repair restores exactly what was: where the machine stands now is learned before it is judged again."""
    if state.reference is None:
        return replace(state, collected=b"")
    nothing = [0.0] * len(state.metrics)
    return replace(state, collected=b"", settling=tempo.settling, settled=[nothing, nothing])


def _settle(state: ChangeState, table: Floats, tempo: Tempo) -> tuple[ChangeState, Floats]:
    """What was said stands until it is known where the machine stands after a repair."""
    if state.reference is None:
        raise ValueError("a machine without a reference has nothing to settle on")
    split = len(state.metrics)
    deviation = state.reference.deviation(table[:, :split], table[:, split:])
    have = ~np.isnan(deviation)
    total = np.cumsum(np.vstack([state.settled[0], np.where(have, deviation, 0.0)]), axis=0)[-1]
    count = np.array(state.settled[1]) + have.sum(axis=0)
    left = state.settling - len(table)
    said = _repeated(state, len(table))
    state = replace(state, settling=left, settled=[total.tolist(), count.tolist()])
    if left:
        return state, said
    said[-1, 1] = 0.0
    nothing = [0.0] * split
    anchor = np.where(count > 0, total / np.maximum(count, 1), state.anchor)
    return replace(
        state,
        anchor=anchor.tolist(),
        level=nothing,
        memory=[nothing, nothing],
        ahead=bytes(len(state.ahead)),
        quiet=0,
        changed_for=0,
        averages=[nothing for _ in tempo.spans],
        told=said[-1].tobytes(),
    ), said


def _repeated(state: ChangeState, times: int) -> Floats:
    """What was said last, of so many buckets that are not judged."""
    rows = np.repeat(state.told_row[None, :], times, axis=0)
    rows[:, 3] = 0.0
    return rows
