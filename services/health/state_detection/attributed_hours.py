"""Hour by hour what counts for a guarantee: planned busy time, how much of it is known, what the supplier's stops took.

Pure. Times as in `times`, of machines whose calendar somebody gave: scheduled less planned time, whatever the state.
"""

from dataclasses import dataclass

import numpy as np

from services.health.block import Bools, Floats
from services.health.state_detection.calendars import Calendar
from services.health.state_detection.state_intervals import Intervals
from services.health.state_detection.states import IS_PLANNED, SUPPLIER, UNKNOWN, is_stop

HOUR_S = 3600.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A calendar's time less planned stops over some hours: disjoint, ascending spans, and seconds an hour."""

    spans: Floats
    seconds: Floats


def plan(calendar: Calendar, *, start: float, hours: int) -> Plan:
    """What a calendar plans; machines that share it share this."""
    spans = _less(calendar.scheduled, calendar.planned)
    return Plan(spans=spans, seconds=_seconds(spans, start, hours))


def attributed_hours(
    found: Intervals, planned: Plan, *, start: float, hours: int, expected_from: float = np.inf
) -> Floats:
    """Seconds of PBT, of known PBT, and of supplier-attributed downtime in each hour, shape (hours, 3).

    expected_from: from when the machine should have reported even if no interval is known; before both, its time is
    nobody's.
    """
    spans = np.column_stack([found.started, found.ended])
    lost, lost_s = is_stop(found.state, found.cause) & (found.cause == SUPPLIER), np.zeros(hours)
    if lost.any():
        busy = _less(planned.spans, spans[IS_PLANNED[found.state]])
        lost_s = _seconds(_both(spans[lost], busy), start, hours)
    if _told_throughout(found, start, start + HOUR_S * hours):
        return np.column_stack([planned.seconds, planned.seconds, lost_s])
    known_s, unknown_s = _known(found, planned, start, hours, expected_from)
    return np.column_stack([known_s + unknown_s, known_s, lost_s])


def _told_throughout(found: Intervals, start: float, end: float) -> bool:
    """Whether all time is known and none planned by the machine itself: then the calendar says everything."""
    if not len(found.state) or bool((IS_PLANNED[found.state] | (found.state == UNKNOWN)).any()):
        return False
    return bool(found.started[0] <= start and found.ended[-1] >= end)


def _known(found: Intervals, planned: Plan, start: float, hours: int, expected_from: float) -> tuple[Floats, Floats]:
    """Planned seconds an hour that are known, and those that should be."""
    end = start + HOUR_S * hours
    spans = np.column_stack([found.started, found.ended])
    busy = _less(planned.spans, spans[IS_PLANNED[found.state]])
    silent = spans[found.state == UNKNOWN]
    if expected_from < end:
        silent = np.concatenate([silent, _less(np.array([[max(start, expected_from), end]]), spans)])
    told = spans[~IS_PLANNED[found.state] & (found.state != UNKNOWN)]
    return _seconds(_both(told, busy), start, hours), _seconds(_both(silent, busy), start, hours)


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
