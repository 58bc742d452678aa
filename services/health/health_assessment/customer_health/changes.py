"""What moved customer health from one day to the next, in parts that add up to the change. Pure.

A measure leaves weight x covered x goodness of its weight. On the straight line from one day to the next each factor's
part is the mean of the others' product times its own change (Aumann and Shapley 1974), so that nothing is left over:

    mean of a(t) b(t) = mean a x mean b + change of a x change of b / 12        a, b linear in t from 0 to 1

Goodness falls with a load, bad / whole / allowed, at the mean slope between the two days; the load's change is that of
each machine and cause that came into the window or left it, of the known time, and of what is allowed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.health.block import Floats
from services.health.health_assessment.customer_health.losses import COLUMNS_OF, OF_SITES, Lost
from services.health.health_assessment.customer_health.measures import WINDOWS

MOST_PARTS = 12
LEAST_POINTS = 0.005
_FIELDS = WEIGHT, COVERED, GOODNESS, BAD, WHOLE, ALLOWED = range(6)


@dataclass(frozen=True, kw_only=True)
class Evenings:
    """What was judged on the evening before the first day, and on each day. names: measures.

    told: shape (measures, 1 + days, fields), NaN where unknown. taken: by exception, points, shape (1 + days,).
    """

    names: Sequence[str]
    told: Floats
    taken: Mapping[str, Floats]


@dataclass(frozen=True, kw_only=True)
class Part:
    """Points by which something moved health on a day. why: `downtime`, `slowness`, `rejects`, `drift`, `silence` of a
    scope, or of the measure `use`, `commitments`, `answers`, `visits`, `known_time`, `allowance`, `known` (more or less
    is known), or `weights`, `exception`, `smaller` (all that is too small to be told).

    amount: hours, units, machine days that came into the window; past: that left it. None where nothing is counted.
    """

    measure: str | None
    why: str
    points: float
    scope_type: str | None = None
    scope_id: int | None = None
    cause: str | None = None
    amount: float | None = None
    past: float | None = None


_WHY = {
    "availability": "downtime",
    "guarantee": "downtime",
    "promise": "downtime",
    "effectiveness": "slowness",
    "quality": "rejects",
    "condition": "drift",
    "reporting": "silence",
    "adoption": "use",
    "commitments": "commitments",
    "survey": "answers",
    "touchpoints": "visits",
}
_SECONDS = ("availability", "effectiveness", "guarantee", "promise")


def parts(evenings: Evenings, assets: Lost, sites: Lost) -> list[tuple[Part, ...]]:
    """The parts of the change of each day against the day before; the greatest first."""
    found: list[list[Part]] = [[] for _ in range(evenings.told.shape[1] - 1)]
    for row, name in enumerate(evenings.names):
        told = _Told(evenings.told[row])
        lost = sites if name in OF_SITES else assets
        for day, part in _of_measure(name, told, lost):
            found[day].append(part)
    weights = sum((_Told(rows).by_weight for rows in evenings.told), np.zeros(len(found)))
    for day, points in _worth_telling(weights):
        found[day].append(Part(measure=None, why="weights", points=points))
    for name, taken in evenings.taken.items():
        for day, points in _worth_telling(-np.diff(taken)):
            found[day].append(Part(measure=name, why="exception", points=points))
    change = np.diff(left(evenings))
    return [_greatest(day, float(points)) for day, points in zip(found, change, strict=True)]


def left(evenings: Evenings) -> Floats:
    """Health as it would be without a floor of coverage, shape (1 + days,)."""
    told = evenings.told
    gone = told[:, :, WEIGHT] * (1 - told[:, :, COVERED] * np.nan_to_num(told[:, :, GOODNESS]))
    return np.asarray(100 - 100 * gone.sum(axis=0) - sum(evenings.taken.values()), dtype=np.float64)


class _Told:
    """One measure on consecutive evenings, and the parts of its change between them, shape (days,)."""

    def __init__(self, rows: Floats) -> None:
        before, after = rows[:-1].T, rows[1:].T
        self.before, self.after = before, after
        self.both = np.isfinite(before[GOODNESS]) & np.isfinite(after[GOODNESS])
        was, now = before[GOODNESS], after[GOODNESS]
        good = np.nan_to_num(np.where(np.isnan(was), now, was)), np.nan_to_num(np.where(np.isnan(now), was, now))
        weight, covered = ((before[f], after[f]) for f in (WEIGHT, COVERED))
        self.better = good[1] - good[0]
        self.by_goodness = 100 * _mean_product(weight, covered)
        self.by_covered = 100 * _mean_product(weight, good) * (covered[1] - covered[0])
        self.by_weight = -100 * (1 - _mean_product(covered, good)) * (weight[1] - weight[0])


def _mean_product(a: tuple[Floats, Floats], b: tuple[Floats, Floats]) -> Floats:
    mean = (a[0] + a[1]) * (b[0] + b[1]) / 4
    return np.asarray(mean + (a[1] - a[0]) * (b[1] - b[0]) / 12, dtype=np.float64)


def _of_measure(name: str, told: _Told, lost: Lost) -> Iterator[tuple[int, Part]]:
    for day, points in _worth_telling(told.by_covered):
        yield day, Part(measure=name, why="known", points=points)
    if name not in COLUMNS_OF:
        for day, points in _worth_telling(told.by_goodness * told.better):
            yield day, Part(measure=name, why=_WHY[name], points=points)
        return
    a_unit, known_time, allowance = _of_load(told)
    for why, moved in (("known_time", known_time), ("allowance", allowance)):
        for day, points in _worth_telling(moved):
            yield day, Part(measure=name, why=why, points=points)
    unit = 3600.0 if name in _SECONDS else 1.0
    for column, cause in COLUMNS_OF[name]:
        changed = slice(lost.days - len(a_unit), None)
        came, went = lost.came(column)[:, changed], lost.went(column, WINDOWS[name])[:, changed]
        moved = a_unit * (came - went)
        for own, day in np.argwhere(np.abs(moved) >= LEAST_POINTS).tolist():
            yield (
                day,
                Part(
                    measure=name,
                    why=_WHY[name],
                    points=float(moved[own, day]),
                    scope_type="site" if name in OF_SITES else "asset",
                    scope_id=int(lost.ids[own]),
                    cause=cause,
                    amount=round(float(came[own, day]) / unit, 3),
                    past=round(float(went[own, day]) / unit, 3),
                ),
            )


def _of_load(told: _Told) -> tuple[Floats, Floats, Floats]:
    """Points for a unit of what is bad; points by the whole, and by what is allowed. 0 where either day is unknown."""
    before, after, none = told.before, told.after, np.zeros(len(told.both))
    agreed = np.isfinite(after[ALLOWED])
    allowed = [np.where(agreed, np.maximum(np.nan_to_num(each[ALLOWED]), 0.01), 1.0) for each in (before, after)]
    whole = [np.where(told.both, each[WHOLE], 1.0) for each in (before, after)]
    bad = np.nan_to_num(before[BAD])
    load = [np.nan_to_num(each[BAD]) / w / a for each, w, a in zip((before, after), whole, allowed, strict=True)]
    rise = load[1] - load[0]
    here = np.where(agreed, np.where((load[1] > 1) & (load[1] < 3), -0.5, 0.0), -1.0)
    slope = np.where(np.abs(rise) > 1e-9, np.divide(told.better, rise, out=none.copy(), where=rise != 0), here)
    slope = np.where(told.both, slope * told.by_goodness, 0.0)
    a_unit = slope / whole[1] / allowed[1]
    by_whole = slope * bad * (1 / whole[1] - 1 / whole[0]) / allowed[1]
    return a_unit, by_whole, slope * bad / whole[0] * (1 / allowed[1] - 1 / allowed[0])


def _worth_telling(points: Floats) -> Iterator[tuple[int, float]]:
    for day in np.flatnonzero(np.abs(points) >= LEAST_POINTS).tolist():
        yield day, float(points[day])


def _greatest(found: Sequence[Part], change: float) -> tuple[Part, ...]:
    """The greatest parts, and what is left of the change in one, so that all add up to it."""
    told = sorted(found, key=lambda p: (-abs(p.points), p.measure or "", p.why, p.scope_id or 0, p.cause or ""))
    told = [replace(part, points=round(part.points, 4)) for part in told[:MOST_PARTS]]
    rest = change - sum(part.points for part in told)
    return (*told, *((Part(measure=None, why="smaller", points=rest),) if rest else ()))


def change_of(told: Sequence[Part]) -> dict[str, object]:
    """The change of a day as it is stored: its points, and its parts without what they do not have."""
    return {
        "points": sum(part.points for part in told),
        "parts": [{name: value for name, value in vars(part).items() if value is not None} for part in told],
    }
