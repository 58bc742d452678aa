"""ISO 22400-2 times of a machine per UTC day, by exact interval arithmetic. Pure.

    POT  scheduled time                          pot = pbt + planned
    PBT  POT less planned stops                  pbt = apt + asut + adet + adot + unknown
    APT  production                              state `production`
    ASUT setting up, for an order                state `setup`
    ADET delays of an order                      states `down`, `repair`, `held`, `suspended`, and `idle` in an order or
                                                 for another cause than the customer
    ADOT available without an order              state `idle`, and `off` inside a declared shift
    PMT, CMT  preventive, corrective maintenance states `maintenance`, `repair`, whenever they are
    AUBT busy with orders                        production, setup and delays in orders
    AOET execution of orders                     all time in orders for which data exists

Where nobody sends orders, every delay and every setup counts as one of an order, and AUBT and AOET are not known. Where
orders are sent, what happens outside them is ADOT, but production stays APT. Stops are the same with
and without orders: `stopped_s` is what all causes have of PBT, so orders that fail to come make no machine look better.

Waiting is a part of ADET and ADOT: `idle`, `suspended` and `off`, in an order or not, where neither the supplier nor
an operator is the cause. The machine could work, and others have nothing for it or take nothing from it.

Time without data is a class of its own inside PBT: neither up nor down. States `planned` and `maintenance` are planned
whatever the calendar says. `off` on an assumed calendar means that nothing was scheduled. Source: reference ISO
22400-2:2014 with the mapping of PackML states to its times.

Every column adds up over days, over machines, and over any division of a span: the times of [a, c) are those of [a, b)
and of [b, c).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, Floats
from services.health.state_detection.calendars import Calendar
from services.health.state_detection.orders import NO_ORDERS, Orders
from services.health.state_detection.spans import NEVER, index_of
from services.health.state_detection.state_intervals import Intervals
from services.health.state_detection.states import (
    DAY_S,
    FAILED,
    IDLE,
    IS_FAILED,
    MAINTENANCE,
    NO_CAUSE,
    OFF,
    PLANNED_STATES,
    PRODUCTION,
    REPAIR,
    SETUP,
    SUSPENDED,
    UNKNOWN,
    Codes,
    is_stop,
)
from shared.records.vocabulary import CAUSES, STATES

# Columns of an array of daily times: FIELDS are kept from day to day, MORE_FIELDS are stored only.
FIELDS = (
    "pot_s",
    "planned_s",
    "pbt_s",
    "apt_s",
    "stopped_s",
    "adot_s",
    "unknown_s",
    "supplier_down_s",
    "failures",
    "repair_s",
    "produced",
    "good",
)
POT, PLANNED_S, PBT, APT, STOPPED, ADOT, UNKNOWN_S, SUPPLIER_DOWN, FAILURES, REPAIR_S, PRODUCED, GOOD = range(12)
MORE_FIELDS = (
    "asut_s",
    "adet_s",
    "customer_down_s",
    "external_down_s",
    "operator_down_s",
    "unknown_down_s",
    "failed_s",
    "pmt_s",
    "cmt_s",
    "aubt_s",
    "aoet_s",
    "scrapped",
    "reworked",
    "inspected",
    "first_pass",
    "planned_run_s",
    "capacity",
    "counted_apt_s",
    "waiting_s",
)
ASUT, ADET, _CUSTOMER_DOWN, _, _, _, FAILED_S, PMT, CMT, AUBT, AOET = range(12, 23)
SCRAPPED, REWORKED, INSPECTED, FIRST_PASS, PLANNED_RUN_S, CAPACITY, COUNTED_APT, WAITING = range(23, 31)
DAILY_FIELDS = (*FIELDS, *MORE_FIELDS)

# In the order of CAUSES.
DOWN_BY_CAUSE = [SUPPLIER_DOWN, *range(_CUSTOMER_DOWN, _CUSTOMER_DOWN + 4)]
_OTHERS = [CAUSES.index(cause) for cause in ("customer", "external")]
_NO_TIME, _APT, _ASUT, _ADET, _ADOT, _UNKNOWN, _PLANNED = range(7)
_CLASSES = 7
_COLUMN_OF_CLASS = [APT, ASUT, ADET, ADOT, UNKNOWN_S, PLANNED_S]
_BUSY = np.array([False, True, True, True, True, False, False])


def _class_of_state(*, calendar_assumed: bool) -> Codes:
    classes = np.full(len(STATES) + 1, _NO_TIME, dtype=np.int8)
    classes[PRODUCTION] = _APT
    classes[SETUP] = _ASUT
    classes[IDLE] = _ADOT
    classes[UNKNOWN] = _UNKNOWN
    classes[[*PLANNED_STATES]] = _PLANNED
    classes[OFF] = _NO_TIME if calendar_assumed else _ADOT
    return classes


# By whether the calendar is assumed.
_CLASS_OF_STATE = (_class_of_state(calendar_assumed=False), _class_of_state(calendar_assumed=True))


@dataclass(frozen=True, kw_only=True)
class _Pieces:
    """Time cut at every edge: within a piece day, state, schedule and order are one. day: counted from the first."""

    started: Floats
    seconds: Floats
    day: NDArray[np.int64]
    interval: NDArray[np.int64]
    scheduled: Bools
    planned: Bools
    ordered: Bools
    orders_sent: Bools
    counted: Bools


def daily_times(
    found: Intervals,
    calendar: Calendar,
    *,
    start: float,
    end: float,
    expected_from: float = np.inf,
    orders: Orders = NO_ORDERS,
    counted: Floats = NEVER,
) -> Floats:
    """Times of each UTC day that [start, end) touches, shape (days, 31), by DAILY_FIELDS; NaN for all that is counted.

    start, end: any instants. expected_from: from when the machine should have reported even if no interval is known
    (its commissioning); before both, its time is nobody's. AUBT and AOET are NaN on days on which no orders are sent
    yet. counted: when units were counted, disjoint, ascending spans; COUNTED_APT is of APT what lies in them.
    """
    days = int(np.ceil(end / DAY_S) - start // DAY_S)
    pieces = _pieces(found, calendar, orders, counted, start, end, expected_from)
    inside = pieces.interval >= 0
    state = np.full(len(inside), len(STATES))
    state[inside] = found.state[pieces.interval[inside]]
    state[~inside & (pieces.started >= expected_from)] = UNKNOWN
    stops = inside.copy()
    stops[inside] = is_stop(found.state, found.cause)[pieces.interval[inside]]
    kind = _classes(state, stops, pieces, calendar)
    result = np.full((days, len(DAILY_FIELDS)), np.nan)
    classes = _seconds_by(kind, _CLASSES, pieces, days)
    result[:, _COLUMN_OF_CLASS] = classes[:, 1:]
    result[:, PBT] = result[:, [APT, ASUT, ADET, ADOT, UNKNOWN_S]].sum(axis=1)
    result[:, POT] = result[:, PBT] + result[:, PLANNED_S]
    result[:, DOWN_BY_CAUSE] = _stops_by_cause(found, pieces, stops & _BUSY[kind], days)
    result[:, STOPPED] = result[:, DOWN_BY_CAUSE].sum(axis=1)
    by_state = _seconds_by(state, len(STATES) + 1, pieces, days)
    result[:, [REPAIR_S, PMT, CMT]] = np.column_stack(
        [by_state[:, FAILED].sum(axis=1), by_state[:, [MAINTENANCE, REPAIR]]]
    )
    failed = IS_FAILED[state] & _BUSY[kind]
    result[:, WAITING] = np.bincount(pieces.day, pieces.seconds * _waits(found, pieces, state, kind), days)
    result[:, COUNTED_APT] = np.bincount(pieces.day, pieces.seconds * (pieces.counted & (kind == _APT)), days)
    result[:, FAILED_S] = np.bincount(pieces.day, pieces.seconds * failed, days)
    result[:, FAILURES] = _entries_per_day(found, start, end, days)
    if orders.sent_from < end:
        _add_orders(result, pieces, state, kind, days)
    return result


def _seconds_by(what: NDArray[np.signedinteger], kinds: int, pieces: _Pieces, days: int) -> Floats:
    """Seconds of each kind a day, shape (days, kinds)."""
    total = np.bincount(pieces.day * kinds + what, pieces.seconds, days * kinds)
    return total.astype(np.float64).reshape(days, kinds)


def _stops_by_cause(found: Intervals, pieces: _Pieces, stopped: Bools, days: int) -> Floats:
    """Seconds of the pieces that are stops in PBT by cause, shape (days, causes), in orders or not."""
    cause = found.cause[pieces.interval[stopped]]
    place = pieces.day[stopped] * len(CAUSES) + cause
    total = np.bincount(place, pieces.seconds[stopped], days * len(CAUSES))
    return total.astype(np.float64).reshape(days, len(CAUSES))


def _waits(found: Intervals, pieces: _Pieces, state: NDArray[np.int64], kind: Codes) -> Bools:
    """Pieces in which the machine waits for others."""
    for_others = np.append(np.isin(found.cause, (NO_CAUSE, *_OTHERS)), False)[pieces.interval]
    return np.asarray(np.isin(state, (IDLE, SUSPENDED, OFF)) & np.isin(kind, (_ADET, _ADOT)) & for_others, np.bool_)


def _add_orders(result: Floats, pieces: _Pieces, state: NDArray[np.int64], kind: Codes, days: int) -> None:
    sent = np.bincount(pieces.day, pieces.seconds * pieces.orders_sent, days) > 0
    busy = pieces.ordered & np.isin(kind, (_APT, _ASUT, _ADET))
    known = pieces.ordered & (state != UNKNOWN) & (state != len(STATES))
    for column, chosen in ((AUBT, busy), (AOET, known)):
        result[sent, column] = np.bincount(pieces.day, pieces.seconds * chosen, days)[sent]


def _classes(state: NDArray[np.int64], stops: Bools, pieces: _Pieces, calendar: Calendar) -> Codes:
    """The class of time of each piece; stops: which of them are one."""
    kind = _CLASS_OF_STATE[calendar.assumed][state]
    kind[stops] = _ADET
    if pieces.orders_sent.any():
        of_order = (kind == _ASUT) | (kind == _ADET)
        kind[pieces.ordered & (kind == _ADOT)] = _ADET
        kind[pieces.orders_sent & ~pieces.ordered & of_order] = _ADOT
    kind[pieces.planned & (kind != _NO_TIME)] = _PLANNED
    kind[~pieces.scheduled] = _NO_TIME
    return kind


def _entries_per_day(found: Intervals, start: float, end: float, days: int) -> Floats:
    entered = found.started[found.failure & (found.started >= start) & (found.started < end)]
    return np.bincount((entered // DAY_S - start // DAY_S).astype(np.int64), minlength=days).astype(np.float64)


def _pieces(
    found: Intervals,
    calendar: Calendar,
    orders: Orders,
    counted: Floats,
    start: float,
    end: float,
    expected_from: float,
) -> _Pieces:
    edges = np.concatenate(
        [
            np.arange(start - start % DAY_S, end, DAY_S),
            found.started,
            found.ended,
            calendar.scheduled.ravel(),
            calendar.planned.ravel(),
            orders.spans.ravel(),
            counted.ravel(),
            [end, expected_from, orders.sent_from],
        ]
    )
    edges = np.unique(np.clip(edges, start, end))
    started = edges[:-1]
    return _Pieces(
        started=started,
        seconds=np.diff(edges),
        day=(started // DAY_S - start // DAY_S).astype(np.int64),
        interval=index_of(started, found.started, found.ended),
        scheduled=index_of(started, calendar.scheduled[:, 0], calendar.scheduled[:, 1]) >= 0,
        planned=index_of(started, calendar.planned[:, 0], calendar.planned[:, 1]) >= 0,
        ordered=index_of(started, orders.spans[:, 0], orders.spans[:, 1]) >= 0,
        orders_sent=started >= orders.sent_from,
        counted=index_of(started, counted[:, 0], counted[:, 1]) >= 0,
    )


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
