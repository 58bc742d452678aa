"""One simulated machine: what it is, when it is down, and what it is doing at any moment."""

from dataclasses import dataclass

import numpy as np

from deploy.local.plants.calendars import Bools, Calendar, in_planned_stop, in_shift
from deploy.local.plants.kinds import HOUR_S, SITUATIONS, Kind, Situation
from deploy.local.plants.noise import Ints, stream, uniform
from deploy.local.plants.wear import Cycles

_SHORTEST_STOP_S, _LONGEST_STOP_S = 360, 3_240
FIRMWARE, BAD_FIRMWARE = "4.2.1", "4.3.0"
_MEAN_STOP_S = (_SHORTEST_STOP_S + _LONGEST_STOP_S) / 2
_SITUATION_NUMBER = {situation: number for number, situation in enumerate(SITUATIONS)}

# Shares of short stops that are for want of material, for an operator's hand, and for want of an order.
_STARVED_SHARE, _ADJUSTED_SHARE = 0.5, 0.4


@dataclass(frozen=True, kw_only=True)
class Trip:
    """A sudden failure that no wear announced: down in [starts_s, ends_s), Unix seconds."""

    starts_s: int
    ends_s: int
    mode: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Machine:
    """A machine of the demo; `key` is its stream of noise.

    stop_share: (Unix second, share of working time lost to short stops), in order of time; straight lines between,
    level outside. use: mean share of time (%) in which its capability is in use. bad_update_s: since when it has the
    firmware that harms, None for never. origin_s: a whole hour, when its counters began; noise counts from there, so
    that every first start sees the same fleet.
    """

    id: str
    device: str
    name: str
    line: str
    kind: Kind
    key: int
    calendar: Calendar
    cycles: Cycles
    trips: tuple[Trip, ...]
    stop_share: tuple[tuple[int, float], ...]
    bad_update_s: int | None
    use: float
    origin_s: int


def _of_trips(machine: Machine) -> tuple[Ints, Ints]:
    starts = np.array([trip.starts_s for trip in machine.trips], dtype=np.int64)
    ends = np.array([trip.ends_s for trip in machine.trips], dtype=np.int64)
    return starts, ends


def updated(machine: Machine, at: Ints) -> Bools:
    """Whether the machine has the harmful firmware at each Unix second."""
    return np.full(at.shape, machine.bad_update_s is not None) & (at >= (machine.bad_update_s or 0))


def short_stops(machine: Machine, hour: Ints) -> tuple[Ints, Ints]:
    """The short stop of each hour (hours since 1970), as [start, end) in Unix seconds; equal where there is none.

    A stop happens with probability share * 3600 / mean length, lasts 6 to 54 minutes and lies within its hour.
    """
    points = np.array(machine.stop_share, dtype=np.float64)
    share = np.interp(hour * HOUR_S, points[:, 0], points[:, 1])
    share = share + 0.10 * updated(machine, hour * HOUR_S)
    lived = hour - machine.origin_s // HOUR_S
    happens = uniform(stream(machine.key, "stop"), lived) < np.minimum(share * HOUR_S / _MEAN_STOP_S, 0.95)
    spread = uniform(stream(machine.key, "stop length"), lived)
    length = (_SHORTEST_STOP_S + spread * (_LONGEST_STOP_S - _SHORTEST_STOP_S)).astype(np.int64)
    begins = (uniform(stream(machine.key, "stop begin"), lived) * (HOUR_S - length)).astype(np.int64)
    start = hour * HOUR_S + begins
    return start, np.where(happens, start + length, start)


def failed(machine: Machine, at: Ints) -> Bools:
    """Whether the machine is down for a failure at each Unix second."""
    index = np.searchsorted(machine.cycles.failed, at, side="right") - 1
    down = (index >= 0) & (at < machine.cycles.repaired[index])
    for trip in machine.trips:
        down |= (at >= trip.starts_s) & (at < trip.ends_s)
    return down


def situations(machine: Machine, at: Ints) -> Ints:
    """Index into SITUATIONS at each Unix second.

    A failure goes before everything else; then planned stops, hours outside the shifts, short stops; else it runs.
    """
    hour = at // HOUR_S
    start, end = short_stops(machine, hour)
    which = uniform(stream(machine.key, "stop kind"), hour - machine.origin_s // HOUR_S)
    stop = np.where(
        which < _STARVED_SHARE,
        _SITUATION_NUMBER[Situation.STARVED],
        np.where(
            which < _STARVED_SHARE + _ADJUSTED_SHARE,
            _SITUATION_NUMBER[Situation.ADJUSTED],
            _SITUATION_NUMBER[Situation.WAITING],
        ),
    )
    found = np.where((at >= start) & (at < end), stop, _SITUATION_NUMBER[Situation.RUNNING])
    found = np.where(in_shift(machine.calendar, at), found, _SITUATION_NUMBER[Situation.OFF])
    found = np.where(in_planned_stop(machine.calendar, at), _SITUATION_NUMBER[Situation.SERVICED], found)
    return np.where(failed(machine, at), _SITUATION_NUMBER[Situation.FAILED], found)


def situation_changes(machine: Machine, from_s: int, to_s: int) -> tuple[Ints, Ints]:
    """Instants in [from_s, to_s) at which the situation changes or, at midnight UTC, is repeated; and the situation.

    Shifts and planned stops change on whole hours, and failures and short stops at their own seconds.
    """
    hours = np.arange(from_s // HOUR_S, -(-to_s // HOUR_S), dtype=np.int64)
    trip_starts, trip_ends = _of_trips(machine)
    edges = (machine.cycles.failed, machine.cycles.repaired, trip_starts, trip_ends)
    candidates = np.unique(np.concatenate([hours * HOUR_S, *short_stops(machine, hours), *edges]))
    candidates = candidates[(candidates >= from_s) & (candidates < to_s)]
    now, before = situations(machine, candidates), situations(machine, candidates - 1)
    told = (now != before) | (candidates % 86_400 == 0)
    return candidates[told], now[told]


def running_s(machine: Machine, hour: Ints, until_s: Ints) -> Ints:
    """Seconds of production in each hour (hours since 1970) from its start until `until_s`, Unix seconds within it.

    Needs no sequence of states: an hour is at most working time less one short stop and the failures in it.
    """
    begin = hour * HOUR_S
    stop_start, stop_end = short_stops(machine, hour)
    stop_start, stop_end = np.minimum(stop_start, until_s), np.minimum(stop_end, until_s)
    lost = stop_end - stop_start
    trip_starts, trip_ends = _of_trips(machine)
    for starts, ends in zip(
        np.concatenate([machine.cycles.failed, trip_starts]),
        np.concatenate([machine.cycles.repaired, trip_ends]),
        strict=True,
    ):
        lost = lost + _overlap(begin, until_s, starts, ends) - _overlap(stop_start, stop_end, starts, ends)
    works = in_shift(machine.calendar, begin) & ~in_planned_stop(machine.calendar, begin)
    return np.where(works, np.maximum(until_s - begin - lost, 0), 0)


def _overlap(start: Ints, end: Ints, other_start: np.int64, other_end: np.int64) -> Ints:
    overlap: Ints = np.maximum(np.minimum(end, other_end) - np.maximum(start, other_start), 0)
    return overlap
