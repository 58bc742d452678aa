"""Days of machines from their state intervals: failures, planned stops, hours of each, and how midnight finds them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, Floats
from services.health.prognostic_assessment.failure_risk.machine_steps import MachineSteps, binned
from services.health.state_detection.states import DAY_S, IS_FAILED, OFF, PLANNED_STATES, UNKNOWN

HOURS = 24.0
_PLANNED = (*PLANNED_STATES, OFF)


@dataclass(frozen=True, kw_only=True)
class FleetIntervals:
    """Intervals of A machines, shape (n,) each, by machine and then by time: those of state_detection, in Unix seconds.

    machine: from 0. state: index into STATES. failure: the machine entered `down` at `started`.
    """

    machines: int
    machine: NDArray[np.int64]
    started: Floats
    ended: Floats
    state: NDArray[np.int8]
    failure: Bools

    @property
    def seen_to_fail(self) -> Bools:
        """Failures that were seen to begin: not of a machine whose first known state is down."""
        known = self.state != UNKNOWN
        first = np.full(self.machines, np.inf)
        np.minimum.at(first, self.machine[known], self.started[known])
        return self.failure & (self.started > first[self.machine])


def daily_steps(found: FleetIntervals, first_day: int, days: int) -> MachineSteps:
    """Steps of the UTC days [first_day, first_day + days), in days since 1970-01-01."""
    started, ended = found.started / DAY_S - first_day, found.ended / DAY_S - first_day
    shape = found.machines, days
    planned, down = np.isin(found.state, _PLANNED), IS_FAILED[found.state]
    same = np.append(False, found.machine[1:] == found.machine[:-1])
    begins = planned & same & ~np.append(False, planned[:-1])
    step = np.floor(started).astype(np.int64)
    none = np.zeros((found.machines, 0, days))

    def hours(what: Bools) -> Floats:
        return _hours(found.machine[what], started[what], ended[what], shape)

    def at_midnight(what: Bools) -> Floats:
        stands = (started[what, None] <= np.arange(1, days + 1)) & (np.arange(1, days + 1) < ended[what, None])
        standing = np.zeros(shape)
        np.add.at(standing, found.machine[what], stands.astype(np.float64))
        return standing

    return MachineSteps(
        step_h=HOURS,
        covered=hours(found.state != UNKNOWN) > 0,
        marks=("failure", "planned"),
        mark_counts=np.stack(
            [binned(found.machine[what], step[what], shape) for what in (found.seen_to_fail, begins)], axis=1
        ),
        faults=(),
        fault_counts=none,
        repaired=np.zeros(shape, bool),
        stops=("down", "planned"),
        stop_h=np.stack([hours(down), hours(planned)], axis=1),
        stopped=np.stack([at_midnight(down), at_midnight(planned)], axis=1),
        metrics=(),
        levels=none,
    )


def known_hours(found: FleetIntervals, first_day: int, days: int) -> Floats:
    """Hours of each day in which a machine's state was known, (A, T)."""
    known = found.state != UNKNOWN
    started, ended = found.started[known] / DAY_S - first_day, found.ended[known] / DAY_S - first_day
    return _hours(found.machine[known], started, ended, (found.machines, days))


def hours_to_failure(found: FleetIntervals, first_day: int, days: int) -> Floats:
    """Hours from the end of each day to the machine's next failure, (A, T); infinite without one."""
    at = found.started[found.seen_to_fail] / DAY_S - first_day
    machine = found.machine[found.seen_to_fail]
    ends = np.arange(1.0, days + 1)
    hours = np.full((found.machines, days), np.inf)
    for each in range(found.machines):
        own = np.append(at[machine == each], np.inf)
        hours[each] = HOURS * (own[np.searchsorted(own, ends, side="right")] - ends)
    return hours


def _hours(machine: NDArray[np.int64], started: Floats, ended: Floats, shape: tuple[int, int]) -> Floats:
    """Hours of each day that intervals cover: differences of what they cover up to each midnight."""
    midnights = np.arange(shape[1] + 1.0)
    covered = np.zeros((shape[0], shape[1] + 1))
    np.add.at(covered, machine, np.clip(midnights, started[:, None], ended[:, None]) - started[:, None])
    return np.asarray(HOURS * np.diff(covered, axis=1))
