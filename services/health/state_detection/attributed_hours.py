"""Hour by hour what counts for a guarantee: planned busy time, how much of it is known, what the supplier's stops took.

Pure. Times as in `times`, of machines whose calendar somebody gave: scheduled less planned time, whatever the state.
"""

import numpy as np

from services.health.block import Bools, Floats
from services.health.state_detection.calendars import Calendar
from services.health.state_detection.state_intervals import (
    DOWN,
    HELD,
    PLANNED,
    SUPPLIER,
    SUSPENDED,
    UNKNOWN,
    Intervals,
)

HOUR_S = 3600.0


def attributed_hours(
    found: Intervals, calendar: Calendar, *, start: float, hours: int, expected_from: float = np.inf
) -> Floats:
    """Seconds of PBT, of known PBT, and of supplier-attributed downtime in each hour, shape (hours, 3).

    expected_from: from when the machine should have reported even if no interval is known; before both, its time is
    nobody's.
    """
    end = start + HOUR_S * hours
    spans = np.column_stack([found.started, found.ended])
    busy = _less(calendar.scheduled, np.concatenate([calendar.planned, spans[found.state == PLANNED]]))
    lost = np.isin(found.state, (DOWN, HELD, SUSPENDED)) & (found.cause == SUPPLIER)
    silent = spans[found.state == UNKNOWN]
    if expected_from < end:
        silent = np.concatenate([silent, _less(np.array([[max(start, expected_from), end]]), spans)])
    known = _seconds(_both(spans[~np.isin(found.state, (UNKNOWN, PLANNED))], busy), start, hours)
    unknown = _seconds(_both(silent, busy), start, hours)
    return np.column_stack([known + unknown, known, _seconds(_both(spans[lost], busy), start, hours)])


def _both(one: Floats, other: Floats) -> Floats:
    """Time in both, as disjoint, ascending spans."""
    edges = np.unique(np.concatenate([one.ravel(), other.ravel()]))
    chosen = _holds(one, edges[:-1]) & _holds(other, edges[:-1])
    return np.column_stack([edges[:-1][chosen], edges[1:][chosen]])


def _less(one: Floats, other: Floats) -> Floats:
    """Time in `one` and not in `other`, which may overlap itself."""
    edges = np.unique(np.concatenate([one.ravel(), other.ravel()]))
    chosen = _holds(one, edges[:-1]) & ~_holds(other, edges[:-1])
    return np.column_stack([edges[:-1][chosen], edges[1:][chosen]])


def _holds(spans: Floats, at: Floats) -> Bools:
    """Whether any span holds each instant: more have begun than ended."""
    begun = np.searchsorted(np.sort(spans[:, 0]), at, side="right")
    return np.asarray(begun > np.searchsorted(np.sort(spans[:, 1]), at, side="right"), dtype=np.bool_)


def _seconds(spans: Floats, start: float, hours: int) -> Floats:
    """Seconds of disjoint, ascending spans in each hour, exactly: the integral is linear between edges."""
    if not len(spans):
        return np.zeros(hours)
    total = np.cumsum(np.column_stack([np.zeros(len(spans)), spans[:, 1] - spans[:, 0]]).ravel())
    edges = start + HOUR_S * np.arange(hours + 1)
    return np.asarray(np.diff(np.interp(edges, spans.ravel(), total)), dtype=np.float64)
