"""The time of many machines cut at every edge, so that within a piece everything is one. Pure, and exact."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, Floats
from services.health.state_detection.calendars import Calendar
from services.health.state_detection.orders import NO_ORDERS, Orders
from services.health.state_detection.spans import NEVER
from services.health.state_detection.state_intervals import Intervals
from services.health.state_detection.states import DAY_S

Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class MachineTime:
    """What a machine did, when it was meant to run and when it had an order.

    expected_from: from when it should have reported even if no interval is known (its commissioning). counted: when
    units were counted, disjoint, ascending spans.
    """

    found: Intervals
    calendar: Calendar
    expected_from: float = np.inf
    orders: Orders = NO_ORDERS
    counted: Floats = field(default_factory=lambda: NEVER)


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """Pieces of several machines' time, by machine and time, shape (n,) each: in each of them all of these are one.

    day: counted from the first. state, cause: of the interval that holds it, by `none_state` where none does; expected:
    where the machine should have reported. assumed: before anybody gave the machine's calendar.
    """

    machine: Ints
    seconds: Floats
    day: Ints
    state: Ints
    cause: Ints
    expected: Bools
    scheduled: Bools
    planned: Bools
    ordered: Bools
    orders_sent: Bools
    counted: Bools
    assumed: Bools


def pieces(machines: Sequence[MachineTime], *, start: float, end: float, none_state: int) -> Pieces:
    """The pieces of [start, end), Unix seconds. none_state: what the state is where no interval is known."""
    grid, machine, at = _edges(machines, start, end)
    last = np.append(machine[1:] != machine[:-1], True)
    piece = np.flatnonzero(~last)
    began, of = grid[at[piece]], machine[piece]
    key = of * len(grid) + at[piece]
    spans = _Places(grid=grid, key=key, began=began, machine=of, start=start, end=end)
    own = [np.column_stack([m.found.started, m.found.ended]) for m in machines]
    interval = spans.index_in(own)
    state, cause = (
        np.append(np.concatenate([column(m.found) for m in machines]), otherwise).astype(np.int64)[interval]
        for column, otherwise in ((_state, none_state), (_cause, -1))
    )
    return Pieces(
        machine=of,
        seconds=grid[at[piece + 1]] - began,
        day=(began // DAY_S - start // DAY_S).astype(np.int64),
        state=state,
        cause=cause,
        expected=began >= np.array([m.expected_from for m in machines])[of],
        scheduled=spans.index_in([m.calendar.scheduled for m in machines]) >= 0,
        planned=spans.index_in([m.calendar.planned for m in machines]) >= 0,
        ordered=spans.index_in([m.orders.spans for m in machines]) >= 0,
        orders_sent=began >= np.array([m.orders.sent_from for m in machines])[of],
        counted=spans.index_in([m.counted for m in machines]) >= 0,
        assumed=began < np.array([m.calendar.given_from for m in machines])[of],
    )


def _state(found: Intervals) -> NDArray[np.int8]:
    return found.state


def _cause(found: Intervals) -> NDArray[np.int8]:
    return found.cause


def _edges(machines: Sequence[MachineTime], start: float, end: float) -> tuple[Floats, Ints, Ints]:
    """All instants at which anything begins or ends; the machine, and the place among these, of each machine's own."""
    midnights = np.append(np.arange(start - start % DAY_S, end, DAY_S), end)
    own = [
        np.concatenate(
            [
                midnights,
                m.found.started,
                m.found.ended,
                m.calendar.scheduled.ravel(),
                m.calendar.planned.ravel(),
                m.orders.spans.ravel(),
                m.counted.ravel(),
                [m.expected_from, m.calendar.given_from, m.orders.sent_from],
            ]
        )
        for m in machines
    ]
    grid, place = np.unique(np.clip(np.concatenate(own), start, end), return_inverse=True)
    machine = np.repeat(np.arange(len(machines)), [len(edges) for edges in own])
    distinct = np.unique(machine * len(grid) + place)
    return grid, distinct // len(grid), distinct % len(grid)


@dataclass(frozen=True, kw_only=True)
class _Places:
    """Where pieces begin, so that it can be said which span of their machine holds them."""

    grid: Floats
    key: Ints
    began: Floats
    machine: Ints
    start: float
    end: float

    def index_in(self, spans: Sequence[Floats]) -> Ints:
        """Which of the disjoint, ascending spans (n, 2) of its machine holds each piece, counted over all machines;
        -1 for none."""
        table = np.concatenate(spans)
        if not len(table):
            return np.full(len(self.key), -1, dtype=np.int64)
        of = np.repeat(np.arange(len(spans)), [len(own) for own in spans])
        opens = of * len(self.grid) + np.searchsorted(self.grid, np.clip(table[:, 0], self.start, self.end))
        index = np.searchsorted(opens, self.key, side="right") - 1
        held = (index >= 0) & (of[index] == self.machine) & (self.began < table[index, 1])
        return np.where(held, index, -1)
