"""A fleet's past, as a failure risk is learned from it and judged by it. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, Floats
from services.health.prognostic_assessment.failure_risk.feature_state import no_history
from services.health.prognostic_assessment.failure_risk.interval_steps import Spans, hours_to_next
from services.health.prognostic_assessment.failure_risk.judging import Alerted, View, judge
from services.health.prognostic_assessment.failure_risk.machine_steps import MachineSteps
from services.health.state_detection.states import DAY_S

YOUNG_H = 24.0  # hours that only start a machine's counts and its baseline

Indices = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class FleetHistory:
    """A machines at up to T moments each, in order of time: what was known and what came of it.

    hours: (A, T), covered since the moment before. names: of features (A, T, F). usable: (A, T), moments to learn from
    and to be scored on. failed: (A, T), a failure since the moment before. to_failure: (A, T), hours from the moment to
    the next failure. to_censoring: (A, T), hours until nothing more is known of the machine as it is (worked on before
    it failed, alarm acted on, end of the data); both infinite where it never came. to_end: (A, T), hours to the end of
    the data.
    """

    hours: Floats
    names: tuple[str, ...]
    features: Floats
    usable: Bools
    failed: Bools
    to_failure: Floats
    to_censoring: Floats
    to_end: Floats

    def of(self, machines: Indices) -> "FleetHistory":
        """The history of some of the machines."""
        arrays = {name: value[machines] for name, value in vars(self).items() if name != "names"}
        return FleetHistory(names=self.names, **arrays)


@dataclass(frozen=True, kw_only=True)
class Events:
    """Events of machines, shape (n,) each: whose, and when (Unix seconds)."""

    machine: Indices
    at: Floats


@dataclass(frozen=True, kw_only=True)
class FleetPast:
    """What A machines of one type told up to `through` (Unix seconds), a UTC midnight.

    days: of T days from `first_day` (since 1970-01-01) on; alerted: moments within them. site: (A,), numbered from 0.
    failures: of their own; works: what people did on them.
    """

    first_day: int
    days: MachineSteps
    alerted: Alerted
    site: Indices
    failures: Events
    works: Events
    through: float

    def of(self, machines: Indices) -> "FleetPast":
        """The past of some machines, ascending."""
        place = np.full(len(self.site), -1)
        place[machines] = np.arange(len(machines))
        inside = place[self.alerted.machine] >= 0
        return FleetPast(
            first_day=self.first_day,
            days=self.days.of(machines),
            alerted=Alerted(
                machine=place[self.alerted.machine[inside]],
                day=self.alerted.day[inside],
                lasted_h=self.alerted.lasted_h[inside],
                steps=self.alerted.steps.of(np.flatnonzero(inside)),
            ),
            site=np.unique(self.site[machines], return_inverse=True)[1],
            failures=_events_of(self.failures, place),
            works=_events_of(self.works, place),
            through=self.through,
        )


def _events_of(events: Events, place: Indices) -> Events:
    inside = place[events.machine] >= 0
    return Events(machine=place[events.machine[inside]], at=events.at[inside])


def history(past: FleetPast, view: View) -> FleetHistory:
    """All moments at which the machines were judged, as a model sees them, with what came of them."""
    machines, days = past.days.shape
    _, judged = judge(no_history(past.days.layout, machines), past.days, past.alerted, past.site, view)
    machine = np.concatenate([np.repeat(np.arange(machines), days), past.alerted.machine])
    day = np.concatenate([np.tile(np.arange(days), machines), past.alerted.day])
    whole_h = np.concatenate([past.days.hours.ravel(), past.alerted.steps.hours[:, 0]])
    since = (past.first_day + day) * DAY_S
    until = since + 3600 * np.concatenate([np.full(machines * days, 24.0), past.alerted.lasted_h])
    grid = _grid(machine, until)
    moments = Spans(machine=machine, since=since, until=until)
    told = np.concatenate([judged.midnights.reshape(machines * days, -1), judged.alerted])
    cumulative = _known_before(past.days.hours)[machine, day] + whole_h
    known = grid.placed(cumulative, 0.0)
    to_failure = hours_to_next(past.failures.machine, past.failures.at, moments)
    to_work = hours_to_next(past.works.machine, past.works.at, moments)
    ahead = grid.placed(to_failure, np.inf)
    at, to_end = grid.placed(until, np.inf), (past.through - until) / 3600
    return FleetHistory(
        hours=np.diff(known, axis=1, prepend=0.0) * (known > 0),
        names=view.names,
        features=grid.placed(told, 0.0),
        usable=known >= YOUNG_H,
        failed=_failed(past.failures, machines, at),
        to_failure=ahead,
        to_censoring=grid.placed(np.minimum(to_work, to_end), np.inf),
        to_end=grid.placed(to_end, np.inf),
    )


def _known_before(hours: Floats) -> Floats:
    return np.cumsum(hours, axis=1) - hours


@dataclass(frozen=True, kw_only=True)
class _Grid:
    """Where each moment stands among those of its machine."""

    machine: Indices
    place: Indices
    shape: tuple[int, int]

    def placed(self, values: Floats, empty: float) -> Floats:
        """Values (N, ...) as (A, T, ...)."""
        found = np.full((*self.shape, *values.shape[1:]), empty)
        found[self.machine, self.place] = values
        return found


def _grid(machine: Indices, at: Floats) -> _Grid:
    order = np.lexsort((at, machine))
    sizes = np.bincount(machine)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    place = np.empty(len(machine), dtype=np.int64)
    place[order] = np.arange(len(machine)) - first
    return _Grid(machine=machine, place=place, shape=(len(sizes), int(sizes.max(initial=0))))


def _failed(failures: Events, machines: int, at: Floats) -> Bools:
    """Moments since the one before which the machine failed. at: (A, T), ascending, infinite where there is none."""
    found = np.zeros(at.shape, bool)
    for machine in range(machines):
        place = np.searchsorted(at[machine], failures.at[failures.machine == machine], side="right")
        found[machine, place[(place < at.shape[1])]] = True
    return found & np.isfinite(at)
