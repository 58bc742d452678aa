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

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, Floats
from services.health.state_detection.calendars import Calendar
from services.health.state_detection.orders import NO_ORDERS, Orders
from services.health.state_detection.spans import NEVER
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
from services.health.state_detection.time_pieces import Ints, MachineTime, Pieces, pieces
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
    "customer_down_s",
    "asut_s",
)
POT, PLANNED_S, PBT, APT, STOPPED, ADOT, UNKNOWN_S, SUPPLIER_DOWN, FAILURES, REPAIR_S, PRODUCED, GOOD = range(12)
CUSTOMER_DOWN, ASUT = 12, 13
MORE_FIELDS = (
    "adet_s",
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
ADET, _EXTERNAL_DOWN, _, _, FAILED_S, PMT, CMT, AUBT, AOET = range(14, 23)
SCRAPPED, REWORKED, INSPECTED, FIRST_PASS, PLANNED_RUN_S, CAPACITY, COUNTED_APT, WAITING = range(23, 31)
DAILY_FIELDS = (*FIELDS, *MORE_FIELDS)

# In the order of CAUSES.
DOWN_BY_CAUSE = [SUPPLIER_DOWN, CUSTOMER_DOWN, *range(_EXTERNAL_DOWN, _EXTERNAL_DOWN + 3)]
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
_CLASS_OF_STATE = np.stack([_class_of_state(calendar_assumed=False), _class_of_state(calendar_assumed=True)])


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
    """Times of one machine on each UTC day that [start, end) touches, shape (days, 31); see `fleet_times`."""
    machine = MachineTime(found=found, calendar=calendar, expected_from=expected_from, orders=orders, counted=counted)
    only: Floats = fleet_times([machine], start=start, end=end)[0]
    return only


def fleet_times(machines: Sequence[MachineTime], *, start: float, end: float) -> Floats:
    """Times of machines on each UTC day that [start, end) touches, shape (machines, days, 31), by DAILY_FIELDS; NaN for
    all that is counted. COUNTED_APT is of APT what lies in counted hours.

    start, end: any instants. Before a machine's first interval and before it is expected, its time is nobody's. AUBT
    and AOET are NaN on days on which no orders are sent yet.
    """
    days = int(np.ceil(end / DAY_S) - start // DAY_S)
    if not machines:
        return np.empty((0, days, len(DAILY_FIELDS)))
    cut = pieces(machines, start=start, end=end, none_state=len(STATES))
    cut = replace(cut, state=np.where((cut.state == len(STATES)) & cut.expected, UNKNOWN, cut.state))
    add = _Adding(place=cut.machine * days + cut.day, size=len(machines) * days)
    stops = is_stop(cut.state, cut.cause)
    kind = _classes(cut, stops)
    result = np.full((add.size, len(DAILY_FIELDS)), np.nan)
    result[:, _COLUMN_OF_CLASS] = add.by(kind, _CLASSES, cut.seconds)[:, 1:]
    result[:, PBT] = result[:, [APT, ASUT, ADET, ADOT, UNKNOWN_S]].sum(axis=1)
    result[:, POT] = result[:, PBT] + result[:, PLANNED_S]
    by_cause = add.by(np.where(stops & _BUSY[kind], cut.cause, len(CAUSES)), len(CAUSES) + 1, cut.seconds)
    result[:, DOWN_BY_CAUSE] = by_cause[:, : len(CAUSES)]
    result[:, STOPPED] = result[:, DOWN_BY_CAUSE].sum(axis=1)
    by_state = add.by(cut.state, len(STATES) + 1, cut.seconds)
    result[:, [REPAIR_S, PMT, CMT]] = np.column_stack(
        [by_state[:, FAILED].sum(axis=1), by_state[:, [MAINTENANCE, REPAIR]]]
    )
    result[:, WAITING] = add.total(cut.seconds * _waits(cut, kind))
    result[:, COUNTED_APT] = add.total(cut.seconds * (cut.counted & (kind == _APT)))
    result[:, FAILED_S] = add.total(cut.seconds * (IS_FAILED[cut.state] & _BUSY[kind]))
    result[:, FAILURES] = _entries_per_day(machines, start, end, days)
    if cut.orders_sent.any():
        _add_orders(result, cut, kind, add)
    return result.reshape(len(machines), days, -1)


@dataclass(frozen=True, kw_only=True)
class _Adding:
    """Sums pieces to days of machines. place: (n,), which of `size` days each piece is of."""

    place: Ints
    size: int

    def total(self, seconds: Floats) -> Floats:
        """Seconds a day of a machine, shape (size,)."""
        return np.bincount(self.place, seconds, self.size).astype(np.float64)

    def by(self, what: NDArray[np.signedinteger], kinds: int, seconds: Floats) -> Floats:
        """Seconds of each kind a day of a machine, shape (size, kinds)."""
        total = np.bincount(self.place * kinds + what, seconds, self.size * kinds)
        return total.astype(np.float64).reshape(self.size, kinds)


def _waits(cut: Pieces, kind: Codes) -> Bools:
    """Pieces in which the machine waits for others."""
    for_others = np.isin(cut.cause, (NO_CAUSE, *_OTHERS))
    return np.asarray(np.isin(cut.state, (IDLE, SUSPENDED, OFF)) & np.isin(kind, (_ADET, _ADOT)) & for_others, np.bool_)


def _add_orders(result: Floats, cut: Pieces, kind: Codes, add: _Adding) -> None:
    sent = add.total(cut.seconds * cut.orders_sent) > 0
    busy = cut.ordered & np.isin(kind, (_APT, _ASUT, _ADET))
    known = cut.ordered & (cut.state != UNKNOWN) & (cut.state != len(STATES))
    for column, chosen in ((AUBT, busy), (AOET, known)):
        result[sent, column] = add.total(cut.seconds * chosen)[sent]


def _classes(cut: Pieces, stops: Bools) -> Codes:
    """The class of time of each piece; stops: which of them are one."""
    kind = _CLASS_OF_STATE[cut.assumed.astype(np.int64), cut.state]
    kind[stops] = _ADET
    of_order = (kind == _ASUT) | (kind == _ADET)
    kind[cut.ordered & (kind == _ADOT)] = _ADET
    kind[cut.orders_sent & ~cut.ordered & of_order] = _ADOT
    kind[cut.planned & (kind != _NO_TIME)] = _PLANNED
    kind[~cut.scheduled] = _NO_TIME
    return kind


def _entries_per_day(machines: Sequence[MachineTime], start: float, end: float, days: int) -> Floats:
    began = np.concatenate([m.found.started for m in machines])
    machine = np.repeat(np.arange(len(machines)), [len(m.found.started) for m in machines])
    entered = np.concatenate([m.found.failure for m in machines]) & (began >= start) & (began < end)
    place = machine[entered] * days + (began[entered] // DAY_S - start // DAY_S).astype(np.int64)
    return np.bincount(place, minlength=len(machines) * days).astype(np.float64)


def asked_s(days: Floats) -> Floats:
    """Seconds a day that a machine was asked for, (..., columns of FIELDS at least) to (...): production, setting up,
    stops that are not for want of work. What it stood ready without an order is none of it, nor what is not known.
    """
    return np.asarray(days[..., APT] + days[..., ASUT] + troubled_s(days), dtype=np.float64)


def troubled_s(days: Floats) -> Floats:
    """Seconds a day of stops that are not for want of work."""
    return np.asarray(days[..., STOPPED] - days[..., CUSTOMER_DOWN], dtype=np.float64)


def production_hours(machines: Sequence[Intervals], *, start: float, hours: int) -> tuple[Floats, Floats]:
    """Seconds of production, and seconds in a known state, of each machine in each hour; both (machines, hours).

    Counted in whole microseconds, so that it makes no difference with how many others a machine is counted.
    """
    span = hours * 3_600_000_000
    began, ended = (
        np.clip(
            _microseconds(np.concatenate([side(m) for m in machines] or [np.empty(0)])) - round(start * 1e6), 0, span
        )
        for side in (_started, _ended)
    )
    before = np.repeat(np.arange(len(machines)), [len(m.started) for m in machines]) * (span + 1)
    state = np.concatenate([m.state for m in machines] or [np.empty(0, dtype=np.int8)])
    edges = (np.arange(len(machines)) * (span + 1))[:, None] + np.arange(hours + 1) * 3_600_000_000
    own = before + began, before + ended
    return _hourly(own, state == PRODUCTION, edges), _hourly(own, state != UNKNOWN, edges)


def _microseconds(at: Floats) -> Ints:
    """Of Unix seconds: what an instant is rounded to depends on nothing else."""
    return (at * 1e6).round().astype(np.int64)


def _started(found: Intervals) -> Floats:
    return found.started


def _ended(found: Intervals) -> Floats:
    return found.ended


def _hourly(spans: tuple[Ints, Ints], chosen: Bools, edges: Ints) -> Floats:
    """Seconds of the chosen of ascending spans between an edge and the next in its row; all in microseconds."""
    started, ended = spans[0][chosen], spans[1][chosen]
    total = np.append(0, np.cumsum(ended - started))
    place = np.searchsorted(started, edges.ravel(), side="right")
    last = np.maximum(place - 1, 0)
    within = np.minimum(edges.ravel(), np.append(ended, 0)[last]) - np.append(started, 0)[last]
    before = np.where(place > 0, total[last] + within, 0)
    return np.asarray(np.diff(before.reshape(edges.shape), axis=1) / 1e6, dtype=np.float64)
