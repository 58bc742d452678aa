"""ISO 22400-2 times of a machine per UTC day, by exact interval arithmetic. Pure.

    POT  scheduled time                        pot = pbt + planned
    PBT  POT less planned stops                pbt = apt + adet + adot + unknown
    APT  production                            state `production`
    ADET malfunctions and minor stops          states `down`, `held`, `suspended`
    ADOT ready without an order, setting up    states `idle`, `setup`; `off` inside a declared shift

Time without data is a class of its own inside PBT: neither up nor down. A state `planned` is planned whatever the
calendar says. `off` on an assumed calendar means that nothing was scheduled. Source: reference ISO 22400-2:2014 with
the mapping of PackML states to its times.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, Floats
from services.health.state_detection.calendars import Calendar
from services.health.state_detection.state_intervals import (
    DAY_S,
    DOWN,
    HELD,
    IDLE,
    NO_CAUSE,
    OFF,
    PLANNED,
    PRODUCTION,
    SETUP,
    STATES,
    SUPPLIER,
    SUSPENDED,
    UNKNOWN,
    Codes,
    Intervals,
)

# Columns of an array of daily times, in the order of the table.
FIELDS = (
    "pot_s",
    "planned_s",
    "pbt_s",
    "apt_s",
    "adet_s",
    "adot_s",
    "unknown_s",
    "supplier_down_s",
    "failures",
    "repair_s",
    "produced",
    "good",
)
POT, PLANNED_S, PBT, APT, ADET, ADOT, UNKNOWN_S, SUPPLIER_DOWN, FAILURES, REPAIR, PRODUCED, GOOD = range(12)

_NO_TIME, _APT, _ADET, _ADOT, _UNKNOWN, _PLANNED = range(6)


def _class_of_state(*, calendar_assumed: bool) -> Codes:
    classes = np.full(len(STATES) + 1, _NO_TIME, dtype=np.int8)
    classes[PRODUCTION] = _APT
    classes[[DOWN, HELD, SUSPENDED]] = _ADET
    classes[[IDLE, SETUP]] = _ADOT
    classes[UNKNOWN] = _UNKNOWN
    classes[PLANNED] = _PLANNED
    classes[OFF] = _NO_TIME if calendar_assumed else _ADOT
    return classes


@dataclass(frozen=True, kw_only=True)
class _Pieces:
    """Time cut at every edge: within a piece day, state and schedule are one."""

    started: Floats
    seconds: Floats
    interval: NDArray[np.int64]
    scheduled: Bools
    planned: Bools


def daily_times(
    found: Intervals, calendar: Calendar, *, start: float, end: float, expected_from: float = np.inf
) -> Floats:
    """Seconds of each class per UTC day, shape (days, 10): the first ten FIELDS; `failures` counts entries into `down`.

    start: a UTC midnight; the last day counts to `end`. expected_from: from when the machine should have reported even
    if no interval is known (its commissioning); before both, its time is nobody's.
    """
    days = int(np.ceil((end - start) / DAY_S))
    pieces = _pieces(found, calendar, start, end, expected_from)
    state = np.full(len(pieces.started), len(STATES))
    inside = pieces.interval >= 0
    state[inside] = found.state[pieces.interval[inside]]
    state[~inside & (pieces.started >= expected_from)] = UNKNOWN
    kind = _class_of_state(calendar_assumed=calendar.assumed)[state]
    kind[pieces.planned & (kind != _NO_TIME)] = _PLANNED
    kind[~pieces.scheduled] = _NO_TIME
    day = ((pieces.started - start) // DAY_S).astype(np.int64)
    table = np.bincount(day * 6 + kind, weights=pieces.seconds, minlength=days * 6).reshape(days, 6)
    cause = np.where(inside, found.cause[pieces.interval] if len(found.cause) else NO_CAUSE, NO_CAUSE)
    supplier = (kind == _ADET) & (cause == SUPPLIER)
    result = np.empty((days, 10))
    result[:, APT : UNKNOWN_S + 1] = table[:, [_APT, _ADET, _ADOT, _UNKNOWN]]
    result[:, PLANNED_S] = table[:, _PLANNED]
    result[:, PBT] = table[:, _APT : _UNKNOWN + 1].sum(axis=1)
    result[:, POT] = result[:, PBT] + result[:, PLANNED_S]
    result[:, SUPPLIER_DOWN] = np.bincount(day[supplier], weights=pieces.seconds[supplier], minlength=days)
    result[:, FAILURES] = _entries_per_day(found, start, end, days)
    result[:, REPAIR] = np.bincount(day, weights=pieces.seconds * (state == DOWN), minlength=days)
    return result


def _entries_per_day(found: Intervals, start: float, end: float, days: int) -> Floats:
    entered = found.started[found.failure & (found.started >= start) & (found.started < end)]
    return np.bincount(((entered - start) // DAY_S).astype(np.int64), minlength=days).astype(np.float64)


def _pieces(found: Intervals, calendar: Calendar, start: float, end: float, expected_from: float) -> _Pieces:
    edges = np.concatenate(
        [
            np.arange(start, end, DAY_S),
            found.started,
            found.ended,
            calendar.scheduled.ravel(),
            calendar.planned.ravel(),
            [end, expected_from],
        ]
    )
    edges = np.unique(np.clip(edges, start, end))
    started = edges[:-1]
    return _Pieces(
        started=started,
        seconds=np.diff(edges),
        interval=_index_of(started, found.started, found.ended),
        scheduled=_index_of(started, calendar.scheduled[:, 0], calendar.scheduled[:, 1]) >= 0,
        planned=_index_of(started, calendar.planned[:, 0], calendar.planned[:, 1]) >= 0,
    )


def _index_of(at: Floats, started: Floats, ended: Floats) -> NDArray[np.int64]:
    """Which of the disjoint, ascending intervals holds each instant; -1 for none."""
    if not len(started):
        return np.full(len(at), -1, dtype=np.int64)
    index = np.searchsorted(started, at, side="right") - 1
    return np.where((index >= 0) & (at < ended[index]), index, -1)


def production_hours(found: Intervals, *, start: float, hours: int) -> tuple[Floats, Floats]:
    """Seconds of production, and seconds in a known state, in each hour; both shape (hours,)."""
    edges = start + 3600.0 * np.arange(hours + 1, dtype=np.float64)
    return (
        np.diff(_time_before(edges, found, found.state == PRODUCTION)),
        np.diff(_time_before(edges, found, found.state != UNKNOWN)),
    )


def _time_before(at: Floats, found: Intervals, chosen: Bools) -> Floats:
    """Seconds of the chosen intervals before each instant, exactly: the integral is linear between edges."""
    started, ended = found.started[chosen], found.ended[chosen]
    if not len(started):
        return np.zeros(len(at))
    knots = np.column_stack([started, ended]).ravel()
    total = np.cumsum(np.column_stack([np.zeros(len(started)), ended - started]).ravel())
    return np.asarray(np.interp(at, knots, total), dtype=np.float64)
