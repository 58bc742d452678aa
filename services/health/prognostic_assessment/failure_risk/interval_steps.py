"""What machines did in spans of time, from their state intervals: failures, planned stops, hours of each. Pure.

Instants are whole microseconds, so that any cut of the spans gives the same to the last bit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, Floats
from services.health.prognostic_assessment.failure_risk.machine_steps import Layout, MachineSteps, blank
from services.health.state_detection.states import DAY_S, IS_FAILED, OFF, PLANNED_STATES, UNKNOWN

HOURS = 24.0
_PLANNED = (*PLANNED_STATES, OFF)
_MICRO = 1e6
_HOUR_US = 3.6e9

Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class FleetIntervals:
    """Intervals of A machines, shape (n,) each, by machine and then by time: those of state_detection, in Unix seconds.

    machine: from 0. state: index into STATES. failure: the machine entered `down` at `started`. known: (A,), machines
    of which a state was known before their first interval here.
    """

    known: Bools
    machine: Ints
    started: Floats
    ended: Floats
    state: NDArray[np.int8]
    failure: Bools

    @property
    def seen_to_fail(self) -> Bools:
        """Failures that were seen to begin: not of a machine whose first known state is down."""
        known = self.state != UNKNOWN
        first = np.where(self.known, -np.inf, np.inf)
        np.minimum.at(first, self.machine[known], self.started[known])
        return self.failure & (self.started > first[self.machine])

    @property
    def enters_plan(self) -> Bools:
        """Planned stops that were seen to begin."""
        planned = np.isin(self.state, _PLANNED)
        same = np.append(False, self.machine[1:] == self.machine[:-1])
        return np.asarray(planned & same & ~np.append(False, planned[:-1]), dtype=np.bool_)


@dataclass(frozen=True, kw_only=True)
class Spans:
    """N spans [since, until) of machines, shape (N,) each, Unix seconds."""

    machine: Ints
    since: Floats
    until: Floats


@dataclass(frozen=True, kw_only=True)
class Done:
    """What was done in N spans: hours in known states; failures and planned stops that began; hours down and in planned
    stops, (2, N), and whether each was so at the end."""

    known_h: Floats
    failures: Floats
    planned: Floats
    stop_h: Floats
    stopped: Floats


def done_in(found: FleetIntervals, spans: Spans) -> Done:
    """What each machine did in each span."""
    if not len(found.machine):
        none = np.zeros(len(spans.machine))
        return Done(
            known_h=none, failures=none, planned=none, stop_h=np.zeros((2, len(none))), stopped=np.zeros((2, len(none)))
        )
    origin = float(spans.since.min(initial=np.inf)) - DAY_S
    started, ended = _micro(found.started, origin), _micro(found.ended, origin)
    since, until = _micro(spans.since, origin), _micro(spans.until, origin)
    reach = int(max(ended.max(initial=0), until.max(initial=0))) + 2
    keys, lower, upper = (
        m * reach + at for m, at in ((found.machine, started), (spans.machine, since), (spans.machine, until))
    )
    first, last = np.searchsorted(keys, lower), np.searchsorted(keys, upper)

    def count(what: Bools) -> Floats:
        total = np.append(0, np.cumsum(what))
        return np.asarray(total[last] - total[first], dtype=np.float64)

    def standing(what: Bools) -> Bools:
        place = np.maximum(last - 1, 0)
        own = (last > 0) & (found.machine[place] == spans.machine)
        return np.asarray(own & (ended[place] >= until) & what[place], dtype=np.bool_)

    def hours(what: Bools) -> Floats:
        total = np.append(0, np.cumsum(np.where(what, ended - started, 0)))

        def up_to(index: Ints, at: Ints) -> Ints:
            place = np.maximum(index - 1, 0)
            inside = (index > 0) & (found.machine[place] == spans.machine) & what[place]
            return total[index] - np.where(inside, np.maximum(ended[place] - at, 0), 0)

        return np.asarray((up_to(last, until) - up_to(first, since)) / _HOUR_US)

    down, planned = IS_FAILED[found.state], np.isin(found.state, _PLANNED)
    return Done(
        known_h=hours(found.state != UNKNOWN),
        failures=count(found.seen_to_fail),
        planned=count(found.enters_plan),
        stop_h=np.stack([hours(down), hours(planned)]),
        stopped=np.stack([standing(down), standing(planned)]).astype(np.float64),
    )


def day_spans(machines: int, first_day: int, days: int) -> Spans:
    """The UTC days [first_day, first_day + days) since 1970-01-01 of each machine, one machine's after another's."""
    day = np.tile(first_day + np.arange(days, dtype=np.float64), machines) * DAY_S
    return Spans(machine=np.repeat(np.arange(machines), days), since=day, until=day + DAY_S)


def daily_steps(found: FleetIntervals, first_day: int, days: int) -> MachineSteps:
    """Steps of UTC days of machines that report nothing but states."""
    machines = len(found.known)
    done = done_in(found, day_spans(machines, first_day, days))
    steps = blank(Layout(), machines, days)
    steps.hours[:] = done.known_h.reshape(machines, days)
    steps.mark_counts[:] = np.stack([done.failures, done.planned]).reshape(2, machines, days).swapaxes(0, 1)
    steps.stop_h[:] = done.stop_h.reshape(2, machines, days).swapaxes(0, 1)
    steps.stopped[:] = done.stopped.reshape(2, machines, days).swapaxes(0, 1)
    return steps


def hours_to_next(machine: Ints, at: Floats, spans: Spans) -> Floats:
    """Hours from the end of each span to the machine's next event at or after it, (N,); infinite without one.

    machine, at: events in any order, Unix seconds.
    """
    order = np.lexsort((at, machine))
    machine, at = machine[order], at[order]
    origin = min(float(at.min(initial=np.inf)), float(spans.until.min(initial=np.inf)))
    moment = _micro(spans.until, origin)
    event = _micro(at, origin)
    reach = int(max(event.max(initial=0), moment.max(initial=0))) + 2
    place = np.searchsorted(machine * reach + event, spans.machine * reach + moment)
    inside = np.minimum(place, max(0, len(at) - 1))
    found = (place < len(at)) & (machine[inside] == spans.machine) if len(at) else np.zeros(len(moment), bool)
    return np.where(found, (event[inside] - moment) / _HOUR_US, np.inf) if len(at) else np.full(len(moment), np.inf)


def _micro(at: Floats, origin: float) -> Ints:
    """Whole microseconds since an instant, at least 0."""
    return np.maximum(np.rint((at - origin) * _MICRO), 0.0).astype(np.int64)
